#!/usr/bin/env python3
"""How time, memory and disk grow with the number of files: one table, and a plot whose axes are both logarithmic.

    python3 tests/benches/scale.py RTK [--sizes 1000,5000,30000,100000] [--runs 9] [--cpu] [--json] [--svg FILE]

RTK is the program to measure, such as target/release/rtk. For each size a repository of small generated source files
(about 1.5 KB each) is made in a temporary folder. Medians of interleaved runs; the machine may be busy, so that ratios to
what runs beside it say more than milliseconds; with --cpu the processor time of each run is told in place of the time
that passed (load, rank and stat are always of the time that passed).

    git        `git status` on the same tree, beside the hot runs
    hook       `rtk hook`, index there, nothing changed; plan: `rtk memory plan --json`
    stat       comparing every file with the disk, of plan's own timings: from reading the index to being sure
    load       reading the index; rank: from there to the ranked files, while another thread compares
    edited     `rtk hook` after one file was edited
    cold       `rtk memory refresh --rebuild`, one thread, beside `rg -j1 --count-matches .`
    switch     `rtk memory refresh`, one thread, after a branch switch that touches a thirtieth of the files
    database   bytes of the index, as a share of the bytes of the sources
    peak       largest resident set of the hot hook, in MiB; of the cold index: cold peak
"""
import argparse, json, math, os, statistics, subprocess, sys, tempfile, time

import launch

TOUCHED = 30


def tree(folder, count):
    """A repository of `count` small files with a branch `other` that changes every thirtieth; its question and bytes."""
    random_ = launch.random.Random(11)
    words = launch.vocabulary(random_)
    names, total, question = [], 0, ""
    for number in range(count):
        directory = os.path.join(folder, words[0][number // 625 % 1000], f"p{number // 25}")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, f"{'_'.join(launch.pick(random_, words, 2))}_{number}.py")
        text = small(random_, words, number)
        with open(path, "w") as file:
            total += file.write(text)
        names.append(path)
        if number == count // 2:
            defined = [line[4:line.index("(")] for line in text.splitlines() if line.startswith("def ")]
            # The words are few, so that in a large tree a name alone tells nothing and the memory rightly keeps silent.
            question = (f"Calling {defined[0]} of {os.path.basename(path)} with an empty "
                        f"{defined[-1].split('_')[0]} returns the wrong value")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "switch", "-q", "-c", "other")
    for path in names[::TOUCHED]:
        with open(path, "a") as file:
            file.write(f"\n\ndef other_{len(path)}():\n    return None\n")
    git(folder, "commit", "-q", "-a", "-m", "other")
    git(folder, "switch", "-q", "main")
    return question, total, names


def small(random_, words, number):
    lines = [f'"""Handles {" ".join(launch.pick(random_, words, 4))} of part {number}."""', ""]
    for _ in range(random_.randint(2, 4)):
        verb, noun, other = launch.pick(random_, words, 3)
        lines += [f"def {verb}_{noun}({other}, limit=None):", f'    """Returns the {noun} of the {other}."""']
        for _ in range(random_.randint(4, 9)):
            a, b, c = launch.pick(random_, words, 3)
            lines.append(f"    {a}_{b} = self.{c}({other}, {random_.randint(0, 999)})")
        lines += [f"    return {noun}", ""]
    return "\n".join(lines) + "\n"


def git(folder, *arguments):
    settings = ["-c", "user.name=b", "-c", "user.email=b@b", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", folder, *settings, *arguments], check=True)


def database_bytes(home):
    found = 0
    for folder, _, files in os.walk(os.path.join(home, ".local/share/rtk/projects")):
        found += sum(os.path.getsize(os.path.join(folder, name)) for name in files if name.startswith("memory.db"))
    return found


def measure(rtk, count, runs, folder):
    home, project = os.path.join(folder, "home"), os.path.join(folder, "project")
    os.makedirs(home)
    os.makedirs(project)
    env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
    question, source_bytes, names = tree(project, count)
    few = max(3, runs // 3)
    refresh = [rtk, "memory", "refresh", "--threads", "1"]
    peaks, splits = {"hook": [], "cold": []}, []

    def cold(_):
        seconds, _, mib = launch.run(refresh + ["--rebuild"], project, env)
        peaks["cold"].append(mib)
        return seconds

    found = launch.interleaved(
        {"cold_ms": cold, "rg_ms": lambda _: launch.run(["rg", "-j1", "--count-matches", ".", "./"], project, env)[0]}, few)
    found["database_share"] = database_bytes(home) / source_bytes

    def switched(number):
        git(project, "switch", "-q", ["other", "main"][number % 2])
        time.sleep(0.1)
        return launch.run(refresh, project, env)[0]

    # An even number of switches ends where it began.
    found.update(launch.interleaved({"switch_ms": switched}, few + few % 2))
    time.sleep(2.1)
    launch.run(refresh, project, env)

    def hook(number):
        seconds, out, mib = launch.run([rtk, "hook"], project, env, launch.payload(project, number, question))
        assert out, "the hook had nothing to say"
        peaks["hook"].append(mib)
        return seconds

    def plan(_):
        seconds, out, _ = launch.run([rtk, "memory", "plan", "--json", "--", question], project, env)
        at = dict(json.loads(out)["facts"]["timings_us"])
        splits.append((at["read"] - at["start"], at["neighbours"] - at["read"], at["fresh"] - at["read"]))
        return seconds

    def edited(number):
        with open(names[0], "a") as file:
            file.write(f"# {number}\n")
        return launch.run([rtk, "hook"], project, env, launch.payload(project, f"e{number}", question))[0]

    status = lambda _: launch.run(["git", "status"], project, env)[0]
    hot = launch.interleaved({"hook_ms": hook, "plan_ms": plan, "git_ms": status}, runs)
    found.update(hot)
    found.update(launch.interleaved({"edited_ms": edited}, runs))
    load, rank, stat = (statistics.median(values) / 1000 for values in zip(*splits[2:]))
    found.update({"files": count, "source_mb": source_bytes / 1e6, "load_ms": load, "rank_ms": rank, "stat_ms": stat,
                  "peak_mib": max(peaks["hook"]), "cold_peak_mib": max(peaks["cold"])})
    return found


COLUMNS = [
    ("files", lambda f: f"{f['files']:,}"),
    ("hook / git", lambda f: f"{f['hook_ms'] / f['git_ms']:.2f}"),
    ("plan / git", lambda f: f"{f['plan_ms'] / f['git_ms']:.2f}"),
    ("git ms", lambda f: f"{f['git_ms']:.1f}"),
    ("hook ms", lambda f: f"{f['hook_ms']:.1f}"),
    ("load ms", lambda f: f"{f['load_ms']:.1f}"),
    ("rank ms", lambda f: f"{f['rank_ms']:.1f}"),
    ("stat ms", lambda f: f"{f['stat_ms']:.1f}"),
    ("edited / hook", lambda f: f"{f['edited_ms'] / f['hook_ms']:.2f}"),
    ("cold s", lambda f: f"{f['cold_ms'] / 1000:.2f}"),
    ("cold / rg", lambda f: f"{f['cold_ms'] / f['rg_ms']:.2f}"),
    ("switch / cold", lambda f: f"{f['switch_ms'] / f['cold_ms']:.2f}"),
    ("database / source", lambda f: f"{f['database_share']:.2f}"),
    ("peak MiB", lambda f: f"{f['peak_mib']:.0f}"),
    ("cold peak MiB", lambda f: f"{f['cold_peak_mib']:.0f}"),
]
CURVES = [("git_ms", "git status, ms", "#888888"), ("hook_ms", "hot hook, ms", "#1f6feb"),
          ("rank_ms", "ranking, ms", "#bf8700"), ("cold_ms", "cold index, ms", "#cf222e"),
          ("peak_mib", "peak of the hook, MiB", "#1a7f37")]


def svg(rows):
    """A plot whose axes are both logarithmic: what grows in proportion is a line of slope one."""
    width, height, left, bottom = 640, 400, 60, 40
    xs = [math.log10(row["files"]) for row in rows]
    values = [row[key] for row in rows for key, _, _ in CURVES]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    span = (max(xs) - min(xs)) or 1
    x = lambda files: left + (math.log10(files) - min(xs)) / span * (width - left - 190)
    y = lambda value: height - bottom - (math.log10(value) - low) / (high - low) * (height - bottom - 20)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for decade in range(low, high + 1):
        at = y(10 ** decade)
        out.append(f'<line x1="{left}" y1="{at:.1f}" x2="{width - 190}" y2="{at:.1f}" stroke="#dddddd"/>')
        out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10 ** decade:g}</text>')
    for row in rows:
        out.append(f'<text x="{x(row["files"]):.1f}" y="{height - bottom + 18}" text-anchor="middle">{row["files"]:,}</text>')
    for key, name, colour in CURVES:
        points = " ".join(f'{x(row["files"]):.1f},{y(row[key]):.1f}' for row in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        last = rows[-1]
        out.append(f'<text x="{x(last["files"]) + 8:.1f}" y="{y(last[key]) + 4:.1f}" fill="{colour}">{name}</text>')
    out.append(f'<text x="{(width - 130) / 2}" y="{height - 6}" text-anchor="middle">files</text></svg>')
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtk")
    parser.add_argument("--sizes", default="1000,5000,30000,100000")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--svg")
    arguments = parser.parse_args()
    launch.by_cpu = arguments.cpu
    rtk = os.path.abspath(arguments.rtk)
    rows = []
    for count in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="rtk-scale-") as folder:
            rows.append(measure(rtk, count, arguments.runs, folder))
            print(f"{count} files done", file=sys.stderr)
    if arguments.svg:
        with open(arguments.svg, "w") as file:
            file.write(svg(rows))
    if arguments.json:
        json.dump(rows, sys.stdout, indent=1)
        print()
        return
    print("| " + " | ".join(name for name, _ in COLUMNS) + " |")
    print("|" + "--:|" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(show(row) for _, show in COLUMNS) + " |")


if __name__ == "__main__":
    main()
