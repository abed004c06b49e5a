#!/usr/bin/env python3
"""Makes further tasks out of the past of repositories, to fit weights on. Python's standard library and git.

  past.py --folders FOLDERS --dir DIR --tasks OUT_TASKS --out OUT_FOLDERS [--back 400 1400] [--each 40]

FOLDERS  one JSON object a line: `repo`, `lang`, `folder`: a work tree, or a bare repository, whose history ends before all
         tasks that figures are reported on.

For each `--back` a work tree is made in DIR at the commit so many commits before the end, with a history that ends there,
and of the commits after it up to `--each` become tasks: the message is the text, without trailers, addresses and numbers;
the truth is one to eight sources, no tests among them, that the commit modified and that the work tree has. What follows
is the format of `bench.py dump`. A repository that is left out of a fit is left out with these tasks, too."""

import argparse
import json
import os
import random
import re
import subprocess

SOURCES = set(
    "py pyi rs go js jsx mjs cjs ts tsx mts cts vue svelte java kt kts scala c h cc cpp cxx hpp hh cs rb php swift lua sh "
    "bash hbs tpl html y sql proto".split()
)
NO_SOURCE = re.compile(
    r"(^|/)(tests?|__tests__|specs?|testdata|test_data|fixtures?|snapshots?|docs?|examples?|benches|benchmarks?|vendor|"
    r"node_modules|third_party|deps|website|changelogs?)(/|$)"
    r"|(^|/)(test_|conftest)[^/]*$|[._-](test|tests|spec|snap|stories)\.[^/]*$|(_test|_spec|Tests?)\.[a-z]+$"
    r"|\.pb\.(gw\.)?go$|\.min\.[a-z]+$|\.d\.ts$",
    re.I,
)
TRAILER = re.compile(r"^([A-Za-z-]+-by|Change-Id|Fixes|Closes|Refs?|PR-URL|Reviewed-on|Link|See-also): ", re.I)
NO_TASK = re.compile(
    r"^(merge|revert|release|bump|version|v?\d+\.\d|update (dependenc|changelog|contributors|translations)|"
    r"(chore|build|ci|docs?)(\([^)]*\))?!?:|chore|prepare|translated using|backport)",
    re.I,
)
FILES_MAX = 8
CHANGES_MAX = 40
SUBJECT_CHARS_MIN = 12


def git(folder, *args, check=True):
    done = subprocess.run(["git", "-C", folder, *args], capture_output=True, check=check)
    return done.stdout.decode("utf8", "replace")


def text_of(message):
    lines = [line.rstrip() for line in message.strip().splitlines()]
    lines = [line for line in lines if not TRAILER.match(line) and not line.startswith("git-svn-id")]
    text = "\n".join(lines).strip()
    text = re.sub(r"https?://\S+", "", text)
    text = re.sub(r"\s*\((?:[\w./-]*#|GH-)\d+\)|(?:[\w./-]*#|GH-)\d+", "", text)
    return re.sub(r"[ \t]+\n", "\n", text).strip()


def commits_after(folder, base, end):
    """Hash, time, message and changes of each commit after `base`, newest first."""
    log = git(folder, "log", "--no-merges", "--no-renames", "--name-status", "--format=%x01%H%x02%ct%x02%B%x03", f"{base}..{end}")
    for block in log.split("\x01")[1:]:
        head, _, changes = block.partition("\x03")
        commit, time, message = head.split("\x02", 2)
        yield commit, int(time), message, [line.split("\t") for line in changes.strip().splitlines() if "\t" in line]


def truth_of(changes, present):
    sources = []
    for status, path in (change for change in changes if len(change) == 2):
        known = path.rsplit(".", 1)[-1].lower() in SOURCES and not NO_SOURCE.search(path)
        if status == "M" and known and path in present:
            sources.append(path)
    return sources


def tasks_of(row, base, present, end):
    found = []
    for commit, time, message, changes in commits_after(row["folder"], base, end):
        text = text_of(message)
        subject = text.split("\n")[0]
        if len(subject) < SUBJECT_CHARS_MIN or NO_TASK.match(subject) or len(changes) > CHANGES_MAX:
            continue
        truth = truth_of(changes, present)
        if 1 <= len(truth) <= FILES_MAX:
            task = {"id": f"{row['repo']}@{commit[:10]}", "repo": row["repo"], "lang": row["lang"], "set": "past"}
            found.append({**task, "base": base, "commit": commit, "date": time, "query": text, "truth_src": truth})
    return found


def work_tree(row, base, path):
    """A clone that borrows objects and whose only ref is its HEAD at `base`."""
    if not os.path.exists(os.path.join(path, ".git")):
        os.makedirs(path, exist_ok=True)
        git(path, "init", "-q", "-b", "main")
        objects = os.path.join(os.path.abspath(git(row["folder"], "rev-parse", "--absolute-git-dir").strip()), "objects")
        inherited = os.path.join(objects, "info", "alternates")
        with open(os.path.join(path, ".git", "objects", "info", "alternates"), "w", encoding="utf8") as file:
            file.write(objects + "\n")
            if os.path.exists(inherited):
                with open(inherited, encoding="utf8") as other:
                    file.write(other.read())
    git(path, "update-ref", "refs/heads/main", base)
    git(path, "reset", "-q", "--hard", base, check=False)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--tasks", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--back", nargs="+", type=int, default=[400, 1400])
    parser.add_argument("--each", type=int, default=40)
    options = parser.parse_args()
    with open(options.folders, encoding="utf8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    with open(options.tasks, "w", encoding="utf8") as tasks, open(options.out, "w", encoding="utf8") as folders:
        for row in rows:
            end = row.get("end") or "HEAD"
            order = git(row["folder"], "rev-list", "--no-merges", "--topo-order", end).split()
            for back in options.back:
                # With too little before it a work tree has no history to speak of.
                if back > len(order) * 2 // 3:
                    continue
                base, last = order[back], order[max(0, back - 400)]
                present = set(git(row["folder"], "ls-tree", "-r", "--name-only", base).splitlines())
                found = tasks_of(row, base, present, last)
                random.Random(7).shuffle(found)
                found = found[: options.each]
                if not found:
                    continue
                path = work_tree(row, base, os.path.join(options.dir, row["repo"].replace("/", "__") + f"-{back}"))
                for task in found:
                    task["id"] += f"-{back}"
                    tasks.write(json.dumps(task) + "\n")
                    folders.write(json.dumps({"repo": row["repo"], "id": task["id"], "folder": path}) + "\n")
                print(row["repo"], back, base[:10], len(found), flush=True)


if __name__ == "__main__":
    main()
