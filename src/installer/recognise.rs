//! Tells rtk's own hook entries from those of other programs, without ever running one.
//!
//! An entry is ours by what it runs: a program that is this one, was installed by this one (receipt), or carries
//! rtk's identity in its bytes. Other programs of the same name with a `hook` argument of their own exist.

use super::entries::{BARE_NAME, EARLIER_MATCHER, HOOK_ARGUMENT, HttpHook, MCP_ARGUMENT, REGISTRATIONS};
use super::platform::{Platform, file_name, is_absolute};
use crate::base::Env;
use crate::text::JsonNode;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Lies in every build of this program and in nothing else; looked for in a program before it is called ours.
const IDENTITY: &[u8] = b"rtk project memory hook, identity 6f1d0c5a-9b0e-4a57-8f6e-rtk-claude-code";
/// Larger programs are not searched for the identity, in bytes.
const PROGRAM_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Size of one read while searching, in bytes.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What lies at the path of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgramIs {
    /// A build of rtk.
    Rtk,
    /// Something else.
    Other,
    /// Nothing.
    Missing,
}

/// What is known about programs: this one, earlier installed ones, and those on the machine.
pub(super) struct Known {
    /// This program, as it is registered.
    pub(super) program: PathBuf,
    /// Programs that receipts name.
    pub(super) installed: Vec<PathBuf>,
    /// The folders of `PATH`.
    pub(super) search: Vec<PathBuf>,
    /// The home folder, for `~/`.
    pub(super) home: Option<PathBuf>,
}

impl Known {
    /// Knows the program, the receipts' programs, and the environment's search path.
    pub(super) fn new(env: &Env, program: &Path, installed: Vec<PathBuf>) -> Known {
        let search = env.os("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        Known { program: program.to_path_buf(), installed, search, home: env.home() }
    }

    /// Whether the handler is rtk's. `matcher` is that of its group.
    pub(super) fn owns(&self, event: &str, matcher: Option<&str>, handler: &JsonNode) -> bool {
        if HttpHook::of(handler).is_some() {
            return true;
        }
        let Some(call) = Call::of(handler) else { return false };
        let path = self.expand(&call);
        if self.is_known(&path) {
            return true;
        }
        if call.args.is_empty() || !has_our_name(&call.program) {
            return false;
        }
        let ours_in_shape = call.exec && is_our_shape(event, matcher, handler);
        if call.program == BARE_NAME {
            return ours_in_shape
                || self.find(BARE_NAME).is_some_and(|path| identify(&path) == ProgramIs::Rtk);
        }
        if !is_absolute(&path.to_string_lossy()) {
            return false;
        }
        match identify(&path) {
            ProgramIs::Rtk => true,
            ProgramIs::Other => false,
            // A dead entry in exactly our form is what an earlier place of the program left behind.
            ProgramIs::Missing => ours_in_shape,
        }
    }

    /// Whether an MCP server is rtk's: started by the client, as this program with the one argument that rtk writes.
    pub(super) fn owns_server(&self, server: &JsonNode) -> bool {
        let stdio = server.get("type").is_none_or(|kind| kind.as_str() == Some("stdio"));
        let args = server.get("args").and_then(JsonNode::as_array).unwrap_or_default();
        let Some(command) = server.get("command").and_then(JsonNode::as_str) else { return false };
        let ours_in_shape = matches!(args, [only] if only.as_str() == Some(MCP_ARGUMENT)) && stdio;
        if !ours_in_shape {
            return false;
        }
        let path = Path::new(command);
        self.is_known(path)
            || (has_our_name(command) && (command == BARE_NAME || identify(path) != ProgramIs::Other))
    }

    /// Finds a program of that name on the search path.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        let names = Platform::current().program_names(name);
        let paths = self.search.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
        paths.into_iter().find(|path| is_executable(path))
    }

    /// The program that the client would start for the call, if it is there and may be run.
    pub(super) fn locate(&self, call: &Call) -> Option<PathBuf> {
        if !is_absolute(&call.program) {
            let rest = call.program.strip_prefix("~/").filter(|_| !call.exec);
            return match (rest, &self.home) {
                (Some(rest), Some(home)) => Some(home.join(rest)).filter(|path| is_executable(path)),
                _ => self.find(&call.program),
            };
        }
        Some(PathBuf::from(&call.program)).filter(|path| is_executable(path))
    }

    fn is_known(&self, path: &Path) -> bool {
        let spelled = |known: &Path| match (known.to_str(), path.to_str()) {
            (Some(known), Some(path)) => Platform::current().same_spelling(known, path),
            _ => known == path,
        };
        spelled(&self.program)
            || same_file(&self.program, path)
            || self.installed.iter().any(|known| spelled(known))
    }

    fn expand(&self, call: &Call) -> PathBuf {
        match (call.program.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) if !call.exec => home.join(rest),
            _ => PathBuf::from(&call.program),
        }
    }
}

/// A handler's command, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Whether the client starts the program itself; otherwise a shell does.
    pub(super) exec: bool,
    /// The program as written.
    pub(super) program: String,
    /// `hook` and perhaps an event name; empty when the command is the program alone.
    pub(super) args: Vec<String>,
}

impl Call {
    /// Takes a command handler apart if it could be ours; `None` for other arguments, pipes, variables and the like.
    pub(super) fn of(handler: &JsonNode) -> Option<Call> {
        if handler.get("type")?.as_str()? != "command" {
            return None;
        }
        let command = handler.get("command")?.as_str()?;
        let (exec, program, args) = match handler.get("args") {
            Some(args) => {
                let args = args.as_array()?.iter().map(|arg| arg.as_str().map(str::to_owned));
                (true, command.to_owned(), args.collect::<Option<Vec<_>>>()?)
            }
            None => {
                let mut words = shell_words(command)?.into_iter();
                (false, words.next()?, words.collect())
            }
        };
        let of_hook = match args.as_slice() {
            [] => !exec,
            [hook] => hook == HOOK_ARGUMENT,
            [hook, event] => hook == HOOK_ARGUMENT && event.starts_with(|ch: char| ch.is_ascii_uppercase()),
            _ => false,
        };
        of_hook.then_some(Call { exec, program, args })
    }
}

/// Splits a plain command line at blanks, honouring quotes; `None` as soon as a shell would do anything more with it.
fn shell_words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for ch in command.trim().chars() {
        match quote {
            Some(open) if ch == open => quote = None,
            Some('"') if "$`\\".contains(ch) => return None,
            Some(_) => word.get_or_insert_default().push(ch),
            None if ch == '"' || ch == '\'' => {
                quote = Some(ch);
                word.get_or_insert_default();
            }
            None if ch == ' ' || ch == '\t' => words.extend(word.take()),
            None if "|&;<>()$`\\*?[]#=%!{}\n\r".contains(ch) => return None,
            None => word.get_or_insert_default().push(ch),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Whether the last part of the path is `rtk`, by the rules of any platform.
fn has_our_name(program: &str) -> bool {
    let name = file_name(program);
    name == BARE_NAME || name.eq_ignore_ascii_case("rtk.exe")
}

/// Whether the entry has exactly the keys, the argument and the matcher that rtk writes.
fn is_our_shape(event: &str, matcher: Option<&str>, handler: &JsonNode) -> bool {
    let earlier = event == "PreToolUse" && matcher == Some(EARLIER_MATCHER);
    let registered = earlier || REGISTRATIONS.iter().any(|own| own.event == event && own.matcher == matcher);
    let keys = ["type", "command", "args", "timeout"];
    let only_ours = handler.members().iter().all(|member| keys.contains(&member.name.as_str()));
    let args = handler.get("args").and_then(JsonNode::as_array).unwrap_or_default();
    registered && only_ours && handler.get("timeout").is_some() && args.len() == 1
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Whether there is a regular file that may be run.
pub(super) fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Looks for rtk's identity in the bytes of a program; never runs it.
pub(super) fn identify(path: &Path) -> ProgramIs {
    let Ok(meta) = std::fs::metadata(path) else { return ProgramIs::Missing };
    if !meta.is_file() || meta.len() > PROGRAM_BYTES_MAX {
        return ProgramIs::Other;
    }
    let Ok(mut file) = std::fs::File::open(path) else { return ProgramIs::Other };
    let finder = memchr::memmem::Finder::new(IDENTITY);
    let mut window = Vec::new();
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    while let Ok(length @ 1..) = file.read(&mut chunk) {
        window.extend_from_slice(&chunk[..length]);
        if finder.find(&window).is_some() {
            return ProgramIs::Rtk;
        }
        window.drain(..window.len().saturating_sub(IDENTITY.len()));
    }
    ProgramIs::Other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::JsonDocument;
    use std::os::unix::fs::PermissionsExt as _;

    fn program(path: &Path, content: &[u8]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn owns(known: &Known, handler: &str) -> bool {
        let document = JsonDocument::parse(handler.as_bytes()).unwrap();
        known.owns("PreToolUse", Some("Task|Agent"), &document.root.unwrap())
    }

    #[test]
    fn entries_are_ours_by_what_they_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        program(&at("ours/rtk"), b"anything: known by its path");
        program(&at("older/rtk"), &[vec![0; 3_000_000], IDENTITY.to_vec()].concat());
        program(&at("foreign/rtk"), b"#!/bin/sh\necho another tool\n");
        std::os::unix::fs::symlink(at("ours/rtk"), at("link")).unwrap();
        let known = Known {
            program: at("ours/rtk"),
            installed: vec![at("receipt/rtk")],
            search: vec![at("nowhere"), at("foreign")],
            home: Some(folder.path().to_path_buf()),
        };
        let exec = |program: &str, args: &str| {
            format!(r#"{{"type":"command","command":"{program}","args":{args},"timeout":10}}"#)
        };
        let path = |name: &str| at(name).display().to_string();
        for ours in [
            exec(&path("ours/rtk"), r#"["hook"]"#),
            exec(&path("ours/rtk"), r#"["hook","PreToolUse"]"#),
            exec(&path("link"), r#"["hook"]"#),
            exec(&path("older/rtk"), r#"["hook"]"#),
            exec(&path("receipt/rtk"), r#"["hook"]"#),
            exec("/gone/bin/rtk", r#"["hook"]"#),
            exec("C:\\\\Users\\\\a b\\\\rtk.exe", r#"["hook"]"#),
            exec("rtk", r#"["hook"]"#),
            format!(r#"{{"type":"command","command":"\"{}\" hook"}}"#, path("ours/rtk")),
            format!(r#"{{"type":"command","command":"{}"}}"#, path("ours/rtk")),
            r#"{"type":"command","command":"~/older/rtk hook"}"#.to_owned(),
        ] {
            assert!(owns(&known, &ours), "{ours}");
        }
        for foreign in [
            exec(&path("foreign/rtk"), r#"["hook"]"#),
            exec(&path("ours/rtk"), r#"["hook","claude"]"#),
            exec(&path("ours/rtk"), r#"["rewrite"]"#),
            exec("/gone/bin/rtk", r#"["hook","PreToolUse"]"#),
            exec("/gone/bin/rtk2", r#"["hook"]"#),
            exec("./rtk", r#"["hook"]"#),
            r#"{"type":"command","command":"/gone/rtk","args":["hook"]}"#.to_owned(),
            r#"{"type":"command","command":"rtk","args":["hook"],"timeout":10,"if":"Bash"}"#.to_owned(),
            r#"{"type":"command","command":"rtk hook"}"#.to_owned(),
            r#"{"type":"command","command":"rtk hook claude"}"#.to_owned(),
            format!(r#"{{"type":"command","command":"{} hook | tee log"}}"#, path("ours/rtk")),
            format!(r#"{{"type":"command","command":"{} hook && x"}}"#, path("ours/rtk")),
            r#"{"type":"command","command":"echo rtk hook"}"#.to_owned(),
            r#"{"type":"http","url":"http://rtk/hook"}"#.to_owned(),
            r#"{"type":"command","command":5,"args":["hook"]}"#.to_owned(),
            r#""rtk hook""#.to_owned(),
        ] {
            assert!(!owns(&known, &foreign), "{foreign}");
        }
        let with_ours = Known { search: vec![at("older")], ..known };
        assert!(owns(&with_ours, r#"{"type":"command","command":"rtk hook"}"#));
    }

    #[test]
    fn the_running_program_carries_the_identity() {
        assert_eq!(identify(&std::env::current_exe().unwrap()), ProgramIs::Rtk);
        assert_eq!(identify(Path::new("/bin/sh")), ProgramIs::Other);
    }

    #[test]
    fn words_of_a_plain_command_line() {
        assert_eq!(shell_words(" '/a b/rtk'  hook ").unwrap(), ["/a b/rtk", "hook"]);
        for odd in ["a | b", "a;b", "$A b", "\"$A\" b", "a\\ b", "'a", "A=1 rtk hook"] {
            assert_eq!(shell_words(odd), None, "{odd}");
        }
    }
}
