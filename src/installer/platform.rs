//! Rules that differ between systems: paths as the client's settings hold them, names of programs, equal paths. Pure, so
//! that the rules of each are tested on all.

/// A system that the client runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    /// Linux and its kin.
    Linux,
    /// macOS: paths as on Linux, but most disks do not tell capitals apart.
    MacOs,
    /// Windows: drive letters, both slashes, no capitals, programs with an extension.
    Windows,
}

impl Platform {
    /// The system that this program was built for.
    pub(super) const fn current() -> Platform {
        if cfg!(windows) {
            Platform::Windows
        } else if cfg!(target_os = "macos") {
            Platform::MacOs
        } else {
            Platform::Linux
        }
    }

    /// The path of a program as it is registered. On Windows with forward slashes: the client starts a program with them
    /// as well, and the shells to which clients before 2.1.139 hand the line (Git Bash, PowerShell) take a backslash for
    /// an escape. The prefix of verbatim paths, which no shell knows, goes.
    pub(super) fn registered(self, path: &str) -> String {
        if self != Platform::Windows {
            return path.to_owned();
        }
        let plain = match path.strip_prefix(r"\\?\UNC\") {
            Some(share) => format!(r"\\{share}"),
            None => path.strip_prefix(r"\\?\").unwrap_or(path).to_owned(),
        };
        plain.replace('\\', "/")
    }

    /// The file names under which a program of that name can lie on the search path.
    pub(super) fn program_names(self, name: &str) -> Vec<String> {
        match self {
            // Only what can be started without a shell: the client starts it so.
            Platform::Windows => vec![format!("{name}.exe"), format!("{name}.com")],
            Platform::Linux | Platform::MacOs => vec![name.to_owned()],
        }
    }

    /// The shell to which the client hands a hook's command line, and the option in front of it. On Windows that is the
    /// `bash` of Git, which takes the same lines.
    pub(super) const fn shell(self) -> (&'static str, &'static str) {
        match self {
            Platform::Linux | Platform::MacOs => ("/bin/sh", "-c"),
            Platform::Windows => ("bash.exe", "-c"),
        }
    }

    /// Where an administrator's settings lie.
    pub(super) const fn managed_folder(self) -> &'static str {
        match self {
            Platform::Linux => "/etc/claude-code",
            Platform::MacOs => "/Library/Application Support/ClaudeCode",
            Platform::Windows => r"C:\Program Files\ClaudeCode",
        }
    }

    /// Whether the client, started below a project's root, reads the root's local settings.
    pub(super) const fn reads_local_settings_from_below(self) -> bool {
        !matches!(self, Platform::Windows)
    }

    /// Whether two paths name the same file by their spelling alone.
    pub(super) fn same_spelling(self, one: &str, other: &str) -> bool {
        match self {
            Platform::Linux => one == other,
            Platform::MacOs => one.to_lowercase() == other.to_lowercase(),
            Platform::Windows => self.registered(one).to_lowercase() == self.registered(other).to_lowercase(),
        }
    }
}

/// Whether a path is absolute by the rules of any system: settings travel between machines.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || is_windows_path(path)
}

/// The last part of a path, by the rules of the system that its form tells.
pub(super) fn file_name(path: &str) -> &str {
    let separators: &[char] = if is_windows_path(path) { &['/', '\\'] } else { &['/'] };
    path.rsplit(separators).next().unwrap_or(path)
}

/// Whether a path has a drive letter or names a share.
fn is_windows_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with(r"\\") || matches!(bytes, [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_registered_so_that_every_shell_of_its_system_takes_it() {
        for (platform, path, registered) in [
            (Platform::Linux, r"/home/a b/we\ird/rtk", r"/home/a b/we\ird/rtk"),
            (Platform::MacOs, "/Users/a b/.local/bin/rtk", "/Users/a b/.local/bin/rtk"),
            (Platform::Windows, r"C:\Users\a b\rtk.exe", "C:/Users/a b/rtk.exe"),
            (Platform::Windows, r"\\?\C:\bin\rtk.exe", "C:/bin/rtk.exe"),
            (Platform::Windows, r"\\?\UNC\server\share\rtk.exe", "//server/share/rtk.exe"),
        ] {
            assert_eq!(platform.registered(path), registered, "{platform:?}");
        }
    }

    #[test]
    fn capitals_slashes_and_extensions_follow_the_system() {
        assert!(!Platform::Linux.same_spelling("/A/rtk", "/a/rtk"));
        assert!(Platform::MacOs.same_spelling("/A/rtk", "/a/rtk"));
        assert!(!Platform::MacOs.same_spelling(r"/a\rtk", "/a/rtk"));
        assert!(Platform::Windows.same_spelling(r"C:\Bin\rtk.exe", "c:/bin/RTK.EXE"));
        assert!(!Platform::Windows.same_spelling(r"C:\Bin\rtk.exe", r"D:\Bin\rtk.exe"));
        assert_eq!(Platform::Windows.program_names("rtk"), ["rtk.exe", "rtk.com"]);
        assert_eq!(Platform::MacOs.program_names("rtk"), ["rtk"]);
        assert_eq!(Platform::Windows.program_names("claude"), ["claude.exe", "claude.com"]);
    }

    #[test]
    fn each_system_has_its_shell_its_administrators_folder_and_its_reach() {
        for (platform, shell, managed, from_below) in [
            (Platform::Linux, "/bin/sh", "/etc/claude-code", true),
            (Platform::MacOs, "/bin/sh", "/Library/Application Support/ClaudeCode", true),
            (Platform::Windows, "bash.exe", r"C:\Program Files\ClaudeCode", false),
        ] {
            assert_eq!(platform.shell(), (shell, "-c"), "{platform:?}");
            assert_eq!(platform.managed_folder(), managed, "{platform:?}");
            assert_eq!(platform.reads_local_settings_from_below(), from_below, "{platform:?}");
            assert!(is_absolute(managed), "{managed}");
        }
    }

    #[test]
    fn paths_are_taken_apart_by_the_rules_of_where_they_come_from() {
        for absolute in ["/a", "C:/a", r"c:\a", r"\\server\share\rtk.exe"] {
            assert!(is_absolute(absolute), "{absolute}");
        }
        for relative in ["a", "./a", "C:a", "~/a", "", r".\a", "CC:/a"] {
            assert!(!is_absolute(relative), "{relative}");
        }
        assert_eq!(file_name(r"C:\Program Files\rtk.exe"), "rtk.exe");
        assert_eq!(file_name("C:/Program Files/rtk.exe"), "rtk.exe");
        assert_eq!(file_name(r"/opt/a\rtk"), r"a\rtk", "a backslash is part of a name elsewhere");
    }
}
