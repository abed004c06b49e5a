//! The journal of a batch: which files are to change places, so that a later run can end what a crash cut short.
//!
//! One line a file: `<target> <temporary file> <old hash or -> <new hash>`, paths in hexadecimal, then
//! `end <SHA-256 of the lines>`; a line `back` behind it says that the batch is being taken back.

use super::FsError;
use super::disk::Disk;
use super::options::content_hash;
use super::target::Snapshot;
use super::temp::write_all;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// A larger journal is none of ours, in bytes.
const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What stands in the place of the hash of a file that was not there.
const MISSING: &str = "-";
/// The line that says that the batch is being taken back.
const BACK: &str = "back\n";

/// One file of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) target: PathBuf,
    pub(super) temp: PathBuf,
    /// Hash of the old content; `None` when there was no file.
    pub(super) old: Option<[u8; 32]>,
    pub(super) new: [u8; 32],
}

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) entries: Vec<Entry>,
    /// Whether the batch was being taken back.
    pub(super) back: bool,
}

pub(super) fn print(entries: &[Entry]) -> Vec<u8> {
    let mut text = String::new();
    for entry in entries {
        let old = entry.old.map_or(MISSING.to_owned(), |hash| hex(&hash));
        let path = |path: &Path| hex(path.as_os_str().as_encoded_bytes());
        text += &format!("{} {} {old} {}\n", path(&entry.target), path(&entry.temp), hex(&entry.new));
    }
    text += &format!("end {}\n", hex(&content_hash(text.as_bytes())));
    text.into_bytes()
}

/// `None` for a journal that was not written to its end: its batch had changed nothing yet.
pub(super) fn parse(bytes: &[u8]) -> Option<Journal> {
    let text = std::str::from_utf8(bytes).ok()?;
    let end = text.rfind("end ").filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')?;
    let (lines, rest) = text.split_at(end);
    let (hash, rest) = rest.strip_prefix("end ")?.split_once('\n')?;
    if unhex(hash)? != content_hash(lines.as_bytes()) {
        return None;
    }
    let entries = lines.lines().map(parse_entry).collect::<Option<Vec<Entry>>>()?;
    Some(Journal { entries, back: rest.starts_with(BACK) })
}

fn parse_entry(line: &str) -> Option<Entry> {
    let mut parts = line.split(' ');
    let mut part = || parts.next();
    let path = |digits: &str| Some(PathBuf::from(OsString::from_vec(unhex(digits)?)));
    let hash = |digits: &str| unhex(digits)?.try_into().ok();
    let (target, temp, old, new) = (part()?, part()?, part()?, part()?);
    let old = if old == MISSING { None } else { Some(hash(old)?) };
    Some(Entry { target: path(target)?, temp: path(temp)?, old, new: hash(new)? })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
}

/// Writes the journal and, if asked, waits until the disk has it, name and all.
pub(super) fn write<D: Disk>(
    disk: &D,
    path: &Path,
    entries: &[Entry],
    sync: bool,
) -> Result<D::File, FsError> {
    let mut file = disk.create(path, 0o600).map_err(FsError::io("make the journal", path))?;
    let written = write_all(disk, &mut file, &print(entries), path).and_then(|()| {
        if !sync {
            return Ok(());
        }
        disk.sync(&file).map_err(FsError::io("sync", path))?;
        super::commit::sync_folder_of(disk, path)
    });
    match written {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = disk.remove(path);
            Err(error)
        }
    }
}

/// Notes that the batch is being taken back, before the first file goes back.
pub(super) fn mark_back<D: Disk>(
    disk: &D,
    path: &Path,
    file: &mut D::File,
    sync: bool,
) -> Result<(), FsError> {
    write_all(disk, file, BACK.as_bytes(), path)?;
    if sync { disk.sync(file).map_err(FsError::io("sync", path)) } else { Ok(()) }
}

/// The journal that a crashed batch left; `None` when there is none.
pub(super) fn read<D: Disk>(disk: &D, path: &Path) -> Result<Option<Option<Journal>>, FsError> {
    Ok(Snapshot::take(disk, path, JOURNAL_BYTES_MAX)?.map(|journal| parse(&journal.content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        let one = Entry {
            target: path(b"/a b/\xff\n"),
            temp: path(b"/t"),
            old: Some(content_hash(b"1")),
            new: content_hash(b"2"),
        };
        vec![one.clone(), Entry { old: None, ..one }]
    }

    #[test]
    fn a_journal_is_read_as_written_and_a_torn_one_is_none() {
        let text = print(&entries());
        assert_eq!(parse(&text), Some(Journal { entries: entries(), back: false }));
        let back = [&text[..], BACK.as_bytes()].concat();
        assert_eq!(parse(&back), Some(Journal { entries: entries(), back: true }));
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), None, "cut at {end}");
        }
        for end in text.len()..back.len() {
            assert!(!parse(&back[..end]).unwrap().back, "cut at {end}");
        }
        for at in 0..text.len() {
            let mut torn = text.clone();
            torn[at] = 0;
            assert_eq!(parse(&torn), None, "zero at {at}");
        }
    }
}
