//! `install.sh`: its shape, its messages, and every way through it, with a cargo and an rtk that only take notes.

use crate::sandbox::{Run, Sandbox, terminal};
use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const SCRIPT: &str = include_str!("../../install.sh");
/// What the script may use from the system besides cargo, cc and git.
const TOOLS: [&str; 13] =
    ["sh", "cat", "chmod", "cp", "dirname", "grep", "head", "mkdir", "mktemp", "mv", "rm", "sed", "tail"];
/// An rtk that notes how it was called, and fails where it is told to.
const RTK: &str = r#"#!/bin/sh
printf 'rtk %s\n' "$*" >>"$CALLS"
case $* in
  "${FAILS-none}") exit 1 ;;
  --help) echo 'Project memory for every Claude Code subagent' ;;
  --version) echo 'rtk 1.2.3' ;;
  *) echo "output of $*" ;;
esac
"#;
/// A cargo that notes how it was called and has always built already.
const CARGO: &str = r#"#!/bin/sh
printf 'cargo %s\n' "$*" >>"$CALLS"
case $* in
  "${FAILS-none}") exit 101 ;;
  --version) echo "cargo ${RUST-99.0.0} (0123456 2024-01-01)" ;;
  rustc*) printf '{"reason":"compiler-artifact","executable":"%s"}\n' "${STATIC-$BUILT}" ;;
  *) echo '{"reason":"compiler-artifact","executable":null}'
     printf '{"reason":"compiler-artifact","executable":"%s"}\n' "$BUILT" ;;
esac
"#;
const BUILD: &str = "build --release --locked --message-format=json-render-diagnostics";
const STATIC_BUILD: &str = "rustc --release --locked --bin rtk --message-format=json-render-diagnostics -- \
    -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";
/// A C compiler whose programs without shared libraries run.
const STATIC_CC: &str = r#"#!/bin/sh
case $* in
  *-static-pie*) while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\n' >"$2"; chmod 755 "$2" ;;
  *) echo cc 1 ;;
esac
"#;

/// A source tree with the script, and a PATH that holds the named tools and nothing else.
struct Machine {
    sandbox: Sandbox,
}

impl Machine {
    fn new() -> Machine {
        let sandbox = Sandbox::new();
        let tools = sandbox.root().join("tools");
        std::fs::create_dir(&tools).unwrap();
        for tool in TOOLS.into_iter().chain(["git"]) {
            let found = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"]
                .map(|folder| Path::new(folder).join(tool));
            let found = found.into_iter().find(|path| path.is_file());
            std::os::unix::fs::symlink(found.expect(tool), tools.join(tool)).unwrap();
        }
        let built = sandbox.root().join("built");
        program(&built, RTK);
        program(&tools.join("cargo"), CARGO);
        program(&tools.join("cc"), "#!/bin/sh\necho cc 1\n");
        sandbox.write("source/Cargo.toml", "[package]\nname = \"rtk\"\nrust-version = \"1.95\"\n");
        sandbox.write("source/install.sh", SCRIPT);
        let calls = sandbox.root().join("calls");
        let sandbox = sandbox
            .with("PATH", tools.to_str().unwrap())
            .with("BUILT", built.to_str().unwrap())
            .with("CALLS", calls.to_str().unwrap());
        Machine { sandbox }
    }

    fn with(self, name: &str, value: &str) -> Machine {
        Machine { sandbox: self.sandbox.with(name, value) }
    }

    fn without(self, tool: &str) -> Machine {
        std::fs::remove_file(self.tools().join(tool)).unwrap();
        self
    }

    fn tools(&self) -> PathBuf {
        self.sandbox.root().join("tools")
    }

    /// Where the program goes unless a prefix is named.
    fn bin(&self) -> PathBuf {
        self.sandbox.home().join(".local/bin")
    }

    fn install(&self, args: &[&str]) -> Run {
        self.sandbox.run(OsStr::new("sh"), &[&["source/install.sh"], args].concat(), b"")
    }

    /// The same with a terminal as stdin and stdout, where a person types `typed`; returns what was seen and the code.
    fn install_on_terminal(&self, args: &[&str], typed: &str) -> (String, Option<i32>) {
        let (mut person, program) = terminal();
        person.write_all(typed.as_bytes()).unwrap();
        let mut command = self.sandbox.command(OsStr::new("sh"));
        command.arg("source/install.sh").args(args).stdin(program.try_clone().unwrap());
        command.stdout(program.try_clone().unwrap()).stderr(program);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut seen = Vec::new();
        // Linux reports the closed other end of a terminal as an error after the last byte.
        let _ = person.read_to_end(&mut seen);
        (String::from_utf8(seen).unwrap(), child.wait().unwrap().code())
    }

    /// The calls of cargo and rtk since the last look, without the questions for version and help.
    fn calls(&self) -> Vec<String> {
        let file = self.sandbox.root().join("calls");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(file);
        let asks = |line: &str| line.ends_with("--version") || line.ends_with("--help");
        text.lines().filter(|line| !asks(line)).map(str::to_owned).collect()
    }
}

/// Makes an executable script. Another process writes it: were it open for writing here at the moment when another
/// test starts a child, that child would hold it open too, and whoever runs it would get "text file busy".
fn program(path: &Path, text: &str) {
    let mut writer = std::process::Command::new("sh");
    writer.args(["-c", "cat >\"$0\" && chmod 755 \"$0\""]).arg(path).stdin(std::process::Stdio::piped());
    let mut writer = writer.spawn().unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Lines that a shell would run while it reads the script: everything outside functions and comments.
fn outside_functions(script: &str) -> Vec<&str> {
    let mut outside = Vec::new();
    let mut inside = false;
    for line in script.lines() {
        match line {
            _ if inside => inside = line != "}",
            _ if line.ends_with("() {") => inside = true,
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => outside.push(line),
        }
    }
    outside
}

#[test]
fn the_script_is_functions_and_one_call() {
    assert_eq!(outside_functions(SCRIPT), ["set -eu", "{ main \"$@\"; }"]);
    assert!(SCRIPT.ends_with("\n{ main \"$@\"; }\n"));
    assert_eq!(outside_functions("a() {\n  b\n}\nrm x\n# c\nd() { e; }\n"), ["rm x", "d() { e; }"]);
    let machine = Machine::new();
    machine.sandbox.run(OsStr::new("sh"), &["-n", "source/install.sh"], b"").success();
}

#[test]
fn a_copy_that_was_cut_off_does_nothing() {
    let machine = Machine::new();
    let last_call = SCRIPT.rfind("{ main").unwrap();
    let ends = SCRIPT.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at <= last_call);
    let mut cuts: Vec<usize> = ends.collect();
    cuts.extend(last_call..SCRIPT.trim_end().len());
    assert!(cuts.len() > 200);
    for cut in cuts {
        machine.sandbox.write("source/install.sh", &SCRIPT[..cut]);
        let run = machine.install(&["--yes"]);
        assert_eq!(machine.calls(), Vec::<String>::new(), "cut at byte {cut}\n{}", run.explain());
    }
    machine.sandbox.write("source/install.sh", SCRIPT);
    machine.install(&["--yes"]).success();
    assert_eq!(machine.calls().len(), 4, "the whole script does its work");
}

#[test]
fn what_is_missing_is_named_with_what_to_do_and_nothing_is_built() {
    let refused = |machine: Machine, parts: &[&str]| {
        let run = machine.install(&["--yes"]);
        run.code(1);
        for part in parts {
            run.complains(part);
        }
        assert_eq!(machine.calls(), Vec::<String>::new());
        assert!(!machine.bin().exists(), "{}", run.explain());
    };
    refused(
        Machine::new().without("cargo"),
        &["cargo is missing", "Rust 1.95 or newer", "https://rustup.rs"],
    );
    refused(
        Machine::new().without("cc").with_apt(),
        &["a C compiler is missing", "apt-get install build-essential"],
    );
    refused(Machine::new().without("git").with_apt(), &["git is missing", "apt-get install git"]);
    refused(
        Machine::new().with("RUST", "1.94.9"),
        &["Rust 1.94 is too old", "1.95 or newer", "rustup update"],
    );
    refused(
        Machine::new().with("FAILS", "--version"),
        &["cargo is there but does not run", "rustup default"],
    );
    let none = Machine::new().without("cargo").without("cc").without("git").with_apt();
    refused(none, &["cargo is missing", "C compiler is missing", "git is missing", "run ./install.sh again"]);
    for enough in ["1.95.0", "1.100.0", "2.0.0-nightly"] {
        Machine::new().with("RUST", enough).install(&["--no-init"]).success();
    }
}

impl Machine {
    /// A system whose packages come by apt.
    fn with_apt(self) -> Machine {
        program(&self.tools().join("apt-get"), "#!/bin/sh\nexit 1\n");
        self
    }
}

#[test]
fn rustup_is_found_in_its_own_folder_when_the_terminal_is_older() {
    let machine = Machine::new().without("cargo");
    let folder = machine.sandbox.home().join(".cargo/bin");
    std::fs::create_dir_all(&folder).unwrap();
    program(&folder.join("cargo"), CARGO);
    machine.install(&["--no-init"]).success();
    assert!(machine.bin().join("rtk").is_file());
}

#[test]
fn an_unattended_installation_builds_installs_wires_and_shows() {
    let machine = Machine::new();
    let subject = "-x \"quoted\" $(touch pwned) `touch pwned`";
    machine.sandbox.git(&["init", "-q"]);
    machine.sandbox.git(&["commit", "-q", "--allow-empty", "-m", subject]);
    let run = machine.install(&["--yes"]);
    let expected = [
        format!("cargo {BUILD}"),
        "rtk init --global --yes".into(),
        "rtk init --show".into(),
        format!("rtk memory plan -- {subject}"),
    ];
    assert_eq!(machine.calls(), expected, "{}", run.explain());
    run.success().says("Installed ").says("output of init --show").says("output of memory plan");
    assert_eq!(names(&machine.bin()), ["rtk"], "no temporary file stays");
    let installed = machine.bin().join("rtk");
    assert_eq!(std::fs::metadata(&installed).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_to_string(&installed).unwrap(), RTK);
    assert!(!machine.sandbox.project().join("pwned").exists());

    program(&machine.sandbox.root().join("built"), &format!("{RTK}# newer\n"));
    machine.install(&["--yes"]).success();
    assert!(std::fs::read_to_string(&installed).unwrap().ends_with("# newer\n"));
}

/// What cargo was asked to build since the last look.
fn builds(machine: &Machine) -> Vec<String> {
    machine.calls().into_iter().filter(|call| call.starts_with("cargo ")).collect()
}

#[test]
fn a_program_without_shared_libraries_is_built_where_such_programs_run() {
    let machine = Machine::new();
    let temporary = machine.sandbox.root().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let machine = machine.with("TMPDIR", temporary.to_str().unwrap());
    program(&machine.tools().join("cc"), STATIC_CC);
    let run = machine.install(&["--no-init"]);
    assert_eq!(builds(&machine), [format!("cargo {STATIC_BUILD}")], "{}", run.explain());
    run.success().says("Installed ");
    assert_eq!(names(&temporary), Vec::<String>::new(), "the trial leaves nothing");

    let broken = machine.sandbox.root().join("broken");
    program(&broken, "#!/bin/sh\nexit 127\n");
    let both = [format!("cargo {STATIC_BUILD}"), format!("cargo {BUILD}")];
    let machine = machine.with("STATIC", broken.to_str().unwrap());
    machine.install(&["--no-init"]).success().complains("making the usual one");
    assert_eq!(builds(&machine), both, "one that does not run is not installed");
    assert_eq!(std::fs::read_to_string(machine.bin().join("rtk")).unwrap(), RTK);

    let machine = machine.with("FAILS", STATIC_BUILD);
    machine.install(&["--no-init"]).success().complains("making the usual one");
    assert_eq!(builds(&machine), both, "nor is one that cannot be linked the end");
}

/// The question that the script asks of a machine, asked of this one: programs of Rust then run as well.
#[test]
fn where_the_trial_says_yes_rust_makes_such_programs() {
    let sandbox = Sandbox::new();
    let functions = SCRIPT.strip_suffix("{ main \"$@\"; }\n").unwrap();
    let ask = format!("{functions}\nif links_statically; then echo yes; else echo no; fi");
    let answer = sandbox.run(OsStr::new("sh"), &["-c", &ask], b"");
    if answer.stdout() == "no\n" {
        return;
    }
    answer.success().says("yes");
    let source = sandbox.write("a.rs", "fn main() { print!(\"it runs\"); }\n");
    let flags = STATIC_BUILD.split_once(" -- ").unwrap().1.split_whitespace();
    let mut rustc = std::process::Command::new("rustc");
    let made = rustc.args(flags).arg("-o").arg(sandbox.root().join("a")).arg(source);
    assert!(made.status().unwrap().success());
    sandbox.run(sandbox.root().join("a").as_os_str(), &[], b"").success().says("it runs");
}

#[test]
fn a_prefix_is_honoured_and_path_is_judged() {
    let machine = Machine::new().with("SHELL", "/bin/bash");
    let run = machine.install(&["--no-init", "--prefix", "my place"]);
    let bin = machine.sandbox.project().join("my place/bin");
    assert!(bin.join("rtk").is_file(), "{}", run.explain());
    assert!(!machine.bin().exists());
    run.success().complains("is not on PATH").complains("~/.bashrc").complains(bin.to_str().unwrap());

    let tools = machine.tools();
    let path = |folders: [&Path; 2]| folders.map(|folder| folder.to_str().unwrap()).join(":");
    let machine = machine.with("PATH", &path([&bin, &tools]));
    let run = machine.install(&["--no-init", "--prefix=my place"]);
    assert_eq!(run.success().stderr(), "", "{}", run.explain());

    program(&tools.join("rtk"), "#!/bin/sh\necho another\n");
    let run = machine.install(&["--no-init", "--prefix=my place"]);
    assert_eq!(run.success().stderr(), "", "ours comes first\n{}", run.explain());
    let machine = machine.with("PATH", &path([&tools, &bin]));
    let run = machine.install(&["--no-init", "--prefix=my place"]);
    run.success().complains("not the program just installed").complains(tools.join("rtk").to_str().unwrap());
}

#[test]
fn another_program_of_that_name_is_never_touched() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.bin()).unwrap();
    let other = machine.bin().join("rtk");
    program(&other, "#!/bin/sh\necho another\n");
    for args in [vec!["--yes"], vec!["--uninstall", "--yes"]] {
        machine.install(&args).code(1).complains("another program of that name");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "#!/bin/sh\necho another\n");
    }
    assert_eq!(names(&machine.bin()), ["rtk"]);
    let first = Sandbox::new().rtk(&["--help"]).success().stdout().lines().next().unwrap().to_owned();
    assert!(SCRIPT.contains(&format!("= '{first}' ]")), "the script knows rtk by this line: {first}");
}

#[test]
fn a_build_that_fails_leaves_the_old_program() {
    let machine = Machine::new();
    machine.install(&["--no-init"]).success();
    machine.calls();
    let machine = machine.with("FAILS", BUILD);
    machine.install(&["--yes"]).code(1).complains("the build failed");
    assert_eq!(machine.calls(), [format!("cargo {BUILD}")]);
    assert!(machine.bin().join("rtk").is_file());
}

#[test]
fn the_settings_are_changed_only_when_someone_says_so() {
    let machine = Machine::new();
    let run = machine.install(&["--no-init"]);
    run.success().says("Settings were left alone");
    assert!(!machine.calls().iter().any(|call| call.contains("--global")), "{}", run.explain());

    let run = machine.install(&[]);
    run.success().says("output of init --global --dry-run").says("init --global --yes");
    let calls = machine.calls();
    assert!(calls.contains(&"rtk init --global --dry-run".into()), "{calls:?}");
    assert!(!calls.iter().any(|call| call.ends_with("--global") || call.ends_with("--yes")), "{calls:?}");

    let (seen, code) = machine.install_on_terminal(&[], "");
    assert_eq!(code, Some(0), "{seen}");
    assert!(machine.calls().contains(&"rtk init --global".into()), "rtk itself asks on a terminal: {seen}");

    let machine = machine.with("FAILS", "init --global --yes");
    machine.install(&["--yes"]).code(1).complains("the hooks were not installed");
}

#[test]
fn uninstall_takes_the_hooks_out_first_and_the_program_last() {
    let machine = Machine::new();
    let program = machine.bin().join("rtk");
    machine.install(&["--uninstall", "--yes"]).success().says("nothing to remove");
    machine.install(&["--no-init"]).success();
    machine.calls();

    machine.install(&["--uninstall"]).code(1).complains("nobody can be asked");
    assert!(program.is_file());
    let (seen, code) = machine.install_on_terminal(&["--uninstall"], "n\n");
    assert_eq!((code, program.is_file()), (Some(1), true), "{seen}");
    let dry = "rtk init --global --uninstall --dry-run".to_owned();
    assert_eq!(machine.calls(), [dry.clone(), dry.clone()], "{seen}");

    let failing = machine.with("FAILS", "init --global --uninstall --yes");
    failing.install(&["--uninstall", "--yes"]).code(1).complains("left in place");
    assert!(program.is_file());
    failing.calls();

    let machine = failing.with("FAILS", "none");
    let (seen, code) = machine.install_on_terminal(&["--uninstall"], "y\n");
    assert_eq!((code, program.exists()), (Some(0), false), "{seen}");
    assert_eq!(machine.calls(), [dry, "rtk init --global --uninstall --yes".into()]);
}

#[test]
fn arguments_are_checked_before_anything_happens() {
    let machine = Machine::new();
    machine.install(&["--help"]).success().says("Usage: ./install.sh");
    machine.install(&["--prefx", "a"]).code(2).complains("unknown argument: --prefx");
    machine.install(&["--prefix"]).code(2).complains("--prefix needs a folder");
    machine.sandbox.write("alone/install.sh", SCRIPT);
    machine.sandbox.run(OsStr::new("sh"), &["alone/install.sh"], b"").code(1).complains("no source of rtk");
    let homeless = machine.with("HOME", "relative");
    homeless.install(&[]).code(1).complains("HOME is not set");
    assert_eq!(homeless.calls(), Vec::<String>::new());
}
