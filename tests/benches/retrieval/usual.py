#!/usr/bin/env python3
"""Counts how usual words are in projects, for `src/memory/usual.txt`. Python's standard library and git.

  usual.py --out src/memory/usual.txt REPOSITORY...     git directories or work trees; their HEAD is read

The table says what share of a project's files has a word, on average over the repositories: a word of a task that is far more
common in one project than usual tells that the task is about that project (`src/memory/usual.rs`). Words are terms as the
index makes them (`src/text/words.rs`). A line is a word and the power of the square root of a half that comes nearest to
its share. Words of fewer than two repositories, and those rarer than the floor, are left out. Repositories on which the
confidence is measured must not be among those counted here."""

import argparse
import collections
import concurrent.futures
import math
import random
import re
import subprocess

# Files of one repository that are read, and bytes of each.
FILES_MAX = 4000
BYTES_MAX = 200_000
# Longer words have no terms, and longer terms are not worth a line, in characters.
WORD_MAX = 80
TERM_MAX = 24
REPOSITORIES_MIN = 2
# Half powers of two; must agree with `FLOOR` in usual.rs.
FLOOR = 24

WORD = re.compile(r"\w+")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
VOWELS = set("aeiouy")


def stem(word):
    """As `stem` of src/text/words.rs."""
    if len(word) < 4 or word[-1].isdigit():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3]
    end = len(word) - (word.endswith("s") and word[-2] not in "sui")
    base = word[:end]
    if base.endswith("ing") and end >= 6 and VOWELS & set(base[:-3]):
        base = undouble(base[:-3])
    elif base.endswith("ed") and end >= 5 and VOWELS & set(base[:-2]):
        base = undouble(base[:-2])
    return base[:-1] if len(base) > 3 and base[-1] in "ey" else base


def undouble(word):
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word


def terms(word):
    if len(word) > WORD_MAX or not word.isascii():
        return []
    parts = PART.findall(word)
    found = [stem(part.lower()) for part in parts if len(part) > 1]
    return found + ["".join(parts).lower()] if len(parts) > 1 else found


def git(repository, *arguments, text=None):
    command = ["git", "-C", repository, *arguments]
    return subprocess.run(command, capture_output=True, check=True, input=text).stdout


def contents(repository, blobs):
    """The beginnings of blobs, in order; those that a partial clone lacks are left out."""
    out = git(repository, "cat-file", "--batch", text="\n".join(blobs).encode())
    at = 0
    while at < len(out):
        head, at = out[at : out.index(b"\n", at)].split(), out.index(b"\n", at) + 1
        if head[-1] != b"missing":
            yield head[0].decode(), out[at : at + min(int(head[2]), BYTES_MAX)]
            at += int(head[2]) + 1


def shares(repository):
    """Share of the repository's text files that have each term."""
    rows = git(repository, "ls-tree", "-r", "-z", "HEAD").decode("utf8", "replace").split("\0")
    files = sorted((row.split("\t", 1) for row in rows if " blob " in row), key=lambda file: file[1])
    random.Random(1).shuffle(files)
    paths = {row.split()[2]: path for row, path in files[:FILES_MAX]}
    counts, number = collections.Counter(), 0
    for blob, content in contents(repository, list(paths)):
        if b"\0" in content[:8000]:
            continue
        number += 1
        words = set(WORD.findall(content.decode("utf8", "replace") + " " + paths[blob]))
        counts.update({term for word in words for term in terms(word)})
    return {term: count / number for term, count in counts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("repositories", nargs="+")
    options = parser.parse_args()
    sums, spread = collections.Counter(), collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for repository in pool.map(shares, options.repositories):
            sums.update(repository)
            spread.update(repository.keys())
    lines = []
    for term, total in sums.items():
        level = round(-2 * math.log2(total / len(options.repositories)))
        if spread[term] >= REPOSITORIES_MIN and level < FLOOR and len(term) <= TERM_MAX and not term.isdigit():
            lines.append(f"{term} {level}\n")
    with open(options.out, "w", encoding="ascii", newline="\n") as file:
        file.writelines(sorted(lines, key=lambda line: line.split()[0]))
    print(f"{len(lines)} words of {len(options.repositories)} repositories")


if __name__ == "__main__":
    main()
