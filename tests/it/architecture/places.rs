//! The rule that the project stands alone: no text names the place where it was built.

use super::Violation;

/// Names that mean a place, in halves so that this file does not hold them itself. `true`: an absolute path, which
/// counts only where a path begins, so that `/home/me/src/main` is left alone.
const PLACES: [(&str, bool); 15] = [
    (concat!("../sha", "red"), false),
    (concat!("/wor", "k/shared"), true),
    (concat!("/wor", "k/main"), true),
    (concat!("/wor", "k/."), true),
    (concat!("/tm", "p/wt"), true),
    (concat!("/tm", "p/brief"), true),
    (concat!("/roo", "t/.cargo"), true),
    (concat!(".lib", "rary/"), false),
    (concat!("crates", ".io"), false),
    (concat!("npmjs", ".org"), false),
    (concat!("npmjs", ".com"), false),
    (concat!("pypi", ".org"), false),
    (concat!("pythonhosted", ".org"), false),
    (concat!("debian", ".org"), false),
    (concat!("proxy.go", "lang"), false),
];

/// No line names a place on the machine that built the project, nor the host of a package registry.
pub(super) fn unnamed(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (place, rooted) in PLACES {
            let named = line.match_indices(place).any(|(at, _)| !rooted || !continues_a_path(&line[..at]));
            if named {
                violations.push(Violation::new("place", path, number + 1, place));
            }
        }
    }
    violations
}

/// Whether the text before a `/` belongs to the same path.
fn continues_a_path(before: &str) -> bool {
    before.ends_with(|ch: char| ch.is_alphanumeric() || "._-~/}".contains(ch))
}

#[test]
fn places_are_found_and_others_left_alone() {
    for (place, _) in PLACES {
        for text in [format!("see {place}x"), format!("a = \"{place}\""), format!("x\n`{place}`")] {
            let found = unnamed("docs/a.md", &text);
            assert!(!found.is_empty(), "{text}");
            assert_eq!(found[0].line, text.lines().count());
        }
    }
    let good = [
        "/home/me/wor\u{6b}/main/a.rs",
        "~/wor\u{6b}/shared",
        "a library/",
        "../shape",
        "${dir}/wor\u{6b}/.git",
    ];
    for text in good {
        assert_eq!(unnamed("docs/a.md", text), [], "{text}");
    }
}
