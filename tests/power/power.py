#!/usr/bin/env python3
"""Cuts the power under rtk on real file systems, over and over, and counts what broke.

Usage: tests/power/power.py [--rtk PROGRAM] [--file-system ext4|xfs|btrfs]... [--images N] [--seed N]

For each file system: an image is formatted and mounted through a recording disk (recorder.py). rtk replaces files and
runs batches on it, each command noted with what it promised. Then for every moment between two flushes, crash images
are built: everything up to the last flush, each longer prefix, and subsets of the writes that no flush had covered,
with writes torn at a sector. Each image is mounted, the next rtk command is run on it, and each file must be whole
old or whole new, new if rtk had said so, and a batch all old or all new. The same is done with three writers that
make the usual mistakes (no fsync, no folder fsync, in place): the harness must catch them, or it proves nothing.

It needs root, /dev/fuse, loop devices, and mkfs.ext4, mkfs.xfs, mkfs.btrfs; everything lies in a temporary folder
that is removed at the end. It is no part of tests/run. Exit code 1 when rtk broke something or a broken writer did not.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from recorder import Recorder

MIB = 1 << 20
# Image sizes are the smallest that the tools accept, in bytes. A torn write ends at a multiple of the last number: btrfs
# demands of a disk that its super block of 4 KiB is written whole, and cannot be mounted otherwise, whoever wrote files.
FILE_SYSTEMS = {
    "ext4": (64 * MIB, ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"], "noauto_da_alloc", 512),
    "xfs": (320 * MIB, ["mkfs.xfs", "-q", "-f"], "nouuid", 512),
    "btrfs": (128 * MIB, ["mkfs.btrfs", "-q", "-f", "-s", "4096"], "noatime", 4096),
}
FOLDERS = [f"d{number}" for number in range(6)]


def run(*command, check=True, **options):
    done = subprocess.run(command, capture_output=True, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.decode(errors='replace').strip()}")
    return done


def content(name, version, size):
    """Bytes that tell of which file and version each piece of them is."""
    piece = f"{name} version {version} ".encode()
    return (piece * (size // len(piece) + 1))[:size]


class Mounted:
    """A disk file mounted by way of a loop device."""

    def __init__(self, disk, folder, kind, options):
        self.folder = folder
        self.loop = run("losetup", "--find", "--show", disk).stdout.decode().strip()
        try:
            run("mount", "-t", kind, "-o", options, self.loop, folder)
        except RuntimeError:
            run("losetup", "-d", self.loop, check=False)
            raise

    def close(self):
        for _ in range(50):
            if run("umount", self.folder, check=False).returncode == 0:
                break
            time.sleep(0.1)
        run("losetup", "-d", self.loop)


class Step:
    """One command: which files it changes, to what, and what it promised, as positions in the log."""

    def __init__(self, name, changes, together):
        self.name, self.changes, self.together = name, changes, together
        self.begun = self.ended = None


def steps(rng):
    """What is done to the files, in order; the first is what lies there before."""
    sizes = {f"{folder}/f{number}": rng.choice([0, 1, 100, 3000, 5000, 70_000, 300_000])
             for folder in FOLDERS for number in range(4)}
    version = dict.fromkeys(sizes, 0)
    found = [Step("start", {name: content(name, 0, size) for name, size in sizes.items()}, False)]

    def next_version(name):
        version[name] = version.get(name, 0) + 1
        sizes.setdefault(name, 2000)
        return content(name, version[name], max(1, sizes[name] + version[name]))

    names = list(sizes)
    for round_number in range(3):
        for name in rng.sample(names, 5):
            found.append(Step("file", {name: next_version(name)}, False))
        made = f"d{round_number}/new{round_number}"
        found.append(Step("file", {made: next_version(made)}, False))
        changed = rng.sample(names, 9) + [f"d{round_number}/batch{round_number}", f"d5/batch{round_number}"]
        found.append(Step("batch", {name: next_version(name) for name in changed}, True))
        pair = rng.sample(names, 2)
        found.append(Step("batch", {name: next_version(name) for name in pair}, True))
    return found


class Rtk:
    """The writer under test."""

    name, catches = "rtk", False

    def __init__(self, program):
        self.program = program

    def call(self, mount, *arguments, stdin=b""):
        environment = {"RTK_HOME": os.path.join(mount, "home"), "HOME": mount, "PATH": os.environ["PATH"]}
        return run(self.program, "write", *arguments, input=stdin, env=environment, cwd=mount)

    def write(self, mount, step):
        if step.together:
            edits = [{"file": name, "content": data.decode()} for name, data in step.changes.items()]
            self.call(mount, "batch", "--plan", "-", stdin=json.dumps({"edits": edits}).encode())
        else:
            for name, data in step.changes.items():
                self.call(mount, "file", name, stdin=data)

    def recover(self, mount):
        self.call(mount, "file", "after", stdin=b"the next command\n")


class Broken:
    """A writer with a usual mistake."""

    catches = True

    def __init__(self, name, sync_file, sync_folder, in_place=False):
        self.name, self.sync_file, self.sync_folder, self.in_place = name, sync_file, sync_folder, in_place

    def write(self, mount, step):
        for name, data in step.changes.items():
            path = os.path.join(mount, name)
            if self.in_place:
                with open(path, "wb") as file:
                    # The kernel may write back at any moment; here it does.
                    os.fsync(file.fileno())
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                continue
            with open(path + ".tmp", "wb") as file:
                file.write(data)
                file.flush()
                if self.sync_file:
                    os.fsync(file.fileno())
            os.rename(path + ".tmp", path)
            if self.sync_folder:
                folder = os.open(os.path.dirname(path), os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)

    def recover(self, mount):
        pass


def record(writer, kind, work, seed):
    """Runs all steps on a recorded disk; gives the image before them, the log and the steps."""
    size, mkfs, options, _ = FILE_SYSTEMS[kind]
    image, fuse, mount = (os.path.join(work, name) for name in ("image", "fuse", "mount"))
    for folder in (fuse, mount):
        os.makedirs(folder, exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(size)
    run(*mkfs, image)
    rng = random.Random(seed)
    plan = steps(rng)
    disk = Mounted(image, mount, kind, options)
    for folder in FOLDERS:
        os.mkdir(os.path.join(mount, folder))
    os.mkdir(os.path.join(mount, "home"))
    for name, data in plan[0].changes.items():
        with open(os.path.join(mount, name), "wb") as file:
            file.write(data)
    disk.close()
    base = os.path.join(work, "base")
    run("cp", "--sparse=always", image, base)
    recorder = Recorder(fuse, image)
    stop = threading.Event()
    try:
        disk = Mounted(recorder.disk(), mount, kind, options)
        noise = threading.Thread(target=disturb, args=(mount, stop), daemon=True)
        noise.start()
        for step in plan[1:]:
            step.begun = recorder.position()
            writer.write(mount, step)
            step.ended = recorder.position()
        log = list(recorder.log)
        stop.set()
        noise.join()
        disk.close()
    finally:
        stop.set()
        recorder.close()
    os.remove(image)
    return base, log, plan


def disturb(mount, stop):
    """Another program that writes without syncing, and a kernel that writes back when it likes."""
    number = 0
    folder = os.open(mount, os.O_RDONLY)
    while not stop.wait(0.05):
        number += 1
        with open(os.path.join(mount, f"noise{number % 7}"), "wb") as file:
            file.write(os.urandom(20_000))
        if number % 9 == 0:
            run("sync", "-f", mount, check=False)
    os.close(folder)


def crashes(log, most, rng):
    """Which writes reach the disk: (position, indices of whole writes, index of a torn one) for each crash."""
    flushes = [-1] + [at for at, entry in enumerate(log) if entry is None] + [len(log)]
    found = []
    for before, after in zip(flushes, flushes[1:]):
        pending = list(range(before + 1, after))
        found.append((before + 1, [], None))
        prefixes = [pending[:length] for length in range(1, len(pending) + 1)]
        for prefix in rng.sample(prefixes, min(3, len(prefixes))):
            found.append((prefix[-1] + 1, prefix, None))
        for _ in range(4 if len(pending) > 1 else 0):
            chosen = [at for at in pending if rng.random() < rng.choice([0.2, 0.5, 0.8])]
            torn = rng.choice(chosen) if chosen and rng.random() < 0.5 else None
            found.append((after, chosen, torn))
    return found if len(found) <= most else sorted(rng.sample(found, most), key=lambda crash: crash[0])


def allowed(plan, position):
    """For each file the contents that may lie there after a crash at a position of the log, with who allows them."""
    values, running = dict(plan[0].changes), None
    for step in plan[1:]:
        if step.ended <= position:
            values.update(step.changes)
        elif step.begun < position:
            running = step
    return values, running


def judge(mount, plan, position):
    """What is wrong with the files on a mounted crash image, one sentence each."""
    values, running = allowed(plan, position)
    problems, sides = [], set()
    names = set(values) | (set(running.changes) if running else set())
    for name in sorted(names):
        try:
            with open(os.path.join(mount, name), "rb") as file:
                found = file.read()
        except FileNotFoundError:
            found = None
        old = values.get(name)
        new = running.changes.get(name, old) if running else old
        if found not in (old, new):
            shown = None if found is None else (len(found), found[:40])
            problems.append(f"{name} is {shown}, {'or new in ' + running.name if new != old else 'must be unchanged'}")
        elif new != old:
            sides.add(found == new)
    if running and running.together and len(sides) > 1:
        problems.append("half of a batch")
    return problems


def examine(writer, kind, work, recorded, most, seed):
    """Builds the crash images, mounts and judges each; gives how many there were and what broke."""
    base, log, plan = recorded
    rng = random.Random(seed)
    _, _, options, sector = FILE_SYSTEMS[kind]
    rolling, crash, mount = (os.path.join(work, name) for name in ("rolling", "crash", "mount"))
    run("cp", "--sparse=always", base, rolling)
    done, tried, problems = 0, 0, []
    handle = os.open(rolling, os.O_RDWR)
    for position, chosen, torn in crashes(log, most, rng):
        start = max([at for at in range(position) if log[at] is None], default=-1) + 1 if not chosen else None
        flushed = start if start is not None else next(
            (at + 1 for at in range(min(chosen), -1, -1) if log[at] is None), 0)
        while done < flushed:
            if log[done] is not None:
                os.pwrite(handle, log[done][1], log[done][0])
            done += 1
        run("cp", "--sparse=always", rolling, crash)
        with open(crash, "r+b") as file:
            for at in chosen:
                offset, data = log[at]
                if at == torn:
                    data = data[:sector * rng.randrange(len(data) // sector)] if len(data) >= sector else b""
                file.seek(offset)
                file.write(data)
        tried += 1
        try:
            disk = Mounted(crash, mount, kind, options)
        except RuntimeError as error:
            problems.append((position, f"cannot be mounted: {error}"))
            continue
        try:
            writer.recover(mount)
            found = judge(mount, plan, position)
        except (RuntimeError, OSError) as error:
            found = [f"the next command failed: {error}"]
        finally:
            disk.close()
        problems.extend((position, problem) for problem in found)
    os.close(handle)
    return tried, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rtk", default="target/release/rtk", help="the program to test")
    parser.add_argument("--file-system", action="append", choices=FILE_SYSTEMS, help="only this one; may be repeated")
    parser.add_argument("--images", type=int, default=500, help="crash images for each writer and file system at most")
    parser.add_argument("--seed", type=int, default=1, help="another one tries other files, subsets and tears")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("power.py: needs root, for mounts and loop devices")
    kinds = args.file_system or list(FILE_SYSTEMS)
    for tool in ["losetup", "mount", *(FILE_SYSTEMS[kind][1][0] for kind in kinds)]:
        if not shutil.which(tool):
            sys.exit(f"power.py: {tool} is missing; install e2fsprogs, xfsprogs, btrfs-progs")
    writers = [
        Rtk(os.path.abspath(args.rtk)),
        Broken("no fsync", sync_file=False, sync_folder=True),
        Broken("no folder fsync", sync_file=True, sync_folder=False),
        Broken("in place", sync_file=True, sync_folder=True, in_place=True),
    ]
    failed = False
    print("| File system | Writer | Commands | Writes | Flushes | Crash images | Broken images |")
    print("|---|---|---|---|---|---|---|")
    for kind in kinds:
        for writer in writers:
            with tempfile.TemporaryDirectory(prefix="rtk-power-") as work:
                recorded = record(writer, kind, work, args.seed)
                most = args.images if not writer.catches else max(60, args.images // 4)
                tried, problems = examine(writer, kind, work, recorded, most, args.seed)
            _, log, plan = recorded
            flushes = sum(entry is None for entry in log)
            broken = len({position for position, _ in problems})
            print(f"| {kind} | {writer.name} | {len(plan) - 1} | {len(log) - flushes} | {flushes} | {tried} | {broken} |",
                  flush=True)
            for position, problem in problems[:0 if writer.catches else 10]:
                print(f"  at {position}: {problem}", file=sys.stderr)
            failed |= bool(problems) != writer.catches
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
