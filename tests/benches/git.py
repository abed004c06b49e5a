#!/usr/bin/env python3
"""Measures what `rtk git` saves on real repositories, and what the wrapper costs beside git itself.

Usage: tests/benches/git.py RTK [NAME=]REPOSITORY...
       tests/benches/git.py RTK --overhead [ROUNDS] REPOSITORY

Each repository (a folder that git can clone from) is cloned into a temporary folder, where files are edited by rule:
every 40th tracked text file loses its 5th line and gets a new one, every 200th is removed, three files are added. Then
each command is run by git and by `rtk git`. Bytes are counted here; tokens are those of `rtk gain`, one formula for both
sides. Nothing outside of the temporary folder is written.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = [
    "status", "diff", "diff HEAD~5 HEAD", "log", "log -20", "log -3", "show", "show HEAD~1", "branch -a", "tag",
    "reflog", "remote -v", "shortlog HEAD~100..HEAD", "ls-files", "grep -n TODO", "grep -n import", "BLAME",
    "stash list", "worktree list",
]


def run(args, cwd, env):
    return subprocess.run(args, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def environment(folder):
    env = {"PATH": os.environ["PATH"], "HOME": folder, "RTK_HOME": os.path.join(folder, "rtk"), "LANG": "C.UTF-8",
           "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env.update({f"GIT_{who}_NAME": "Bench", f"GIT_{who}_EMAIL": "bench@example.invalid"})
    return env


def clone(source, folder, env):
    target = os.path.join(folder, "work")
    subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", "--shared", source, target], env=env, check=True)
    return target


def edit(work, env):
    names = run(["git", "ls-files", "-z"], work, env).stdout.decode("utf-8", "surrogateescape").split("\0")
    texts = []
    for name in filter(None, names):
        path = os.path.join(work, name)
        if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) < 200_000:
            texts.append(path)
    largest = max(texts, key=os.path.getsize)
    for index, path in enumerate(texts):
        if path == largest:
            continue
        if index % 200 == 199:
            os.remove(path)
        elif index % 40 == 0:
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")
            if len(lines) > 6 and b"\0" not in lines[0]:
                lines[4:5] = [b"a line that the bench has put here"]
                with open(path, "wb") as file:
                    file.write(b"\n".join(lines))
    for number in range(3):
        with open(os.path.join(work, f"bench-new-{number}.txt"), "w") as file:
            file.write("new\n")
    return largest


def tokens(rtk, work, env):
    record = os.path.join(env["RTK_HOME"], "state", "commands.jsonl")
    with open(record) as file:
        row = json.loads(file.read().splitlines()[-1])
    return row["raw_tokens"], row["shown_tokens"]


def measure(rtk, source):
    with tempfile.TemporaryDirectory(prefix="rtk-git-bench-") as folder:
        env = environment(folder)
        work = clone(source, folder, env)
        largest = os.path.relpath(edit(work, env), work)
        rows = {}
        for command in COMMANDS:
            args = ["blame", largest] if command == "BLAME" else command.split()
            native, ours = run(["git", *args], work, env), run([rtk, "git", *args], work, env)
            assert native.returncode == ours.returncode, (source, args)
            assert len(ours.stdout) <= len(native.stdout), (source, args)
            if native.stdout:
                rows["blame (largest file)" if command == "BLAME" else command] = tokens(rtk, work, env)
        return rows


def table(rtk, sources):
    results = {}
    for source in sources:
        name, _, path = source.rpartition("=")
        results[name or os.path.basename(path.rstrip("/"))] = measure(rtk, path)
    print("| command | " + " | ".join(results) + " | median |")
    print("|---|" + "--:|" * (len(results) + 1))
    for command in [name if name != "BLAME" else "blame (largest file)" for name in COMMANDS]:
        cells, shares = [], []
        for rows in results.values():
            if command in rows:
                raw, shown = rows[command]
                shares.append(100 - 100 * shown / raw)
                cells.append(f"{raw:,} → {shown:,}")
            else:
                cells.append("")
        if shares:
            print(f"| `{command}` | " + " | ".join(cells) + f" | -{statistics.median(shares):.0f} % |")


def once(args, cwd, env):
    start = time.perf_counter()
    process = subprocess.Popen(args, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (time.perf_counter() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def overhead(rtk, source, rounds):
    with tempfile.TemporaryDirectory(prefix="rtk-git-bench-") as folder:
        env = environment(folder)
        work = clone(source, folder, env)
        print("| command | git, ms | rtk git, ms | median of differences, ms | CPU: git, ms | CPU: rtk git, ms |")
        print("|---|--:|--:|--:|--:|--:|")
        for command in ("status", "log -20", "rev-parse HEAD"):
            pairs = []
            for _ in range(rounds):
                pairs.append((once(["git", *command.split()], work, env), once([rtk, "git", *command.split()], work, env)))
            wall = [statistics.median(pair[side][0] for pair in pairs) for side in (0, 1)]
            cpu = [statistics.mean(pair[side][1] for pair in pairs) for side in (0, 1)]
            difference = statistics.median(pair[1][0] - pair[0][0] for pair in pairs)
            print(f"| `{command}` | {wall[0]:.1f} | {wall[1]:.1f} | {difference:.1f} | {cpu[0]:.1f} | {cpu[1]:.1f} |")


def main():
    args = sys.argv[1:]
    if len(args) < 2:
        sys.exit(__doc__)
    rtk = os.path.abspath(args[0])
    if args[1] == "--overhead":
        rounds = int(args[2]) if len(args) > 3 else 200
        overhead(rtk, args[-1], rounds)
    else:
        table(rtk, args[1:])


main()
