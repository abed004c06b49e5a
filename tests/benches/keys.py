#!/usr/bin/env python3
"""What `rtk write set` costs, beside a minimal program with the same durability and beside what people use today.

    python3 tests/benches/keys.py --install-peers DIR
    python3 tests/benches/keys.py RTK [--runs 15] [--sizes 2,128,8192] [--peers DIR] [--json|--markdown]

RTK is the program to measure, such as target/release/rtk. One existing key is set in generated JSON, JSONC and TOML files
of the given sizes in KB. The minimal program is C: read the file, change one byte, write a temporary file beside it, fsync,
rename, fsync the folder. Peers are used if they are there: jq, and tomlq of the yq that Debian packages, which drop
comments, and in DIR those that keep them: node's jsonc-parser and comment-json, tomlkit and both programs named toml-cli.
`--install-peers` gets these by npm, pip in a virtual environment, and cargo; what cannot be had is told and left out.
(taplo's program reads and formats, but sets nothing; yq and dasel in Go are in none of these.) None of the peers
syncs and some only print; they are given that advantage. Runs are interleaved; of a large file a peer gets three runs, or
one if that takes seconds. Medians of wall time, user+sys time and the largest resident set are told, since machines are
noisy.
"""
import argparse, json, os, shutil, statistics, subprocess, tempfile

# Peers run so often on a large file, and not again after a run of so many ms.
SLOW_RUNS = 3
SLOW_MS = 5000

MINIMAL = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char temp[4096], *folder = argv[2];
    struct stat is;
    int in = open(argv[1], O_RDONLY);
    if (argc < 3 || in < 0 || fstat(in, &is)) return 1;
    char *bytes = malloc(is.st_size);
    for (off_t at = 0; at < is.st_size;) {
        ssize_t got = read(in, bytes + at, is.st_size - at);
        if (got <= 0) return 2;
        at += got;
    }
    for (off_t at = is.st_size / 2; at < is.st_size; at++)
        if (bytes[at] >= '1' && bytes[at] <= '8') { bytes[at]++; break; }
    snprintf(temp, sizeof temp, "%s.tmp", argv[1]);
    int out = open(temp, O_WRONLY | O_CREAT | O_EXCL, is.st_mode & 07777);
    for (off_t at = 0; at < is.st_size;) {
        ssize_t put = write(out, bytes + at, is.st_size - at);
        if (put <= 0) return 3;
        at += put;
    }
    if (fsync(out) || close(out) || rename(temp, argv[1])) return 4;
    int dir = open(folder, O_RDONLY | O_DIRECTORY);
    return fsync(dir) ? 5 : 0;
}
"""

# Starts a program and tells microseconds of wall and processor time and the largest resident set in KiB. A program that
# Python starts would be told to be as large as Python is.
LAUNCHER = r"""
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    struct timespec start, end;
    struct rusage used;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = argc > 2 ? fork() : -1;
    if (child < 0) return 1;
    if (child == 0) { execvp(argv[2], argv + 2); _exit(127); }
    if (wait4(child, &status, 0, &used) != child) return 2;
    clock_gettime(CLOCK_MONOTONIC, &end);
    FILE *out = fopen(argv[1], "w");
    if (!out) return 3;
    fprintf(out, "%ld %ld %ld %d\n", (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000,
            (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec,
            used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return fclose(out) ? 4 : 0;
}
"""


def json_text(size, comments):
    """Objects as in a lock file or a package list; JSONC has a comment in each."""
    out, length, number = ["{\n"], 2, 0
    while length < size:
        note = "    // checked by hand\n" if comments else ""
        item = (f'  "package-{number}": {{\n{note}    "version": "1.{number % 97}.{number % 13}",\n    "resolved": "https://host.example/p/{number}.tgz",\n'
                f'    "size": {number * 37 % 90000},\n    "dev": {"true" if number % 3 else "false"},\n    "tags": ["a{number % 7}", "b", 3.5]\n  }},\n')
        out.append(item)
        length += len(item)
        number += 1
    tail = "\n}\n"
    out[-1] = out[-1].rstrip(",\n") + tail
    return "".join(out), f"package-{number // 2}.size"


def toml_text(size):
    out, length, number = ["# generated\n"], 12, 0
    while length < size:
        item = (f'[package-{number}]\nversion = "1.{number % 97}.{number % 13}" # pinned\nresolved = "https://host.example/p/{number}.tgz"\n'
                f'size = {number * 37 % 90000}\ndev = {"true" if number % 3 else "false"}\ntags = ["a{number % 7}", "b", "c"]\n\n')
        out.append(item)
        length += len(item)
        number += 1
    return "".join(out), f"package-{number // 2}.size"


def run(launcher, command, environment):
    """Wall time, user+sys time in ms, largest resident set in MiB."""
    told = launcher + ".told"
    done = subprocess.run([launcher, told, *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with open(told) as file:
        wall, cpu, memory, status = (int(word) for word in file.read().split())
    if done.returncode or status:
        raise SystemExit(f"{command}: {status} {done.stderr.decode()[:300]}")
    return wall / 1000, cpu / 1000, memory / 1024


def install_peers(folder):
    """Gets the peers that keep comments, each by the package manager that its users have."""
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    for command in (
        ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "jsonc-parser", "comment-json"],
        ["python3", "-m", "venv", os.path.join(folder, "v")],
        [os.path.join(folder, "v/bin/python"), "-m", "pip", "install", "--quiet", "tomlkit", "toml-cli"],
        ["cargo", "install", "--quiet", "--locked", "--root", folder, "toml-cli"],
    ):
        try:
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: {' '.join(command)}: {error}")


COMMENT_JSON = """const j=require(process.argv[1]+'/node_modules/comment-json'),fs=require('fs');const f=process.argv[2];
const v=j.parse(fs.readFileSync(f,'utf8'));const [a,b]=process.argv[3].split('.');v[a][b]=+process.argv[4];fs.writeFileSync(f,j.stringify(v,null,2)+'\\n');"""
NODE = """const j=require(process.argv[1]+'/node_modules/jsonc-parser'),fs=require('fs');const f=process.argv[2];let t=fs.readFileSync(f,'utf8');
const e=j.modify(t,process.argv[3].split('.'),+process.argv[4],{formattingOptions:{insertSpaces:true,tabSize:2}});fs.writeFileSync(f,j.applyEdits(t,e));"""
TOMLKIT = "import sys,tomlkit\nf,k,v=sys.argv[1:4]\na,b=k.split('.')\nd=tomlkit.parse(open(f).read());d[a][b]=int(v);open(f,'w').write(tomlkit.dumps(d))"


def programs(options, kind, key, folder, minimal):
    """Name and command of each program for a file and a value."""
    first, second = key.split(".")
    found = [
        ("minimal", lambda f, v: [minimal, f, folder]),
        ("rtk", lambda f, v: [options.rtk, "write", "set", f, key, str(v)]),
        ("rtk --fast", lambda f, v: [options.rtk, "write", "set", f, key, str(v), "--fast"]),
    ]
    if kind == "json" and shutil.which("jq"):
        found.append(("jq (no comments, to stdout)", lambda f, v: ["jq", f'.["{first}"].{second} = {v}', f]))
    if kind == "toml" and shutil.which("tomlq"):
        found.append(("tomlq (no comments, to stdout)", lambda f, v: ["tomlq", "-t", f'.["{first}"].{second} = {v}', f]))
    if options.peers and kind in ("json", "jsonc") and shutil.which("node"):
        has = lambda name: os.path.isdir(os.path.join(options.peers, "node_modules", name))
        if has("jsonc-parser"):
            found.append(("jsonc-parser", lambda f, v: ["node", "-e", NODE, options.peers, f, key, str(v)]))
        if has("comment-json"):
            found.append(("comment-json", lambda f, v: ["node", "-e", COMMENT_JSON, options.peers, f, key, str(v)]))
    if options.peers and kind == "toml":
        python = os.path.join(options.peers, "v/bin/python")
        tool = os.path.join(options.peers, "v/bin/toml")
        if os.path.exists(python):
            found.append(("tomlkit", lambda f, v: [python, "-c", TOMLKIT, f, key, str(v)]))
        if os.path.exists(tool):
            found.append(("toml-cli (Python)", lambda f, v: [tool, "set", "--toml-path", f, key, str(v)]))
        rust = os.path.join(options.peers, "bin/toml")
        if os.path.exists(rust):
            found.append(("toml-cli (Rust, to stdout)", lambda f, v: [rust, "set", f, key, str(v)]))
            replaces = '"$1" set "$2" "$3" "$4" > "$2.new" && mv "$2.new" "$2"'
            found.append(("toml-cli (Rust, > and mv)", lambda f, v: ["sh", "-c", replaces, "sh", rust, f, key, str(v)]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtk", nargs="?")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sizes", default="2,128,8192")
    parser.add_argument("--peers", metavar="DIR")
    parser.add_argument("--install-peers", metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/benchmarks.md")
    options = parser.parse_args()
    if options.install_peers:
        return install_peers(options.install_peers)
    if not options.rtk:
        parser.error("name the program to measure")
    options.rtk = os.path.abspath(options.rtk)
    options.peers = options.peers and os.path.abspath(options.peers)
    results = []
    with tempfile.TemporaryDirectory(prefix="rtk-bench-") as folder:
        source, minimal = os.path.join(folder, "minimal.c"), os.path.join(folder, "minimal")
        with open(source, "w") as file:
            file.write(MINIMAL)
        subprocess.run(["cc", "-O2", "-o", minimal, source], check=True)
        launcher = os.path.join(folder, "launcher")
        with open(launcher + ".c", "w") as file:
            file.write(LAUNCHER)
        subprocess.run(["cc", "-O2", "-o", launcher, launcher + ".c"], check=True)
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "RTK_HOME": os.path.join(folder, "rtk")}
        work = os.path.join(folder, "work")
        os.mkdir(work)
        for size in [int(size) for size in options.sizes.split(",")]:
            for kind in ("json", "jsonc", "toml"):
                text, key = toml_text(size * 1024) if kind == "toml" else json_text(size * 1024, kind == "jsonc")
                candidates = programs(options, kind, key, work, minimal)
                samples = {name: [] for name, _ in candidates}
                for turn in range(options.runs):
                    for name, command in candidates:
                        slow = size >= 1024 and name not in ("minimal", "rtk", "rtk --fast")
                        if slow and (turn >= SLOW_RUNS or any(wall > SLOW_MS for wall, _, _ in samples[name])):
                            continue
                        path = os.path.join(work, f"file.{kind}")
                        with open(path, "w") as file:
                            file.write(text)
                            file.flush()
                            os.fsync(file.fileno())
                        samples[name].append(run(launcher, command(path, 100000 + turn), environment))
                for name, _ in candidates:
                    wall, cpu, memory = (statistics.median(values) for values in zip(*samples[name]))
                    results.append({"kb": size, "format": kind, "program": name, "wall_ms": round(wall, 2), "cpu_ms": round(cpu, 2), "mib": round(memory, 1)})
    if options.json:
        print(json.dumps(results, indent=1))
    elif options.markdown:
        print(markdown(results))
    else:
        print(plain(results))


def minimal_of(results, row):
    return next(one for one in results if (one["kb"], one["format"], one["program"]) == (row["kb"], row["format"], "minimal"))


def plain(results):
    lines = [f"{'KB':>5} {'format':<6} {'program':<28} {'wall ms':>9} {'cpu ms':>9} {'MiB':>7}  of minimal"]
    for row in results:
        ratio = row["wall_ms"] / minimal_of(results, row)["wall_ms"]
        lines.append(f"{row['kb']:>5} {row['format']:<6} {row['program']:<28} {row['wall_ms']:>9} {row['cpu_ms']:>9} {row['mib']:>7}  {ratio:.2f}")
    return "\n".join(lines)


def markdown(results):
    """One line for each file: the minimal program, rtk, and the others from the fastest on."""
    lines = ["| | minimal program, ms | `rtk write set`, ms | ratio | MiB | others, ms |", "|---|--:|--:|--:|--:|---|"]
    for row in (row for row in results if row["program"] == "rtk"):
        same = [one for one in results if (one["kb"], one["format"]) == (row["kb"], row["format"])]
        others = sorted((one for one in same if one["program"] not in ("minimal", "rtk", "rtk --fast")), key=lambda one: one["wall_ms"])
        told = ", ".join(f"{one['program']} {one['wall_ms']:.0f}" for one in others)
        least = minimal_of(results, row)["wall_ms"]
        size = f"{row['kb'] // 1024} MB" if row["kb"] >= 1024 else f"{row['kb']} KB"
        lines.append(f"| {size} {row['format'].upper()} | {least:.2f} | {row['wall_ms']:.2f} | {row['wall_ms'] / least:.2f} | {row['mib']} | {told} |")
    return "\n".join(lines)


main()
