//! Entries of the script generation: shell scripts in the client's `hooks` folder that did what the program does now.
//!
//! The entries are replaced in the same write that puts the new ones in. The scripts themselves stay: they go only when
//! they are byte for byte a known release, and no release of them is known to this program.

use super::settings::{HandlerAt, SettingsDocument};
use crate::text::JsonNode;

/// Scripts that only the earlier generation of this program had.
const OWN_SCRIPTS: [&str; 2] = ["rtk-mem-context.sh", "rtk-block-native-explore.sh"];
/// Scripts that the earlier generation had, and that another program of the same name has too: they count as ours
/// only beside one of [`OWN_SCRIPTS`].
const SHARED_SCRIPTS: [&str; 1] = ["rtk-rewrite.sh"];
/// What may stand in front of a script's path.
const INTERPRETERS: [&str; 6] = ["bash", "sh", "/bin/bash", "/bin/sh", "/usr/bin/bash", "/usr/bin/sh"];
/// The folder that the scripts lie in, below the client's own.
const SCRIPTS_FOLDER: &str = "hooks";

/// The path of the script that a handler runs, as written, if its name is one of the earlier generation's.
fn script(handler: &JsonNode) -> Option<String> {
    if handler.get("type")?.as_str()? != "command" {
        return None;
    }
    let command = handler.get("command")?.as_str()?.trim();
    if command.contains(['|', '&', ';', '<', '>', '(', ')', '`', '\n', '\r']) {
        return None;
    }
    let args = handler.get("args").and_then(JsonNode::as_array).unwrap_or_default();
    let line = match args {
        [] => command.to_owned(),
        [script] => format!("{command} {}", script.as_str()?),
        _ => return None,
    };
    let interpreted = INTERPRETERS.iter().find_map(|name| line.strip_prefix(name)?.strip_prefix(' '));
    let path = interpreted.unwrap_or(&line).trim().replace(['"', '\''], "");
    let mut parts = path.rsplit(['/', '\\']);
    let (name, folder) = (parts.next()?, parts.next()?);
    let known = OWN_SCRIPTS.iter().chain(&SHARED_SCRIPTS).any(|script| *script == name);
    (known && folder == SCRIPTS_FOLDER).then_some(path)
}

fn is_own(path: &str) -> bool {
    OWN_SCRIPTS.iter().any(|name| path.ends_with(name))
}

/// The entries of the earlier generation, with the scripts that they run; shared scripts first, so that who takes them
/// out one by one finds them all.
pub(super) fn entries<'d>(document: &'d SettingsDocument<'_>) -> Vec<(HandlerAt<'d>, String)> {
    let mut found = of_either(document);
    if !found.iter().any(|(_, path)| is_own(path)) {
        return Vec::new();
    }
    found.sort_by_key(|(_, path)| is_own(path));
    found
}

/// Scripts that may be the earlier generation's or another program's, and are left alone.
pub(super) fn doubtful(document: &SettingsDocument<'_>) -> Vec<String> {
    let found = of_either(document);
    if found.iter().any(|(_, path)| is_own(path)) {
        return Vec::new();
    }
    found.into_iter().map(|(_, path)| path).collect()
}

fn of_either<'d>(document: &'d SettingsDocument<'_>) -> Vec<(HandlerAt<'d>, String)> {
    document.handlers().into_iter().filter_map(|at| Some((at, script(at.node)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn scripts(handlers: &str) -> (Vec<String>, Vec<String>) {
        let text = format!(r#"{{"hooks":{{"PreToolUse":[{{"matcher":"Bash","hooks":[{handlers}]}}]}}}}"#);
        let document = SettingsDocument::parse(Path::new("s.json"), text.as_bytes()).unwrap();
        (entries(&document).into_iter().map(|(_, path)| path).collect(), doubtful(&document))
    }

    #[test]
    fn scripts_are_known_by_name_and_folder_whatever_starts_them() {
        for command in [
            r#""/home/u/.claude/hooks/rtk-mem-context.sh""#,
            r#""~/.claude/hooks/rtk-block-native-explore.sh""#,
            r#""bash \"$HOME/.claude/hooks/rtk-mem-context.sh\"""#,
            r#""\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/rtk-mem-context.sh""#,
            r#""C:\\Users\\u\\.claude\\hooks\\rtk-mem-context.sh""#,
            r#""/bin/sh","args":["/x/hooks/rtk-mem-context.sh"]"#,
        ] {
            let found = scripts(&format!(r#"{{"type":"command","command":{command}}}"#));
            assert_eq!((found.0.len(), found.1.len()), (1, 0), "{command}");
        }
        for command in [
            r#""/home/u/.claude/hooks/rtk-mem-context.sh --verbose""#,
            r#""/home/u/.claude/hooks/my-rtk-mem-context.sh""#,
            r#""/home/u/bin/rtk-mem-context.sh""#,
            r#""rtk-mem-context.sh""#,
            r#""cat x | /home/u/.claude/hooks/rtk-mem-context.sh""#,
            r#""/home/u/.claude/hooks/rtk-mem-context.sh","args":["a","b"]"#,
            r#"5"#,
        ] {
            let found = scripts(&format!(r#"{{"type":"command","command":{command}}}"#));
            assert_eq!((found.0.len(), found.1.len()), (0, 0), "{command}");
        }
    }

    #[test]
    fn a_script_that_another_program_has_too_counts_only_beside_one_of_ours() {
        let shared = r#"{"type":"command","command":"/h/.claude/hooks/rtk-rewrite.sh"}"#;
        let own = r#"{"type":"command","command":"/h/.claude/hooks/rtk-mem-context.sh"}"#;
        let path = "/h/.claude/hooks/rtk-rewrite.sh".to_owned();
        assert_eq!(scripts(shared), (vec![], vec![path.clone()]));
        let both = scripts(&format!("{shared},{own}"));
        assert_eq!((both.0.len(), both.0[0] == path, both.1.len()), (2, true, 0));
    }
}
