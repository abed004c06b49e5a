#!/usr/bin/env python3
"""What one subagent launch costs: `rtk hook` as a whole process, beside programs that any reader can run.

    python3 tests/benches/launch.py RTK [--project DIR] [--runs 30] [--files 5000] [--large 100000] [--cpu] [--json]

RTK is the program to measure, such as target/release/rtk. Without --project a repository of --files source files is
generated. Everything happens in temporary folders; medians of interleaved runs are told, since machines are noisy.
With --cpu the processor time of each run (user and system, of all its threads) is told in place of the time that passed:
on a machine with other work to do, the latter says how long the process had to wait for its turn.

    hot        index there, nothing changed: `rtk hook`, beside `git status` on the same tree
    changed    one source file edited before each run
    cold       `rtk memory refresh --rebuild --threads 1`, beside `rg -j1 --count-matches .` over the same files
    first      first launch ever in a tree of --large files (0 leaves it out): time and whether a later launch is complete
    memory     largest resident set of the hot hook, in MiB (from wait4)
"""
import argparse, json, os, random, shutil, statistics, subprocess, sys, tempfile, time

SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu bra cle dri flo gru".split()


def vocabulary(random_, size=4000):
    """Made-up words, and weights as in natural text: the word of rank r is 1/r as frequent as the first (Zipf)."""
    words = set()
    while len(words) < size:
        words.add("".join(random_.choices(SYLLABLES, k=random_.randint(2, 4))))
    words = sorted(words)
    random_.shuffle(words)
    total, weights = 0.0, []
    for rank in range(1, size + 1):
        total += 1 / rank
        weights.append(total)
    return words, weights


def pick(random_, words, count):
    return random_.choices(words[0], cum_weights=words[1], k=count)


def source(random_, words, number):
    """One generated module of 60 to 200 lines."""
    lines = [f'"""Handles {" ".join(pick(random_, words, 5))} of part {number}."""', "import os", ""]
    for _ in range(random_.randint(4, 12)):
        verb, noun, other = pick(random_, words, 3)
        lines += [f"def {verb}_{noun}({other}, limit=None):",
                  f'    """Returns the {noun} of the {other}, or raises when the {verb} is missing."""']
        for _ in range(random_.randint(6, 14)):
            a, b, c = pick(random_, words, 3)
            lines.append(f"    {a}_{b} = self.{c}({other}, {random_.randint(0, 999)})  # keeps the {a}")
        lines += [f"    return {noun}", ""]
    return "\n".join(lines) + "\n"


def generate(folder, count, small=False):
    """A git repository of `count` files in folders of 25; returns a question about one of them."""
    random_ = random.Random(7)
    words = vocabulary(random_)
    about = ""
    for number in range(count):
        directory = os.path.join(folder, words[0][number // 625], f"p{number // 25}")
        os.makedirs(directory, exist_ok=True)
        name = "_".join(pick(random_, words, 2))
        text = f"def {name}_{number}():\n    return {number}\n" if small else source(random_, words, number)
        with open(os.path.join(directory, f"{name}_{number}.py"), "w") as file:
            file.write(text)
        if number == count // 2:
            names = [line[4:line.index("(")] for line in text.splitlines() if line.startswith("def ")]
            about = f"Calling {names[0]} with an empty {names[-1].split('_')[0]} returns the wrong {names[-1].split('_')[1]}"
    git = ["git", "-C", folder, "-c", "user.name=b", "-c", "user.email=b@b", "-c", "gc.auto=0"]
    subprocess.run(git + ["init", "-q"], check=True)
    subprocess.run(git + ["add", "-A"], check=True)
    subprocess.run(git + ["commit", "-q", "-m", "first"], check=True)
    return about


# Whether `run` tells processor time.
by_cpu = False


def run(command, cwd, env, stdin=b""):
    """Runs to the end; returns seconds (see `by_cpu`), stdout, largest resident set in MiB."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(stdin)
        given.seek(0)
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=cwd, env=env, stdin=given, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = usage.ru_utime + usage.ru_stime if by_cpu else time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return seconds, out.read(), usage.ru_maxrss / 1024


def payload(project, number, prompt):
    return json.dumps({"session_id": f"bench-{number}", "transcript_path": "/nowhere", "cwd": project, "prompt_id": f"p{number}",
                       "permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": "Agent",
                       "tool_input": {"description": "bench", "prompt": prompt, "subagent_type": "general-purpose"},
                       "tool_use_id": f"toolu_{number}"}).encode()


def question(project):
    """The subject of the newest commit that says something."""
    log = subprocess.run(["git", "-C", project, "log", "-50", "--no-merges", "--format=%s"], capture_output=True, text=True)
    long = [line for line in log.stdout.splitlines() if len(line.split()) > 5]
    return long[0] if long else "Where is the entry point?"


def interleaved(jobs, runs):
    """Runs the jobs in turn, so that a noisy minute hits them alike; returns medians in milliseconds."""
    times = {name: [] for name in jobs}
    for number in range(runs + 2):
        for name, job in jobs.items():
            seconds = job(number)
            if number >= 2:
                times[name].append(seconds * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def measure(rtk, project, prompt, runs, env):
    run([rtk, "memory", "refresh"], project, env)
    time.sleep(2.1)  # files as young as this are read again by every launch
    run([rtk, "hook"], project, env, payload(project, "warm", prompt))
    peak, replies = [], []

    def hook(number):
        seconds, out, mib = run([rtk, "hook"], project, env, payload(project, number, prompt))
        peak.append(mib)
        replies.append(len(out))
        return seconds

    jobs = {"hook_hot_ms": hook,
            "git_status_ms": lambda _: run(["git", "status"], project, env)[0],
            "true_ms": lambda _: run(["/bin/true"], project, env)[0]}
    found = interleaved(jobs, runs)
    tracked = subprocess.run(["git", "-C", project, "ls-files", "-z"], capture_output=True).stdout.split(b"\0")
    victim = next(name for name in tracked if name.endswith((b".py", b".rs", b".ts", b".go", b".java", b".c", b".rb")))
    victim = os.path.join(os.fsencode(project), victim)
    original = open(victim, "rb").read()

    def changed(number):
        with open(victim, "wb") as file:
            file.write(original + b"\n# bench %d\n" % number)
        return run([rtk, "hook"], project, env, payload(project, f"c{number}", prompt))[0]

    found.update(interleaved({"hook_changed_ms": changed}, runs))
    with open(victim, "wb") as file:
        file.write(original)
    cold = {"cold_index_ms": lambda _: run([rtk, "memory", "refresh", "--rebuild", "--threads", "1"], project, env)[0]}
    if shutil.which("rg"):
        cold["rg_count_ms"] = lambda _: run(["rg", "-j1", "--count-matches", ".", "./"], project, env)[0]
    found.update(interleaved(cold, max(3, runs // 10)))
    found["hook_peak_mib"] = max(peak)
    found["reply_bytes"] = statistics.median(replies)
    found["files"] = len(tracked) - 1
    return found


def first_launch(rtk, count, folder, env):
    project = os.path.join(folder, "large")
    os.makedirs(project)
    prompt = generate(project, count, small=True)
    seconds, out, _ = run([rtk, "hook"], project, env, payload(project, "first", prompt))
    found = {"large_files": count, "first_launch_ms": seconds * 1000, "first_reply_bytes": len(out)}
    started = time.perf_counter()
    while time.perf_counter() - started < 300:
        status = json.loads(run([rtk, "memory", "status", "--json"], project, env)[1])
        if status["files_known"] >= count and status["files_indexed"] == status["files_known"]:
            break
        time.sleep(0.5)
    found["complete_after_s"] = time.perf_counter() - started
    times = [run([rtk, "hook"], project, env, payload(project, f"l{n}", prompt))[0] for n in range(7)]
    status = [run(["git", "status"], project, env)[0] for _ in range(7)]
    found["large_hot_ms"] = statistics.median(times) * 1000
    found["large_git_status_ms"] = statistics.median(status) * 1000
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtk")
    parser.add_argument("--project")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--large", type=int, default=100000)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    global by_cpu
    by_cpu = arguments.cpu
    rtk = os.path.abspath(arguments.rtk)
    with tempfile.TemporaryDirectory(prefix="rtk-bench-") as folder:
        home = os.path.join(folder, "home")
        os.makedirs(home)
        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
        project = arguments.project and os.path.abspath(arguments.project)
        prompt = question(project) if project else ""
        if not project:
            project = os.path.join(folder, "project")
            os.makedirs(project)
            prompt = generate(project, arguments.files)
        found = measure(rtk, project, prompt, arguments.runs, env)
        if arguments.large:
            found.update(first_launch(rtk, arguments.large, folder, env))
    found["hook_hot / git_status (at most 1, aim .25)"] = found["hook_hot_ms"] / found["git_status_ms"]
    found["hook_changed / hook_hot (at most 1.5)"] = found["hook_changed_ms"] / found["hook_hot_ms"]
    if "rg_count_ms" in found:
        found["cold_index / rg_count (at most 4)"] = found["cold_index_ms"] / found["rg_count_ms"]
    if arguments.json:
        json.dump(found, sys.stdout, indent=1)
        print()
        return
    for name, value in found.items():
        print(f"{name:45} {value:10.2f}")


if __name__ == "__main__":
    main()
