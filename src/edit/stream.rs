//! Gives a file content that is too long to be held, as it comes.

use super::{Cost, EditError, IfMatch, Policy};
use crate::base::Deadline;
use crate::fs::{Expected, Outcome, Real, replace_by_stream};
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file that was given its content in pieces.
#[derive(Debug)]
pub struct Streamed {
    /// The file, links followed.
    pub path: PathBuf,
    /// How long its content is.
    pub bytes: u64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub hash: String,
    /// What the core says about it.
    pub outcome: Outcome,
}

/// Gives the file all that `content` has. The memory that this takes does not depend on how much that is.
pub fn stream_file(
    path: &Path,
    policy: &Policy,
    content: &mut dyn Read,
) -> Result<(Streamed, Cost), EditError> {
    let clock = Deadline::never();
    let target = policy.target(path)?;
    let expected = expected(policy)?;
    let disk = Real::new();
    let mut counted = Counted { content, hasher: Sha256::new(), bytes: 0 };
    let options = policy.options().expecting(expected);
    let outcome = replace_by_stream(&disk, &target, &mut counted, &options)?;
    let cost = Cost { statistics: disk.statistics(), micros: clock.elapsed_us() };
    let hash = counted.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((Streamed { path: target, bytes: counted.bytes, hash, outcome }, cost))
}

fn expected(policy: &Policy) -> Result<Expected, EditError> {
    Ok(match &policy.if_match {
        None => Expected::Anything,
        Some(IfMatch::Missing) => Expected::Missing,
        Some(IfMatch::Length(bytes)) => Expected::Bytes(*bytes),
        Some(IfMatch::ModifiedNs(ns)) => Expected::ModifiedNs(i128::from(*ns)),
        Some(IfMatch::Hash(digits)) => {
            Expected::Content(whole_hash(digits).ok_or_else(|| EditError::Usage {
                message: "content this long is compared by a whole SHA-256 only".into(),
                hint: "give all 64 digits to --if-match".into(),
            })?)
        }
    })
}

fn whole_hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if digits.len() != 2 * hash.len() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// Counts and hashes what passes.
struct Counted<'c> {
    content: &'c mut dyn Read,
    hasher: Sha256,
    bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
