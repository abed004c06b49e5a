//! The user's permission rules about shell commands, from every settings file that may hold in a folder.
//!
//! The client asks its rules about the rewritten command, not about the original: a rule that names git would lose
//! its meaning. So rtk reads the rules too, and takes each for as wide as it could be.

use super::unasked::may_name_files;
use crate::base::Env;
use crate::text::{JsonDocument, JsonKind, JsonNode};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A larger settings file is not read, in bytes.
const SETTINGS_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Folders above the working folder that are looked at.
const FOLDERS_MAX: usize = 64;
/// Where an administrator's settings lie.
#[cfg(not(target_os = "macos"))]
const MANAGED_FOLDER: &str = "/etc/claude-code";
#[cfg(target_os = "macos")]
const MANAGED_FOLDER: &str = "/Library/Application Support/ClaudeCode";
/// Options of the client that bring rules or settings which no file holds, or by which a program may send some.
const RULE_OPTIONS: &[&str] = &["--disallowed", "--settings", "--managed-settings", "--input-format"];
/// Settings of an administrator whose rules a program of his makes.
const RULE_MAKERS: &[&str] = &["policyHelper", "policyHelpers"];
/// Tools whose rules name files; the client asks them about the files of some git commands too.
const FILE_TOOLS: &[&str] =
    &["Read", "Edit", "Write", "MultiEdit", "NotebookRead", "NotebookEdit", "Grep", "Glob", "LS"];

/// How the client asks for permissions, as far as that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Commands that only read pass, others are asked about or denied.
    Asking,
    /// As [`Mode::Asking`], but a classifier decides instead of the user, and rules that allow everything do not count;
    /// planning is like it.
    Auto,
    /// Everything passes that no rule denies.
    Bypass,
    /// A mode that is not known.
    Other,
}

impl Mode {
    /// The mode by the client's name for it; clients that send none ask.
    pub fn named(name: Option<&str>) -> Mode {
        match name {
            None | Some("default" | "acceptEdits" | "dontAsk") => Mode::Asking,
            Some("auto" | "plan") => Mode::Auto,
            Some("bypassPermissions") => Mode::Bypass,
            Some(_) => Mode::Other,
        }
    }
}

/// The rules about shell commands that may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What the user's own and the administrator's files allow.
    allow: Vec<String>,
    /// What any file denies or asks about.
    restrict: Vec<String>,
    /// Whether any file denies files, or asks about them.
    files: bool,
    /// Whether there may be rules that could not be read.
    unknown: bool,
}

impl Rules {
    /// Whether a rule denies or asks about the command, or might.
    pub(super) fn may_restrict(&self, command: &str) -> bool {
        self.unknown || self.restrict.iter().any(|rule| may_match(rule, command))
    }

    /// Whether every shell command is allowed.
    pub(super) fn allow_everything(&self) -> bool {
        self.allow.iter().any(|rule| matches!(rule.as_str(), "*" | ":*"))
    }

    /// Whether a rule allows exactly what begins with `start`.
    pub(super) fn allow_all_beginning_with(&self, start: &str) -> bool {
        self.allow.iter().any(|rule| {
            let (literal, rest) = literal_part(rule);
            matches!(rest, "*" | ":*" | " *") && !literal.is_empty() && literal == start
        })
    }

    /// Whether a deny or ask rule may be about files that git with these arguments is told to read.
    pub(super) fn may_restrict_files(&self, args: &[OsString]) -> bool {
        self.files && may_name_files(args)
    }

    /// Whether a deny or ask rule may be about git with these arguments; for `rtk git --read-only`.
    pub fn restrict_git(&self, args: &[OsString]) -> bool {
        let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        self.may_restrict(&format!("git {}", words.join(" "))) || self.may_restrict_files(args)
    }
}

/// Reads the rules that may hold for a session in `cwd`.
pub fn load_rules(env: &Env, cwd: Option<&Path>) -> Rules {
    let mut rules = Rules { unknown: client_has_rule_options(env), ..Rules::default() };
    for (path, trusted) in files(env, cwd) {
        rules.add_file(&path, trusted);
    }
    rules
}

impl Rules {
    fn add_file(&mut self, path: &Path, trusted: bool) {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Ok(meta) if meta.is_file() && meta.len() <= SETTINGS_BYTES_MAX => {}
            _ => return self.unknown = true,
        }
        match std::fs::read(path) {
            Ok(bytes) => self.add(&bytes, trusted),
            Err(_) => self.unknown = true,
        }
    }

    /// Adds the rules of one file's content; what allows counts from trusted files only.
    fn add(&mut self, bytes: &[u8], trusted: bool) {
        let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if body.trim_ascii().is_empty() {
            return;
        }
        let Ok(Some(root)) = JsonDocument::parse(body).map(|document| document.root) else {
            // The client may read it differently.
            self.unknown = true;
            return;
        };
        let is_on = |node: Option<&JsonNode>| node.is_some_and(|node| node.kind == JsonKind::Bool(true));
        // In a sandbox the client treats some commands by their names.
        self.unknown |= is_on(root.get("sandbox").and_then(|sandbox| sandbox.get("enabled")));
        self.unknown |= RULE_MAKERS.iter().any(|name| root.get(name).is_some());
        let Some(permissions) = root.get("permissions") else { return };
        for list in ["deny", "ask"] {
            self.restrict.extend(shell_rules(permissions.get(list)));
            self.files |= texts(permissions.get(list)).any(is_about_files);
        }
        if trusted {
            self.allow.extend(shell_rules(permissions.get("allow")));
        }
    }
}

/// The rules of a list.
fn texts(list: Option<&JsonNode>) -> impl Iterator<Item = &str> {
    list.and_then(JsonNode::as_array).unwrap_or_default().iter().filter_map(JsonNode::as_str)
}

/// Whether a rule names files, or tools by a wildcard.
fn is_about_files(rule: &str) -> bool {
    let tool = rule.split('(').next().unwrap_or_default().trim();
    FILE_TOOLS.contains(&tool) || (tool.contains('*') && !tool.starts_with("mcp__"))
}

/// What stands in the brackets of every `Bash(…)`; `*` for the bare name.
fn shell_rules(list: Option<&JsonNode>) -> Vec<String> {
    let inner = |rule: &str| match rule.trim() {
        "*" | "Bash" => Some("*".to_owned()),
        rule => Some(rule.strip_prefix("Bash(")?.strip_suffix(')')?.trim().to_owned()),
    };
    texts(list).filter_map(inner).collect()
}

/// The part of a rule before its first wildcard, and the rest.
fn literal_part(rule: &str) -> (&str, &str) {
    let at = rule.find('*').unwrap_or(rule.len());
    let (literal, _) = rule.split_at(at);
    let literal = literal.strip_suffix(':').filter(|_| at < rule.len()).unwrap_or(literal).trim_end();
    (literal, &rule[literal.len()..])
}

/// Whether the rule could match the command, however the client reads wildcards, blanks and prefixes.
fn may_match(rule: &str, command: &str) -> bool {
    let (literal, _) = literal_part(rule);
    let command = command.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let literal = literal.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    command.starts_with(&literal) || literal.starts_with(&command)
}

/// The settings files of the user, the administrator, and of every folder that could be the project; with each whether
/// what it allows counts: a project's rules do not in a folder that the user has not trusted.
fn files(env: &Env, cwd: Option<&Path>) -> Vec<(PathBuf, bool)> {
    let mut files = Vec::new();
    let user = env
        .os("CLAUDE_CONFIG_DIR")
        .map(PathBuf::from)
        .or_else(|| env.home().map(|home| home.join(".claude")));
    if let Some(folder) = user {
        files.push((folder.join("settings.json"), true));
        // The client's copy of what the organisation's server sent; whether it holds is not known.
        files.push((folder.join("remote-settings.json"), false));
    }
    let managed = Path::new(MANAGED_FOLDER);
    files.push((managed.join("managed-settings.json"), true));
    let parts = std::fs::read_dir(managed.join("managed-settings.d")).into_iter().flatten().flatten();
    files.extend(parts.map(|entry| (entry.path(), true)));
    let project = env.os("CLAUDE_PROJECT_DIR").map(PathBuf::from);
    let folders = [cwd, project.as_deref()]
        .into_iter()
        .flatten()
        .flat_map(|folder| folder.ancestors().take(FOLDERS_MAX));
    for folder in folders {
        for name in ["settings.json", "settings.local.json"] {
            let path = folder.join(".claude").join(name);
            if !files.iter().any(|(known, _)| *known == path) {
                files.push((path, false));
            }
        }
    }
    files
}

/// Whether the client was started with rules on its command line. Where that cannot be seen, it is taken for granted
/// only on systems that usually show it.
fn client_has_rule_options(env: &Env) -> bool {
    let Some(pid) = env.var("CLAUDE_PID").filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit())) else {
        return false;
    };
    match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => line
            .split(|byte| *byte == 0)
            .any(|word| RULE_OPTIONS.iter().any(|option| word.starts_with(option.as_bytes()))),
        Err(_) => cfg!(target_os = "linux"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(settings: &str) -> Rules {
        let mut rules = Rules::default();
        rules.add(settings.as_bytes(), true);
        rules
    }

    #[test]
    fn a_rule_restricts_whatever_it_could_mean() {
        let restrict = |rule: &str| rules(&format!(r#"{{"permissions": {{"deny": ["{rule}"]}}}}"#));
        for rule in [
            "Bash",
            "Bash(*)",
            "Bash(:*)",
            "*",
            "Bash(git *)",
            "Bash(git log:*)",
            "Bash(git  log *)",
            "Bash(git log -3)",
            "Bash(* log)",
            "Bash(git l*)",
            "Bash(git log --all *)",
        ] {
            assert!(restrict(rule).may_restrict("git log"), "{rule}");
        }
        for rule in ["Bash(git push:*)", "Read(git)", "Bash(rm *)", "Agent", "WebFetch(*)"] {
            assert!(!restrict(rule).may_restrict("git log -3"), "{rule}");
        }
        assert!(rules(r#"{"permissions": {"ask": ["Bash(git log:*)"]}}"#).may_restrict("git log -3"));
    }

    #[test]
    fn only_whole_permissions_count_as_such() {
        let allow = |rule: &str| rules(&format!(r#"{{"permissions": {{"allow": ["{rule}"]}}}}"#));
        for rule in ["Bash", "Bash(*)", "Bash(:*)"] {
            assert!(allow(rule).allow_everything(), "{rule}");
        }
        assert!(!allow("Bash(git *)").allow_everything());
        for rule in ["Bash(/x/rtk git --read-only:*)", "Bash(/x/rtk git --read-only *)"] {
            assert!(allow(rule).allow_all_beginning_with("/x/rtk git --read-only"), "{rule}");
        }
        for rule in
            ["Bash(/x/rtk git --read-only)", "Bash(/x/rtk git:*)", "Bash(/x/rtk git --read-only status:*)"]
        {
            assert!(!allow(rule).allow_all_beginning_with("/x/rtk git --read-only"), "{rule}");
        }
    }

    #[test]
    fn what_cannot_be_read_and_a_sandbox_restrict_everything() {
        for settings in
            ["{", "[]x", r#"{"sandbox": {"enabled": true}}"#, r#"{"policyHelper": {"path": "/x"}}"#]
        {
            assert!(rules(settings).may_restrict("git log"), "{settings}");
        }
        assert_eq!(rules(""), Rules::default());
        assert_eq!(rules("\u{feff}{}"), Rules::default());
    }

    #[test]
    fn a_rule_about_files_restricts_what_names_some() {
        let args = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for rule in ["Read(./.env)", "Read", "Edit(src/**)", "*"] {
            let rules = rules(&format!(r#"{{"permissions": {{"deny": ["{rule}"]}}}}"#));
            assert!(rules.may_restrict_files(&args("grep x .env")), "{rule}");
            assert!(!rules.may_restrict_files(&args("log -3")), "{rule}");
        }
        let rules =
            rules(r#"{"permissions": {"allow": ["Read(./.env)"], "deny": ["WebFetch", "mcp__a__*"]}}"#);
        assert!(!rules.may_restrict_files(&args("grep x .env")));
    }

    #[test]
    fn every_file_is_read_and_a_projects_file_allows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let env = Env::of(folder.path(), [("HOME", folder.path().join("home"))]);
        let cwd = folder.path().join("project/sub");
        assert_eq!(load_rules(&env, Some(&cwd)), Rules::default());
        write("home/.claude/settings.json", r#"{"permissions": {"allow": ["Bash"]}}"#);
        assert!(load_rules(&env, Some(&cwd)).allow_everything());
        write("home/.claude/settings.json", "{}");
        write(
            "project/.claude/settings.json",
            r#"{"permissions": {"allow": ["Bash"], "deny": ["Bash(git log:*)"]}}"#,
        );
        let rules = load_rules(&env, Some(&cwd));
        assert!(
            !rules.allow_everything() && rules.may_restrict("git log") && !rules.may_restrict("git status")
        );
        write("project/sub/.claude/settings.local.json", r#"{"permissions": {"ask": ["Bash(git status)"]}}"#);
        assert!(load_rules(&env, Some(&cwd)).restrict_git(&["status".into()]));
        write(
            "home/.claude/remote-settings.json",
            r#"{"permissions": {"allow": ["Bash"], "deny": ["Bash(git tag)"]}}"#,
        );
        let rules = load_rules(&env, Some(&cwd));
        assert!(!rules.allow_everything() && rules.may_restrict("git tag"));
    }
}
