#!/usr/bin/env python3
"""Reads the same `_redirects` and `_headers` files as the packages of Netlify and Cloudflare do.

    run.py --parser PROGRAM [--tools DIR] [--files N] [--seed N]

Generates N files for each kind of file in each dialect. The program (`cargo build --example parse` makes it) and the
packages read them, and have to agree on which lines are wrong, on every rule, and on which rule matches a path with
which values. Where they do not agree, it is one of the differences that differences.py names, each of which is also
shown by an example, and told in the manual (content/docs/redirects-and-headers.md). A line that one reads and the other
refuses is then taken out of the file, and the rest has to be the same.

Needs node 20 with npm. The packages come from npm, in the versions of tools.json, into a temporary folder, or into
--tools DIR, which is kept and used again. The exit status is 1 if there is another difference, 2 if something is
missing.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import generate
from differences import (
    DIFFERENCES, SPACE, begins_alike, is_encoded, is_special_beside_wildcard, name_of_line, names_of_odd_lines, variables,
)

HERE = Path(__file__).resolve().parent
STEP_LIMIT_SECONDS = 1800
SHOWN_FAILURES = 5
BATCH = 500
MANUAL = HERE.parents[1] / "content" / "docs" / "redirects-and-headers.md"


def main():
    options = arguments()
    if lack := what_lacks():
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="edge-files-") as scratch:
        tools = (options.tools or Path(scratch) / "tools").resolve()
        install(tools, json.loads((HERE / "tools.json").read_text()))
        with Readers(options.parser, tools, scratch) as readers:
            run = Run(readers)
            unshown = [name for name, difference in DIFFERENCES.items() if not is_shown(run, name, difference)]
            for kind in ("redirects", "headers"):
                for dialect in ("netlify", "cloudflare"):
                    fill(run, kind, dialect, options)
    return report(run, unshown, options)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parser", type=Path, required=True, help="the program under test")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of npm are, or go, and stay")
    deep = os.environ.get("E2E_DEEP") == "1"
    parser.add_argument("--files", type=int, default=20_000 if deep else 400, help="files of each kind [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="for other files [%(default)s]")
    options = parser.parse_args()
    options.parser = options.parser.resolve()
    return options


def what_lacks():
    for program in ("node", "npm"):
        try:
            subprocess.run([program, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return f"{program} is missing: apt-get install --no-install-recommends nodejs npm"
    return None


def install(tools, packages):
    """Puts the packages into `tools`, unless they are there. What is optional is large and not needed."""
    absent = [f"{name}@{version}" for name, version in packages.items() if installed(tools, name) != version]
    if not absent:
        return
    tools.mkdir(parents=True, exist_ok=True)
    if not (tools / "package.json").exists():
        (tools / "package.json").write_text('{"private": true}\n')
    flags = ["--no-fund", "--no-audit", "--loglevel=error", "--ignore-scripts", "--omit=optional"]
    subprocess.run(["npm", "install", *flags, *absent], cwd=tools, check=True, timeout=STEP_LIMIT_SECONDS)


def installed(tools, name):
    package = tools / "node_modules" / name / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else None


def is_shown(run, name, difference):
    """Whether the example of a difference shows it, as far as it is not one of some versions of Node alone."""
    before = run.seen[name]
    run.add(difference.kind, difference.dialect, difference.text, list(difference.paths))
    run.compare()
    return run.seen[name] > before or difference.is_of_node


def fill(run, kind, dialect, options):
    """Generates files and compares them."""
    source = random.Random(f"{options.seed} {kind} {dialect}")
    for number in range(options.files):
        if dialect == "cloudflare" and number % 25 == 12:
            run.add(kind, dialect, generate.limits(source, kind, dialect), [])
        else:
            text = getattr(generate, kind)(source, dialect)
            run.add(kind, dialect, text, generate.paths(source, text))
        if number % BATCH == BATCH - 1:
            run.compare()
    run.compare()


def report(run, unshown, options):
    for name, count in sorted(run.seen.items()):
        print(f"     {count:7} × {name}")
    counts = ", ".join(f"{count} {what}" for what, count in run.counts.items())
    print(f"{run.files} files ({counts}), {len(run.failures)} unnamed differences")
    for failure in run.failures[:SHOWN_FAILURES]:
        print(failure)
    if unshown:
        print(f"examples that show no difference: {', '.join(unshown)}")
    manual = MANUAL.read_text()
    untold = [difference.sentence for difference in DIFFERENCES.values() if difference.sentence not in manual]
    for sentence in untold:
        print(f"{MANUAL.name} does not say: {sentence}")
    # A generator that makes nothing right, or nothing that matches, compares nothing.
    blunt = options.files >= 100 and (run.counts["rules"] < run.files or run.counts["matches"] < run.files / 4)
    if blunt:
        print("the files have too few rules or too few matches")
    return 1 if run.failures or unshown or untold or blunt else 0


# ---- readers


class Readers:
    """The program under test and the packages, which answer a line of JSON each."""

    def __init__(self, parser, tools, scratch):
        self.commands = [[parser], ["node", HERE / "oracle.mjs", tools, scratch]]

    def __enter__(self):
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
            for command in self.commands
        ]
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait(timeout=60)
            process.stdout.close()

    def read(self, requests):
        """For each request what the program says and what the packages say."""
        text = "".join(json.dumps(request) + "\n" for request in requests)
        answers = [None, None]

        def ask(index):
            process = self.processes[index]
            writer = threading.Thread(target=lambda: (process.stdin.write(text), process.stdin.flush()))
            writer.start()
            answers[index] = [process.stdout.readline() for _ in requests]
            writer.join()

        threads = [threading.Thread(target=ask, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any("" in lines for lines in answers):
            raise SystemExit("a reader has stopped")
        return zip(*([json.loads(line) for line in lines] for lines in answers))


# ---- comparison


class Run:
    def __init__(self, readers):
        self.readers = readers
        self.waiting = []
        self.seen = collections.Counter()
        self.counts = collections.Counter()
        self.failures = []
        self.files = 0

    def add(self, kind, dialect, text, paths):
        self.files += 1
        self.waiting.append({"kind": kind, "dialect": dialect, "text": text, "paths": paths})

    def compare(self):
        """Compares what waits, and again what has lines that were taken out, until there are none."""
        while self.waiting:
            requests, self.waiting = self.waiting, []
            for request, (ours, theirs) in zip(requests, self.readers.read(requests)):
                self.compare_file(request, ours, theirs)

    def compare_file(self, request, ours, theirs):
        lines = request["text"].split("\n")
        own = {problem["line"] for problem in ours["problems"] if problem["is_error"]}
        odd = own.symmetric_difference(theirs["refused"])
        names = {line: name_of_line(request, lines, line, line in own) for line in odd}
        names |= names_of_odd_lines(request, lines)
        unnamed = [line for line, name in names.items() if name is None]
        # A path whose only header is refused is refused too, so those that have no name are looked at again.
        if unnamed and len(unnamed) == len(names):
            who = ["only the packages", "only we"]
            self.fail(request, [f"{who[line in own]} refuse line {line}: {lines[line - 1]!r}" for line in unnamed])
            return
        if names:
            names = {line: name for line, name in names.items() if name}
            self.seen.update(names.values())
            kept = ["" if number in names else line for number, line in enumerate(lines, 1)]
            self.waiting.append(request | {"text": "\n".join(kept)})
            return
        self.counts["rules"] += len(ours["rules"])
        compare = {"redirects": self.compare_redirects, "headers": self.compare_headers}[request["kind"]]
        if wrong := compare(request, ours, theirs):
            self.fail(request, wrong)

    def fail(self, request, wrong):
        text = "".join(f"    {line!r}\n" for line in request["text"].split("\n")[:60])
        told = "".join(f"  {line}\n" for line in wrong[:8])
        self.failures.append(f"{request['dialect']} {request['kind']}\n{told}  of the file\n{text}")

    def name(self, name):
        self.seen[name] += 1

    # ---- redirects

    def compare_redirects(self, request, ours, theirs):
        if request["dialect"] == "netlify":
            wrong = unlike([own_netlify(rule) for rule in ours["rules"]], [their_netlify(rule) for rule in theirs["rules"]])
            # The package deletes what is the same, but for the last; nothing else may get lost there.
            last = {json.dumps(without_line(rule)): at for at, rule in enumerate(theirs["rules"])}
            kept = [without_line(theirs["rules"][at]) for at in sorted(last.values())]
            if len(kept) != len(theirs["rules"]):
                self.name("same rule twice")
            return wrong or unlike(kept, theirs["merged"])
        own = [{key: rule[key] for key in ("line", "from", "to", "status")} for rule in ours["rules"]]
        wrong = unlike(own, [self.as_standard(rule, "from", "to") for rule in theirs["rules"]])
        if wrong:
            return wrong
        rules = {rule["line"]: rule for rule in ours["rules"]}
        for path, mine, other in zip(request["paths"], ours["matches"], theirs["matches"]):
            wrong += self.compare_redirect(path, mine, other, rules)
        return wrong

    def compare_redirect(self, path, mine, other, rules):
        if other:
            self.counts["matches"] += 1
            if other.get("onePass", other["to"]) != other["to"]:
                self.name("names that begin alike")
            other = {"line": other["line"], "to": self.standard(other.get("onePass", other["to"]))}
        if mine == other:
            return []
        # A rule above that only one of the two can match.
        for match in (mine, other):
            rule = rules[match["line"]] if match else None
            if rule and begins_alike(rule["from"]):
                self.name("names that begin alike")
                return []
            if rule and is_encoded(rule["from"], path):
                self.name("encoded paths")
                return []
        return [f"{path!r} leads to {mine}, and with the package to {other}"]

    def as_standard(self, rule, *keys):
        return rule | {key: self.standard(rule[key]) for key in keys}

    def standard(self, address):
        """An address as the newest URL standard has it, which versions of Node do not."""
        host, path, rest = re.fullmatch(r"((?:https://[^/]*)?)([^?#]*)(.*)", address, re.DOTALL).groups()
        if "^" in path:
            self.name("caret")
        return host + path.replace("^", "%5E") + rest

    # ---- headers

    def compare_headers(self, request, ours, theirs):
        own = [own_headers(rule, request["dialect"]) for rule in ours["rules"]]
        if request["dialect"] == "netlify":
            other = [
                {"line": rule["line"], "path": rule["path"], "values": {name: items(value) for name, value in rule["values"].items()}}
                for rule in theirs["rules"]
            ]
            wrong = unlike(own, other)
            return wrong or self.compare_netlify_matches(request, ours, theirs)
        other = [self.their_headers(rule) for rule in theirs["rules"]]
        wrong = unlike([without_line(rule) for rule in own], other)
        return wrong or self.compare_cloudflare_matches(request, ours, theirs)

    def their_headers(self, rule):
        rule = self.as_standard(rule, "path")
        host = re.match(r"https://([^/]+)", rule["path"])
        if host and not variables(host[1].replace("*", "")) and host[1] != ascii_lower(host[1]):
            self.name("capital letters in hosts")
            rule["path"] = ascii_lower(host[0]) + rule["path"][len(host[0]):]
        values = {name: items(value) for name, value in rule["values"].items()}
        return {"path": rule["path"], "values": values, "unset": [name.strip(SPACE) for name in rule["unset"]]}

    def compare_netlify_matches(self, request, ours, theirs):
        wrong = []
        rules = {rule["line"]: rule for rule in ours["rules"]}
        for path, mine, other in zip(request["paths"], ours["matches"], theirs["matches"]):
            self.counts["matches"] += len(other)
            for line in {match["line"] for match in mine}.symmetric_difference(other):
                pattern = rules[line]["path"]
                if is_special_beside_wildcard(pattern):
                    self.name("characters beside a wildcard")
                elif "%" in pattern:
                    self.name("encoded paths")
                else:
                    wrong.append(f"{path!r} and {pattern!r}: {'only the package' if line in other else 'only we'} match")
        return wrong

    def compare_cloudflare_matches(self, request, ours, theirs):
        wrong = []
        for path, mine, other in zip(request["paths"], ours["matches"], theirs["matches"]):
            found = {match["line"]: match["values"] for match in mine}
            for rule, match in zip(ours["rules"], other):
                if rule["scheme_and_host"]:
                    continue
                values = found.get(rule["line"])
                if match:
                    self.counts["matches"] += 1
                    if match["values"] != match["onePass"]:
                        self.name("names that begin alike")
                    match = [item for value in match["onePass"] for item in items(value)]
                if values is not None:
                    values = [item for value in joined(rule, values) for item in items(value)]
                if values == match:
                    continue
                if begins_alike(rule["path"]):
                    self.name("names that begin alike")
                elif is_encoded(rule["path"], path):
                    self.name("encoded paths")
                else:
                    wrong.append(f"{path!r} and {rule['path']!r}: {values}, and with the package {match}")
        return wrong


def unlike(own, other):
    if own == other:
        return []
    pairs = [f"{mine}\n  and with the package {theirs}" for mine, theirs in zip(own, other) if mine != theirs]
    return pairs or [f"{len(own)} rules, and with the package {len(other)}"]


def without_line(rule):
    return {key: value for key, value in rule.items() if key != "line"}


def own_netlify(rule):
    conditions = dict(rule["conditions"])
    sign = conditions.pop("Sign", None)
    sign = conditions.pop("signed", sign)
    for name in ("Role", "Language", "Country"):
        values = [conditions.pop(name, None), conditions.pop(name.lower(), None)]
        if found := [value for value in values if value is not None]:
            conditions[name] = found[-1].split(",")
    to, status = rule["to"], rule["status"]
    return {
        "line": rule["line"], "host": rule["scheme_and_host"], "from": rule["from"], "query": dict(rule["query"]), "to": to,
        "status": status, "is_forced": rule["is_forced"], "conditions": conditions, "signed": sign,
    }


def their_netlify(rule):
    host = f"{rule['scheme']}://{rule['host']}" if "scheme" in rule else None
    path = re.sub(r"\^", "%5E", rule["path"]) if host else rule["path"]
    return {
        "line": rule.get("line"), "host": host, "from": path, "query": rule["query"], "to": rule["to"],
        "status": rule.get("status", 301), "is_forced": rule["force"], "conditions": rule["conditions"], "signed": rule.get("signed"),
    }


def own_headers(rule, dialect):
    values = {}
    for _, name, value in rule["changes"]:
        if value is not None:
            values.setdefault(name if dialect == "netlify" else name.lower(), []).extend(items(value))
    made = {"line": rule["line"], "path": (rule["scheme_and_host"] or "") + rule["path"], "values": values}
    if dialect == "cloudflare":
        made["unset"] = [name for _, name, value in rule["changes"] if value is None]
    return made


def items(value):
    """The parts of a list; how many spaces are around a comma is no difference."""
    return [item.strip(SPACE) for item in value.split(",")]


def joined(rule, values):
    """The values of each name together, in the order of the names, as the package keeps them."""
    names = {}
    written = [name.lower() for _, name, value in rule["changes"] if value is not None]
    for name, value in zip(written, values):
        names.setdefault(name, []).append(value)
    return [", ".join(values) for values in names.values()]


def ascii_lower(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


if __name__ == "__main__":
    sys.exit(main())
