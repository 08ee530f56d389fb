"""Trees: what the site bucket holds, what a clean build makes, and the comparison of the two.

A tree is a map from key to bytes; a described tree also has what travels beside the bytes.
"""
import difflib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import run
from wait import TimeOut, until

PARALLEL = 8
SHOWN = 8


def keys(client, bucket, prefix=""):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def tree(client, bucket):
    """key → bytes of a bucket."""
    return {key: described[0] for key, described in described_tree(client, bucket).items()}


def described_tree(client, bucket):
    """key → (bytes, Content-Type, Cache-Control, metadata) of a bucket."""
    def read(key):
        try:
            got = client.get_object(Bucket=bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return key, None  # deleted since it was listed
        return key, (got["Body"].read(), got.get("ContentType"), got.get("CacheControl"), got["Metadata"])
    with ThreadPoolExecutor(PARALLEL) as pool:
        read_all = pool.map(read, keys(client, bucket))
        return {key: described for key, described in read_all if described is not None}


def folder_tree(folder):
    """key → bytes of a folder."""
    folder = Path(folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def download(client, bucket, folder):
    """Writes a bucket into a folder, but for folder placeholders."""
    for key, content in tree(client, bucket).items():
        if not key.endswith("/"):
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def clean_build(quillfront, sources, base_url, now, allow_mistakes=False):
    """key → bytes of what `quillfront build` makes of a folder of sources."""
    out = tempfile.mkdtemp(prefix="clean-")
    command = [quillfront, "--root", sources, "--now", now, "build", "-f", "-u", base_url, "-o", out]
    try:
        done = run(command, check=False)
        if done.returncode not in ((0, 1) if allow_mistakes else (0,)):
            raise AssertionError(f"the clean build ended with {done.returncode}\n{done.stderr[-2000:]}")
        return folder_tree(out)
    finally:
        shutil.rmtree(out)


def clean_build_of_bucket(server, base_url=None):
    """The clean build of what the source bucket of `server` holds now."""
    with tempfile.TemporaryDirectory() as sources:
        download(server.s3, server.source, sources)
        return clean_build(server.quillfront, sources, base_url or server.site, server.now)


def wait_until_clean(server, sources=None, base_url=None, seconds=60, leave_out=()):
    """Waits until the site bucket equals the clean build of the sources (a folder, else the
    source bucket), and returns the tree. `leave_out`: keys of stale outputs."""
    base_url = base_url or server.site
    if sources is None:
        clean = clean_build_of_bucket(server, base_url)
    else:
        clean = clean_build(server.quillfront, sources, base_url, server.now)
    last = [{}]
    def published():
        last[0] = tree(server.s3, server.site_bucket)
        return not differences(last[0], clean, leave_out)
    def report():
        return f"{differences(last[0], clean, leave_out)}\n{server.tail()}"
    if not server.alive():
        raise AssertionError(f"serve has ended\n{server.tail()}")
    try:
        until(published, "the site to equal the clean build", seconds, every=0.2, tail=report)
    except TimeOut as error:
        raise AssertionError(str(error)) from None
    return last[0]


def differences(published, clean, leave_out=()):
    """What differs, readable; empty where nothing does."""
    published = {key: value for key, value in published.items() if key not in leave_out}
    clean = {key: value for key, value in clean.items() if key not in leave_out}
    told = [f"only published: {key}" for key in sorted(published.keys() - clean.keys())]
    told += [f"only in the clean build: {key}" for key in sorted(clean.keys() - published.keys())]
    for key in sorted(published.keys() & clean.keys()):
        if published[key] != clean[key]:
            told.append(f"differs: {key}\n{difference(published[key], clean[key])}")
    more = [f"… and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return "\n".join(told[:SHOWN] + more)


def difference(published, clean):
    if isinstance(published, tuple):
        names = ("bytes", "Content-Type", "Cache-Control", "metadata")
        unequal = [pair for pair in zip(names, published, clean) if pair[1] != pair[2]]
        return "\n".join(f"    {name}: {str(one)[:200]} / {str(other)[:200]}" for name, one, other in unequal)
    try:
        one, other = published.decode().splitlines(), clean.decode().splitlines()
    except UnicodeDecodeError:
        return f"    {len(published)} bytes / {len(clean)} bytes, binary"
    lines = difflib.unified_diff(one, other, "published", "clean", lineterm="", n=0)
    return "\n".join("    " + line[:200] for line in list(lines)[:12])
