//! Looks at a folder that rtk writes to, or would make: mode, whether it may be written, room on its disk.

use super::is_writable;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What a folder is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether it is there.
    pub exists: bool,
    /// Its permission bits, when it is there.
    pub mode: Option<u32>,
    /// Whether this user may write to it, or make it.
    pub writable: bool,
    /// Room that this user may fill on its disk, in bytes.
    pub free_bytes: Option<u64>,
}

/// Looks at a folder; nothing is made.
pub fn place(path: &Path) -> Place {
    let meta = std::fs::metadata(path).ok();
    let nearest = path.ancestors().find(|ancestor| ancestor.exists());
    let room = nearest.and_then(|nearest| rustix::fs::statvfs(nearest).ok());
    Place {
        exists: meta.is_some(),
        mode: meta.map(|meta| meta.permissions().mode() & 0o7777),
        writable: is_writable(path),
        free_bytes: room.map(|room| room.f_bavail.saturating_mul(room.f_frsize)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_one_that_would_be_made() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
        let there = place(root.path());
        assert_eq!((there.exists, there.mode, there.writable), (true, Some(0o750), true));
        assert!(there.free_bytes.is_some());
        let absent = place(&root.path().join("a/b"));
        assert_eq!((absent.exists, absent.mode, absent.writable), (false, None, true));
        assert!(absent.free_bytes.is_some());
        assert!(!place(Path::new("/proc/none")).writable || rustix::process::geteuid().is_root());
    }
}
