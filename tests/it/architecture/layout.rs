//! The rules about folders: what lies at the top of the repository, and that every room is in the table.

use super::{Violation, imports};

/// Everything that may lie at the top besides dot files; `target` is cargo's and ignored by git.
const TOP: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "README.md", "src", "hooks", "templates", "tests", "docs", "install.sh"];

/// Only known names lie at the top of the repository.
pub(super) fn top_level(names: &[String]) -> Vec<Violation> {
    let known = |name: &str| {
        TOP.contains(&name) || name == "target" || name.starts_with('.') || name.starts_with("LICENSE")
    };
    let strangers = names.iter().filter(|name| !known(name));
    strangers.map(|name| Violation::new("top-level", name, 0, "does not belong at the top")).collect()
}

/// Every room is a folder with a `mod.rs`; beside the rooms only `lib.rs` and `main.rs` lie in `src`.
pub(super) fn rooms(paths: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for path in paths {
        let Some(module) = imports::module_path(path) else { continue };
        let face = format!("src/{}/mod.rs", module[0]);
        if module.len() == 1 && *path != face {
            violations.push(Violation::new("loose-file", path, 0, "lies in no room"));
        } else if !paths.contains(&face) {
            violations.push(Violation::new("loose-file", path, 0, format!("{face} is missing")));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn strangers_at_the_top_are_named() {
        assert_eq!(top_level(&owned(&["Cargo.toml", "LICENSE", "src", ".ci", ".clippy.toml", "target"])), []);
        for stranger in ["scripts", "Makefile", "build.rs", "notes.md", "node_modules", "Src"] {
            assert_eq!(top_level(&owned(&["src", stranger])).len(), 1, "{stranger}");
        }
    }

    #[test]
    fn files_lie_in_rooms() {
        let good = ["src/lib.rs", "src/main.rs", "src/base/mod.rs", "src/base/a.rs", "src/base/b/mod.rs"];
        assert_eq!(rooms(&owned(&good)), []);
        assert_eq!(rooms(&owned(&["src/base.rs"])).len(), 1);
        assert_eq!(rooms(&owned(&["src/base/mod.rs", "src/text/a.rs"])).len(), 1);
    }
}
