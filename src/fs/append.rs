//! Appends whole lines to files that only grow: one `O_APPEND` write each, so that writers never mix their lines.

use std::io::Write as _;
use std::path::Path;

/// Why a file could not be written or locked.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Somebody else held the lock for the whole waiting time.
    #[error("{path} is locked by another process")]
    Locked {
        /// The lock file.
        path: String,
    },
}

impl FsError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FsError {
        let path = path.display().to_string();
        move |source| FsError::Io { what, path, source }
    }
}

/// Appends `line` and a line end in one write; the file is made with mode 0600, its folder with 0700.
pub fn append_line(path: &Path, line: &[u8]) -> Result<(), FsError> {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line);
    bytes.push(b'\n');
    let mut file = open_private(path, true)?;
    file.write_all(&bytes).map_err(FsError::io("append to", path))
}

/// Opens a file of our own for writing; makes it and its folder when they are missing.
#[expect(clippy::disallowed_methods, reason = "this room is where files are opened for writing")]
pub(super) fn open_private(path: &Path, append: bool) -> Result<std::fs::File, FsError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(append).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        other => return other.map_err(FsError::io("open", path)),
    }
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(FsError::io("make", folder))?;
    }
    options.open(path).map_err(FsError::io("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_the_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.jsonl");
        append_line(&path, b"one").unwrap();
        append_line(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let error = append_line(&path.join("c"), b"").unwrap_err();
        assert!(error.to_string().contains("b.jsonl"), "{error}");
    }
}
