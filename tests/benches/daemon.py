#!/usr/bin/env python3
"""What the daemon is worth and what it costs: everything as a ratio of things measured in the same run.

    python3 tests/benches/daemon.py RTK [--sizes 80,5000,30000] [--runs 40] [--static SERVER] [--soak SECONDS] [--json]

RTK is a release build, SERVER the program that `cargo bench --bench static_server --no-run` makes. Repositories of source
files are generated in temporary folders; nothing else is touched.

    hot        `rtk hook` by a running daemon and without one, beside /bin/true, at each size, interleaved; four questions
               about four files take turns, so that no question is the one before
    parallel   1, 10, 50, 200 hook processes at once, on one project and on 50: times, answers, rows of the record
    http       1, 10, 50, 200 clients on POST /v1/hook, on GET /v1/health, and on a server of the same crates that has
               nothing but a fixed answer (SERVER)
    visible    from the return of a write until a slice shows it, beside a launch before which nothing was written
    idle       ten seconds in which nobody asks: wake-ups, bytes read and written, resident set
    soak       edits and launches for so many seconds: resident set, descriptors and threads of the first and last quarter,
               and what the resident set has grown by per hour in the last half
"""
import argparse, atexit, concurrent.futures, http.client, json, os, signal, statistics, subprocess, sys, tempfile, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from launch import generate, payload, run


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def questions(project, count=4):
    """Questions about files spread over the project, in the words of their definitions."""
    files = sorted(os.path.join(at, name) for at, _, names in os.walk(project) for name in names if name.endswith(".py"))
    asked = []
    for number in range(count):
        with open(files[(2 * number + 1) * len(files) // (2 * count)]) as file:
            names = [line[4:line.index("(")] for line in file if line.startswith("def ")]
        one, other = names[0], names[-1].split("_")
        asked.append(f"Calling {one} with an empty {other[0]} returns the wrong {other[1]}")
    return asked


class Daemon:
    def __init__(self, rtk, env):
        self.rtk, self.env = rtk, env
        self.child = subprocess.Popen([rtk, "memory", "serve", "--port", "0", "--idle-secs", "0"], env=env, cwd="/",
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # However this run ends, its daemon does not outlive it.
        atexit.register(self.end)
        while not (self.status().get("process") or {}).get("port"):
            if self.child.poll() is not None:
                raise SystemExit(f"the daemon ended at once with {self.child.returncode}")
            time.sleep(0.02)
        self.port = self.status()["process"]["port"]
        with open(os.path.join(env["RTK_HOME"], "state", "token")) as file:
            self.token = file.read().strip()

    def status(self):
        return json.loads(run([self.rtk, "memory", "serve", "--status", "--json"], "/", self.env)[1] or b"{}")

    def counts(self):
        return self.status()["daemon"]["counts"]

    def until_watched(self, number):
        for _ in range(600):
            projects = self.status()["daemon"]["projects"]
            if sum(project["watched"] for project in projects) >= number:
                return
            time.sleep(0.1)
        raise SystemExit(f"not watched: {projects}")

    def proc(self, name):
        with open(f"/proc/{self.child.pid}/{name}") as file:
            return dict(line.split(":", 1) for line in file if ":" in line)

    def rss_mib(self):
        return int(self.proc("status")["VmRSS"].split()[0]) / 1024

    def switches(self):
        total = 0
        for thread in os.listdir(f"/proc/{self.child.pid}/task"):
            with open(f"/proc/{self.child.pid}/task/{thread}/status") as file:
                total += sum(int(line.split(":")[1]) for line in file if "ctxt_switches" in line)
        return total

    def end(self):
        self.child.terminate()
        self.child.wait()


def hot(rtk, env, sizes, runs, folder):
    projects = {}
    for size in sizes:
        project = os.path.join(folder, f"hot{size}")
        os.makedirs(project)
        generate(project, size)
        projects[size] = (project, questions(project))
        run([rtk, "memory", "refresh"], project, env)
    time.sleep(2.1)
    daemon = Daemon(rtk, env)
    try:
        return asked_in_turn(rtk, env, sizes, runs, projects, daemon), daemon, projects
    except BaseException:
        daemon.end()
        raise


def asked_in_turn(rtk, env, sizes, runs, projects, daemon):
    for size, (project, asked) in projects.items():
        # Of those that the memory is not sure about nothing is said.
        said = [run([rtk, "hook"], project, env, payload(project, f"warm{n}", prompt))[1] for n, prompt in enumerate(asked)]
        projects[size] = (project, [prompt for prompt, out in zip(asked, said) if out])
    daemon.until_watched(len(projects))
    compared = daemon.counts()["compared"]
    alone = dict(env, RTK_DAEMON_ASK="0")
    times = {}
    for number in range(runs):
        jobs = {"true": (["/bin/true"], "/", env, b"")}
        for size, (project, asked) in projects.items():
            prompt = asked[number % len(asked)]
            jobs[f"daemon_{size}"] = ([rtk, "hook"], project, env, payload(project, f"d{number}", prompt))
            jobs[f"alone_{size}"] = ([rtk, "hook"], project, alone, payload(project, f"a{number}", prompt))
        for name, job in jobs.items():
            seconds, out, _ = run(*job)
            times.setdefault(name, []).append(seconds * 1000)
            if name != "true" and not out:
                raise SystemExit(f"{name}: no answer")
    found = {f"hot_{name}_ms": statistics.median(values) for name, values in times.items()}
    medians = [found[f"hot_daemon_{size}_ms"] for size in sizes]
    found["hot daemon, largest / smallest (at most 1.5)"] = max(medians) / min(medians)
    found["hot daemon / (3 x true + 3 ms) (at most 1)"] = medians[-1] / (3 * found["hot_true_ms"] + 3)
    found["questions compared with the disk"] = daemon.counts()["compared"] - compared
    found["hot daemon / alone, largest"] = medians[-1] / found[f"hot_alone_{sizes[-1]}_ms"]
    return found


def parallel(rtk, env, daemon, folder, runs):
    found = {}
    many = []
    for number in range(50):
        project = os.path.join(folder, f"many{number}")
        os.makedirs(project)
        many.append((project, generate(project, 80)))
        run([rtk, "memory", "refresh"], project, env)
    time.sleep(2.1)
    for project, prompt in many:
        run([rtk, "hook"], project, env, payload(project, "warm", prompt))
    daemon.until_watched(50)
    cores = len(os.sched_getaffinity(0))
    for name, projects in (("one", many[:1]), ("fifty", many)):
        single = statistics.median(run([rtk, "hook"], projects[0][0], env, payload(projects[0][0], f"{name}s{n}", projects[0][1]))[0] for n in range(runs)) * 1000
        found[f"parallel_{name}_single_ms"] = single
        for count in (1, 10, 50, 200):
            barrier = threading.Barrier(count)

            def launch(number):
                project, prompt = projects[number % len(projects)]
                given = payload(project, f"{name}-{count}-{number}", prompt)
                barrier.wait()
                return run([rtk, "hook"], project, env, given)

            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                results = list(pool.map(launch, range(count)))
            lost = sum(1 for _, out, _ in results if not out)
            p99 = quantile([seconds * 1000 for seconds, _, _ in results], 0.99)
            found[f"parallel_{name}_{count}_p99_ms"] = p99
            found[f"parallel_{name}_{count} p99 / (single x launches per core) (at most 10)"] = p99 / (single * max(1, count / cores))
            found[f"parallel_{name}_{count}_unanswered"] = lost
            rows = 0
            for file in os.listdir(os.path.join(env["RTK_HOME"], "data", "sessions")):
                with open(os.path.join(env["RTK_HOME"], "data", "sessions", file)) as lines:
                    rows += sum(f'"bench-{name}-{count}-' in line and '"kind":"launch"' in line for line in lines)
            found[f"parallel_{name}_{count}_rows_lost"] = count - rows
    return found


def over_http(daemon, project, prompt, server):
    found = {}
    baseline = server and subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ports = {"static": int(baseline.stdout.readline())} if baseline else {}
    headers = {"Authorization": f"Bearer {daemon.token}", "Content-Type": "application/json"}
    for count in (1, 10, 50, 200):
        rates = {}
        for name, method, path in (("hook", "POST", "/v1/hook"), ("health", "GET", "/v1/health"), ("static", "POST", "/")):
            if name == "static" and not baseline:
                continue
            each = max(2, 400 // count)

            def client(number):
                lost, times = 0, []
                connection = http.client.HTTPConnection("127.0.0.1", ports.get(name, daemon.port), timeout=60)
                for step in range(each):
                    body = payload(project, f"h{name}-{count}-{number}-{step}", prompt) if method == "POST" else None
                    started = time.perf_counter()
                    try:
                        connection.request(method, path, body, headers)
                        answer = connection.getresponse()
                        answer.read()
                        lost += answer.status not in (200, 503)
                    except (OSError, http.client.HTTPException):
                        lost += 1
                        connection.close()
                    times.append(time.perf_counter() - started)
                connection.close()
                return lost, times

            started = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                results = list(pool.map(client, range(count)))
            rates[name] = count * each / (time.perf_counter() - started)
            found[f"http_{name}_{count}_lost"] = sum(lost for lost, _ in results)
            found[f"http_{name}_{count}_per_s"] = rates[name]
        for name in ("health", "static"):
            if name in rates:
                found[f"http_{count} hook / {name}"] = rates["hook"] / rates[name]
    if baseline:
        baseline.stdin.close()
        baseline.wait()
    return found


def visible(rtk, env, daemon, project):
    times, without = [], []
    for number in range(20):
        prompt = f"where is surely_fresh_marker_{number}"
        without.append(run([rtk, "hook"], project, env, payload(project, f"w{number}", prompt))[0] * 1000)
        path = os.path.join(project, f"fresh_{number}.py")
        with open(path, "w") as file:
            file.write(f"def surely_fresh_marker_{number}():\n    return {number}\n")
        started = time.perf_counter()
        out = run([rtk, "hook"], project, env, payload(project, f"v{number}", prompt))[1]
        times.append((time.perf_counter() - started) * 1000)
        if f"fresh_{number}.py".encode() not in out:
            raise SystemExit(f"edit {number} is not visible in the very next slice")
    return {"visible_in_the_next_launch_ms": statistics.median(times),
            "visible, beyond a launch without a write (at most 50)": statistics.median(times) - statistics.median(without)}


def idle(daemon):
    time.sleep(3)
    before, io = daemon.switches(), daemon.proc("io")
    time.sleep(10)
    after, io_after = daemon.switches(), daemon.proc("io")
    moved = sum(int(io_after[key]) - int(io[key]) for key in ("syscr", "syscw", "read_bytes", "write_bytes"))
    return {"idle_wakeups_in_10_s": after - before, "idle_reads_and_writes": moved, "idle_rss_mib": daemon.rss_mib(),
            "idle_rss_anonymous_mib": int(daemon.proc("status")["RssAnon"].split()[0]) / 1024}


def soak(rtk, env, daemon, project, prompt, seconds):
    def state():
        return time.monotonic() - started, daemon.rss_mib(), len(os.listdir(f"/proc/{daemon.child.pid}/fd")), len(os.listdir(f"/proc/{daemon.child.pid}/task"))

    started, number, samples = time.monotonic(), 0, []
    while time.monotonic() - started < seconds:
        number += 1
        with open(os.path.join(project, f"soaked_{number % 50}.py"), "w") as file:
            file.write(f"def soaked_{number}():\n    return {number}\n" * (number % 7 + 1))
        if not run([rtk, "hook"], project, env, payload(project, f"k{number}", prompt))[1]:
            raise SystemExit("a launch without an answer")
        if number % 50 == 0:
            samples.append(state())
    quarter = len(samples) // 4 or 1
    late = samples[len(samples) // 2:]
    times, sizes = [s[0] for s in late], [s[1] for s in late]
    slope = statistics.linear_regression(times, sizes).slope * 3600 if len(set(times)) > 1 else 0.0
    for _ in range(300):
        # A helper that puts the database in order may be at it.
        children = subprocess.run(["ps", "--ppid", str(daemon.child.pid), "-o", "pid="], capture_output=True, text=True).stdout.split()
        if not children:
            break
        time.sleep(0.1)
    return {"soak_launches": number, "soak_rss_first_quarter_mib": statistics.mean(s[1] for s in samples[:quarter]),
            "soak_rss_last_quarter_mib": statistics.mean(s[1] for s in samples[-quarter:]),
            "soak_rss_growth_of_the_last_half_mib_per_hour": slope,
            "soak_descriptors_at_most": f"{max(s[2] for s in samples[:quarter])} -> {max(s[2] for s in samples[-quarter:])}",
            "soak_threads_at_most": f"{max(s[3] for s in samples[:quarter])} -> {max(s[3] for s in samples[-quarter:])}",
            "soak_children_left": len(children)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtk")
    parser.add_argument("--sizes", default="80,5000,30000")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--static", default="", help="the program of the bench static_server")
    parser.add_argument("--only", default="", help="comma-separated: parallel,http,visible,idle")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # What is to be done at the end is done on this signal, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rtk = os.path.abspath(arguments.rtk)
    sizes = [int(size) for size in arguments.sizes.split(",")]
    wanted = arguments.only.split(",") if arguments.only else ["idle", "visible", "http", "parallel"]
    with tempfile.TemporaryDirectory(prefix="rtk-bench-") as folder:
        env = {"HOME": os.path.join(folder, "home"), "RTK_HOME": os.path.join(folder, "rtk"), "PATH": os.environ["PATH"],
               "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "RTK_HOOK_DEADLINE_MS": "60000"}
        os.makedirs(env["HOME"])
        found, daemon, projects = hot(rtk, env, sizes, arguments.runs, folder)
        project, (prompt, *_) = projects[sizes[-1]]
        try:
            if "idle" in wanted:
                found.update(idle(daemon))
            if "visible" in wanted:
                found.update(visible(rtk, env, daemon, project))
            if "http" in wanted:
                found.update(over_http(daemon, projects[sizes[0]][0], projects[sizes[0]][1][0], arguments.static))
            if "parallel" in wanted:
                found.update(parallel(rtk, env, daemon, folder, arguments.runs))
            if arguments.soak:
                found.update(soak(rtk, env, daemon, project, prompt, arguments.soak))
        finally:
            daemon.end()
    if arguments.json:
        json.dump(found, sys.stdout, indent=1)
        print()
        return
    for name, value in found.items():
        print(f"{name:75} {value if isinstance(value, str) else format(value, '10.2f')}")


if __name__ == "__main__":
    main()
