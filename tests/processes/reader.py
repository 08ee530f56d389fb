"""Somebody reads a page, and all that it names, while it is published again and again: nothing is ever missing."""
import http.client
import random
import re
import threading
from urllib.parse import urljoin, urlsplit

from authors import picture
from rest import comes_to_rest
from server import Server
from wait import until

BUILDERS = 3
PUBLISH_SECONDS = 120
NAMED = re.compile(r'(?:href|src)="([^"]+\.(?:css|js|png|webp)(?:\?[^"]*)?)"')
WANTED = {"css", "js", "png"}

BASE = """<!doctype html><html><head><title>{{ config.title }}</title>
<link rel="stylesheet" href="{{ get_url(path="style-NUMBER.css") }}">
<link rel="stylesheet" href="{{ get_url(path="site.css", cachebust=true) }}">
<link rel="stylesheet" href="{{ get_url(path="sass.css") }}">
<script src="{{ get_url(path="script-NUMBER.js") }}" defer></script>
<script src="{{ get_url(path="site.js", cachebust=true) }}" defer></script></head>
<body>{% block main %}{% endblock %}<p>Foot NUMBER.</p></body></html>
"""
PAGE = """{% extends "base.html" %}{% block main %}<h1>{{ page.title }}</h1>{{ page.content | safe }}
{% set small = resize_image(path="photo.png", width=20, op="scale", height=10) %}<img src="{{ small.url }}" alt="">
<img src="{{ get_url(path="photo.png") }}" alt="">{% endblock %}
"""
SITE = {
    "quillfront.toml": "",
    "templates/page.html": PAGE,
    "templates/index.html": '{% extends "base.html" %}',
    "content/_index.md": '+++\ntitle = "Home"\n+++\n',
}


def run(options, folder, seed):
    dice = random.Random(seed)
    data = folder / "data"
    data.mkdir()
    settings = ["--functions", str(options.functions), "--builders", str(BUILDERS), "--no-reload"]
    with Server(options.quillfront, data, arguments=settings, ready_seconds=120) as server:
        for key, content in {**SITE, **assets(0, dice), **page(0)}.items():
            server.put(key, content)
        server.put("config.toml", f'base_url = "{server.site}"\ntitle = "Read"\ncompile_sass = true\n')
        until(lambda: fetch(server.site, "/page/")[0] == 200, "the first publish", PUBLISH_SECONDS, tail=server.tail)
        comes_to_rest(server, folder, server.site)
        reader = Reader(server.site)
        reader.start()
        try:
            for number in range(1, options.publishes + 1):
                publish(server, number, dice, reader)
        finally:
            reader.end()
        comes_to_rest(server, folder, server.site)
    assert reader.pages, "nothing was read"
    assert not reader.wrong, f"{len(reader.wrong)} answers are wrong:\n" + "\n".join(list(dict.fromkeys(reader.wrong))[:8])
    assert len(reader.versions) >= options.publishes // 2, f"only {len(reader.versions)} versions of the page were seen"
    return (f"{options.publishes} publishes; {reader.pages} pages read, {len(reader.versions)} of their versions, and "
            f"{reader.files} files that they name; none was missing")


def assets(number, dice):
    """What a version of the page names; the names of some are new each time."""
    return {
        f"static/style-{number}.css": f"body {{ --number: {number}; }}\n",
        f"static/script-{number}.js": f"const number = {number};\n",
        "static/site.css": f"p {{ --number: {number}; }}\n",
        "static/site.js": f"const site = {number};\n",
        "static/photo.png": picture(dice),
        "sass/sass.scss": f"$number: {number}; main {{ order: $number; }}\n",
    }


def page(number):
    """The page, and the template with what it names."""
    body = f'+++\ntitle = "Version {number}"\n+++\nVersion {number}.\n\n![a photograph](photo-{number}.png)\n'
    return {"templates/base.html": BASE.replace("NUMBER", str(number)), "content/page/index.md": body,
            f"content/page/photo-{number}.png": picture(random.Random(number))}


def publish(server, number, dice, reader):
    """As authors do it: first what is new, then what names it, and last what nothing names any more is deleted."""
    new, named = assets(number, dice), page(number)
    picture_key = f"content/page/photo-{number}.png"
    body_key = "content/page/index.md"
    order = [*new.items(), (picture_key, named[picture_key])]
    dice.shuffle(order)
    for key, content in order:
        server.put(key, content)
    for key in ("templates/base.html", body_key):
        server.put(key, named[key])
    wanted = (f"Version {number}.", f"Foot {number}.")
    def answers():
        status, body = fetch(server.site, "/page/")
        return status == 200 and all(text in body for text in wanted)
    until(answers, f"version {number} of the page", PUBLISH_SECONDS, tail=server.tail)
    # Whoever has begun to read the page of before has come to its end.
    seen = reader.pages
    until(lambda: reader.pages >= seen + 2 or not reader.is_alive(), "the reader", PUBLISH_SECONDS)
    for key in (f"static/style-{number - 1}.css", f"static/script-{number - 1}.js", f"content/page/photo-{number - 1}.png"):
        server.delete(key)


def fetch(site, path):
    """(status, text) of one request."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


class Reader(threading.Thread):
    """Reads the page and all that it names, again and again."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site = site
        self.pages = self.files = 0
        self.versions, self.wrong = set(), []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.01):
            try:
                self.read()
            except Exception as error:  # whatever it is, it is no page
                self.wrong.append(f"/page/: {error!r}")
            self.pages += 1

    def read(self):
        status, text = fetch(self.site, "/page/")
        if status != 200:
            self.wrong.append(f"/page/: {status}")
            return
        version = re.search(r"Version (\d+)\.", text)
        self.versions.add(version and version[1])
        named = {urljoin(f"{self.site}/page/", address) for address in NAMED.findall(text)}
        kinds = {urlsplit(address).path.rsplit(".", 1)[-1] for address in named}
        if not WANTED <= kinds or len(named) < 8:
            self.wrong.append(f"/page/ names only {sorted(named)}")
        for address in sorted(named):
            parts = urlsplit(address)
            status, _ = fetch(self.site, parts.path + (f"?{parts.query}" if parts.query else ""))
            self.files += 1
            if status != 200:
                self.wrong.append(f"version {version and version[1]} of the page names {address}: {status}")

    def end(self):
        self.ended.set()
        self.join(90)
