"""A full disk, and few file descriptors: the site is served on, and uploads are refused with the reason."""
import socket
import subprocess
import time
from contextlib import contextmanager

from botocore.exceptions import ClientError

from blogs import a_post_of, make_blog, post
from trees import wait_until_clean
from wait import until
from web import fetch, wait_for

MEGABYTE = 1024 * 1024
SILENT = 200


def run(test):
    silent_clients_keep_nobody_out(test)
    with small_disk(test.folder("small")) as disk:
        if disk:
            a_full_disk(test, disk)
        else:
            print("no full disk was tried: this user may not mount one")


def silent_clients_keep_nobody_out(test):
    with test.serve("few", descriptors=128) as server:
        server.put_folder(make_blog(test.folder("blog-few")))
        wait_until_clean(server)
        half = "PUT /source/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n".encode()
        held = []
        for address in (server.ready["s3"], server.site):
            host, port = address.removeprefix("http://").split(":")
            for number in range(SILENT):
                held.append(socket.create_connection((host, int(port)), timeout=20))
                if number % 2:
                    held[-1].sendall(half)
            began = time.monotonic()
            for _ in range(5):
                assert fetch(f"{server.site}/").status == 200
            seconds = time.monotonic() - began
            assert seconds < 10, f"five pages took {seconds:.0f} s while {address} was kept busy"
        server.put("content/blog/meanwhile.md", post("Meanwhile", date="2026-09-12"))
        wait_for(f"{server.site}/blog/meanwhile/", contains="Meanwhile", tail=server.tail)
        for connection in held:
            connection.close()


@contextmanager
def small_disk(folder):
    """A disk of 64 MiB of its own; nothing where this user may not mount one."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def a_full_disk(test, disk):
    blog = make_blog(test.folder("blog-full"))
    _, page = a_post_of(blog)
    filler = disk / "filler"
    # The terminal's log lies beside the data folder, which is the whole disk here.
    with test.serve(str(disk)) as server:
        server.put_folder(blog)
        wait_until_clean(server)
        fill(filler)
        try:
            server.put("static/large.bin", bytes(2 * MEGABYTE))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InsufficientStorage", error.response
            assert "full" in error.response["Error"]["Message"], error.response
        else:
            raise AssertionError("2 MiB went into a full disk")
        until(lambda: "No space left" in server.tail(200), "the terminal to name the full disk", 10)
        assert fetch(server.site + page).status == 200
    with test.serve(str(disk), first_report=False) as server:
        wait_for(server.site + page, tail=server.tail)
        assert server.alive()
        filler.unlink()
        server.put("content/blog/after.md", post("After", date="2026-09-13"))
        wait_for(f"{server.site}/blog/after/", contains="After", tail=server.tail)


def fill(path):
    """Takes all room there is."""
    with open(path, "wb", buffering=0) as file:
        for size in (MEGABYTE, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
