"""Builders are killed at random moments of uploads with three clients; the site comes out right."""
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from authors import BROKEN, Aws, Boto, Editor, Rclone
from blogs import make_blog
from processes import Killer, running
from rest import (a_reconcile_finds_nothing, comes_to_rest, not_in_use, nothing_is_left_behind,
                  sources_are_what_was_acknowledged, thumbnails_are_of_what_is_there)
from server import Server
from trees import folder_tree
from wait import until

BASE_URL = "https://blog.example.org"
BUILDERS = 3
# So short that the lease of a dead builder is over soon; a slow machine only has to try more often.
LEASE_SECONDS = 6
LONGEST_SECONDS = 1.2
KILL_SECONDS = 300


def run(options, folder, seed):
    dice = random.Random(seed)
    blog = make_blog(folder / "blog")
    acknowledged = folder_tree(blog)
    data = folder / "data"
    data.mkdir()
    settings = ["--functions", str(options.functions), "--builders", str(BUILDERS),
                "--lease-seconds", str(LEASE_SECONDS), "-u", BASE_URL]
    with Server(options.quillfront, data, arguments=settings, ready_seconds=120) as server:
        upload(server, blog)
        # In every other round builders die while they publish for the first time.
        if seed % 2:
            comes_to_rest(server, folder, BASE_URL)
        authors = begin(server, folder, blog, dice)
        killer = Killer(server, options.functions, dice, options.kills, LONGEST_SECONDS)
        viewer = Viewer(server, dice.randrange(10**9), authors)
        killer.start()
        viewer.start()
        try:
            until(lambda: not killer.is_alive() or any(author.failure for author in authors), "all kills", KILL_SECONDS,
                  every=0.2, tail=server.tail)
        finally:
            killer.end()
            finish(authors, acknowledged)
        content = {key: content for key, content in acknowledged.items() if content is not None}
        sources_are_what_was_acknowledged(server, content)
        def others(told):
            return not_in_use(folder, told, content, lambda content: content == BROKEN.encode())
        try:
            told = comes_to_rest(server, folder, BASE_URL, others)
        finally:
            viewer.end()
        assert not told["held"], f"a change is held: {told['held']}"
        a_reconcile_finds_nothing(server, folder, BASE_URL, LEASE_SECONDS)
        comes_to_rest(server, folder, BASE_URL)
        thumbnails = thumbnails_are_of_what_is_there(server)
        nothing_is_left_behind(server)
        assert killer.most >= BUILDERS, f"there were {killer.most} builders at a time at most, and not {BUILDERS}"
        interrupted = server.said("exited with error: signal", "trying again")
        left = running(server, options.functions / "builder")
    uploads = sum(author.requests for author in authors)
    return (f"{killer.killed['builder']} builders killed, {interrupted} of them at work, and "
            f"{killer.killed['thumbnail']} makers of thumbnails; {killer.most} at a time, {len(left)} at the end; "
            f"{uploads} acts of authors, {len(content)} sources, {told['outputs']} objects, {thumbnails} thumbnails stored, "
            f"answers about them {dict(viewer.answers)}")


def upload(server, blog):
    with ThreadPoolExecutor(8) as pool:
        files = [path for path in sorted(blog.rglob("*")) if path.is_file()]
        list(pool.map(lambda path: server.put(path.relative_to(blog).as_posix(), path.read_bytes()), files))


def begin(server, folder, blog, dice):
    def seed():
        return dice.randrange(10**9)
    template = (blog / "templates" / "base.html").read_text()
    authors = [
        Boto(server, "boto", seed(), folder / "boto"),
        Boto(server, "other", seed(), folder / "other"),
        Aws(server, "aws", seed(), folder / "aws"),
        Rclone(server, "rclone", seed(), folder / "rclone"),
        Editor(server, "editor", seed(), folder / "editor", template),
    ]
    for author in authors:
        author.start()
    return authors


def finish(authors, acknowledged):
    """Has the authors end what they are at, and adds what they were told is there."""
    for author in authors:
        author.ended.set()
    for author in authors:
        author.join(240)
        assert not author.is_alive(), f"{author.name} hangs"
        assert not author.failure, f"{author.name}: {author.failure}"
        acknowledged.update(author.acknowledged)


class Viewer(threading.Thread):
    """Asks for thumbnails of pictures that come and go, so that some are stored while originals change."""

    def __init__(self, server, seed, authors):
        super().__init__(daemon=True)
        self.server, self.dice, self.authors = server, random.Random(seed), authors
        self.answers = Counter()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(self.dice.uniform(0.02, 0.2)):
            uploaded = [key for author in self.authors for key, content in list(author.acknowledged.items())
                        if content is not None and key.endswith(".png")]
            if not uploaded:
                continue
            picture = self.dice.choice(uploaded).removeprefix("static/").removeprefix("content/")
            width = self.dice.choice([64, 96, 128])
            try:
                urllib.request.urlopen(f"{self.server.site}/img/width={width},format=webp/{picture}", timeout=60).read()
                self.answers[200] += 1
            except urllib.error.HTTPError as error:
                self.answers[error.code] += 1  # there is no such picture now, or its maker was killed
            except OSError:
                self.answers["none"] += 1

    def end(self):
        self.ended.set()
        self.join(90)
