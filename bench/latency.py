#!/usr/bin/env python3
"""How long after an upload the page answers.

    latency.py [--posts 20] [--uploads 50] [--edit] [--quillfront PATH] [--client boto3|aws]

Serves the generated blog, puts a new post many times, or with --edit another body of an old one, and
measures the wall time from the client's return (`put_object`, or the end of `aws s3 cp`) to the
moment the new page answers, polled every 2 ms. Prints p50, p95 and the largest, in milliseconds, and
what the last build cost.
"""
import argparse
import http.client
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))

from blogs import make_blog, post  # noqa: E402
from run import newest_build  # noqa: E402
from server import Server  # noqa: E402
from trees import wait_until_clean  # noqa: E402

POLL_SECONDS = 0.002
LIMIT_SECONDS = 60


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="latency-") as scratch:
        blog = make_blog(Path(scratch, "blog"), options.posts)
        data = Path(scratch, "data")
        data.mkdir()
        with Server(options.quillfront, data) as server:
            server.put_folder(blog)
            wait_until_clean(server, blog, seconds=300)
            old = sorted(blog.glob("content/blog/*/post-*.md"))[options.posts // 2]
            edited = (old.relative_to(blog).as_posix(), old.read_text()) if options.edit else None
            path = Path(scratch, "post.md")
            seconds = [upload(server, path, number, options.client, edited) for number in range(options.uploads)]
            last = server.reports[-1]
            builds = [report["ms"]["total"] for report in server.reports[-options.uploads :]]
    milliseconds = sorted(1000 * second for second in seconds)
    print(
        f"{options.posts} posts, {options.uploads} uploads with {options.client}: "
        f"p50 {percentile(milliseconds, 50):.0f} ms, p95 {percentile(milliseconds, 95):.0f} ms, "
        f"max {milliseconds[-1]:.0f} ms (builds: p50 {statistics.median(builds):.0f} ms)"
    )
    print(f"the last build: {last['counts']}, requests {last['requests']}, bytes {last['bytes']}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=20)
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--edit", action="store_true", help="another body of an old post instead of a new one")
    parser.add_argument("--client", choices=["boto3", "aws"], default="boto3")
    parser.add_argument("--quillfront", type=Path, help="the command to measure [default: the newest in the target folder]")
    options = parser.parse_args()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


def upload(server, path, number, client, edited=None):
    """Seconds from the client's return to the page's first answer."""
    if edited:
        key, text = edited[0], f"{edited[1]}\n\nlatency-{number}\n"
        url, wanted = f"/{key.removeprefix('content/').removesuffix('.md')}/", f"latency-{number}"
    else:
        key = f"content/blog/latency-{number}.md"
        text = post(f"Latency {number}", date="2026-11-01", tags=("rust", "edge"))
        url, wanted = f"/blog/latency-{number}/", ""
    if client == "aws":
        path.write_text(text)
        server.aws("s3", "cp", "--no-progress", path, f"s3://source/{key}")
    else:
        server.put(key, text)
    returned = time.perf_counter()
    wait_until_it_answers(server.site, url, wanted)
    seconds = time.perf_counter() - returned
    # The next upload finds a builder at rest, as a writer's does.
    server.wait_sources([key])
    return seconds


def wait_until_it_answers(site, path, wanted):
    """Over one connection, so that what is measured is the site and not the client."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=LIMIT_SECONDS)
    deadline = time.monotonic() + LIMIT_SECONDS
    try:
        while True:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200 and wanted.encode() in body:
                return
            if time.monotonic() > deadline:
                sys.exit(f"{path} did not answer within {LIMIT_SECONDS} s")
            time.sleep(POLL_SECONDS)
    finally:
        connection.close()


def percentile(ordered, percent):
    """Nearest rank."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


if __name__ == "__main__":
    main()
