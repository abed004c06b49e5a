//! `rtk init` is killed right before each of its steps, and each of its steps is refused by the system: the settings are
//! whole at every moment, a refusal takes everything back, and the next run completes.

use crate::place::Place;
use crate::tracer::{Plan, Trace, run};
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Something of the user's that no serialiser prints.
const BEFORE: &str = "{\r\n\t\"hooks\" : { \"PreToolUse\": [ ], \"Stop\":[] },\r\n\t\"x\": 1.0 }";

type Tree = BTreeMap<PathBuf, (Vec<u8>, u32)>;

/// One way to call the installer, and what must be there before.
struct Case {
    scope: &'static str,
    /// Whether the settings file exists before the first installation.
    has_settings: bool,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Install,
    /// Over entries of a program at another place.
    Upgrade,
    Uninstall,
}

impl Case {
    fn settings(&self, place: &Place) -> PathBuf {
        match self.scope {
            "--global" => place.settings(),
            "--project" => place.project().join(".claude/settings.json"),
            _ => place.project().join(".claude/settings.local.json"),
        }
    }

    /// A place right before the action, what it looked like before anything of rtk's was there, and now.
    fn prepared(&self) -> (Place, Tree) {
        let place = Place::new();
        if self.has_settings {
            std::fs::create_dir_all(self.settings(&place).parent().unwrap()).unwrap();
            std::fs::write(self.settings(&place), BEFORE).unwrap();
        }
        let original = place.tree();
        let program = match self.action {
            Action::Install => return (place, original),
            Action::Upgrade => place.program_elsewhere(),
            Action::Uninstall => Path::new(env!("CARGO_BIN_EXE_rtk")).to_path_buf(),
        };
        let run = place.run_as(&program, &place.project(), &["init", self.scope, "--yes"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        (place, original)
    }

    fn args(&self) -> Vec<&'static str> {
        let undo = (self.action == Action::Uninstall).then_some("--uninstall");
        ["init", self.scope, "--yes"].into_iter().chain(undo).collect()
    }

    fn read(&self, place: &Place) -> Option<String> {
        std::fs::read_to_string(self.settings(place)).ok()
    }

    fn run(&self, place: &Place, plan: Plan<'_>) -> Trace {
        let mut vars = vec![
            ("HOME".to_owned(), place.home().display().to_string()),
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ];
        vars.extend(place.vars.iter().cloned());
        let program = Path::new(env!("CARGO_BIN_EXE_rtk"));
        run(program, &self.args(), &place.project(), &vars, &place.home(), plan)
    }

    /// The steps of an undisturbed run, and what the settings hold after it.
    fn watched(&self) -> (Vec<String>, Option<String>) {
        let (place, _) = self.prepared();
        let trace = self.run(&place, Plan::Watch);
        assert_eq!(trace.code, Some(0), "{}", trace.stderr);
        (trace.steps, self.read(&place))
    }

    /// Goes on after a disturbance: the same run completes, and the removal leads back to where all began.
    fn completes(&self, place: &Place, original: &Tree, done: Option<&String>, bare: &[&str], at: &str) {
        let run = place.run(&self.args());
        assert_eq!(run.code, Some(0), "{at}: {}", run.stderr);
        assert_eq!(self.read(place).as_ref(), done, "{at}");
        let run = place.run(&["init", self.scope, "--uninstall", "--yes"]);
        assert_eq!(run.code, Some(0), "{at}: {}", run.stderr);
        let mut left = place.tree();
        let is_bare = |path: &Path| bare.iter().any(|end| path.ends_with(end));
        left.retain(|path, (content, _)| {
            original.contains_key(path) || !(content.is_empty() && is_bare(path))
        });
        let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&left), names(original), "{at}");
        assert_eq!(
            self.read(place).as_deref().filter(|_| self.has_settings),
            self.has_settings.then_some(BEFORE),
            "{at}"
        );
    }
}

/// Folders that many programs put theirs into. A first run that is killed before it could note that it made them leaves
/// them empty.
const SHARED: [&str; 3] = [".local", ".local/share", ".local/state"];

fn is_killed_at_every_step(case: &Case) {
    let (steps, done) = case.watched();
    assert!(steps.len() > 10, "{steps:#?}");
    for number in 0..steps.len() {
        let (place, original) = case.prepared();
        let old = case.read(&place);
        let trace = case.run(&place, Plan::KillBefore(number));
        let at = format!("killed before step {number}, {}", trace.steps.last().unwrap());
        assert_eq!((trace.code, trace.steps.len()), (None, number + 1), "{at}");
        let now = case.read(&place);
        assert!(now == old || now == done, "{at}: {now:?}");
        case.completes(&place, &original, done.as_ref(), &SHARED, &at);
    }
}

#[test]
fn the_settings_are_swapped_in_one_step_after_the_receipt_and_a_sync() {
    let case = Case { scope: "--global", has_settings: true, action: Action::Install };
    let (steps, _) = case.watched();
    let position =
        |step: &str| steps.iter().position(|is| is == step).unwrap_or_else(|| panic!("{step}: {steps:#?}"));
    let receipt = steps
        .iter()
        .rposition(|step| step.starts_with("rename") && step.ends_with("installed.json"))
        .unwrap();
    let made = position("openat .settings.json.rtk-new");
    let synced = position("fsync .settings.json.rtk-new");
    let swapped = position("renameat2 .settings.json.rtk-new settings.json");
    assert!(receipt < made && made < synced && synced < swapped, "{steps:#?}");
    let touched = steps.iter().filter(|step| step.ends_with(" settings.json")).count();
    assert_eq!(touched, 1, "the file itself is touched by that one step: {steps:#?}");
}

macro_rules! killed {
    ($($name:ident: $scope:literal $has_settings:literal $action:ident,)+) => { $(
        #[test]
        fn $name() {
            is_killed_at_every_step(&Case { scope: $scope, has_settings: $has_settings, action: Action::$action });
        }
    )+ };
}

killed! {
    global_install_is_killed_at_every_step: "--global" true Install,
    global_first_install_is_killed_at_every_step: "--global" false Install,
    global_upgrade_is_killed_at_every_step: "--global" true Upgrade,
    global_uninstall_is_killed_at_every_step: "--global" true Uninstall,
    global_uninstall_of_all_is_killed_at_every_step: "--global" false Uninstall,
    project_install_is_killed_at_every_step: "--project" true Install,
    project_uninstall_is_killed_at_every_step: "--project" false Uninstall,
    local_install_is_killed_at_every_step: "--local" false Install,
    local_upgrade_is_killed_at_every_step: "--local" false Upgrade,
    local_uninstall_is_killed_at_every_step: "--local" true Uninstall,
}

/// Refused once, a step that matters makes the run fail and takes everything back; one that does not is passed over.
fn is_refused_every_step(case: &Case, errno: Errno) {
    let (steps, done) = case.watched();
    let mut failures = 0;
    for (number, step) in steps.iter().enumerate() {
        let (place, original) = case.prepared();
        let (old, before) = (case.read(&place), place.tree());
        let trace = case.run(&place, Plan::Fail(number, errno));
        let at = format!("step {number}, {step}, gave {errno}: {}", trace.stderr);
        match trace.code {
            Some(0) => assert_eq!(case.read(&place), done, "{at}"),
            Some(1) => {
                failures += 1;
                assert_eq!(case.read(&place), old, "{at}");
                // A lock that the system does not give leaves its file: somebody else might hold it.
                let locks = place.home().join(".local/state");
                let of_locks = |path: &PathBuf| path.starts_with(&locks) || locks.starts_with(path);
                let no_lock = step.starts_with("flock");
                let mut left: Vec<_> = place.tree().into_keys().collect();
                left.retain(|path| before.contains_key(path) || !(no_lock && of_locks(path)));
                assert_eq!(left, before.into_keys().collect::<Vec<_>>(), "{at}");
                assert!(trace.stderr.contains("hint: "), "{at}");
            }
            other => panic!("{at}: {other:?}"),
        }
        // A folder that cannot be deleted, or holds a file that cannot, stays.
        let kept = if step.ends_with(".rtk-old") || step == "rmdir .claude" { ".claude" } else { ".local" };
        let bare = [SHARED.as_slice(), &[kept]].concat();
        case.completes(&place, &original, done.as_ref(), &bare, &at);
    }
    assert!(failures > 3, "{failures} of {steps:#?}");
}

macro_rules! refused {
    ($($name:ident: $has_settings:literal $action:ident $errno:ident,)+) => { $(
        #[test]
        fn $name() {
            let case = Case { scope: "--global", has_settings: $has_settings, action: Action::$action };
            is_refused_every_step(&case, Errno::$errno);
        }
    )+ };
}

refused! {
    a_full_disk_at_any_step_of_an_install_takes_it_back: true Install ENOSPC,
    a_full_disk_at_any_step_of_a_first_install_takes_it_back: false Install ENOSPC,
    a_bad_disk_at_any_step_of_an_upgrade_takes_it_back: true Upgrade EIO,
    missing_rights_at_any_step_of_an_uninstall_take_it_back: true Uninstall EACCES,
    a_full_disk_at_any_step_of_an_uninstall_takes_it_back: false Uninstall ENOSPC,
}
