#!/usr/bin/env python3
"""Measures what `rtk init --show` takes beside the hooks that it fires.

Usage: tests/benches/show.py RTK [RUNS]

In a home of its own three entries of a script that answers nothing are registered, as many as rtk registers. Printed are,
in milliseconds, wall time without the time of the fired hooks, and processor time with them (three shells and one
`--version`), which other work on the machine does not change.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

SCRIPT = """#!/bin/sh
# rtk project memory hook, identity 6f1d0c5a-9b0e-4a57-8f6e-rtk-claude-code
[ "$1" = --version ] && echo 'rtk 0'
exit 0
"""


def prepare(folder):
    for name in ("home/.claude", "project/.git", "bin"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "project/.git/HEAD"), "w") as file:
        file.write("ref: refs/heads/main\n")
    program = os.path.join(folder, "bin/rtk")
    with open(program, "w") as file:
        file.write(SCRIPT)
    os.chmod(program, 0o755)
    group = {"hooks": [{"type": "command", "command": program, "args": ["hook"], "timeout": 5}]}
    hooks = {event: [dict(group)] for event in ("PreToolUse", "SubagentStart", "SessionStart")}
    hooks["PreToolUse"][0]["matcher"] = "Task|Agent"
    with open(os.path.join(folder, "home/.claude/settings.json"), "w") as file:
        json.dump({"hooks": hooks}, file)


def once(rtk, folder):
    environment = {"HOME": os.path.join(folder, "home"), "PATH": "/usr/bin:/bin"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(
        [rtk, "init", "--show", "--json"], env=environment, cwd=os.path.join(folder, "project"), capture_output=True
    )
    wall = (time.perf_counter() - start) * 1000
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    files = json.loads(run.stdout)["files"]
    fired = [hook["fired"]["latency_us"] / 1000 for file in files for hook in file["hooks"]]
    assert len(fired) == 3, run.stdout
    processor = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
    return wall - sum(fired), processor


def main():
    rtk = os.path.abspath(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        once(rtk, folder)
        rows = [once(rtk, folder) for _ in range(runs)]
    for name, values in zip(("wall without hooks", "processor, all"), zip(*rows)):
        values = sorted(values)
        print(f"{name:<20} min {values[0]:.1f}  median {values[len(values) // 2]:.1f}  max {values[-1]:.1f} ms")


main()
