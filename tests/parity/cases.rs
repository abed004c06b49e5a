//! One case of the matrix, and how its two sides are compared.

use crate::snapshot::Snapshot;
use crate::world::{Output, World};

/// A command in a situation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What follows `git`, as a shell reads it.
    pub(crate) command: &'static str,
    /// In words.
    pub(crate) situation: &'static str,
    /// A shell script that leads there from the sample repository.
    pub(crate) setup: &'static str,
}

/// What was seen of a case that is the same on both sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) code: i32,
    /// Whether rtk showed less than git.
    pub(crate) shorter: bool,
}

/// Lines with one of these must not get lost.
const KEYS: &[&str] = &[
    "error",
    "fatal",
    "warning",
    "CONFLICT",
    "conflict",
    "detached HEAD",
    "HEAD is now at",
    "remote:",
    "rejected",
    "hook says",
    "Unmerged",
    "both modified",
    "both added",
    "deleted by",
    "ahead",
    "behind",
    "diverged",
    "Switched to",
    "Already up to date",
];

/// Runs both sides; what differs is told.
pub(crate) fn compare(world: &World, case: &Case) -> Result<Seen, String> {
    let side = |program: &str| {
        world.build(case.setup);
        let output = world.run(program, case.command);
        (output, Snapshot::of(world))
    };
    let (native, native_left) = side("git");
    let (ours, our_left) = side(&format!("{} git", env!("CARGO_BIN_EXE_rtk")));
    let tell = |what: &str| {
        format!(
            "=== git {} ({}): {what}\n--- git: {:?}\n{}\n--- rtk: {:?}\n{}\n",
            case.command,
            case.situation,
            native.status,
            native.shown(),
            ours.status,
            ours.shown()
        )
    };
    if native.status != ours.status {
        return Err(tell("another end"));
    }
    if let Some(difference) = native_left.difference(&our_left) {
        return Err(tell(&difference));
    }
    compare_output(&native, &ours).map_err(|what| tell(&what))?;
    let code = native.status.code().ok_or_else(|| tell("git was killed"))?;
    Ok(Seen { code, shorter: ours.len() < native.len() })
}

fn compare_output(native: &Output, ours: &Output) -> Result<(), String> {
    if ours.len() > native.len() {
        return Err("longer than git's own".into());
    }
    // A difference is an answer, not a failure.
    let answers = native.status.code() == Some(1) && native.stderr.is_empty();
    if !native.status.success() && !answers && (native.stdout != ours.stdout || native.stderr != ours.stderr)
    {
        return Err("a failure that is not the same word for word".into());
    }
    for (name, native, ours) in
        [("stdout", &native.stdout, &ours.stdout), ("stderr", &native.stderr, &ours.stderr)]
    {
        let squeezed = squeeze(ours);
        // Lines of a patch or of a file hold anything.
        let mut lines = native.lines().filter(|line| !line.starts_with(['+', '-', ' ', '@']));
        let key = |line: &&str| KEYS.iter().any(|key| line.contains(key)) && !line.starts_with("hint: ");
        // Behind its first sentence the advice about a detached HEAD is about commands.
        let heart = |line: &str| match line.starts_with("You are in 'detached HEAD' state.") {
            true => "You are in 'detached HEAD' state.".to_owned(),
            false => squeeze(line),
        };
        if let Some(lost) = lines.find(|line| key(line) && !squeezed.contains(heart(line).trim())) {
            return Err(format!("{name} lost the line {lost:?}"));
        }
    }
    Ok(())
}

/// The text with every run of blanks made one.
fn squeeze(text: &str) -> String {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}
