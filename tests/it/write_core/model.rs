//! Power cuts by enumeration: every state that an unsynced change may leave, at every moment of every operation.

use super::memory::{Contents, Memory, after_power_cut};
use super::operations::{Operation, all};
use rtk::fs::{Disk, FsError, Outcome};
use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// States that are looked at for each moment; beyond that they are picked by chance. `RTK_TEST_STATES` looks at more.
const STATES_MAX: usize = 120;
/// The same behind a call that failed.
const STATES_AFTER_FAULT_MAX: usize = 16;
/// States for each moment of a recovery that is cut short itself.
const AGAIN_MAX: usize = 6;
/// Of how many states one is taken for a second power cut during recovery.
const AGAIN_EVERY: usize = 101;

const ROOT: &str = "/";

fn open_gate() -> super::memory::Gate {
    Box::new(|_| Ok(()))
}

/// Runs a writer, cuts the power at every moment, and judges every state; gives the number of states, or the first
/// that is wrong.
fn explore(
    operation: &Operation,
    disk: &Memory,
    write: &dyn Fn(&Memory) -> Result<Outcome, FsError>,
) -> Result<usize, String> {
    let done = write(disk);
    let ops = disk.ops();
    let most = std::env::var("RTK_TEST_STATES").ok().and_then(|most| most.parse().ok()).unwrap_or(STATES_MAX);
    let mut seed = 7;
    let mut states = 0;
    for moment in 0..=ops.len() {
        let promised = moment == ops.len() && matches!(done, Ok(Outcome::Durable));
        for state in after_power_cut(disk.start(), &ops[..moment], most, &mut seed) {
            states += 1;
            let again = states % AGAIN_EVERY == 0;
            let tell = |problem| format!("{} at {moment} of {}: {problem}", operation.name, ops.len());
            settle(operation, state, promised.then_some(true), again, &mut seed).map_err(tell)?;
        }
    }
    Ok(states)
}

/// Lets the next run recover and judges; with `again` the power is also cut during the recovery.
fn settle(
    operation: &Operation,
    state: Contents,
    side: Option<bool>,
    again: bool,
    seed: &mut u64,
) -> Result<(), String> {
    if !operation.together {
        return operation.judge(&state, Path::new(ROOT), side);
    }
    let disk = operation.memory(state, open_gate());
    recovered(operation, &disk, side)?;
    let ops = disk.ops();
    if again {
        for moment in 0..ops.len() {
            for state in after_power_cut(disk.start(), &ops[..moment], AGAIN_MAX, seed) {
                recovered(operation, &operation.memory(state, open_gate()), side)
                    .map_err(|problem| format!("recovery cut at {moment}: {problem}"))?;
            }
        }
    }
    Ok(())
}

fn recovered(operation: &Operation, disk: &Memory, side: Option<bool>) -> Result<(), String> {
    let locks = tempfile::tempdir().unwrap();
    operation
        .recover(disk, Path::new(ROOT), locks.path())
        .map_err(|error| format!("recovery failed: {error}"))?;
    operation.judge(&disk.live(), Path::new(ROOT), side)
}

#[test]
fn no_power_cut_leaves_anything_but_old_or_new() {
    for operation in all() {
        for modern in [true, false] {
            let mut disk = operation.memory(operation.contents(ROOT), open_gate());
            disk.modern = modern;
            let states = explore(&operation, &disk, &|disk| operation.run(disk, Path::new(ROOT)));
            let states = states.unwrap_or_else(|problem| panic!("modern {modern}: {problem}"));
            assert!(states > 10, "{} has only {states} states", operation.name);
            operation.judge(&disk.live(), Path::new(ROOT), Some(true)).unwrap();
            assert_eq!(operation.litter(&disk.live(), Path::new(ROOT)), Vec::<std::path::PathBuf>::new());
        }
    }
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It fails with this error of the system.
    Once(i32),
    /// It and all that follow fail.
    Ever(i32),
}

const EIO: i32 = 5;
const EINTR: i32 = 4;
const ENOSPC: i32 = 28;
const EACCES: i32 = 13;

/// A gate that lets `calls` through and then does what the fault says, and a count of the calls that were asked for.
fn faulty(calls: usize, fault: Fault) -> (super::memory::Gate, Rc<Cell<usize>>) {
    let count = Rc::new(Cell::new(0));
    let seen = count.clone();
    let gate = move |_: &'static str| {
        let at = seen.replace(seen.get() + 1);
        match fault {
            Fault::Once(error) if at == calls => Err(io::Error::from_raw_os_error(error)),
            Fault::Ever(error) if at >= calls => Err(io::Error::from_raw_os_error(error)),
            _ => Ok(()),
        }
    };
    (Box::new(gate), count)
}

#[test]
fn a_call_that_fails_is_told_truly_and_breaks_nothing() {
    let root = Path::new(ROOT);
    let faults =
        [EIO, ENOSPC, EACCES, EINTR].into_iter().flat_map(|error| [Fault::Once(error), Fault::Ever(error)]);
    let faults: Vec<Fault> = faults.collect();
    for operation in all() {
        for fault in &faults {
            for at in 0.. {
                let (gate, count) = faulty(at, *fault);
                let disk = operation.memory(operation.contents(ROOT), gate);
                let done = operation.run(&disk, root);
                if count.get() <= at {
                    break;
                }
                let tell = format!("{}, call {at}, {fault:?}: {done:?}", operation.name);
                let live = disk.live();
                match &done {
                    Ok(Outcome::Durable) => {
                        let mut seed = 11;
                        for state in
                            after_power_cut(disk.start(), &disk.ops(), STATES_AFTER_FAULT_MAX, &mut seed)
                        {
                            let problem = settle(&operation, state, Some(true), false, &mut seed);
                            problem.unwrap_or_else(|problem| panic!("{tell}: {problem}"));
                        }
                    }
                    Ok(Outcome::VisibleNotDurable { reason: Some(_) }) => {
                        operation
                            .judge(&live, root, Some(true))
                            .unwrap_or_else(|problem| panic!("{tell}: {problem}"));
                    }
                    Ok(other) => panic!("{tell}: {other:?}"),
                    Err(FsError::RollbackFailed { .. }) => {}
                    Err(_) => {
                        operation
                            .judge(&live, root, Some(false))
                            .unwrap_or_else(|problem| panic!("{tell}: {problem}"));
                    }
                }
                settle(&operation, live, None, false, &mut 1)
                    .unwrap_or_else(|problem| panic!("{tell}: {problem}"));
            }
        }
    }
}

#[test]
fn a_failed_single_call_leaves_no_litter_and_is_rarely_more_than_a_failure() {
    let root = Path::new(ROOT);
    for operation in all() {
        for at in 0.. {
            let (gate, count) = faulty(at, Fault::Once(EIO));
            let failed = Rc::new(Cell::new(""));
            let name = failed.clone();
            let gate: super::memory::Gate = Box::new(move |call| gate(call).inspect_err(|_| name.set(call)));
            let disk = operation.memory(operation.contents(ROOT), gate);
            let done = operation.run(&disk, root);
            if count.get() <= at {
                break;
            }
            // One failure alone is always survived: what it took is given back.
            let tell = format!("{}, call {at} {}: {done:?}", operation.name, failed.get());
            assert!(!matches!(done, Err(FsError::RollbackFailed { .. })), "{tell}");
            let litter = operation.litter(&disk.live(), root);
            // What a batch leaves its journal names, and the next run tidies up.
            let kept_for_recovery = operation.together
                && (failed.get() == "remove" || matches!(done, Ok(Outcome::VisibleNotDurable { .. })));
            assert!(litter.is_empty() || kept_for_recovery, "{tell}: {litter:?}");
        }
    }
}

#[test]
fn a_killed_process_leaves_old_or_new_and_the_next_run_ends_its_batch() {
    let root = Path::new(ROOT);
    for operation in all() {
        for at in 0.. {
            let (gate, count) = faulty(at, Fault::Ever(EIO));
            let disk = operation.memory(operation.contents(ROOT), gate);
            let _ = operation.run(&disk, root);
            if count.get() <= at {
                break;
            }
            // Without any power cut what was written is there.
            let next = operation.memory(disk.live(), open_gate());
            recovered(&operation, &next, None)
                .unwrap_or_else(|problem| panic!("{} at {at}: {problem}", operation.name));
            if operation.together {
                let litter = operation.litter(&next.live(), root);
                assert!(litter.is_empty(), "{} at {at}: {litter:?}", operation.name);
            }
        }
    }
}

/// Writers with the usual mistakes: the same harness must find each of them out.
mod broken {
    use super::*;

    fn temp_with(disk: &Memory, bytes: &[u8]) -> io::Result<super::super::memory::Handle> {
        let mut file = disk.create(Path::new("/a/.temp"), 0o640)?;
        disk.set_attribute(&file, b"user.kept", b"yes")?;
        let mut written = 0;
        while written < bytes.len() {
            written += disk.write(&mut file, &bytes[written..])?;
        }
        Ok(file)
    }

    fn sync_folder(disk: &Memory) -> io::Result<()> {
        let folder = disk.open(Path::new("/a"))?;
        disk.sync(&folder)
    }

    fn place(disk: &Memory) -> io::Result<()> {
        disk.rename(Path::new("/a/.temp"), Path::new("/a/f"))
    }

    type Writer = fn(&Memory, &[u8]) -> io::Result<()>;

    fn right(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let file = temp_with(disk, bytes)?;
        disk.sync(&file)?;
        place(disk)?;
        sync_folder(disk)
    }

    fn without_sync(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        temp_with(disk, bytes)?;
        place(disk)?;
        sync_folder(disk)
    }

    fn synced_too_late(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let file = temp_with(disk, bytes)?;
        place(disk)?;
        disk.sync(&file)?;
        sync_folder(disk)
    }

    fn without_folder_sync(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let file = temp_with(disk, bytes)?;
        disk.sync(&file)?;
        place(disk)
    }

    fn in_place(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let mut file = disk.open_to_write(Path::new("/a/f"))?;
        disk.set_length(&file, 0)?;
        let mut written = 0;
        while written < bytes.len() {
            written += disk.write(&mut file, &bytes[written..])?;
        }
        disk.sync(&file)
    }

    fn remove_then_rename(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let file = temp_with(disk, bytes)?;
        disk.sync(&file)?;
        disk.remove(Path::new("/a/f"))?;
        place(disk)?;
        sync_folder(disk)
    }

    fn short_write_ignored(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let mut file = disk.create(Path::new("/a/.temp"), 0o640)?;
        disk.set_attribute(&file, b"user.kept", b"yes")?;
        disk.write(&mut file, bytes)?;
        disk.sync(&file)?;
        place(disk)?;
        sync_folder(disk)
    }

    fn mode_lost(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let mut file = disk.create(Path::new("/a/.temp"), 0o600)?;
        let mut written = 0;
        while written < bytes.len() {
            written += disk.write(&mut file, &bytes[written..])?;
        }
        disk.sync(&file)?;
        place(disk)?;
        sync_folder(disk)
    }

    fn sync_tried_again(disk: &Memory, bytes: &[u8]) -> io::Result<()> {
        let file = temp_with(disk, bytes)?;
        if disk.sync(&file).is_err() {
            disk.sync(&file)?;
        }
        place(disk)?;
        sync_folder(disk)
    }

    /// Runs a writer as if it were the core's own; `fail` is the number of the sync that fails.
    fn found_out(writer: Writer, fail: Option<usize>) -> Result<usize, String> {
        let operation = all().into_iter().find(|operation| operation.name == "replace").unwrap();
        let syncs = Cell::new(0);
        let gate: super::super::memory::Gate = Box::new(move |call| {
            let failing = call == "sync" && Some(syncs.replace(syncs.get() + 1)) == fail;
            if failing { Err(io::Error::from_raw_os_error(EIO)) } else { Ok(()) }
        });
        let disk = operation.memory(operation.contents(ROOT), gate);
        let new = operation.changes[0].new.unwrap().as_bytes();
        let states = explore(&operation, &disk, &|disk| {
            writer(disk, new).unwrap();
            Ok(Outcome::Durable)
        })?;
        operation.judge(&disk.live(), Path::new(ROOT), Some(true)).map(|()| states)
    }

    #[test]
    fn each_mistake_is_found_and_a_right_writer_is_not_accused() {
        assert!(found_out(right, None).unwrap() > 10);
        let mistakes: [(&str, Writer, Option<usize>); 8] = [
            ("without sync", without_sync, None),
            ("synced too late", synced_too_late, None),
            ("without folder sync", without_folder_sync, None),
            ("in place", in_place, None),
            ("remove, then rename", remove_then_rename, None),
            ("short write ignored", short_write_ignored, None),
            ("mode lost", mode_lost, None),
            ("sync tried again", sync_tried_again, Some(0)),
        ];
        for (name, writer, fail) in mistakes {
            assert!(found_out(writer, fail).is_err(), "{name} was not found out");
        }
    }

    #[test]
    fn a_batch_without_a_journal_is_found_out() {
        let operation = all().into_iter().find(|operation| operation.name == "batch of two").unwrap();
        let disk = operation.memory(operation.contents(ROOT), open_gate());
        let found = explore(&operation, &disk, &|disk| {
            for change in &operation.changes {
                let options = rtk::fs::WriteOptions::durable(Path::new("/")).unlocked();
                let path = Path::new(ROOT).join(change.path);
                rtk::fs::replace_on(disk, &path, change.new.unwrap().as_bytes(), &options)?;
            }
            Ok(Outcome::Durable)
        });
        assert!(found.unwrap_err().contains("half of a batch"));
    }
}
