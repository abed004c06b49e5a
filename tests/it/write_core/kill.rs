//! A real process on real files, killed before each of its system calls.

use super::memory::{Contents, Node};
use super::operations::{Operation, all};
use rtk::fs::{Disk, Real, Stat};
use std::cell::Cell;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More calls than any operation makes.
const CALLS_MAX: usize = 1000;
/// The name of the test that becomes the process that is killed.
const VICTIM: &str = "write_core::kill::the_process_that_is_killed";
/// Which operation the victim runs, by its number.
const OPERATION: &str = "RTK_TEST_KILL_OPERATION";
/// Before which call it is killed.
const CALL: &str = "RTK_TEST_KILL_CALL";
/// Where its files lie.
const FOLDER: &str = "RTK_TEST_KILL_FOLDER";

/// The real system; the process kills itself before one of the calls.
struct Deadly {
    real: Real,
    left: Cell<usize>,
}

impl Deadly {
    fn gate(&self) {
        if self.left.get() == 0 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            // The signal may take a moment; nothing more is done until then.
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        self.left.set(self.left.get() - 1);
    }
}

macro_rules! deadly {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $kind),*) -> $result {
            self.gate();
            self.real.$name($($argument),*)
        })*
    };
}

impl Disk for Deadly {
    type File = std::fs::File;

    deadly! {
        stat(path: &Path) -> io::Result<Stat>;
        stat_open(file: &Self::File) -> io::Result<Stat>;
        read_link(path: &Path) -> io::Result<PathBuf>;
        may_write(path: &Path) -> bool;
        open(path: &Path) -> io::Result<Self::File>;
        open_to_write(path: &Path) -> io::Result<Self::File>;
        create(path: &Path, mode: u32) -> io::Result<Self::File>;
        read(file: &mut Self::File, buffer: &mut [u8]) -> io::Result<usize>;
        write(file: &mut Self::File, bytes: &[u8]) -> io::Result<usize>;
        set_length(file: &Self::File, bytes: u64) -> io::Result<()>;
        set_mode(file: &Self::File, mode: u32) -> io::Result<()>;
        set_owner(file: &Self::File, owner: Option<u32>, group: u32) -> io::Result<()>;
        attributes(file: &Self::File) -> io::Result<Vec<Vec<u8>>>;
        attribute(file: &Self::File, name: &[u8]) -> io::Result<Vec<u8>>;
        set_attribute(file: &Self::File, name: &[u8], value: &[u8]) -> io::Result<()>;
        sync(file: &Self::File) -> io::Result<()>;
        sync_disk(file: &Self::File) -> io::Result<bool>;
        rename(from: &Path, to: &Path) -> io::Result<()>;
        rename_new(from: &Path, to: &Path) -> io::Result<()>;
        exchange(one: &Path, other: &Path) -> io::Result<()>;
        link(from: &Path, to: &Path) -> io::Result<()>;
        remove(path: &Path) -> io::Result<()>;
        create_folder(path: &Path, mode: u32) -> io::Result<()>;
        remove_folder(path: &Path) -> io::Result<()>;
    }
}

/// Does nothing in an ordinary run: it is what a child of the test below is.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<usize>().unwrap();
    let disk = Deadly { real: Real::new(), left: Cell::new(number(CALL)) };
    all()[number(OPERATION)].run(&disk, Path::new(&folder)).unwrap();
}

/// The files below a folder as the model has them; attributes are those of the model, which not every file system has.
fn look(operation: &Operation, root: &Path) -> Contents {
    let mut contents = Contents::default();
    for (number, folder) in (0..).zip(["a", "b", "state"]) {
        for (place, entry) in (0..).zip(std::fs::read_dir(root.join(folder)).unwrap()) {
            let path = entry.unwrap().path();
            let old =
                operation.changes.iter().any(|change| change.old.is_some() && root.join(change.path) == path);
            let mode = std::fs::metadata(&path).unwrap().mode() & 0o7777;
            let attributes = if old { [(Vec::new(), Vec::new())].into() } else { [].into() };
            let node = number * 1000 + place;
            contents.nodes.insert(node, Node { data: std::fs::read(&path).unwrap(), mode, attributes });
            contents.names.insert(path, node);
        }
    }
    contents
}

fn set_up(operation: &Operation, root: &Path) {
    for folder in ["a", "b", "state", "locks"] {
        std::fs::create_dir(root.join(folder)).unwrap();
    }
    for change in &operation.changes {
        if let Some(old) = change.old {
            let path = root.join(change.path);
            std::fs::write(&path, old).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        }
    }
}

#[test]
fn killed_before_any_call_it_leaves_old_or_new() {
    let program = std::env::current_exe().unwrap();
    for (number, operation) in all().iter().enumerate() {
        for call in 0..CALLS_MAX {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            set_up(operation, root);
            let mut victim = Command::new(&program);
            victim.args([VICTIM, "--exact", "--test-threads=1", "-q"]).env(FOLDER, root);
            victim.env(OPERATION, number.to_string()).env(CALL, call.to_string());
            let output = victim.output().unwrap();
            let killed = output.status.signal() == Some(9);
            let tell = format!("{}, killed before call {call}", operation.name);
            assert!(killed || output.status.success(), "{tell}: {}", String::from_utf8_lossy(&output.stdout));
            operation.recover(&Real::new(), root, &root.join("locks")).unwrap();
            let side = (!killed).then_some(true);
            let found = look(operation, root);
            operation.judge(&found, root, side).unwrap_or_else(|problem| panic!("{tell}: {problem}"));
            if operation.together || !killed {
                let litter = operation.litter(&found, root);
                assert!(litter.is_empty(), "{tell}: {litter:?}");
            }
            if !killed {
                assert!(call > 5, "{} made only {call} calls", operation.name);
                break;
            }
        }
    }
}
