//! Round trip: what a reader asks of git's output must be answered by rtk's too.

use crate::world::World;

/// A command, its situation, and words that each answer a question about it.
struct Quiz {
    command: &'static str,
    setup: &'static str,
    answers: &'static [&'static str],
    /// What must stand in neither output.
    absent: &'static [&'static str],
}

const QUIZZES: &[Quiz] = &[
    // Which branch, ahead or behind by how much, what is staged, changed, removed, renamed, new?
    Quiz {
        command: "status",
        setup: "git reset -q --hard base; git commit -q --allow-empty -m other; echo x >> a.txt; rm b.txt; git mv dir/c.txt dir/d.txt; echo n > n.txt",
        answers: &[
            "On branch main",
            "diverged",
            "1 and 1 different commits",
            "dir/c.txt -> dir/d.txt",
            "a.txt",
            "b.txt",
            "n.txt",
            "ntracked",
            "taged",
        ],
        absent: &["run.sh", "nmerged"],
    },
    // Conflict or not, in which file, of which kind, how to go on?
    Quiz {
        command: "status",
        setup: "git merge -q topic || :",
        answers: &["Unmerged paths", "both modified: a.txt", "git merge --abort", "t.txt"],
        absent: &["b.txt"],
    },
    Quiz {
        command: "status",
        setup: "git rebase -q topic >&2 || :",
        answers: &["rebase in progress", "git rebase --continue", "both modified: a.txt"],
        absent: &[],
    },
    Quiz {
        command: "status",
        setup: "git checkout -q --detach base",
        answers: &["HEAD detached at", "working tree clean"],
        absent: &["On branch"],
    },
    Quiz {
        command: "status",
        setup: "git commit -q --allow-empty -m a",
        answers: &["ahead of 'origin/main' by 1 commit"],
        absent: &["behind"],
    },
    Quiz {
        command: "status",
        setup: "git reset -q --hard base",
        answers: &["behind 'origin/main' by 1 commit"],
        absent: &["ahead"],
    },
    // Which files, which lines went and came, at which line numbers, which mode, which rename?
    Quiz {
        command: "diff HEAD",
        setup: "sed -i 's/nine/9/' a.txt; git mv b.txt bb.txt; chmod 644 run.sh; printf 'q\\000' > bin.dat; git add .",
        answers: &["a.txt", "-nine", "+9", "b.txt", "bb.txt", "100755", "100644", "bin.dat", "inary"],
        absent: &["dir/c.txt"],
    },
    Quiz {
        command: "diff",
        setup: "seq 100 > s; git add s; git commit -qm s; sed -i 's/^10$/x/;s/^60$/z/' s",
        answers: &["-10", "+x", "-60", "+z", "@@ -", " 9", " 11", " 59", " 61"],
        absent: &[" 35"],
    },
    Quiz {
        command: "diff",
        setup: "git merge -q topic || :",
        answers: &["a.txt", "<<<<<<<", ">>>>>>>", "two of main", "two of topic"],
        absent: &[],
    },
    // Who, when, what, which branches and tags, which commits, merges of what?
    Quiz {
        command: "log",
        setup: "git merge -q --no-edit clean",
        answers: &["main changes two", "clean adds n", "first", "Merge branch 'clean'", "Test", "2024"],
        absent: &["topic changes two"],
    },
    Quiz {
        command: "log -1",
        setup: "printf 'subject\\n\\nwhy it was done\\nand how\\n' | git commit -q --allow-empty -F -",
        answers: &["subject", "why it was done", "and how"],
        absent: &["first"],
    },
    Quiz {
        command: "show",
        setup: "",
        answers: &["main changes two", "Test", "a.txt", "-two", "+two of main"],
        absent: &["t.txt"],
    },
];

#[test]
fn a_reader_of_the_short_form_knows_what_a_reader_of_gits_own_knows() {
    let world = World::new();
    let rtk = format!("{} git", env!("CARGO_BIN_EXE_rtk"));
    for quiz in QUIZZES {
        world.build(quiz.setup);
        let outputs = [world.run("git", quiz.command), world.run(&rtk, quiz.command)];
        for (who, output) in ["git", "rtk"].iter().zip(&outputs) {
            let text: Vec<&str> = output.stdout.split_inclusive('\n').collect();
            let text: String = text
                .concat()
                .lines()
                .map(|line| {
                    let indent: String = line.chars().take_while(|ch| *ch == ' ').take(1).collect();
                    format!("{indent}{}\n", line.split_whitespace().collect::<Vec<_>>().join(" "))
                })
                .collect();
            for answer in quiz.answers {
                assert!(text.contains(answer), "{who} {}: no {answer:?} in\n{text}", quiz.command);
            }
            for absent in quiz.absent {
                assert!(
                    !text.contains(absent) || *who == "git" && *absent == " 35",
                    "{who} {}: {absent:?} in\n{text}",
                    quiz.command
                );
            }
        }
        let commits = |text: &str| -> Vec<String> {
            let hash = |line: &str| {
                let word = line
                    .strip_prefix("commit ")
                    .unwrap_or(line)
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                (word.len() >= 12 && word.chars().all(|ch| ch.is_ascii_hexdigit()))
                    .then(|| word[..12].to_owned())
            };
            text.lines().filter_map(hash).collect()
        };
        assert_eq!(commits(&outputs[0].stdout), commits(&outputs[1].stdout), "{}", quiz.command);
    }
}

/// The line numbers of a hunk are true: applied with as little context as there is, the short form gives the same file.
#[test]
fn the_short_form_of_a_diff_can_be_applied() {
    let world = World::new();
    let rtk = format!("{} git", env!("CARGO_BIN_EXE_rtk"));
    world.build("seq 200 > s; git add s; git commit -qm s; sed -i '5d;40s/$/x/;42s/$/y/;100a new' s; printf 'last' >> s");
    let repo = world.twin().join("repo");
    let wanted = std::fs::read_to_string(repo.join("s")).unwrap();
    let patch: String = world
        .run(&rtk, "diff")
        .stdout
        .lines()
        .filter(|line| !line.starts_with("(rtk "))
        .map(|line| {
            line.strip_prefix("diff ")
                .map_or(format!("{line}\n"), |name| format!("--- a/{name}\n+++ b/{name}\n"))
        })
        .collect();
    assert!(patch.matches("@@ -").count() >= 4, "{patch}");
    std::fs::write(world.twin().join("p"), &patch).unwrap();
    world.script(&repo, "git checkout -q s; git apply --unidiff-zero ../p");
    assert_eq!(std::fs::read_to_string(repo.join("s")).unwrap(), wanted, "{patch}");
}
