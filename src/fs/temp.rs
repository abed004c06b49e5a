//! A temporary file beside its target; removed again unless it took the target's place.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::FsError;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How often another name is tried when one is taken.
const NAMES_MAX: usize = 100;
/// Longest part of the target's name that is repeated in the temporary one, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// Marks a file that is to take the target's place, or that was displaced from it.
pub(super) const NEW: &str = "new";
/// Marks a file that was moved aside to be removed.
pub(super) const OLD: &str = "old";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A path in the folder of `target` that nothing uses, such as `.settings.json.rtk-4711-0`.
pub(super) fn sibling(target: &Path, purpose: &str) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name
        .chars()
        .scan(0, |bytes, ch| {
            *bytes += ch.len_utf8();
            (*bytes <= NAME_BYTES_MAX).then_some(ch)
        })
        .collect();
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    target.with_file_name(format!(".{name}.rtk-{purpose}-{}-{number}", std::process::id()))
}

/// An open temporary file.
pub(super) struct Temp {
    pub(super) path: PathBuf,
    pub(super) file: File,
    keep: bool,
}

impl Temp {
    /// Makes an empty file beside `target` with `mode`, from which the umask is taken.
    pub(super) fn beside(target: &Path, mode: u32) -> Result<Temp, FsError> {
        let mut refused = None;
        for _ in 0..NAMES_MAX {
            let path = sibling(target, NEW);
            let opened =
                std::fs::OpenOptions::new().write(true).read(true).create_new(true).mode(mode).open(&path);
            match opened {
                Ok(file) => return Ok(Temp { path, file, keep: false }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    refused = Some((path, error))
                }
                Err(error) => return Err(FsError::io("make a file beside", target)(error)),
            }
        }
        let (path, source) =
            refused.unwrap_or_else(|| (target.to_path_buf(), std::io::ErrorKind::AlreadyExists.into()));
        Err(FsError::Io { action: "make", path, source })
    }

    /// Writes all of `bytes`, looks that they are all there, and, if asked, waits until the disk has them.
    pub(super) fn fill(&mut self, bytes: &[u8], sync: bool) -> Result<(), FsError> {
        self.file.write_all(bytes).map_err(FsError::io("write", &self.path))?;
        let length = self.file.metadata().map_err(FsError::io("look at", &self.path))?.len();
        if length != bytes.len() as u64 {
            let written = usize::try_from(length).unwrap_or(usize::MAX);
            return Err(FsError::ShortWrite { path: self.path.clone(), written, wanted: bytes.len() });
        }
        if sync {
            self.file.sync_all().map_err(FsError::io("sync", &self.path))?;
        }
        Ok(())
    }

    /// Lets the file live on: it has taken its place.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes what killed processes left beside `target` while they replaced it; those of living ones stay.
pub fn remove_stale_temporaries(target: &Path) -> Result<(), FsError> {
    stale_temporaries(target)?.iter().try_for_each(|path| super::remove_file(path).map(|_| ()))
}

/// Whether a killed process left something beside `target` while it replaced it.
pub fn has_stale_temporaries(target: &Path) -> Result<bool, FsError> {
    Ok(!stale_temporaries(target)?.is_empty())
}

fn stale_temporaries(target: &Path) -> Result<Vec<PathBuf>, FsError> {
    let target = super::resolve(target)?;
    let Some(folder) = target.parent() else { return Ok(Vec::new()) };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FsError::io("read", folder)(error)),
    };
    let paths = entries.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| owner_of(path, &target).is_some_and(is_gone)).collect())
}

/// The process that made this temporary file for `target`; `None` for every other file.
fn owner_of(path: &Path, target: &Path) -> Option<i32> {
    let name = path.file_name()?.to_str()?;
    let pattern = sibling(target, "").file_name()?.to_str()?.to_owned();
    let stem = pattern.strip_suffix(pattern.rsplit(".rtk-").next()?)?;
    let rest = name.strip_prefix(stem)?;
    let mut parts = rest.split('-');
    let purpose = parts.next().filter(|purpose| matches!(*purpose, NEW | OLD));
    let (process, number) = (parts.next()?.parse().ok()?, parts.next()?);
    let ours = purpose.is_some() && number.parse::<u64>().is_ok() && parts.next().is_none();
    ours.then_some(process)
}

fn is_gone(process: i32) -> bool {
    let Some(process) = rustix::process::Pid::from_raw(process) else { return false };
    rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leavings_of_the_dead_go_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let alive = std::process::id();
        let stay = [
            "s.json".to_owned(),
            format!(".s.json.rtk-new-{alive}-0"),
            format!(".s.json.rtk-mine-{dead}-0"),
            format!(".s.json.rtk-new-{dead}-x"),
            format!(".s.json.rtk-new-{dead}-0.bak"),
            format!(".other.json.rtk-new-{dead}-0"),
        ];
        let go = [format!(".s.json.rtk-new-{dead}-0"), format!(".s.json.rtk-old-{dead}-17")];
        for name in stay.iter().chain(&go) {
            std::fs::write(at(name), "x").unwrap();
        }
        assert!(has_stale_temporaries(&at("s.json")).unwrap());
        remove_stale_temporaries(&at("s.json")).unwrap();
        assert!(!has_stale_temporaries(&at("s.json")).unwrap());
        remove_stale_temporaries(&at("no/such/folder")).unwrap();
        assert!(stay.iter().all(|name| at(name).exists()));
        assert!(!go.iter().any(|name| at(name).exists()));
    }
}
