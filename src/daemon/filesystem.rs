//! Whether the system tells of every change on a file system: on those of other machines it does not.

use rustix::fs::statfs;
use std::path::Path;

/// File systems whose every change goes through this kernel (numbers of `statfs(2)`).
const LOCAL: &[(u32, &str)] = &[
    (0xEF53, "ext"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x8584_58F6, "ramfs"),
    (0x794C_7630, "overlayfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x3153_464A, "jfs"),
    (0x5265_4973, "reiserfs"),
];

/// Why changes at `path` cannot be watched; `None` when they can.
pub(super) fn cannot_watch(path: &Path) -> Option<String> {
    let Ok(found) = statfs(path) else { return Some("the file system cannot be asked".into()) };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of 32 bits, in fields of different width and sign"
    )]
    let kind = found.f_type as u32;
    let local = LOCAL.iter().any(|&(number, _)| number == kind);
    (!local).then(|| format!("file system 0x{kind:x} does not tell of all changes"))
}
