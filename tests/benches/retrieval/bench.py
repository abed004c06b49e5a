#!/usr/bin/env python3
"""Fits and checks the ranking's weights. Python's standard library; `fit`, `ablate` and `abstain` need NumPy.

  bench.py dump   --tasks TASKS --folders FOLDERS --rtk RTK --out DUMP   signals of all candidates of each task
  bench.py fit    DUMP [DUMP ...]                                        weights, with repositories left out
  bench.py report DUMP [DUMP ...]                                        figures of the order that rtk gave
  bench.py ablate DUMP [DUMP ...]                                        what each signal is worth
  bench.py abstain DUMP --foreign DUMP                                   real tasks against those of other projects
  bench.py places --tasks TASKS --folders FOLDERS --rtk RTK              changed lines that a slice names

TASKS    one JSON object a line: `id`, `repo`, `lang`, `set`, `query` (text of the task), `truth_src` (paths that the real
         change modified).
FOLDERS  one JSON object a line: `repo`, `folder`: a work tree at the state before the tasks; or `repo`, `id`, `folder` for
         a task of its own; or `command`, which is run first (to check out a commit).
         `places` also needs `parent` and `commit` of each task, and in FOLDERS `objects`: a git directory that has them.
DUMP     one JSON object a line: the task, its truth, names of signals, and of each candidate its path and raw values.

Signals before `test` are divided by their maximum over the candidates of a question, exactly as in `src/memory/rank.rs`.
The fit is the mean of two vectors of weights. The first is a softmax of each true file against all false ones of its task (true
files do not compete with each other): the mean log-probability of the true file, each task counting once, with an L2
penalty. The second starts from the first and lets each pair of a true file and a false one near the top pull by what it would
change in the order if they swapped places (LambdaRank; Burges, Ragno, Le 2006). All figures of `fit` and `ablate` are of
repositories that the fit has not seen."""

import argparse
import collections
import gzip
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

FIRST_PRIOR = "test"
FOLDS = 6
# LambdaRank: false files that pull, steps of Adam and their length, penalty for the way from where it began, and what
# crossing the tenth and the fifth place adds to the change in discounted gain.
RIVALS = 30
STEPS = 60
STEP = 0.05
STEP_DECAY = 0.97
AWAY_PENALTY = 60
PLACE_BONUS = {10: 0.5, 5: 0.3}
RECALL_AT = (1, 5, 10, 20)


def lines_of(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


# ---------------------------------------------------------------- dump


def dump(options):
    folders = {}
    for row in lines_of(options.folders):
        folders[row.get("id") or row["repo"]] = row
    tasks = [task for path in options.tasks for task in lines_of(path)]
    tasks = [task for task in tasks if task["id"] in folders or task["repo"] in folders]
    tasks = [task for task in tasks if options.set in ("all", task.get("set"))]
    if options.foreign:
        exchange_texts(tasks)
    tasks.sort(key=lambda task: (task["repo"], task.get("date") or ""))
    refreshed = set()
    opener = gzip.open if options.out.endswith(".gz") else open
    with opener(options.out, "wt", encoding="utf8") as out:
        for number, task in enumerate(tasks):
            row = folders.get(task["id"]) or folders[task["repo"]]
            key = (row["folder"], row.get("command"))
            if key not in refreshed:
                if row.get("command"):
                    subprocess.run(row["command"], shell=True, check=True, stdout=subprocess.DEVNULL)
                command = [options.rtk, "memory", "refresh", "--project", row["folder"]]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                refreshed.add(key)
            plan = ask(options, row["folder"], task["query"])
            if plan:
                out.write(json.dumps(compact(task, plan)) + "\n")
            if number % 50 == 0:
                print(f"{number} of {len(tasks)}", file=sys.stderr, flush=True)


def exchange_texts(tasks):
    """Gives each task the text of a task of another repository; always the same one."""
    generator = random.Random(7)
    texts = [(task["repo"], task["query"]) for task in tasks]
    for task in tasks:
        while True:
            repo, text = generator.choice(texts)
            if repo != task["repo"]:
                task["query"] = text
                break


def ask(options, folder, text, more=()):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf8") as file:
        file.write(text)
        file.flush()
        command = [options.rtk, "memory", "plan", "--json", "--top", str(options.top)]
        command += ["--project", folder, "--task-file", file.name, *more]
        done = subprocess.run(command, capture_output=True)
    if done.returncode:
        print(done.stderr.decode("utf8", "replace")[-300:], file=sys.stderr)
        return None
    return json.loads(done.stdout)


def compact(task, plan):
    names = sorted(signal["name"] for signal in plan["candidates"][0]["signals"]) if plan["candidates"] else []
    candidates = []
    for candidate in plan["candidates"]:
        values = {signal["name"]: signal["value"] for signal in candidate["signals"]}
        candidates.append([candidate["path"], [float(f"{values[name]:.5g}") for name in names]])
    kept = {key: task.get(key) for key in ("id", "repo", "lang", "set", "truth_src")}
    facts = {key: plan["facts"][key] for key in ("candidates", "files_known", "timings_us", "grounds", "certainty")}
    return {**kept, "confidence": plan["confidence"], "facts": facts, "names": names, "candidates": candidates}


# ---------------------------------------------------------------- measures


def measures(order, truth):
    """Figures of one ranked list of paths."""
    place = {path: number for number, path in reversed(list(enumerate(order)))}
    places = [place.get(path, 10**9) for path in truth]
    row = {f"recall@{k}": sum(p < k for p in places) / len(places) for k in RECALL_AT}
    row["all@10"] = float(all(p < 10 for p in places))
    row["mrr"] = 1.0 / (1 + min(places)) if min(places) < 10**9 else 0.0
    row["pool"] = sum(p < 10**9 for p in places) / len(places)
    return row


def table(rows, title):
    """Prints the means of measured tasks, over all and by set and language."""
    groups = collections.OrderedDict({"all": rows})
    for key in ("set", "lang"):
        for value in sorted({row[key] for row in rows}):
            groups[value] = [row for row in rows if row[key] == value]
    names = [f"recall@{k}" for k in RECALL_AT] + ["all@10", "mrr", "pool"]
    print(f"\n{title}\n| group | tasks | " + " | ".join(names) + " |")
    print("|---|--:|" + "--:|" * len(names))
    for group, members in groups.items():
        means = [100 * sum(row[name] for row in members) / len(members) for name in names]
        print(f"| {group} | {len(members)} | " + " | ".join(f"{mean:.1f}" for mean in means) + " |")
    return {name: sum(row[name] for row in rows) / len(rows) for name in names}


def load(paths):
    tasks = []
    for path in paths:
        for row in lines_of(path):
            row["found"] = set(row["truth_src"]) & {path for path, _ in row["candidates"]}
            tasks.append(row)
    return tasks


def report(options):
    rows = []
    for task in load(options.dumps):
        order = [path for path, _ in task["candidates"]]
        rows.append({**measures(order, task["truth_src"]), "lang": task["lang"], "set": task["set"]})
    table(rows, "order as given by rtk")


# ---------------------------------------------------------------- fit


class Model:
    """Softmax of each true file against the false candidates of its task."""

    def __init__(self, tasks, names, penalty):
        self.names = names
        self.penalty = penalty
        self.tasks = tasks
        import numpy

        self.numpy = numpy
        self.blocks = []
        for task in tasks:
            columns = [task["names"].index(name) for name in names]
            values = numpy.array([candidate[1] for candidate in task["candidates"]], dtype=float)
            if not len(values):
                self.blocks.append(None)
                continue
            values = values[:, columns]
            first_prior = names.index(FIRST_PRIOR)
            maxima = values.max(axis=0)
            maxima[maxima <= 0] = 1
            maxima[first_prior:] = 1
            values = values / maxima
            true = numpy.array([path in task["found"] for path, _ in task["candidates"]], dtype=float)
            self.blocks.append((values, true))
        self.paths = [[path for path, _ in task["candidates"]] for task in tasks]

    def fit(self, chosen, start=None, rounds=400):
        """Maximises the penalised likelihood of the chosen tasks by L-BFGS."""
        numpy = self.numpy
        blocks = [self.blocks[i] for i in chosen if self.blocks[i] is not None and self.blocks[i][1].any()]
        values = numpy.concatenate([block[0] for block in blocks])
        lengths = [len(block[0]) for block in blocks]
        starts = numpy.concatenate([[0], numpy.cumsum(lengths)[:-1]])
        owner = numpy.repeat(numpy.arange(len(blocks)), lengths)
        true = numpy.concatenate([block[1] for block in blocks]) > 0
        task = owner[true]
        weight = numpy.array([1 / block[1].sum() for block in blocks])[task]
        wanted = values[true]

        def loss(weights):
            scores = values @ weights
            scores -= numpy.maximum.reduceat(scores, starts)[owner]
            powers = numpy.exp(scores)
            powers[true] = 0
            false_sums = numpy.add.reduceat(powers, starts)
            own = numpy.exp(scores[true])
            sums = own + false_sums[task]
            value = (weight * (numpy.log(sums) - scores[true])).sum() + 0.5 * self.penalty * (weights**2).sum()
            per_task = numpy.bincount(task, weight / sums, minlength=len(blocks))
            gradient = values.T @ (powers * per_task[owner]) + wanted.T @ (weight * (own / sums - 1))
            return value / len(blocks), (gradient + self.penalty * weights) / len(blocks)

        weights = numpy.zeros(len(self.names)) if start is None else start.copy()
        first = minimise(numpy, loss, weights, rounds)
        return (first + self.reorder(blocks, first)) / 2

    def reorder(self, blocks, first):
        """LambdaRank from the weights `first` on, by a fixed number of Adam's steps over all tasks."""
        numpy = self.numpy
        weights, mean, square = first.copy(), numpy.zeros_like(first), numpy.zeros_like(first)
        tasks = [(values, numpy.flatnonzero(true), true > 0) for values, true in blocks]
        step = STEP
        for number in range(1, STEPS + 1):
            gradient = numpy.zeros_like(first)
            for values, wanted, true in tasks:
                scores = values @ weights
                order = numpy.argsort(-scores, kind="stable")
                place = numpy.empty(len(scores))
                place[order] = numpy.arange(len(scores))
                rivals = order[: RIVALS + len(wanted)]
                rivals = rivals[~true[rivals]][:RIVALS]
                here, there = place[wanted][:, None], place[rivals][None, :]
                change = abs(1 / numpy.log2(here + 2) - 1 / numpy.log2(there + 2))
                for limit, bonus in PLACE_BONUS.items():
                    change += bonus * ((here < limit) != (there < limit))
                pull = change / (1 + numpy.exp(scores[wanted][:, None] - scores[rivals][None, :])) / len(wanted)
                gradient -= pull.sum(1) @ values[wanted] - pull.sum(0) @ values[rivals]
            gradient = (4 * gradient + AWAY_PENALTY * (weights - first)) / len(tasks)
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient**2
            length = numpy.sqrt(square / (1 - 0.99**number)) + 1e-8
            weights = weights - step * mean / (1 - 0.9**number) / length
            step *= STEP_DECAY
        return weights

    def order(self, i, weights):
        block = self.blocks[i]
        if block is None:
            return []
        scores = block[0] @ weights
        order = sorted(range(len(scores)), key=lambda row: (-scores[row], self.paths[i][row]))
        return [self.paths[i][row] for row in order]


def minimise(numpy, loss, weights, rounds, memory=12):
    """L-BFGS (Nocedal 1980) with a backtracking line search."""
    value, gradient = loss(weights)
    history = collections.deque(maxlen=memory)
    for _ in range(rounds):
        direction = gradient.copy()
        factors = []
        for step, change, scale in reversed(history):
            factor = scale * step.dot(direction)
            factors.append(factor)
            direction -= factor * change
        if history:
            step, change, _ = history[-1]
            direction *= step.dot(change) / change.dot(change)
        for (step, change, scale), factor in zip(history, reversed(factors)):
            direction += (factor - scale * change.dot(direction)) * step
        slope = gradient.dot(direction)
        if slope < 1e-10:
            break
        length = 1.0 if history else min(1.0, 1.0 / math.sqrt(gradient.dot(gradient)))
        while length > 1e-8:
            new_value, new_gradient = loss(weights - length * direction)
            if new_value <= value - 1e-4 * length * slope:
                break
            length /= 2
        else:
            break
        step, change = -length * direction, new_gradient - gradient
        if step.dot(change) > 1e-12:
            history.append((step, change, 1 / step.dot(change)))
        done = value - new_value < 1e-7
        weights, value, gradient = weights + step, new_value, new_gradient
        if done:
            break
    return weights


def folds(tasks):
    """Repositories dealt into folds, the largest first, always the same."""
    counts = collections.Counter(task["repo"] for task in tasks)
    sizes = [0] * FOLDS
    fold_of = {}
    for repo, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        fold = sizes.index(min(sizes))
        fold_of[repo] = fold
        sizes[fold] += count
    return fold_of


def left_out(model, chosen_names=None):
    """Measures each task with weights that its repository had no part in."""
    fold_of = folds(model.tasks)
    rows = []
    for fold in range(FOLDS):
        inside = [i for i, task in enumerate(model.tasks) if fold_of[task["repo"]] != fold]
        weights = model.fit(inside)
        for i, task in enumerate(model.tasks):
            if fold_of[task["repo"]] == fold:
                row = measures(model.order(i, weights), task["truth_src"])
                rows.append({**row, "lang": task["lang"], "set": task["set"]})
    return rows


def names_of(tasks, without=()):
    """Signals in the table's order: those that are scaled first, then the priors."""
    names = tasks[0]["names"]
    priors = ["test", "noise", "example", "documentation", "config", "language", "size", "symbols", "bare", "depth", "data", "namesakes", "folder_rate"]
    priors = [name for name in priors if name in names]
    scaled = [name for name in names if name not in priors]
    return [name for name in scaled + priors if name not in without]


def fit(options):
    tasks = [task for task in load(options.dumps) if task["names"]]
    names = names_of(tasks, options.without)
    model = Model(tasks, names, options.penalty)
    table(left_out(model), f"repositories left out, {len(names)} signals, penalty {options.penalty}")
    weights = model.fit(range(len(tasks)))
    print("\nweights fitted on all tasks:")
    for name, weight in zip(names, weights):
        print(f'    ("{name}", {weight:.3f}),')


def ablate(options):
    tasks = [task for task in load(options.dumps) if task["names"]]
    names = names_of(tasks)
    groups = [group.split("+") for group in options.groups] or [[name] for name in names if name != FIRST_PRIOR]
    shown = ("recall@5", "recall@10", "all@10", "mrr")
    whole = means(left_out(Model(tasks, names, options.penalty)), shown)
    print("| without | " + " | ".join(shown) + " |\n|---|" + "--:|" * len(shown))
    print("| nothing | " + " | ".join(f"{100 * whole[name]:.1f}" for name in shown) + " |")
    for group in groups:
        rest = [name for name in names if name not in group]
        other = means(left_out(Model(tasks, rest, options.penalty)), shown)
        changes = [f"{100 * (other[name] - whole[name]):+.1f}" for name in shown]
        print(f"| {' '.join(group)} | " + " | ".join(changes) + " |", flush=True)


def means(rows, names):
    return {name: sum(row[name] for row in rows) / len(rows) for name in names}


# ---------------------------------------------------------------- abstention


def abstain(options):
    """Logistic regression of own against foreign tasks; the threshold of a fold comes from the other folds."""
    import numpy

    own, foreign = load(options.dumps), load([options.foreign])
    for title, tasks in (("own", own), ("foreign", foreign)):
        counts = collections.Counter(task["confidence"] for task in tasks)
        shares = ", ".join(f"{name} {100 * count / len(tasks):.1f} %" for name, count in sorted(counts.items()))
        print(f"as given by rtk, {title}: {len(tasks)} tasks, {shares}")
    tasks = [task for task in own + foreign if task["facts"]["grounds"]]
    names = [name for name, _ in tasks[0]["facts"]["grounds"]]
    truth = numpy.array([1.0] * sum(bool(t["facts"]["grounds"]) for t in own) + [0.0] * sum(bool(t["facts"]["grounds"]) for t in foreign))
    values = numpy.array([[value for _, value in task["facts"]["grounds"]] + [1.0] for task in tasks])
    fold_of = folds(tasks)
    fold = numpy.array([fold_of[task["repo"]] for task in tasks])
    scores = numpy.zeros(len(tasks))
    for number in range(FOLDS):
        weights = logistic(numpy, values[fold != number], truth[fold != number], options.penalty)
        scores[fold == number] = values[fold == number] @ weights
    print("\nleft-out repositories: share of own tasks that pass, by share of foreign ones that pass")
    print("| threshold | own | foreign |\n|--:|--:|--:|")
    for threshold in numpy.arange(-3, 3.1, 0.5):
        passing = [100 * (scores[truth == side] >= threshold).mean() for side in (1, 0)]
        print(f"| {threshold:.1f} | {passing[0]:.1f} | {passing[1]:.1f} |")
    for foreign_share in (0.02, 0.05, 0.1, 0.15, 0.2):
        threshold = numpy.quantile(scores[truth == 0], 1 - foreign_share)
        own_share = (scores[truth == 1] >= threshold).mean()
        print(f"foreign {100 * foreign_share:.0f} %: own {100 * own_share:.1f} % at {threshold:.2f}")
    weights = logistic(numpy, values, truth, options.penalty)
    print("\nweights fitted on all tasks:")
    for name, weight in zip(names + ["bias"], weights):
        print(f'    ("{name}", {weight:.3f}),')


def logistic(numpy, values, truth, penalty):
    def loss(weights):
        scores = values @ weights
        chance = 1 / (1 + numpy.exp(-scores))
        value = numpy.logaddexp(0, scores).sum() - truth @ scores + 0.5 * penalty * (weights**2).sum()
        return value / len(truth), (values.T @ (chance - truth) + penalty * weights) / len(truth)

    return minimise(numpy, loss, numpy.zeros(values.shape[1]), 200)


# ---------------------------------------------------------------- places


BUDGETS = (1000, 2200, 4000)
LARGE_SPAN = 60
CHARS_PER_TOKEN = 4
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def hunks(git_dir, old, new, path):
    """Hunks of a file between two commits: start and length on the old side, start and length on the new side."""
    command = ["git", "--git-dir", git_dir, "diff", "-U0", "--no-renames", "--no-ext-diff", old, new, "--", path]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf8", "replace")
    found = (HUNK.match(line) for line in text.splitlines())
    return [(int(m[1]), int(m[2] or 1), int(m[3]), int(m[4] or 1)) for m in found if m]


def changed_ranges(git_dir, task, at):
    """Lines that the change replaced or stood before what it added, numbered as at the commit `at`."""
    ranges = []
    for path in task["truth_src"]:
        since = [] if at == task["parent"] else hunks(git_dir, at, task["parent"], path)
        for start, count, _, _ in hunks(git_dir, task["parent"], task["commit"], path):
            first, last = (start, start + count - 1) if count else (max(start, 1), max(start, 1))
            ranges.append((path, line_before(since, first), line_before(since, last)))
    return ranges


def line_before(since, line):
    """The number that a line had before the hunks `since`; of a line that they made, the place where it was put."""
    shift = 0
    for old_start, old_count, new_start, new_count in since:
        new_first = new_start if new_count else new_start + 1
        if line < new_first:
            break
        if line < new_first + new_count:
            return min(old_start + (line - new_first), old_start + max(old_count - 1, 0))
        shift += old_count - new_count
    return line + shift


def named_spans(text):
    """Path, first and last line of each definition and quote that a slice names."""
    spans, path = [], None
    for line in text.splitlines():
        if entry := re.match(r"^\d+\. (.+?)(?: — .*)?$", line):
            path = entry[1]
        elif quote := re.match(r"^(.+) lines (\d+)-(\d+):$", line):
            spans.append((quote[1], int(quote[2]), int(quote[3])))
        elif path and (symbol := re.match(r"^   (\d+)(?:-(\d+))?  ", line)):
            spans.append((path, int(symbol[1]), int(symbol[2] or symbol[1])))
    return spans


def whole_files(folder, paths, tokens):
    """Spans of the first files as a whole until the budget is full; the last one is cut."""
    spans, left = [], tokens * CHARS_PER_TOKEN
    for path in paths:
        try:
            with open(os.path.join(folder, path), encoding="utf8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        last = 0
        while last < len(lines) and left > 0:
            left -= len(lines[last]) + 1
            last += 1
        spans.append((path, 1, last))
        if left <= 0:
            break
    return spans


def share_inside(ranges, spans, largest=10**9):
    inside = lambda path, first, last: any(
        path == other and start <= first and last <= end and end - start < largest for other, start, end in spans
    )
    return sum(inside(*item) for item in ranges) / len(ranges)


def places(options):
    folders = {row.get("id") or row["repo"]: row for row in lines_of(options.folders)}
    tasks = [task for path in options.tasks for task in lines_of(path)]
    tasks = [task for task in tasks if task["id"] in folders or task["repo"] in folders]
    tasks = [task for task in tasks if options.set in ("all", task.get("set"))][:: options.every]
    sums, count = collections.Counter(), 0
    for task in sorted(tasks, key=lambda task: task["repo"]):
        row = folders.get(task["id"]) or folders[task["repo"]]
        if row.get("command"):
            subprocess.run(row["command"], shell=True, check=True, stdout=subprocess.DEVNULL)
        head = ["git", "-C", row["folder"], "rev-parse", "HEAD"]
        at = subprocess.run(head, capture_output=True, check=True).stdout.decode().strip()
        ranges = changed_ranges(row["objects"], task, at)
        if not ranges:
            continue
        count += 1
        for tokens in BUDGETS:
            plan = ask(options, row["folder"], task["query"], ["--token-budget", str(tokens)])
            spans = named_spans(plan["text"]) if plan else []
            paths = [candidate["path"] for candidate in plan["candidates"]] if plan else []
            sums["slice", tokens] += share_inside(ranges, spans)
            sums["small", tokens] += share_inside(ranges, spans, LARGE_SPAN)
            sums["files", tokens] += share_inside(ranges, whole_files(row["folder"], paths, tokens))
    titles = {"slice": "in a span that the slice names", "small": f"in one of at most {LARGE_SPAN} lines", "files": "in whole top files"}
    print(f"{count} tasks; share of changed line ranges\n| | " + " | ".join(f"{tokens} tokens" for tokens in BUDGETS) + " |")
    print("|---|" + "--:|" * len(BUDGETS))
    for kind, title in titles.items():
        print(f"| {title} | " + " | ".join(f"{100 * sums[kind, tokens] / count:.1f}" for tokens in BUDGETS) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser("dump")
    sub.add_argument("--tasks", nargs="+", required=True)
    sub.add_argument("--folders", required=True)
    sub.add_argument("--rtk", required=True)
    sub.add_argument("--out", required=True)
    sub.add_argument("--set", default="all")
    sub.add_argument("--top", type=int, default=400)
    sub.add_argument("--foreign", action="store_true", help="ask each project what was meant for another")
    sub = commands.add_parser("places")
    sub.add_argument("--tasks", nargs="+", required=True)
    sub.add_argument("--folders", required=True)
    sub.add_argument("--rtk", required=True)
    sub.add_argument("--set", default="all")
    sub.add_argument("--top", type=int, default=20)
    sub.add_argument("--every", type=int, default=1, help="take only each so many-th task")
    for name in ("fit", "report", "ablate", "abstain"):
        sub = commands.add_parser(name)
        sub.add_argument("dumps", nargs="+")
        sub.add_argument("--penalty", type=float, default=1.0)
        sub.add_argument("--without", nargs="*", default=[])
        sub.add_argument("--groups", nargs="*", default=[], help="signals joined by + are left out together")
        if name == "abstain":
            sub.add_argument("--foreign", required=True)
    options = parser.parse_args()
    globals()[options.command](options)


if __name__ == "__main__":
    main()
