"""minio-js and s3cmd, which ask otherwise than the AWS SDKs: buckets, parts, links, odd keys, publishing."""
from pathlib import Path

from blogs import post, write
from server import run as run_program
from web import fetch, wait_for

HERE = Path(__file__).resolve().parents[1]
MEGABYTE = 1024 * 1024


def run(test):
    with test.serve() as server:
        minio_js(server, test.folder("minio"))
        s3cmd_with_its_own_region(server, test.folder("s3cmd"))
        s3cmd_publishes(server, test.folder("posts"))


def minio_js(server, folder):
    run_program(["node", HERE / "minio.cjs", folder], server.environment())


def s3cmd_with_its_own_region(server, folder):
    """Its default, `US`, is no region; it is told the right one."""
    content = bytes(range(256)) * (16 * MEGABYTE // 256)
    large = write(folder, "large.bin", content)
    small = write(folder, "ü small.txt", "small")
    server.s3cmd("mb", "s3://from-s3cmd")
    assert "s3://from-s3cmd" in server.s3cmd("ls").stdout
    server.s3cmd("put", "--multipart-chunk-size-mb=5", large, "s3://from-s3cmd/large.bin")
    server.s3cmd("put", small, "s3://from-s3cmd/a b/ü small.txt")
    listed = server.s3cmd("ls", "--recursive", "s3://from-s3cmd").stdout
    assert "s3://from-s3cmd/large.bin" in listed and "s3://from-s3cmd/a b/ü small.txt" in listed, listed
    server.s3cmd("get", "s3://from-s3cmd/large.bin", folder / "back.bin")
    assert (folder / "back.bin").read_bytes() == content
    server.s3cmd("cp", "s3://from-s3cmd/a b/ü small.txt", "s3://from-s3cmd/copy.txt")
    assert "copy.txt" in server.s3cmd("info", "s3://from-s3cmd/copy.txt").stdout
    link = server.s3cmd("signurl", "s3://from-s3cmd/copy.txt", "+60").stdout.strip()
    assert fetch(link).text == "small"
    public = server.s3cmd("put", "--acl-public", small, "s3://from-s3cmd/public.txt", check=False)
    assert public.returncode != 0 and "ACL" in public.stderr, public.stderr
    server.s3cmd("rb", "--recursive", "--force", "s3://from-s3cmd")


def s3cmd_publishes(server, folder):
    write(folder, "content/blog/by-s3cmd.md", post("By s3cmd", date="2026-09-11"))
    write(folder, "config.toml", 'base_url = "https://blog.example.org"\ntaxonomies = [{ name = "tags" }]\n')
    server.s3cmd("sync", f"{folder}/", "s3://source/")
    wait_for(f"{server.site}/blog/by-s3cmd/", contains="By s3cmd", tail=server.tail)
