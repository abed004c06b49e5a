//! Replaces a file by what a reader gives, of any length, with flat memory.

use super::commit::{mode_at_first, must_stay_in_place, place, place_new, settle};
use super::disk::Disk;
use super::options::{Expected, LinkPolicy, Outcome, WriteOptions};
use super::replace::lock;
use super::target::{CHUNK_BYTES, Snapshot, resolve_on};
use super::temp::Temp;
use super::{FsError, attributes};
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::path::Path;

/// Replaces the file at `path` by all that `content` gives. Nothing is written as long as that equals the file's own
/// content. A read error of `content` leaves the file as it was. Hard-linked files are refused whatever the options
/// say: half a stream cannot be taken back.
pub fn replace_by_stream<D: Disk>(
    disk: &D,
    path: &Path,
    content: &mut dyn Read,
    options: &WriteOptions,
) -> Result<Outcome, FsError> {
    let target = resolve_on(disk, path)?;
    let _lock = lock(&target, options)?;
    let mut before = Snapshot::open(disk, &target)?;
    must_hold(disk, before.as_mut(), options.expected, &target)?;
    let mut source = Source { reader: content, buffer: vec![0; CHUNK_BYTES], filled: 0, target: &target };
    let same = match &mut before {
        Some(before) => same_bytes(disk, before, &mut source)?,
        None => {
            source.fill()?;
            0
        }
    };
    if let Some(before) = &before {
        if source.filled == 0 && same == before.stat.bytes {
            return Ok(Outcome::Unchanged);
        }
        must_stay_in_place(disk, before, &target, LinkPolicy::Refuse)?;
    }
    let mut temp = Temp::beside(disk, &target, mode_at_first(before.is_some(), options))?;
    if let Some(before) = &before {
        attributes::carry_over(disk, before, &temp.file, &target)?;
    }
    let mut length = copy_start(disk, &target, same, &mut temp)?;
    while source.filled > 0 {
        temp.write(&source.buffer[..source.filled])?;
        length += source.filled as u64;
        source.fill()?;
    }
    temp.finish(length, options.durable)?;
    match (&before, options.expected) {
        (None, Expected::Missing) => {
            if place_new(disk, &temp, &target)? {
                temp.keep();
            }
        }
        (Some(before), expected) if expected != Expected::Anything => {
            is_still(disk, before, &target)?;
            place(disk, temp, &target)?;
        }
        _ => place(disk, temp, &target)?,
    }
    Ok(settle(disk, &target, options.durable))
}

struct Source<'s> {
    reader: &'s mut dyn Read,
    buffer: Vec<u8>,
    filled: usize,
    target: &'s Path,
}

impl Source<'_> {
    /// Reads until the buffer is full or nothing comes any more.
    fn fill(&mut self) -> Result<(), FsError> {
        self.filled = 0;
        while self.filled < self.buffer.len() {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(bytes) => self.filled += bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FsError::io("read the new content of", self.target)(error)),
            }
        }
        Ok(())
    }
}

/// How many whole chunks at the start are the same; the first other one stays in the source's buffer.
fn same_bytes<D: Disk>(disk: &D, before: &mut Snapshot<D>, source: &mut Source<'_>) -> Result<u64, FsError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut same = 0;
    loop {
        source.fill()?;
        let there = read_full(disk, &mut before.file, &mut chunk, source.target)?;
        if source.filled == 0 || chunk[..there] != source.buffer[..source.filled] {
            return Ok(same);
        }
        same += there as u64;
    }
}

fn read_full<D: Disk>(disk: &D, file: &mut D::File, chunk: &mut [u8], path: &Path) -> Result<usize, FsError> {
    let mut filled = 0;
    while filled < chunk.len() {
        match disk.read(file, &mut chunk[filled..]).map_err(FsError::io("read", path))? {
            0 => break,
            bytes => filled += bytes,
        }
    }
    Ok(filled)
}

/// Copies the first `bytes` of the target, which are to stay.
fn copy_start<D: Disk>(disk: &D, target: &Path, bytes: u64, temp: &mut Temp<'_, D>) -> Result<u64, FsError> {
    if bytes == 0 {
        return Ok(0);
    }
    let mut old = disk.open(target).map_err(FsError::io("open", target))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut copied = 0;
    while copied < bytes {
        let wanted = usize::try_from(bytes - copied).map_or(chunk.len(), |left| left.min(chunk.len()));
        let read = read_full(disk, &mut old, &mut chunk[..wanted], target)?;
        if read == 0 {
            return Err(FsError::Changed { path: target.to_path_buf() });
        }
        temp.write(&chunk[..read])?;
        copied += read as u64;
    }
    Ok(copied)
}

/// As [`Expected::must_hold`] for a snapshot without content.
fn must_hold<D: Disk>(
    disk: &D,
    before: Option<&mut Snapshot<D>>,
    expected: Expected,
    target: &Path,
) -> Result<(), FsError> {
    let (Expected::Content(hash), Some(before)) = (expected, &before) else {
        return expected.must_hold(before.as_deref(), target);
    };
    let mut file = disk.open(target).map_err(FsError::io("open", target))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut hasher = Sha256::new();
    loop {
        match read_full(disk, &mut file, &mut chunk, target)? {
            0 => break,
            bytes => hasher.update(&chunk[..bytes]),
        }
    }
    let is: [u8; 32] = hasher.finalize().into();
    if is == hash {
        is_still(disk, before, target)
    } else {
        Err(FsError::Changed { path: target.to_path_buf() })
    }
}

/// Whether the target is the very file of the snapshot, with the same length and time.
fn is_still<D: Disk>(disk: &D, before: &Snapshot<D>, target: &Path) -> Result<(), FsError> {
    let is = disk.stat(target).map_err(FsError::io("look at", target))?;
    let key = |stat: &super::disk::Stat| (stat.device, stat.inode, stat.bytes, stat.modified_ns);
    if key(&is) == key(&before.stat) { Ok(()) } else { Err(FsError::Changed { path: target.to_path_buf() }) }
}

#[cfg(test)]
mod tests {
    use super::super::Real;
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn long_content_is_written_compared_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let options = WriteOptions::durable(&folder.path().join("locks"));
        let write = |content: &[u8], options: &WriteOptions| {
            let disk = Real::new();
            let done = replace_by_stream(&disk, &path, &mut &content[..], options);
            (done, disk.statistics())
        };
        let mut content: Vec<u8> = (0..3 * CHUNK_BYTES + 77).map(|at| (at / 1000) as u8).collect();
        assert_eq!(write(&content, &options).0.unwrap(), Outcome::Durable);
        assert_eq!(std::fs::read(&path).unwrap(), content);
        let inode = std::fs::metadata(&path).unwrap().ino();
        let (same, statistics) = write(&content, &options);
        assert_eq!(same.unwrap(), Outcome::Unchanged);
        assert_eq!((statistics.bytes, statistics.syncs, statistics.renames), (0, 0, 0));
        assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
        for change in [0, CHUNK_BYTES, 2 * CHUNK_BYTES + 5, content.len() - 1] {
            content[change] ^= 1;
            assert_eq!(write(&content, &options).0.unwrap(), Outcome::Durable);
            assert_eq!(std::fs::read(&path).unwrap(), content, "changed at {change}");
        }
        for length in [content.len() - 1, 2 * CHUNK_BYTES, CHUNK_BYTES, 1, 0] {
            assert_eq!(write(&content[..length], &options).0.unwrap(), Outcome::Durable);
            assert_eq!(std::fs::read(&path).unwrap(), &content[..length], "cut to {length}");
        }
        let seen = options.clone().expecting(Expected::Content(super::super::content_hash(b"")));
        assert_eq!(write(b"new", &seen).0.unwrap(), Outcome::Durable);
        assert!(write(b"newer", &seen).0.unwrap_err().is_conflict());
        assert!(write(b"newer", &options.expecting(Expected::Missing)).0.unwrap_err().is_conflict());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the file and the locks");
    }
}
