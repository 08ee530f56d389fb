#!/usr/bin/env python3
"""Tries pictures that are strange, damaged or hostile, and mutations of them (images/tests/corpora.rs).

    run.py [--tools DIR] [--mutations N] [--seed N] [--release] [--only NAME ...] [--fetch]

The pictures are those that other programs are tested with, fetched from Debian and PyPI by the names of their
packages: libpng's `contrib/pngsuite` (PngSuite), `libjxl-testdata`, and the test images of Pillow and thumbor. They
go into a temporary folder, or into --tools DIR, which is kept and used again. Everything that a site does with a
picture has to come to an end without a panic, and in an optimised build 99 of 100 within a second.

Needs cargo, Python 3.11 with pip, and apt-get with dpkg-deb. The exit status is 1 where something is wrong, 2 where
something is missing.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STEP_LIMIT_SECONDS = 1800
RUN_LIMIT_SECONDS = 4 * 3600
PILLOW = "pillow==12.0.0"
THUMBOR = "thumbor==7.8.0"
# What is a picture or claims to be one. Archives have much else.
ENDINGS = {
    "apng", "avif", "bmp", "dds", "gif", "heic", "heif", "icns", "ico", "j2k", "jp2", "jpe", "jpeg", "jpg", "jxl",
    "pcx", "pgm", "png", "pnm", "ppm", "psd", "svg", "tga", "tif", "tiff", "webp", "bin", "exif", "mpo",
}


def main():
    options = arguments()
    if lack := what_lacks():
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        tools = (options.tools or Path(scratch) / "tools").resolve()
        counts = {name: fetch(tools, name) for name in options.only or CORPORA}
        print(", ".join(f"{name}: {count} files" for name, count in counts.items()), flush=True)
        if not all(counts.values()):
            print("a corpus is empty: its package has changed", file=sys.stderr)
            return 2
        return 0 if options.fetch else run(tools, options)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the pictures are, or go, and stay")
    deep = os.environ.get("E2E_DEEP") == "1"
    parser.add_argument("--mutations", type=int, default=50_000 if deep else 2_000, help="how many [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="for other mutations [%(default)s]")
    parser.add_argument("--release", action="store_true", default=deep, help="try an optimised build")
    parser.add_argument("--only", nargs="+", choices=list(CORPORA), metavar="NAME", help=", ".join(CORPORA))
    parser.add_argument("--fetch", action="store_true", help="fetch the pictures and do nothing else")
    return parser.parse_args()


def what_lacks():
    for program in ("cargo", "apt-get", "dpkg-deb"):
        if not shutil.which(program):
            return f"{program} is missing"
    return None


def run(tools, options):
    shutil.rmtree(tools / "found", ignore_errors=True)
    environment = os.environ | {
        "QUILLFRONT_PICTURES": str(tools / "pictures"),
        "QUILLFRONT_PICTURE_MUTATIONS": str(options.mutations),
        "QUILLFRONT_PICTURE_SEED": str(options.seed),
        "QUILLFRONT_PICTURES_FOUND": str(tools / "found"),
    }
    # With all packages, so that what `.ci/run` has compiled is taken.
    command = ["cargo", "test", "--workspace", *(["--release"] if options.release else []), "--test", "corpora"]
    command += ["--", "--nocapture"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, timeout=RUN_LIMIT_SECONDS, check=False)
    found = sorted((tools / "found").glob("*")) if (tools / "found").exists() else []
    for file in found:
        print(f"something is wrong with {file}", file=sys.stderr)
    return 1 if done.returncode or found else 0


def fetch(tools, name):
    """Puts a corpus into the folder of pictures, unless it is there; returns how many there are."""
    folder = tools / "pictures" / name
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
            CORPORA[name](Path(scratch), part)
        part.rename(folder)
    return sum(1 for path in folder.rglob("*") if path.is_file())


def pngsuite(scratch, folder):
    """The source package, without the changes of Debian."""
    apt = source_lists(scratch)
    step(scratch, [*apt, "update", "-qq"])
    step(scratch, [*apt, "source", "-qq", "--download-only", "--tar-only", "libpng1.6"])
    unpack_tar(next(scratch.glob("libpng1.6_*.orig.tar.*")), folder, "contrib/pngsuite/")


def source_lists(scratch):
    """apt-get with lists of its own, in which the sources are of the packages that the system installs."""
    lines = []
    for file in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if file.is_file() and file.suffix in (".list", ".sources") and "debian" in (text := file.read_text()):
            is_deb822 = file.suffix == ".sources"
            changed = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text) if is_deb822 else \
                re.sub(r"(?m)^deb(-src)? ", "deb-src ", text)
            target = scratch / "etc" / file.name
            target.parent.mkdir(exist_ok=True)
            target.write_text(changed)
            lines.append(target)
    if not lines:
        raise SystemExit("apt-get knows no packages of Debian")
    for name in ("lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    settings = {
        "Dir::Etc::SourceList": "-",
        "Dir::Etc::SourceParts": scratch / "etc",
        "Dir::State::Lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "root",
    }
    return ["apt-get", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]


def libjxl(scratch, folder):
    download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "libjxl-testdata"]
    if subprocess.run(download, cwd=scratch, check=False, timeout=STEP_LIMIT_SECONDS).returncode:
        step(scratch, ["apt-get", "update", "-qq"])
        step(scratch, download)
    step(scratch, ["dpkg-deb", "-x", next(scratch.glob("*.deb")), scratch / "all"])
    for path in sorted((scratch / "all").rglob("*")):
        if path.is_file() and not path.is_symlink() and is_picture(path.name):
            take(folder, path.relative_to(scratch / "all"), path.read_bytes())


def pillow(scratch, folder):
    sdist(scratch, PILLOW)
    unpack_tar(next(scratch.glob("*.tar.gz")), folder, "Tests/images/")


def thumbor(scratch, folder):
    sdist(scratch, THUMBOR)
    unpack_tar(next(scratch.glob("*.tar.gz")), folder, "tests/fixtures/")


def sdist(scratch, requirement):
    name = requirement.partition("==")[0]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    step(scratch, [*pip, "--no-binary", name, "--dest", scratch, requirement])


def unpack_tar(archive, folder, part):
    with tarfile.open(archive) as opened:
        for member in opened:
            inner = member.name.partition("/")[2]
            if member.isfile() and inner.startswith(part) and is_picture(inner):
                take(folder, Path(inner.removeprefix(part)), opened.extractfile(member).read())


def is_picture(name):
    return name.lower().rpartition(".")[2] in ENDINGS


def take(folder, name, data):
    target = folder / "_".join(Path(name).parts)
    target.write_bytes(data)


def step(folder, command):
    subprocess.run([str(part) for part in command], cwd=folder, check=True, timeout=STEP_LIMIT_SECONDS)


CORPORA = {"pngsuite": pngsuite, "libjxl": libjxl, "pillow": pillow, "thumbor": thumbor}


if __name__ == "__main__":
    sys.exit(main())
