//! Appends one line to a record file in a single write, so that lines of parallel processes never mix.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::{FsError, create_private_dir_all};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Appends `bytes` as one line; a newline is added when it has none. File and folders are made private to the user.
pub fn append_line(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    let opened = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            create_private_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            options.open(path)
        }
        other => other,
    };
    let mut file = opened.map_err(FsError::io("open", path))?;
    let line = if bytes.ends_with(b"\n") { bytes.to_vec() } else { [bytes, b"\n"].concat() };
    let written = loop {
        match file.write(&line) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => break other.map_err(FsError::io("append to", path))?,
        }
    };
    if written < line.len() {
        return Err(FsError::ShortWrite { path: path.to_path_buf(), written, wanted: line.len() });
    }
    Ok(())
}

/// Moves a record that has grown to its largest size to `aside`, in place of what is there; the next line begins a new one.
pub fn rotate(path: &Path, aside: &Path) -> Result<(), FsError> {
    match std::fs::rename(path, aside) {
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(FsError::io("move aside", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_of_parallel_writers_stay_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/record.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        append_line(path, writer.to_string().repeat(3000).as_bytes()).unwrap();
                    }
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 200);
        for line in text.lines() {
            assert_eq!(line.len(), 3000);
            assert!(line.bytes().all(|byte| byte == line.as_bytes()[0]), "{line}");
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let parent = std::fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(parent.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_full_device_is_an_error() {
        let error = append_line(Path::new("/dev/full"), b"x").unwrap_err();
        assert!(error.to_string().contains("/dev/full"), "{error}");
    }
}
