//! The program itself is killed right before each of its steps, and each of its steps is refused by the system: files
//! are whole old or new, a batch is all old or new once the next command has run, and every exit code tells the truth.

use crate::sandbox::Sandbox;
use crate::tracer::{Plan, Trace, run};
use nix::errno::Errno;
use std::path::Path;

/// More steps than any command makes.
const STEPS_MAX: usize = 500;
/// Exit code for "in place, but not durable".
const NOT_DURABLE: i32 = 4;

/// A command with the files that it changes: name, content before, content after.
struct Case {
    args: &'static [&'static str],
    input: &'static str,
    files: &'static [(&'static str, Option<&'static str>, &'static str)],
}

const CASES: &[Case] = &[
    Case { args: &["file", "f", "--from", "input"], input: "new", files: &[("f", Some("old"), "new")] },
    Case { args: &["file", "f", "--from", "input", "--create"], input: "new", files: &[("f", None, "new")] },
    Case {
        args: &["replace", "f", "--old", "b", "--new-from", "input"],
        input: "B",
        files: &[("f", Some("a b c"), "a B c")],
    },
    Case {
        args: &["batch", "--plan", "input"],
        input: r#"{"edits":[{"file":"d/f","content":"1 new"},{"file":"e/g","old":"old","new":"new"},{"file":"e/made","content":"made"}]}"#,
        files: &[("d/f", Some("1 old"), "1 new"), ("e/g", Some("2 old"), "2 new"), ("e/made", None, "made")],
    },
    Case {
        args: &["batch", "--plan", "input"],
        input: r#"{"edits":[{"file":"d/1","content":"A"},{"file":"d/2","content":"B"},{"file":"e/3","content":"C"},{"file":"e/4","content":"D"}]}"#,
        files: &[
            ("d/1", Some("a"), "A"),
            ("d/2", Some("b"), "B"),
            ("e/3", Some("c"), "C"),
            ("e/4", Some("d"), "D"),
        ],
    },
];

impl Case {
    fn prepared(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.write("input", self.input);
        sandbox.write("d/other", "other");
        sandbox.write("e/other", "other");
        for (name, old, _) in self.files {
            old.map(|old| sandbox.write(name, old));
        }
        sandbox
    }

    fn run(&self, sandbox: &Sandbox, plan: Plan<'_>) -> Trace {
        let vars = [("HOME", sandbox.home().display().to_string()), ("PATH", "/usr/bin:/bin".to_owned())];
        let vars = vars.map(|(name, value)| (name.to_owned(), value));
        let args: Vec<&str> = ["write"].iter().chain(self.args).copied().collect();
        run(Path::new(env!("CARGO_BIN_EXE_rtk")), &args, &sandbox.project(), &vars, &sandbox.root(), plan)
    }

    /// `Some(true)` when all files are new, `Some(false)` when all are old, `None` for some of each.
    fn side(&self, sandbox: &Sandbox, tell: &str) -> Option<bool> {
        let sides = self.files.iter().map(|(name, old, new)| {
            let is = std::fs::read_to_string(sandbox.project().join(name)).ok();
            assert!(is.as_deref() == *old || is.as_deref() == Some(*new), "{tell}: {name} holds {is:?}");
            is.as_deref() == Some(*new)
        });
        let sides: Vec<bool> = sides.collect();
        sides.iter().all(|side| *side == sides[0]).then_some(sides[0])
    }

    /// Whatever happened: the next command ends it, and the same one once more leaves what it should and nothing else.
    fn must_complete(&self, sandbox: &Sandbox, tell: &str) {
        sandbox.rtk_with(&["write", "file", "after"], b"x").success();
        let side = self.side(sandbox, tell);
        assert!(side.is_some(), "{tell}: half of a batch");
        if side == Some(false) {
            sandbox.rtk(&[&["write"], self.args].concat()).success();
        }
        assert_eq!(self.side(sandbox, tell), Some(true), "{tell}");
        let names = |folder: &str| {
            let entries = std::fs::read_dir(sandbox.project().join(folder)).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.retain(|name| name.contains(".rtk-"));
            names
        };
        // What a killed process left of a single file goes with the next write of that file.
        if self.files.len() > 1 || side == Some(false) {
            let left = [names("."), names("d"), names("e")].concat();
            assert!(left.is_empty(), "{tell}: {left:?} are left");
        }
    }
}

#[test]
fn killed_before_any_step_it_leaves_old_or_new() {
    for case in CASES {
        for step in 0..STEPS_MAX {
            let sandbox = case.prepared();
            let trace = case.run(&sandbox, Plan::KillBefore(step));
            let tell = format!("{:?} killed before {step} {:?}", case.args, trace.steps.last());
            let side = case.side(&sandbox, &tell);
            if let Some(code) = trace.code {
                assert_eq!((code, side), (0, Some(true)), "{tell}: {}", trace.stderr);
                assert!(step > 5, "{tell}: only {step} steps");
                break;
            }
            case.must_complete(&sandbox, &tell);
        }
    }
}

#[test]
fn a_refused_step_is_told_by_the_exit_code() {
    for case in CASES {
        // The model of the disk tries all of these on all operations; here a batch has more steps than patience.
        let errors: &[Errno] = match case.files {
            [_] => &[Errno::EIO, Errno::ENOSPC, Errno::EACCES, Errno::EINTR],
            _ => &[Errno::EIO],
        };
        for &error in errors {
            for step in 0..STEPS_MAX {
                let sandbox = case.prepared();
                let trace = case.run(&sandbox, Plan::Fail(step, error));
                if trace.steps.len() <= step {
                    break;
                }
                let tell = format!("{:?}, {error} at {:?}", case.args, trace.steps[step]);
                let side = case.side(&sandbox, &tell);
                match trace.code {
                    Some(0 | NOT_DURABLE) => assert_eq!(side, Some(true), "{tell}: {}", trace.stderr),
                    Some(_) => {
                        assert_eq!(side, Some(false), "{tell}: {}", trace.stderr);
                        assert!(trace.stderr.contains("hint:"), "{tell}: {}", trace.stderr);
                    }
                    None => panic!("{tell}: killed"),
                }
                case.must_complete(&sandbox, &tell);
            }
        }
    }
}
