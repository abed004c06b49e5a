#!/usr/bin/env python3
"""Many writers at once and many files at once: what is kept, and how long it takes.

    python3 tests/benches/parallel.py RTK [--folder DIR] [--writers 200] [--runs 5]

RTK is the program to measure, such as target/release/rtk; DIR lies on the disk that counts (default: the folder for
temporary files). All of it is durable. First so many processes each set another key of one file, then so many create one
path, then 100 files in 10 folders are edited by one process each and by one batch, in turns.
"""
import argparse, json, os, statistics, subprocess, tempfile, time


def together(rtk, environment, commands, inputs):
    """Exit codes of commands that run at once, and the seconds until the last has ended."""
    start = time.perf_counter()
    children = [subprocess.Popen([rtk, *command], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
    for child, text in zip(children, inputs):
        child.stdin.write(text)
        child.stdin.close()
    return [child.wait() for child in children], time.perf_counter() - start


def hundred_files(folder):
    root = tempfile.mkdtemp(dir=folder)
    paths = []
    for number in range(100):
        os.makedirs(os.path.join(root, str(number % 10)), exist_ok=True)
        paths.append(os.path.join(root, str(number % 10), f"{number}.json"))
        with open(paths[-1], "w") as file:
            file.write('{\n  "version": 1\n}\n')
    os.sync()
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtk")
    parser.add_argument("--folder")
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rtk, writers = os.path.abspath(options.rtk), range(options.writers)
    with tempfile.TemporaryDirectory(prefix="rtk-bench-", dir=options.folder) as folder:
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "RTK_HOME": os.path.join(folder, "rtk")}
        shared, one = os.path.join(folder, "shared.json"), os.path.join(folder, "one")
        with open(shared, "w") as file:
            file.write("{}\n")
        codes, seconds = together(rtk, environment, [["write", "set", shared, f"key{number}", str(number)] for number in writers], [b""] * options.writers)
        with open(shared) as file:
            kept = json.load(file)
        print(f"{options.writers} parallel sets: {sum(kept.get(f'key{number}') == number for number in writers)} kept, {sum(code != 0 for code in codes)} refused, {seconds:.1f} s")
        codes, seconds = together(rtk, environment, [["write", "file", one, "--create"] for _ in writers], [str(number).encode() for number in writers])
        with open(one) as file:
            is_winners = codes[int(file.read())] == 0
        print(f"{options.writers} parallel creates: {codes.count(0)} won, {codes.count(7)} refused, the content is the winner's: {is_winners}, {seconds:.1f} s")
        alone, batched = [], []
        for _ in range(options.runs):
            paths = hundred_files(folder)
            start = time.perf_counter()
            for path in paths:
                subprocess.run([rtk, "write", "set", path, "version", "2", "-q"], env=environment, check=True)
            alone.append(time.perf_counter() - start)
            plan = {"edits": [{"file": path, "set": "version", "value": 2} for path in hundred_files(folder)]}
            start = time.perf_counter()
            subprocess.run([rtk, "write", "batch", "-q"], env=environment, input=json.dumps(plan).encode(), check=True)
            batched.append(time.perf_counter() - start)
        alone, batched = statistics.median(alone), statistics.median(batched)
        print(f"100 files in 10 folders: {alone * 1000:.0f} ms one by one, {batched * 1000:.0f} ms as a batch, ratio {batched / alone:.3f}")


main()
