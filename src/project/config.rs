//! Reads git's configuration files without git: where the global ignore file is, which submodules there are.
//!
//! `include.path` is followed; conditional includes are not, since they may only concern identities and remotes in practice.

use super::stat::{FileStat, control_stat};
use crate::base::Env;
use std::path::{Path, PathBuf};

/// A configuration file beyond this size is not read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Files that include each other are followed this deep.
const INCLUDE_DEPTH_MAX: usize = 8;
/// Files read altogether; guards against files that include each other many times.
const FILES_MAX: usize = 64;

/// One `key = value` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Lower case.
    pub(super) section: String,
    /// As written.
    pub(super) subsection: Option<Vec<u8>>,
    /// Lower case.
    pub(super) key: String,
    /// Quotes and escapes resolved; a key without `=` is `true`.
    pub(super) value: Vec<u8>,
}

/// What the configuration says that matters to a scan.
#[derive(Debug, Default)]
pub(super) struct GitConfig {
    /// `core.excludesFile` or its default.
    pub(super) excludes_file: Option<PathBuf>,
    /// `core.ignoreCase`.
    pub(super) ignore_case: bool,
    /// Every file that was read or would be read if it appeared, with its numbers from before the reading.
    pub(super) consulted: Vec<(PathBuf, Option<FileStat>)>,
}

impl GitConfig {
    /// Reads the system's, the user's and the repository's configuration, later ones winning.
    pub(super) fn load(env: &Env, root: &Path, git: Option<(&Path, &Path)>) -> GitConfig {
        let mut config = GitConfig { excludes_file: default_excludes(env), ..GitConfig::default() };
        let mut files = user_files(env);
        if let Some((git_dir, common_dir)) = git {
            files.push(common_dir.join("config"));
            files.push(git_dir.join("config.worktree"));
        }
        for file in files {
            config.read(env, root, &file, 0);
        }
        config
    }

    fn read(&mut self, env: &Env, root: &Path, file: &Path, depth: usize) {
        if self.consulted.len() >= FILES_MAX {
            return;
        }
        self.consulted.push((file.to_path_buf(), control_stat(file)));
        for entry in read_entries(file) {
            match (entry.section.as_str(), entry.key.as_str()) {
                ("core", "excludesfile") => {
                    self.excludes_file = (!entry.value.is_empty()).then(|| expand(env, root, &entry.value));
                }
                ("core", "ignorecase") => self.ignore_case = is_true(&entry.value),
                ("include", "path") if entry.subsection.is_none() && depth < INCLUDE_DEPTH_MAX => {
                    let folder = file.parent().unwrap_or(root);
                    let included = expand(env, folder, &entry.value);
                    self.read(env, root, &included, depth + 1);
                }
                _ => {}
            }
        }
    }
}

/// Reads the entries of one file; one that is missing, unreadable or too large has none.
pub(super) fn read_entries(file: &Path) -> Vec<Entry> {
    let readable = std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= CONFIG_BYTES_MAX);
    if !readable {
        return Vec::new();
    }
    std::fs::read(file).map(|bytes| parse(&bytes)).unwrap_or_default()
}

/// Whether a repository's own configuration says `core.bare`; the user's cannot.
pub(super) fn is_bare_by_config(file: &Path) -> bool {
    let entries = read_entries(file);
    let last = entries.iter().rfind(|entry| entry.section == "core" && entry.key == "bare");
    last.is_some_and(|entry| is_true(&entry.value))
}

/// The `path` of every submodule that a `.gitmodules` file lists, sorted.
pub(super) fn submodule_paths(file: &Path) -> Vec<Vec<u8>> {
    let entries = read_entries(file).into_iter();
    let of_submodule = entries.filter(|entry| entry.section == "submodule" && entry.key == "path");
    let mut paths: Vec<Vec<u8>> = of_submodule
        .map(|entry| entry.value.strip_suffix(b"/").map(<[u8]>::to_vec).unwrap_or(entry.value))
        .collect();
    paths.sort_unstable();
    paths
}

fn user_files(env: &Env) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if !env.var("GIT_CONFIG_NOSYSTEM").is_some_and(|value| is_true(value.as_bytes())) {
        files
            .push(env.os("GIT_CONFIG_SYSTEM").map_or_else(|| PathBuf::from("/etc/gitconfig"), PathBuf::from));
    }
    if let Some(global) = env.os("GIT_CONFIG_GLOBAL") {
        files.push(PathBuf::from(global));
        return files;
    }
    files.extend(xdg_git(env).map(|folder| folder.join("config")));
    files.extend(env.home().map(|home| home.join(".gitconfig")));
    files
}

fn xdg_git(env: &Env) -> Option<PathBuf> {
    let set = env.os("XDG_CONFIG_HOME").map(PathBuf::from);
    set.or_else(|| env.home().map(|home| home.join(".config"))).map(|folder| folder.join("git"))
}

fn default_excludes(env: &Env) -> Option<PathBuf> {
    xdg_git(env).map(|folder| folder.join("ignore"))
}

fn expand(env: &Env, base: &Path, value: &[u8]) -> PathBuf {
    match (value.strip_prefix(b"~/"), env.home()) {
        (Some(rest), Some(home)) => home.join(path_of(rest)),
        _ => base.join(path_of(value)),
    }
}

/// The path that raw bytes name.
pub(super) fn path_of(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

fn is_true(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    matches!(value.as_slice(), b"true" | b"yes" | b"on" | b"1")
}

/// Parses the whole text; a line that cannot be understood is skipped.
fn parse(bytes: &[u8]) -> Vec<Entry> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut entries = Vec::new();
    let (mut section, mut subsection) = (String::new(), None);
    let mut rest = bytes;
    while !rest.is_empty() {
        let line_end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..line_end].trim_ascii();
        if let Some(header) = line.strip_prefix(b"[") {
            if let Some(Header { name, quoted, tail }) = parse_header(header) {
                (section, subsection) = (name, quoted);
                let line_used = rest[..line_end].trim_ascii_end().len() - tail.len();
                rest = &rest[line_used..];
                if !tail.trim_ascii().is_empty() {
                    continue;
                }
            }
        } else if let Some((key, value, used)) = parse_pair(rest) {
            entries.push(Entry { section: section.clone(), subsection: subsection.clone(), key, value });
            rest = &rest[used..];
            continue;
        }
        let next = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        rest = &rest[next..];
    }
    entries
}

struct Header<'a> {
    /// Lower case.
    name: String,
    quoted: Option<Vec<u8>>,
    /// What comes after `]`.
    tail: &'a [u8],
}

/// Parses what follows `[`.
fn parse_header(header: &[u8]) -> Option<Header<'_>> {
    let name_end = header.iter().position(|byte| matches!(byte, b']' | b' ' | b'\t' | b'"'))?;
    let name = String::from_utf8_lossy(&header[..name_end]).to_ascii_lowercase();
    let rest = header[name_end..].trim_ascii_start();
    if let Some(tail) = rest.strip_prefix(b"]") {
        return Some(Header { name, quoted: None, tail });
    }
    let quoted = rest.strip_prefix(b"\"")?;
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match *quoted.get(at)? {
            b'"' => break,
            b'\\' => {
                text.push(*quoted.get(at + 1)?);
                at += 2;
            }
            byte => {
                text.push(byte);
                at += 1;
            }
        }
    }
    let tail = quoted[at + 1..].trim_ascii_start().strip_prefix(b"]")?;
    Some(Header { name, quoted: Some(text), tail })
}

/// Parses `key = value` with quotes, escapes, comments and continued lines; gives the bytes used.
fn parse_pair(text: &[u8]) -> Option<(String, Vec<u8>, usize)> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let key_len =
        text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    if key_len == 0 {
        return None;
    }
    let mut at = start + key_len;
    let key = String::from_utf8_lossy(&text[start..at]).to_ascii_lowercase();
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    match text.get(at) {
        Some(b'=') => at += 1,
        None | Some(b'\n' | b'\r' | b'#' | b';') => {
            let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
            return Some((key, b"true".to_vec(), end));
        }
        Some(_) => return None,
    }
    let (value, used) = parse_value(&text[at..]);
    Some((key, value, at + used))
}

fn parse_value(text: &[u8]) -> (Vec<u8>, usize) {
    let mut value = Vec::new();
    let mut keep = 0; // length up to the last byte that is no trailing blank
    let (mut quoted, mut at) = (false, 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\n' => break,
            b'"' => {
                quoted = !quoted;
                keep = value.len();
            }
            b'#' | b';' if !quoted => {
                at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
                break;
            }
            b'\\' => {
                let escaped = text.get(at).copied();
                at += 1;
                match escaped {
                    Some(b'\n') => continue,
                    Some(b'\r') if text.get(at) == Some(&b'\n') => {
                        at += 1;
                        continue;
                    }
                    Some(b'n') => value.push(b'\n'),
                    Some(b't') => value.push(b'\t'),
                    Some(other) => value.push(other),
                    None => break,
                }
                keep = value.len();
            }
            b' ' | b'\t' | b'\r' if !quoted => {
                if !value.is_empty() {
                    value.push(byte);
                }
            }
            _ => {
                value.push(byte);
                keep = value.len();
            }
        }
    }
    value.truncate(keep);
    (value, at.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_git_reads_them() {
        let text = b"\xef\xbb\xbf[core] bare = true\n\texcludesFile = \"~/a b\" # x\n\tfilemode\n; c\n[Submodule \"x \\\"y\"]\r\n path = d\\\n ir ; y\r\n[a.b]\nbroken ! line\nk=\\\"v\\\\\n";
        let seen: Vec<(String, String, String)> = parse(text)
            .into_iter()
            .map(|entry| {
                let subsection = entry.subsection.map(|text| String::from_utf8(text).unwrap());
                (
                    entry.section + "/" + &subsection.unwrap_or_default(),
                    entry.key,
                    String::from_utf8(entry.value).unwrap(),
                )
            })
            .collect();
        let expected = [
            ("core/", "bare", "true"),
            ("core/", "excludesfile", "~/a b"),
            ("core/", "filemode", "true"),
            ("submodule/x \"y", "path", "d ir"),
            ("a.b/", "k", "\"v\\"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn files_that_include_each_other_are_read_a_few_times_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".gitconfig");
        std::fs::write(&file, "[include]\npath = .gitconfig\n".repeat(1000) + "[core]\nignoreCase\n")
            .unwrap();
        let home = folder.path().as_os_str().to_owned();
        let env = Env::of(folder.path(), [("HOME", home), ("GIT_CONFIG_NOSYSTEM", "1".into())]);
        let config = GitConfig::load(&env, folder.path(), None);
        assert!(config.ignore_case && config.consulted.len() <= FILES_MAX);
    }

    #[test]
    fn cut_off_text_is_no_panic() {
        let text = b"[core \"a\\\"b\"] k = \"v\\n\" \\\n x # c\n[";
        for end in 0..=text.len() {
            let _ = parse(&text[..end]);
        }
    }
}
