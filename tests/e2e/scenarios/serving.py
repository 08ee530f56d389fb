"""What readers and browsers get: pretty URLs, redirects, conditions, ranges, encodings, live reload."""
import re
import gzip
import os
import selectors
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

from blogs import make_blog, post, write
from server import run as run_program
from trees import described_tree, wait_until_clean
from wait import TimeOut
from web import fetch, url_path, wait_for


def run(test):
    blog = make_blog(test.folder("blog"), 3)
    write(blog, "content/about.md", '+++\ntitle = "About"\naliases = ["old/about"]\n[taxonomies]\ntags = []\n+++\nAbout us.\n')
    write(blog, "static/data.json", '{"a": 1}\n')
    write(blog, "static/picture.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    write(blog, "static/bytes.bin", bytes(range(256)) * 100)
    with test.serve() as server:
        server.put_folder(blog)
        wait_until_clean(server, blog)
        addresses(server)
        every_object_as_it_is_in_the_bucket(server)
        conditions(server)
        ranges(server)
        encodings(server)
        methods(server)
        live_reload_touches_browsers_only(server)
        events_tell_of_builds(server)
        a_taken_port_is_told(test, server)


def addresses(server):
    assert "About us." in fetch(f"{server.site}/about/").text
    redirected(server, "/about", 301, "/about/")
    redirected(server, "/about?a=b", 301, "/about/?a=b", "/about/")
    redirected(server, "/old/about/", 301, f"{server.site}/about/", "/about/")
    for path in ("/nowhere/", "/nowhere/page.html", "/about/x.png", "/%2e%2e/%2e%2e/etc/passwd", "/..%2fsecret-key"):
        got = fetch(server.site + path)
        assert got.status in (400, 404), f"{path} answers {got.status}"
        if got.status == 404:
            assert "Page not found" in got.text and got.type.startswith("text/html"), f"{path}: {got.text[:200]}"
    got = fetch(f"{server.site}/data.json")
    assert got.type.startswith("application/json"), got.type
    assert fetch(f"{server.site}/picture.svg").type.startswith("image/svg+xml")


def redirected(server, path, status, *targets):
    got = fetch(server.site + path)
    assert got.status == status and got.headers["location"] in targets, f"{path}: {got.status} {got.headers.get('location')}"


def every_object_as_it_is_in_the_bucket(server):
    for key, (content, content_type, cache_control, metadata) in described_tree(server.s3, server.site_bucket).items():
        if "qf-location" in metadata:
            continue
        path = "/" + url_path(key.removesuffix("index.html") if key.endswith("/index.html") or key == "index.html" else key)
        got = fetch(server.site + path)
        wanted = 200
        assert got.status == wanted, f"{path} answers {got.status}"
        assert got.body == content, f"{path} differs from the bucket's {key}"
        assert got.headers["content-type"] == content_type, f"{path} is {got.type}"
        assert got.headers["cache-control"] == cache_control, f"{path}: {got.headers.get('cache-control')}"
        told = [name for name in got.headers if name.startswith(("x-amz", "qf-"))]
        assert not told, f"{path} tells the reader {told}"


def conditions(server):
    url = f"{server.site}/about/"
    got = fetch(url)
    etag, modified = got.headers["etag"], got.headers["last-modified"]
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"other", {etag}'}, {"If-Modified-Since": modified}):
        same = fetch(url, headers=headers)
        assert same.status == 304 and not same.body, f"{headers}: {same.status}"
        assert same.headers["etag"] == etag
    assert fetch(url, headers={"If-None-Match": '"other"'}).status == 200


def ranges(server):
    url, whole = f"{server.site}/bytes.bin", bytes(range(256)) * 100
    for asked, start, end in (("0-9", 0, 10), ("100-", 100, len(whole)), ("-5", len(whole) - 5, len(whole))):
        got = fetch(url, headers={"Range": f"bytes={asked}"})
        assert got.status == 206 and got.body == whole[start:end], f"{asked}: {got.status}, {len(got.body)} bytes"
        assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}", got.headers
    assert fetch(url, headers={"Range": f"bytes={len(whole)}-"}).status == 416


def encodings(server):
    url = f"{server.site}/blog/"
    plain = fetch(url)
    packed = fetch(url, headers={"Accept-Encoding": "gzip"})
    assert packed.headers.get("content-encoding") == "gzip" and gzip.decompress(packed.body) == plain.body
    packed = fetch(url, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers.get("content-encoding") == "br", packed.headers
    assert len(packed.body) < len(plain.body)
    if "brotli" in run_program(["curl", "--version"]).stdout:
        assert fetch(url, "--compressed", headers={"Accept-Encoding": "br"}).body == plain.body
    assert "accept-encoding" in packed.headers.get("vary", "").lower(), packed.headers
    assert "content-encoding" not in plain.headers
    again = fetch(url, headers={"Accept-Encoding": "gzip, br", "If-None-Match": packed.headers["etag"]})
    assert again.status == 304, again.status
    assert "content-encoding" not in fetch(f"{server.site}/bytes.bin", headers={"Accept-Encoding": "gzip, br"}).headers


def methods(server):
    url = f"{server.site}/about/"
    got, head = fetch(url), fetch(url, method="HEAD")
    assert head.status == 200 and not head.body
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers.get(name) == got.headers.get(name), f"{name}: {head.headers.get(name)}"
    assert fetch(f"{server.site}/nowhere/", method="HEAD").status == 404
    for method in ("POST", "DELETE", "PUT"):
        assert fetch(url, method=method).status in (403, 405), method


def live_reload_touches_browsers_only(server):
    url = f"{server.site}/about/"
    reader, browser = fetch(url), fetch(url, headers={"Sec-Fetch-Dest": "document", "Accept-Encoding": "gzip, br"})
    assert b"_quillfront" not in reader.body
    assert browser.status == 200 and "content-encoding" not in browser.headers
    assert b'<script src="/_quillfront/live.js"' in browser.body
    assert "etag" not in browser.headers and browser.headers["cache-control"] == "no-store"
    tag = rb'<script src="/_quillfront/live.js" defer(?: nonce="[0-9a-f]+")?></script>'
    added = re.sub(tag, b"", browser.body)
    assert added == reader.body, "the page differs by more than the script"
    script = fetch(f"{server.site}/_quillfront/live.js")
    assert script.status == 200 and "javascript" in script.type, script.type
    style = fetch(f"{server.site}/site.css", headers={"Sec-Fetch-Dest": "style"})
    assert b"_quillfront" not in style.body


def events_tell_of_builds(server):
    with Events(server.site) as events:
        events.wait_for("event: ")
        server.put("content/news.md", post("News for the open tab"))
        events.wait_for("event: invalidation")
        events.wait_for('"]')
        # Many paths at once are told as one.
        assert '"/news/"' in events.heard or '"/*"' in events.heard, events.heard
    wait_for(f"{server.site}/news/", contains="News for", tail=server.tail)


class Events:
    """The server-sent events, over curl."""

    def __init__(self, site):
        command = ["curl", "-sSN", "--max-time", "60", f"{site}/_quillfront/live"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.heard = ""

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.process.kill()
        self.process.wait(10)

    def wait_for(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while text not in self.heard:
                if time.monotonic() > deadline:
                    raise TimeOut(f"waited {seconds} s for {text!r}; heard {self.heard!r}")
                if selector.select(0.2):
                    self.heard += os.read(self.process.stdout.fileno(), 65536).decode()


def a_taken_port_is_told(test, server):
    taken = urlsplit(server.site).netloc
    for flag in ("--http", "--s3"):
        with tempfile.TemporaryDirectory() as folder:
            others = {"--http": "127.0.0.1:0", "--s3": "127.0.0.1:0", flag: taken}
            options = [word for pair in others.items() for word in pair]
            done = run_program([test.quillfront, "--root", folder, "serve", "--json", *options], check=False, seconds=30)
            assert done.returncode == 2, f"exit status {done.returncode}: {done.stderr}"
            assert taken in done.stderr and flag in done.stderr, done.stderr
            assert "panic" not in done.stderr and len(done.stderr.splitlines()) < 6, done.stderr
