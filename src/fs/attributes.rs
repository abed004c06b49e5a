//! Carries mode, owner and extended attributes (ACLs are among them) from the old file to the new one.

use super::FsError;
use super::disk::{Disk, is_unsupported};
use super::target::Snapshot;
use std::path::Path;

/// Attributes with these beginnings are the user's own and must not get lost; others are kept as far as one may.
const MUST_KEEP: [&[u8]; 2] = [b"user.", b"system.posix_acl_"];

/// Gives `new` what `old` has. The owner is kept as far as this process may; mode, ACL and user attributes always.
pub(super) fn carry_over<D: Disk>(
    disk: &D,
    old: &Snapshot<D>,
    new: &D::File,
    target: &Path,
) -> Result<(), FsError> {
    let is = disk.stat_open(new).map_err(FsError::io("look at the copy of", target))?;
    if (is.owner, is.group) != (old.stat.owner, old.stat.group) {
        // Only root may give files away; a shared group is often allowed, so that much is tried.
        if disk.set_owner(new, Some(old.stat.owner), old.stat.group).is_err() {
            let _ = disk.set_owner(new, None, old.stat.group);
        }
    }
    let names = match disk.attributes(&old.file) {
        // A file system without extended attributes has none to lose.
        Err(error) if is_unsupported(&error) => Vec::new(),
        names => names.map_err(FsError::io("look at the attributes of", target))?,
    };
    for name in names {
        let copied =
            disk.attribute(&old.file, &name).and_then(|value| disk.set_attribute(new, &name, &value));
        if MUST_KEEP.iter().any(|start| name.starts_with(start)) {
            copied.map_err(FsError::io("keep the attributes of", target))?;
        }
    }
    // Last: changing the owner clears set-id bits, and an ACL rewrites the group bits.
    disk.set_mode(new, old.stat.mode).map_err(FsError::io("set the mode of the copy of", target))
}
