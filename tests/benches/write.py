#!/usr/bin/env python3
"""Measures `rtk write` against a minimal program that makes the same system calls, and batches against single writes.

Usage: tests/benches/write.py [--rtk target/release/rtk] [--folder DIR] [--runs N]

The minimal program is the C below, built with cc -O2: it reads stdin, writes a temporary file beside the target, fsyncs
it, renames it into place and fsyncs the folder; for a batch it stages all files, one syncfs, renames all, one syncfs.
All candidates take turns in one run, so that a busy machine is as busy for each of them; medians of wall time and the
mean of user and system time are printed, with the ratio to the minimal program. The folder should lie on a real disk:
on a file system in memory a sync costs nothing.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MINIMAL = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[16 << 20];

static void stage(const char *target, char *temp, size_t room, const char *data, size_t length, int sync) {
    snprintf(temp, room, "%s.tmp", target);
    int file = open(temp, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file < 0 || write(file, data, length) != (ssize_t)length || (sync && fsync(file))) exit(1);
    close(file);
}

int main(int count, char **arguments) {
    size_t length = 0;
    ssize_t got;
    while ((got = read(0, buffer + length, sizeof buffer - length)) > 0) length += got;
    int single = count == 2;
    char (*temps)[4096] = malloc((size_t)count * 4096);
    int disk = -1;
    for (int at = 1; at < count; at++) {
        if (disk < 0) {
            char copy[4096];
            snprintf(copy, sizeof copy, "%s", arguments[at]);
            disk = open(dirname(copy), O_RDONLY);
        }
        stage(arguments[at], temps[at], 4096, buffer, length, single);
    }
    if (!single && syncfs(disk)) return 1;
    for (int at = 1; at < count; at++) if (rename(temps[at], arguments[at])) return 1;
    return single ? fsync(disk) : syncfs(disk);
}
"""


class Candidate:
    def __init__(self, name, run):
        self.name, self.run, self.wall, self.cpu = name, run, [], []

    def measure(self, number):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        self.run(number)
        self.wall.append((time.perf_counter() - start) * 1000)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)


def call(command, stdin, folder, home):
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=folder,
                          env={"RTK_HOME": home, "HOME": home, "PATH": os.environ["PATH"]})
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def compare(title, candidates, runs):
    for number in range(runs + 1):
        for candidate in candidates:
            candidate.measure(number)
    print(f"\n{title}\n\n| | wall, ms | ratio | user + sys, ms |\n|---|--:|--:|--:|")
    base = statistics.median(candidates[0].wall[1:])
    for candidate in candidates:
        wall = statistics.median(candidate.wall[1:])
        print(f"| {candidate.name} | {wall:.2f} | {wall / base:.2f} | {statistics.mean(candidate.cpu[1:]):.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rtk", default="target/release/rtk")
    parser.add_argument("--folder", default=".", help="where to write; on a real disk")
    parser.add_argument("--runs", type=int, default=30)
    args = parser.parse_args()
    rtk = os.path.abspath(args.rtk)
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="rtk-bench-") as work:
        work = os.path.abspath(work)
        minimal, home = os.path.join(work, "minimal"), os.path.join(work, "home")
        with open(minimal + ".c", "w") as file:
            file.write(MINIMAL)
        subprocess.run([shutil.which("cc") or sys.exit("cc is missing"), "-O2", "-o", minimal, minimal + ".c"],
                       check=True, stderr=subprocess.DEVNULL)
        data = [(f"content {number} ".encode() * 200)[:2048] for number in range(args.runs + 1)]
        compare("One file of 2 KB, durable, whole processes:", [
            Candidate("minimal program", lambda n: call([minimal, "a"], data[n], work, home)),
            Candidate("rtk write file", lambda n: call([rtk, "write", "file", "b"], data[n], work, home)),
            Candidate("rtk write file, unchanged",
                      lambda n: call([rtk, "write", "file", "c"], data[0], work, home)),
            Candidate("rtk --version", lambda n: call([rtk, "--version"], b"", work, home)),
        ], args.runs)
        large = [bytes([65 + n % 26]) * (8 << 20) for n in range(max(4, args.runs // 4) + 1)]
        compare("One file of 8 MB, durable:", [
            Candidate("minimal program", lambda n: call([minimal, "la"], large[n], work, home)),
            Candidate("rtk write file", lambda n: call([rtk, "write", "file", "lb"], large[n], work, home)),
        ], max(4, args.runs // 4))

        names = [f"{{0}}{folder}/f{number}" for folder in range(10) for number in range(10)]
        for kind in "mbs":
            for folder in range(10):
                os.mkdir(os.path.join(work, f"{kind}{folder}"))
        files = {kind: [name.format(kind) for name in names] for kind in "mbs"}

        def batch(number):
            edits = [{"file": name, "content": data[number].decode()} for name in files["b"]]
            call([rtk, "write", "batch"], json.dumps({"edits": edits}).encode(), work, home)

        def singles(number):
            for name in files["s"]:
                call([rtk, "write", "file", name], data[number], work, home)

        inside = []

        def singles_inside(number):
            micros = 0
            for name in files["s"]:
                answer = call([rtk, "write", "file", name, "--json"], data[number] + b"+", work, home)
                micros += json.loads(answer)["cost"]["micros"]
            inside.append(micros / 1000)

        compare("100 files of 2 KB in 10 folders, durable:", [
            Candidate("minimal program, one batch", lambda n: call([minimal, *files["m"]], data[n], work, home)),
            Candidate("rtk write batch", batch),
            Candidate("rtk write file, 100 times", singles),
            Candidate("the same, second round", singles_inside),
        ], max(3, args.runs // 8))
        print(f"\n100 single writes without their process starts: {statistics.median(inside[1:]):.2f} ms")


if __name__ == "__main__":
    main()
