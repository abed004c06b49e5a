//! A temporary file beside its target; removed again unless it took the target's place.

use super::FsError;
use super::disk::Disk;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How often another name is tried when one is taken.
const NAMES_MAX: usize = 100;
/// Longest part of the target's name that is repeated in the temporary one, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// How often a write is tried again that a signal interrupted before it took anything.
const INTERRUPTED_MAX: usize = 100;

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
pub(super) struct Temp<'d, D: Disk> {
    disk: &'d D,
    pub(super) path: PathBuf,
    pub(super) file: D::File,
    keep: bool,
}

impl<'d, D: Disk> Temp<'d, D> {
    /// Makes an empty file beside `target` with `mode`, from which the umask is taken.
    pub(super) fn beside(disk: &'d D, target: &Path, mode: u32) -> Result<Temp<'d, D>, FsError> {
        let mut refused = None;
        for _ in 0..NAMES_MAX {
            let path = sibling(target, NEW);
            match disk.create(&path, mode) {
                Ok(file) => return Ok(Temp { disk, path, file, keep: false }),
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

    /// Makes the file at a path that was chosen before.
    pub(super) fn at(disk: &'d D, path: PathBuf, mode: u32) -> Result<Temp<'d, D>, FsError> {
        let file = disk.create(&path, mode).map_err(FsError::io("make", &path))?;
        Ok(Temp { disk, path, file, keep: false })
    }

    /// Writes all of `bytes` behind what was written before.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        write_all(self.disk, &mut self.file, bytes, &self.path)
    }

    /// Looks that all is there, and, if asked, waits until the disk has it. A failed wait is final: the system may
    /// have dropped what it could not write, and would call the next wait a success.
    pub(super) fn finish(&self, length: u64, sync: bool) -> Result<(), FsError> {
        let is = self.disk.stat_open(&self.file).map_err(FsError::io("look at", &self.path))?.bytes;
        if is != length {
            let count = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
            return Err(FsError::ShortWrite {
                path: self.path.clone(),
                written: count(is),
                wanted: count(length),
            });
        }
        if sync {
            self.disk.sync(&self.file).map_err(FsError::io("sync", &self.path))?;
        }
        Ok(())
    }

    /// Removes the file, or what was displaced to its name; says whether it is gone.
    pub(super) fn discard(mut self) -> bool {
        self.keep = true;
        remove_surely(self.disk, &self.path)
    }

    /// Lets the file live on: it has taken its place.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl<D: Disk> Drop for Temp<'_, D> {
    fn drop(&mut self) {
        if !self.keep {
            remove_surely(self.disk, &self.path);
        }
    }
}

/// Removes a file that only rtk knows, asking twice where that is refused: nobody would come back for it. Says whether
/// it is gone.
pub(super) fn remove_surely<D: Disk>(disk: &D, path: &Path) -> bool {
    let gone = |error: std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    (0..2).any(|_| disk.remove(path).map_or_else(gone, |()| true))
}

/// Writes all of `bytes`; a disk that takes none is full.
pub(super) fn write_all<D: Disk>(
    disk: &D,
    file: &mut D::File,
    bytes: &[u8],
    path: &Path,
) -> Result<(), FsError> {
    let (mut written, mut interrupted) = (0, 0);
    while written < bytes.len() {
        match disk.write(file, &bytes[written..]) {
            Ok(0) => {
                return Err(FsError::ShortWrite { path: path.to_path_buf(), written, wanted: bytes.len() });
            }
            Ok(more) => written += more,
            Err(error)
                if error.kind() == std::io::ErrorKind::Interrupted && interrupted < INTERRUPTED_MAX =>
            {
                interrupted += 1;
            }
            Err(error) => return Err(FsError::io("write", path)(error)),
        }
    }
    Ok(())
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
