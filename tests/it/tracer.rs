//! Runs a program under ptrace and stops it at what it does to files: to watch, to kill it just before, to let the
//! system refuse that one step, or to let somebody else act in between. Nothing of this is in the program; it is the program that users run.
//!
//! Only steps below one folder count. They are named by the system call and the last parts of the paths, without the
//! numbers that differ from run to run: `renameat2 .settings.json.rtk-new settings.json`.

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What happens at the steps of a run.
#[derive(Clone, Copy)]
pub(crate) enum Plan<'p> {
    /// They are listed.
    Watch,
    /// The process is killed right before the step of this number, from 0.
    KillBefore(usize),
    /// The step of this number does not happen and gives this error to the program.
    Fail(usize, nix::errno::Errno),
    /// Somebody else does something right before the step of this number.
    Meanwhile(usize, &'p dyn Fn()),
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The steps that were reached, in order.
    pub(crate) steps: Vec<String>,
    /// The exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// How the file arguments of a system call are given.
#[derive(Debug, Clone, Copy)]
enum Files {
    /// A path in the argument of this number.
    Path(usize),
    /// A folder's descriptor and a path relative to it, from the argument of this number.
    At(usize),
    /// Two of them.
    TwoAt(usize, usize),
    /// An open file.
    Open(usize),
    /// As `At`, with the flags in the argument of this number; counts only when it makes or empties a file.
    Opening(usize, usize),
}

/// System calls that change files, with their numbers on x86-64 Linux.
const CALLS: &[(u64, &str, Files)] = &[
    (1, "write", Files::Open(0)),
    (18, "pwrite64", Files::Open(0)),
    (20, "writev", Files::Open(0)),
    (73, "flock", Files::Open(0)),
    (74, "fsync", Files::Open(0)),
    (75, "fdatasync", Files::Open(0)),
    (76, "truncate", Files::Path(0)),
    (77, "ftruncate", Files::Open(0)),
    (82, "rename", Files::Path(0)),
    (83, "mkdir", Files::Path(0)),
    (84, "rmdir", Files::Path(0)),
    (86, "link", Files::Path(0)),
    (87, "unlink", Files::Path(0)),
    (88, "symlink", Files::Path(1)),
    (90, "chmod", Files::Path(0)),
    (91, "fchmod", Files::Open(0)),
    (92, "chown", Files::Path(0)),
    (93, "fchown", Files::Open(0)),
    (188, "setxattr", Files::Path(0)),
    (190, "fsetxattr", Files::Open(0)),
    (257, "openat", Files::Opening(0, 2)),
    (258, "mkdirat", Files::At(0)),
    (260, "fchownat", Files::At(0)),
    (263, "unlinkat", Files::At(0)),
    (264, "renameat", Files::TwoAt(0, 2)),
    (265, "linkat", Files::TwoAt(0, 2)),
    (268, "fchmodat", Files::At(0)),
    (285, "fallocate", Files::Open(0)),
    (306, "syncfs", Files::Open(0)),
    (316, "renameat2", Files::TwoAt(0, 2)),
];

/// `O_CREAT` and `O_TRUNC`.
const MAKES_A_FILE: u64 = 0o100 | 0o1000;

/// Runs `program` with `args` in `cwd` and no variables but `vars`; steps below `root` follow the plan.
pub(crate) fn run(
    program: &Path,
    args: &[&str],
    cwd: &Path,
    vars: &[(String, String)],
    root: &Path,
    plan: Plan<'_>,
) -> Trace {
    let mut command = Command::new("/bin/sh");
    // The shell waits until it is traced, then becomes the program.
    command.args(["-c", "read go; exec \"$0\" \"$@\" </dev/null"]).arg(program).args(args);
    command.env_clear().envs(vars.iter().map(|(name, value)| (name, value))).current_dir(cwd);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let options = Options::PTRACE_O_EXITKILL
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACECLONE;
    ptrace::seize(pid, options).unwrap();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let mut tracer =
        Tracer { main: pid, root, plan, steps: Vec::new(), refused: BTreeMap::new(), started: false };
    let code = tracer.follow();
    // Its end has been seen by then; this only lets go of what is kept of it.
    let _ = child.wait();
    Trace { steps: tracer.steps, code, stderr: reader.join().unwrap() }
}

struct Tracer<'t> {
    main: Pid,
    root: &'t Path,
    plan: Plan<'t>,
    steps: Vec<String>,
    /// Threads inside a call that does not happen, with the error that it gives.
    refused: BTreeMap<Pid, nix::errno::Errno>,
    /// Whether the shell has become the program.
    started: bool,
}

impl Tracer<'_> {
    fn follow(&mut self) -> Option<i32> {
        loop {
            // Other tests of this process have children too; they belong to other threads.
            let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            match waitpid(None, Some(flags)).unwrap() {
                WaitStatus::Exited(pid, code) if pid == self.main => return Some(code),
                WaitStatus::Signaled(pid, ..) if pid == self.main => return None,
                WaitStatus::PtraceSyscall(pid) => {
                    if self.system_call(pid) {
                        nix::sys::signal::kill(self.main, Signal::SIGKILL).unwrap();
                    } else {
                        resume(pid, None);
                    }
                }
                WaitStatus::PtraceEvent(pid, _, event) => {
                    self.started |= event == nix::libc::PTRACE_EVENT_EXEC;
                    resume(pid, None);
                }
                WaitStatus::Stopped(pid, signal) => resume(pid, Some(signal)),
                _ => {}
            }
        }
    }

    /// Handles the entry or the exit of a call; says whether the process is to be killed.
    fn system_call(&mut self, pid: Pid) -> bool {
        let mut registers = match ptrace::getregs(pid) {
            Ok(registers) => registers,
            Err(_) => return false,
        };
        let entering =
            ptrace::syscall_info(pid).is_ok_and(|info| info.op == nix::libc::PTRACE_SYSCALL_INFO_ENTRY);
        if !entering {
            if let Some(errno) = self.refused.remove(&pid) {
                registers.rax = (-(errno as i64)).cast_unsigned();
                ptrace::setregs(pid, registers).unwrap();
            }
            return false;
        }
        let args = [registers.rdi, registers.rsi, registers.rdx, registers.r10];
        let Some(step) = self.step(pid, registers.orig_rax, &args).filter(|_| self.started) else {
            return false;
        };
        let number = self.steps.len();
        self.steps.push(step);
        match self.plan {
            Plan::KillBefore(at) if at == number => return true,
            Plan::Meanwhile(at, act) if at == number => act(),
            Plan::Fail(at, errno) if at == number => {
                // No such call: nothing happens, and the result is set when it comes back.
                registers.orig_rax = u64::MAX;
                ptrace::setregs(pid, registers).unwrap();
                self.refused.insert(pid, errno);
            }
            _ => {}
        }
        false
    }

    fn step(&self, pid: Pid, number: u64, args: &[u64; 4]) -> Option<String> {
        let (_, name, files) = CALLS.iter().find(|(call, ..)| *call == number)?;
        let at = |folder: usize| self.path_at(pid, Some(args[folder]), args[folder + 1]);
        let paths = match *files {
            Files::Path(path) => vec![self.path_at(pid, None, args[path])?],
            Files::At(folder) => vec![at(folder)?],
            Files::TwoAt(one, other) => vec![at(one)?, at(other)?],
            Files::Open(file) => vec![open_file(pid, args[file])?],
            Files::Opening(folder, flags) if args[flags] & MAKES_A_FILE != 0 => vec![at(folder)?],
            Files::Opening(..) => return None,
        };
        let below = paths.iter().all(|path| path.starts_with(self.root));
        let names = paths.iter().map(|path| bare_name(path));
        below.then(|| [(*name).to_owned()].into_iter().chain(names).collect::<Vec<_>>().join(" "))
    }

    fn path_at(&self, pid: Pid, folder: Option<u64>, address: u64) -> Option<PathBuf> {
        let path = PathBuf::from(String::from_utf8(text_at(pid, address)?).ok()?);
        let here = folder.is_none_or(|folder| folder as u32 as i32 == nix::libc::AT_FDCWD);
        match (path.is_absolute(), here) {
            (true, _) => Some(path),
            (false, true) => Some(std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?.join(path)),
            (false, false) => Some(open_file(pid, folder?)?.join(path)),
        }
    }
}

fn resume(pid: Pid, signal: Option<Signal>) {
    // The thread may have been killed since it stopped; its end is reported then.
    let _ = ptrace::syscall(pid, signal);
}

fn open_file(pid: Pid, number: u64) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()
}

/// The text that ends with a NUL at an address of the traced process.
fn text_at(pid: Pid, address: u64) -> Option<Vec<u8>> {
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    memory.seek(SeekFrom::Start(address)).ok()?;
    let mut text = Vec::new();
    let mut byte = [0];
    while text.len() < 4096 {
        memory.read_exact(&mut byte).ok()?;
        if byte == [0] {
            return Some(text);
        }
        text.push(byte[0]);
    }
    None
}

/// The last part of a path, without the process number that a temporary name ends with.
fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
    match name.split_once(".rtk-") {
        Some((stem, rest)) => format!("{stem}.rtk-{}", rest.split('-').next().unwrap_or_default()),
        None => name.to_owned(),
    }
}

#[test]
fn steps_are_seen_stopped_and_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let vars = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    let shell = |plan| {
        run(Path::new("/bin/sh"), &["-c", "echo x > a && : > b && echo y >> a"], &root, &vars, &root, plan)
    };
    let seen = shell(Plan::Watch);
    assert_eq!(
        (seen.steps.as_slice(), seen.code),
        (&["openat a", "write a", "openat b", "openat a", "write a"].map(str::to_owned)[..], Some(0))
    );
    std::fs::remove_file(root.join("b")).unwrap();
    let killed = shell(Plan::KillBefore(2));
    assert_eq!((killed.steps.len(), killed.code, root.join("b").exists()), (3, None, false));
    let refused = shell(Plan::Fail(1, nix::errno::Errno::ENOSPC));
    assert_eq!((refused.steps.len(), refused.code), (2, Some(1)));
    assert!(refused.stderr.contains("echo"), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(root.join("a")).unwrap(), "");
}
