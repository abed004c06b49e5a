//! Carries mode, owner and extended attributes (ACLs are among them) from the old file to the new one.

use super::FsError;
use super::target::Snapshot;
use rustix::fs::{Gid, Mode, Uid};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Extended attributes beyond this size are not carried over, in bytes.
const XATTR_BYTES_MAX: usize = 64 * 1024;

/// Gives `new` what `old` has. The owner and attributes are kept as far as this process may; the mode always.
pub(super) fn carry_over(old: &Snapshot, new: &File, target: &Path) -> Result<(), FsError> {
    let is = new.metadata().map_err(FsError::io("look at the copy of", target))?;
    if is.uid() != old.meta.uid() || is.gid() != old.meta.gid() {
        let owner = Uid::from_raw(old.meta.uid());
        let group = Gid::from_raw(old.meta.gid());
        // Only root may give files away; a shared group is often allowed, so that much is tried.
        if rustix::fs::fchown(new, Some(owner), Some(group)).is_err() {
            let _ = rustix::fs::fchown(new, None, Some(group));
        }
    }
    copy_xattrs(&old.file, new);
    // Last: changing the owner clears set-id bits, and an ACL rewrites the group bits.
    let mode = Mode::from_raw_mode((old.meta.mode() & 0o7777) as rustix::fs::RawMode);
    rustix::fs::fchmod(new, mode)
        .map_err(|errno| FsError::io("set the mode of the copy of", target)(errno.into()))
}

/// Copies what can be read and set; a file system without extended attributes has none to lose.
fn copy_xattrs(old: &File, new: &File) {
    let Ok(names) = list(old) else { return };
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0_u8; XATTR_BYTES_MAX];
        if let Ok(length) = rustix::fs::fgetxattr(old, name, &mut value[..]) {
            let _ = rustix::fs::fsetxattr(new, name, &value[..length], rustix::fs::XattrFlags::empty());
        }
    }
}

fn list(file: &File) -> rustix::io::Result<Vec<u8>> {
    let mut names = vec![0_u8; XATTR_BYTES_MAX];
    let length = rustix::fs::flistxattr(file, &mut names[..])?;
    names.truncate(length);
    Ok(names)
}
