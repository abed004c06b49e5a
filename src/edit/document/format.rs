//! Which format a file has, by its name.

use serde::Deserialize;
use std::path::Path;

/// A format whose values can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 8259, nothing more.
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
    /// TOML 1.1; what is written is valid in 1.0 too.
    Toml,
    /// YAML 1.2.
    Yaml,
    /// `KEY=value` lines as shells and dotenv read them.
    Env,
    /// Sections of `key = value` lines.
    Ini,
}

impl Format {
    /// The format that a file's name stands for; `None` if it says nothing.
    pub fn of(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        Some(match extension {
            "json" if takes_comments(path, &name) => Format::Jsonc,
            "json" | "webmanifest" | "geojson" | "ipynb" => Format::Json,
            "jsonc" | "code-workspace" | "code-snippets" | "eslintrc" | "babelrc" | "swcrc" | "jshintrc" => {
                Format::Jsonc
            }
            "toml" => Format::Toml,
            "yaml" | "yml" => Format::Yaml,
            "env" | "envrc" => Format::Env,
            "ini" | "cfg" | "editorconfig" | "npmrc" | "flake8" | "gitconfig" | "gitmodules" | "pylintrc"
            | "coveragerc" => Format::Ini,
            "lock" if matches!(name.as_str(), "cargo.lock" | "poetry.lock" | "uv.lock") => Format::Toml,
            "conf" | "properties" | "desktop" | "service" => Format::Ini,
            _ if name.starts_with(".env")
                || name.contains(".env.")
                || name.contains("env.") && name.starts_with("env.") =>
            {
                Format::Env
            }
            "prettierrc" => Format::Yaml,
            _ => return None,
        })
    }
}

/// Whether the program that reads a `.json` file of this name is known to take comments. The client's own settings,
/// which it ignores whole when they hold one, are not among them.
fn takes_comments(path: &Path, name: &str) -> bool {
    let folder =
        path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str()).unwrap_or_default();
    let named = [
        "tsconfig",
        "jsconfig",
        "devcontainer",
        ".eslintrc",
        "api-extractor",
        "language-configuration",
        ".babelrc",
        ".swcrc",
    ];
    if named.iter().any(|part| name.contains(part)) || name == "tslint.json" || name == ".jshintrc" {
        return true;
    }
    let settings =
        ["settings.json", "launch.json", "tasks.json", "keybindings.json", "extensions.json", "keymap.json"];
    match folder {
        ".claude" => false,
        ".vscode" | ".zed" | ".cursor" => name != "mcp.json" || folder == ".vscode",
        _ => {
            let example = name.starts_with("settings.") && name != "settings.local.json";
            example || settings.iter().any(|known| name.ends_with(known))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_format() {
        for (path, format) in [
            ("package.json", Some(Format::Json)),
            ("tsconfig.build.json", Some(Format::Jsonc)),
            ("a/.claude/settings.json", Some(Format::Json)),
            ("a/.vscode/settings.json", Some(Format::Jsonc)),
            ("settings.json", Some(Format::Jsonc)),
            ("settings.example.json", Some(Format::Jsonc)),
            ("settings.local.json", Some(Format::Json)),
            ("a.JSONC", Some(Format::Jsonc)),
            ("Cargo.lock", Some(Format::Toml)),
            ("x.yml", Some(Format::Yaml)),
            (".env", Some(Format::Env)),
            (".env.local", Some(Format::Env)),
            (".env.example", Some(Format::Env)),
            ("prod.env", Some(Format::Env)),
            (".editorconfig", Some(Format::Ini)),
            ("setup.cfg", Some(Format::Ini)),
            ("README.md", None),
            ("yarn.lock", None),
        ] {
            assert_eq!(Format::of(Path::new(path)), format, "{path}");
        }
    }
}
