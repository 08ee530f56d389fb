#!/usr/bin/env python3
"""Does the simulation find the mistakes that a tired engineer could make?

Each file of `cases/` is one: what it is, and what is to be replaced by what in which source file.
Each is made in a copy of the tree, which is built and put through the simulation; the test is that
the simulation fails. Where what goes wrong is too rare for it, a case names the `proof` that must fail:
a test of `builder/publish/tests/publish`. Cases that no test can tell apart say why (`equivalent`), and are only
made and built.

    tests/mutants/run.py                  # all of them
    tests/mutants/run.py sweep copy       # those with one of these words in their names
    tests/mutants/run.py --seeds 1000     # more seeds for each; 200 by default

The text to be replaced is found whatever its spaces and line ends are, and must be there exactly once:
a case that no longer applies is a failure, and so is one that does not compile. The copy and its own
build are kept in `target/mutants`, so that each case compiles little. What is built of the tree itself
is left alone: cargo would take the one for the other.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent
TEST = ["cargo", "test", "--quiet", "--workspace", "--test"]
KEPT = Path(os.environ.get("CARGO_TARGET_DIR", TREE / "target")).resolve() / "mutants"
# Not part of what is built.
LEFT_OUT = {"target", ".git", "content", "bench", "fuzz"}
SECONDS_PER_CASE = 1_800


class Broken(Exception):
    """A case that cannot be tried."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="only cases with one of these in their names")
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds each has to survive")
    return parser.parse_args()


def read_cases(words):
    """Name to case, in the order of the names."""
    cases = {}
    for path in sorted((HERE / "cases").glob("*.toml")):
        if words and not any(word in path.stem for word in words):
            continue
        with path.open("rb") as file:
            cases[path.stem] = tomllib.load(file)
    if not cases:
        sys.exit("there is no such case")
    return cases


def mutated(case):
    """Path to text of each file that the case changes."""
    texts = {}
    for change in case["change"]:
        path = change["file"]
        text = texts.get(path) or (TREE / path).read_text()
        found = list(re.finditer(pattern_of(change["find"]), text))
        if len(found) != 1:
            raise Broken(f"its text is in {path} {len(found)} times:\n{change['find'].strip()}")
        start, end = found[0].span()
        texts[path] = text[:start] + change["replace"].strip() + text[end:]
    return texts


def pattern_of(find):
    """Matches a piece of Rust however it is laid out: other spaces, a comma more at the end of a list."""
    pattern, before = "", ""
    for token in re.findall(r"\w+|[^\w\s]", find):
        if before:
            between_words = before[-1].isalnum() and token[0].isalnum()
            pattern += r"\s+" if between_words else r"\s*"
        pattern += (r"(?:,\s*)?" if token in ")]}" else "") + re.escape(token)
        before = token
    return pattern


def copy_tree(copy):
    """Brings the copy to the state of the tree. What is the same keeps its time, so that cargo does
    not build it again."""
    wanted = set()
    for source in files_of(TREE):
        target = copy / source.relative_to(TREE)
        wanted.add(target)
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for left in set(files_of(copy)) - wanted:
        left.unlink()


def files_of(root):
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name not in LEFT_OUT]
        yield from (Path(folder) / name for name in files)


def run(copy, environment, *test):
    return subprocess.run(
        [*TEST, *test],
        cwd=copy,
        env={**os.environ, "CARGO_TARGET_DIR": str(KEPT / "target"), "CARGO_INCREMENTAL": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_PER_CASE,
    )


def compile_tests(copy, test):
    built = run(copy, {}, test, "--no-run")
    if built.returncode:
        raise Broken(f"it does not compile\n{built.stdout}")


def simulate(copy, seeds):
    """None where every seed ends well, else what the first one that does not says."""
    environment = {"QUILLFRONT_SEEDS": str(seeds), "QUILLFRONT_FIRST_FAILURE": "1"}
    ended = run(copy, environment, "simulation", "whatever_goes_wrong")
    if ended.returncode == 0:
        return None
    said = [line for line in ended.stdout.splitlines() if re.match(r"seed \d+: ", line)]
    if not said:
        raise Broken(f"the simulation did not run\n{ended.stdout[-4000:]}")
    return said[0]


def prove(copy, proof):
    """None where the test of that name passes."""
    ended = run(copy, {}, "publish", "--", "--exact", proof)
    if " 1 passed" in ended.stdout:
        return None
    if " 1 failed" not in ended.stdout:
        raise Broken(f"there is no test {proof}\n{ended.stdout[-4000:]}")
    return f"{proof} fails"


def try_case(case, copy, seeds):
    """What is to be told of it; raises where it fails."""
    texts, proof = mutated(case), case.get("proof")
    for path, text in texts.items():
        (copy / path).write_text(text)
    try:
        compile_tests(copy, "publish" if proof else "simulation")
        if "equivalent" in case:
            return "equivalent: " + " ".join(case["equivalent"].split())
        found = prove(copy, proof) if proof else simulate(copy, seeds)
    finally:
        for path in texts:
            shutil.copyfile(TREE / path, copy / path)
    if found is None:
        raise Broken("its proof passes" if proof else f"{seeds} seeds do not notice it")
    return found


def main():
    asked = arguments()
    cases = read_cases(asked.words)
    copy = KEPT / "tree"
    copy_tree(copy)
    compile_tests(copy, "simulation")
    found = simulate(copy, asked.seeds)
    for proof in {case["proof"] for case in cases.values() if "proof" in case}:
        found = found or prove(copy, proof)
    if found:
        sys.exit(f"the tree as it is fails, so that nothing can be said of mistakes in it: {found}")
    failures = 0
    for name, case in cases.items():
        began = time.monotonic()
        try:
            told = try_case(case, copy, asked.seeds)
        except (Broken, subprocess.TimeoutExpired) as error:
            failures += 1
            told = f"FAILED: {error}"
        print(f"{name} ({time.monotonic() - began:.0f} s): {told}", flush=True)
    if failures:
        sys.exit(f"{failures} of {len(cases)} mistakes go unnoticed")
    print(f"all {len(cases)} mistakes are noticed, or are none")


if __name__ == "__main__":
    main()
