"""serve is killed at random moments of an upload; nothing acknowledged is lost, and the site comes out right."""
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from blogs import make_blog, post
from trees import keys, tree, wait_until_clean

BASE_URL = "https://blog.example.org"
ROUNDS = {False: 10, True: 100}
WRITERS = 4
LONGEST_SECONDS = 3.0


def run(test):
    blog = make_blog(test.folder("blog"))
    dice = random.Random(4)
    settings = {"arguments": ["-u", BASE_URL]}
    with test.serve(**settings) as server:
        server.put_folder(blog)
        wait_until_clean(server, blog, base_url=BASE_URL)
        known = tree(server.s3, "source")
    for number in range(ROUNDS[test.deep]):
        with test.serve(**settings) as server:
            writers = [Writer(server, str(name), dice.randrange(10**9)) for name in range(WRITERS)]
            kill_in_the_middle(server, writers, dice.uniform(0.02, LONGEST_SECONDS))
        with test.serve(**settings) as server:
            try:
                known = nothing_acknowledged_is_lost(server, known, writers)
                wait_until_clean(server, base_url=BASE_URL)
                nothing_is_left_behind(server)
            except AssertionError as error:
                raise AssertionError(f"round {number}: {error}") from None


class Writer(threading.Thread):
    """Uploads, edits and deletes posts of its own until the server is gone."""

    def __init__(self, server, name, seed):
        super().__init__(daemon=True)
        self.client = server.s3_client()
        self.name, self.dice = name, random.Random(seed)
        self.acknowledged = {}  # key → content, None where deleted
        self.in_doubt = None  # (key, content) of the request that was not answered

    def run(self):
        while True:
            key = f"content/blog/crash-{self.name}-{self.dice.randrange(6)}.md"
            gone = key in self.acknowledged and self.dice.random() < 0.2
            content = None if gone else self.some_post()
            self.in_doubt = (key, content)
            try:
                if gone:
                    self.client.delete_object(Bucket="source", Key=key)
                else:
                    self.client.put_object(Bucket="source", Key=key, Body=content)
            except (BotoCoreError, ClientError):
                return
            self.acknowledged[key] = content
            self.in_doubt = None

    def some_post(self):
        number = self.dice.randrange(10**6)
        words = "word " * self.dice.randrange(2000)
        return post(f"Crash {number}", words, date="2026-09-01", tags=(f"tag{number % 3}",)).encode()


def kill_in_the_middle(server, writers, seconds):
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    server.kill()
    for writer in writers:
        writer.join(60)
        assert not writer.is_alive(), "a writer hangs though the server is gone"


def nothing_acknowledged_is_lost(server, before, writers):
    now = tree(server.s3, "source")
    expected = dict(before)
    doubts = dict(writer.in_doubt for writer in writers if writer.in_doubt)
    for writer in writers:
        expected.update(writer.acknowledged)
    for key, content in expected.items():
        if now.get(key) != content:
            assert key in doubts and now.get(key) == doubts[key], f"{key} was acknowledged and is not there as it was"
    strangers = now.keys() - expected.keys() - doubts.keys()
    assert not strangers, f"from nowhere: {sorted(strangers)}"
    return now


def nothing_is_left_behind(server):
    uploads = server.s3.list_multipart_uploads(Bucket="site").get("Uploads", [])
    assert not uploads, f"unfinished uploads: {uploads}"
    segments = keys(server.s3, "state")
    assert len(segments) < 200, f"the state grows: {len(segments)} objects"
