#!/usr/bin/env python3
"""Thumbnails of the same photographs by Quillfront and by sharp, as ratios.

    pictures.py [--times N] [--widths 640 1600] [--formats jpeg webp avif] [--json] [--tools DIR]

Fetches sharp from npm, Pillow from PyPI and photographs from Debian (mate-backgrounds), into a temporary folder or
into --tools DIR, which is kept and used again. For each picture, width and format the two take turns:

  CPU    milliseconds of one thumbnail, decoding, resizing and encoding: a process that makes N + 1 less one that
         makes 1, divided by N; sharp with concurrency(1) and cache(false), from memory
  bytes  of the thumbnail, at the quality that each takes where the URL says none
  score  SSIMULACRA2 (fast-ssim2) against the same size made by Pillow's Lanczos, decoded by Pillow
  peak   megabytes of a process that makes one

Needs cargo, node with npm, and apt-get with dpkg-deb. Where two encoders differ in bytes and score, neither figure
says which is better alone: read them together.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARP, PILLOW = "0.35.5", "12.0.0"
PHOTOGRAPHS = {
    "ladybird": "nature/LadyBird.jpg",
    "wood": "nature/Wood.jpg",
    "elephants": "abstract/Elephants_5640x3172.jpg",
    "drawing": "desktop/Ubuntu-Mate-Cold-no-logo.png",
}
# For sharp, where Quillfront's URL says none: 75 of the scale of JPEG, which both have, and sharp's own defaults.
QUALITIES = {"jpeg": 75, "webp": 80, "avif": 50, "png": 100}
REFERENCE = """
import sys
from PIL import Image
source, width, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
image = Image.open(source).convert("RGB")
if width and width < image.width:
    image = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
image.save(out)
"""


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        scratch = Path(scratch)
        tools = Tools((options.tools or scratch / "tools").resolve())
        rows = []
        for name, file in PHOTOGRAPHS.items():
            original = tools.photographs / file
            for width in options.widths:
                reference = scratch / f"{name}-{width}.png"
                tools.to_png(original, width, reference)
                for kind in options.formats:
                    row = {"picture": name, "width": width, "format": kind}
                    row |= compared(tools, options.times, original, reference, row, scratch)
                    rows.append(row)
                    if not options.json:
                        print(told(row), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print(summary(rows))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="thumbnails of a timed process [%(default)s]")
    parser.add_argument("--widths", type=int, nargs="+", default=[640, 1600])
    parser.add_argument("--formats", nargs="+", choices=[*QUALITIES], default=["jpeg", "webp", "avif"])
    parser.add_argument("--json", action="store_true", help="print every figure")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the tools are, or go, and stay")
    return parser.parse_args()


class Tools:
    """Both programs, the photographs, and what judges the results."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.photographs = folder / "backgrounds" / "usr/share/backgrounds/mate"
        if not self.photographs.exists():
            run(["apt-get", "download", "-qq", "mate-backgrounds"], folder)
            for package in folder.glob("mate-backgrounds_*.deb"):
                run(["dpkg-deb", "-x", package, folder / "backgrounds"], folder)
        self.modules = folder / "npm"
        if not self.modules.exists():
            npm = ["npm", "install", "--prefix", self.modules, "--no-save", "--no-audit", "--no-fund", "--silent"]
            run([*npm, f"sharp@{SHARP}"], folder)
        self.python = folder / "python" / "bin" / "python"
        if not self.python.exists():
            venv.create(folder / "python", with_pip=True)
            pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            run([*pip, f"pillow=={PILLOW}"], folder)
        manifest = ["--manifest-path", HERE / "pictures" / "Cargo.toml"]
        target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")) / "bench-pictures"
        run(["cargo", "build", "--release", "--quiet", *manifest, "--target-dir", target], HERE)
        self.programs = target / "release"

    def quillfront(self, kind, width, times, original, out):
        return [self.programs / "thumbnail", f"width={width},format={kind}", times, original, out]

    def sharp(self, kind, width, times, original, out):
        script = HERE / "pictures" / "sharp.mjs"
        return ["node", script, self.modules, kind, width, QUALITIES[kind], times, original, out]

    def to_png(self, picture, width, out):
        run([self.python, "-c", REFERENCE, picture, width, out], HERE)

    def score(self, reference, picture, scratch):
        decoded = scratch / "decoded.png"
        self.to_png(picture, 0, decoded)
        return float(run([self.programs / "score", reference, decoded], HERE))


def compared(tools, times, original, reference, row, scratch):
    """The figures of both, who take turns."""
    figures = {"quillfront": [], "sharp": []}
    found = {}
    for _ in range(3):
        for program, all_figures in figures.items():
            out = scratch / f"{program}.{row['format']}"
            command = getattr(tools, program)
            one = usage(command(row["format"], row["width"], 1, original, out))
            many = usage(command(row["format"], row["width"], times + 1, original, out))
            all_figures.append((many["cpu_ms"] - one["cpu_ms"]) / times)
            found[program] = {"bytes": out.stat().st_size, "peak_mb": one["peak_mb"]}
    for program, all_figures in figures.items():
        picture = scratch / f"{program}.{row['format']}"
        found[program]["cpu_ms"] = statistics.median(all_figures)
        found[program]["score"] = tools.score(reference, picture, scratch)
    return found


def usage(command):
    """Milliseconds of processor time and peak memory in MB of one process."""
    process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{message.decode()}")
    return {"cpu_ms": 1000 * (used.ru_utime + used.ru_stime), "peak_mb": used.ru_maxrss / 1000}


def run(command, folder):
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout.strip()


def told(row):
    ours, theirs = row["quillfront"], row["sharp"]
    return (
        f"{row['picture']:10} {row['width']:5} {row['format']:5}"
        f" | CPU {ours['cpu_ms']:8.1f} and {theirs['cpu_ms']:8.1f} ms, ratio {ratio(row, 'cpu_ms'):5.2f}"
        f" | bytes {ours['bytes']:8} and {theirs['bytes']:8}, ratio {ratio(row, 'bytes'):5.2f}"
        f" | score {ours['score']:6.2f} and {theirs['score']:6.2f}"
        f" | peak {ours['peak_mb']:5.0f} and {theirs['peak_mb']:5.0f} MB"
    )


def ratio(row, figure):
    return row["quillfront"][figure] / row["sharp"][figure]


def summary(rows):
    lines = ["", "Quillfront to sharp, geometric means:"]
    for kind in dict.fromkeys(row["format"] for row in rows):
        these = [row for row in rows if row["format"] == kind]
        means = {name: statistics.geometric_mean(ratio(row, name) for row in these) for name in ("cpu_ms", "bytes")}
        score = statistics.mean(row["quillfront"]["score"] - row["sharp"]["score"] for row in these)
        lines.append(f"  {kind:5} CPU {means['cpu_ms']:.2f}, bytes {means['bytes']:.2f}, score {score:+.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
