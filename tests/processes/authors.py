"""Authors who upload, overwrite and delete with `aws`, `rclone` and boto3, each below keys of its own, and remember
what was acknowledged."""
import random
import struct
import threading
import zlib

from blogs import post, write

# Beside each of these, the site has twenty posts that stay: nothing that authors delete is held.
POSTS = 5
BROKEN = "+++\ntitle = \"never closed\n+++\n\nWords.\n"


def picture(dice, width=240, height=160):
    """A PNG of stripes."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    colours = [bytes(dice.randrange(256) for _ in range(3)) for _ in range(4)]
    rows = b"".join(b"\0" + b"".join(colours[x // 60 % 4] for x in range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Author(threading.Thread):
    """Works until it is told to end. `acknowledged` has what each key holds: None where it is deleted."""

    def __init__(self, server, name, seed, folder):
        super().__init__(daemon=True)
        self.server, self.name, self.folder = server, name, folder
        self.dice = random.Random(seed)
        self.acknowledged = {}
        self.requests = 0
        self.failure = None
        self.ended = threading.Event()
        folder.mkdir()

    def run(self):
        try:
            while not self.ended.is_set():
                self.act()
                self.requests += 1
                self.ended.wait(self.dice.uniform(0, self.longest_pause))
        except Exception as error:  # told by whoever waits for this thread
            self.failure = error

    longest_pause = 0.6

    def some_file(self):
        """A key and what is put there: a post, a picture beside it or for all, a file, or a post with a mistake."""
        number = self.dice.randrange(POSTS)
        words = "word " * self.dice.randrange(200)
        kind = self.dice.random()
        if kind < 0.5:
            text = post(f"{self.name} {self.dice.randrange(10**6)}", words, date=f"2026-09-{number + 1:02}",
                        tags=(f"tag{self.dice.randrange(3)}",))
            return f"content/blog/{self.name}-{number}/index.md", text.encode()
        if kind < 0.6:
            return f"content/blog/{self.name}-{number}/index.md", BROKEN.encode()
        if kind < 0.75:
            return f"content/blog/{self.name}-{number}/photo.png", picture(self.dice)
        if kind < 0.9:
            return f"static/photos/{self.name}-{number}.png", picture(self.dice)
        return f"static/files/{self.name}-{number}.txt", words.encode()

    def deletes(self):
        """A key of its own that is there, sometimes."""
        there = [key for key, content in self.acknowledged.items() if content is not None]
        return self.dice.choice(sorted(there)) if there and self.dice.random() < 0.2 else None


class Boto(Author):
    """One request at a time, over boto3."""

    def act(self):
        client = self.server.s3
        if key := self.deletes():
            client.delete_object(Bucket="source", Key=key)
            self.acknowledged[key] = None
            return
        key, content = self.some_file()
        client.put_object(Bucket="source", Key=key, Body=content)
        self.acknowledged[key] = content


class Editor(Author):
    """Edits what all pages are made with: a template and the style sheet."""

    longest_pause = 3.0
    TEMPLATE, STYLE = "templates/base.html", "static/site.css"

    def __init__(self, server, name, seed, folder, template):
        super().__init__(server, name, seed, folder)
        self.template = template

    def act(self):
        number = self.dice.randrange(10**6)
        if self.dice.random() < 0.5:
            key, text = self.TEMPLATE, self.template.replace("</body>", f"<p>Foot {number}.</p></body>")
        else:
            key, text = self.STYLE, f"body {{ --number: {number}; }}\n"
        self.server.put(key, text)
        self.acknowledged[key] = text.encode()


class Aws(Author):
    """`aws s3 cp`, `aws s3 rm`, and many files at once with `aws s3 cp --recursive`."""

    def act(self):
        if key := self.deletes():
            self.server.aws("s3", "rm", "--only-show-errors", f"s3://source/{key}")
            self.acknowledged[key] = None
            return
        if self.dice.random() < 0.5:
            key, content = self.some_file()
            path = write(self.folder, "one", content)
            self.server.aws("s3", "cp", "--only-show-errors", path, f"s3://source/{key}")
            self.acknowledged[key] = content
            return
        batch = self.folder / f"batch-{self.requests}"
        files = dict(self.some_file() for _ in range(6))
        for key, content in files.items():
            write(batch, key, content)
        self.server.aws("s3", "cp", "--recursive", "--only-show-errors", batch, "s3://source/")
        self.acknowledged.update(files)


class Rclone(Author):
    """`rclone sync` of a section, which deletes what the folder has no more."""

    def act(self):
        section = f"content/blog/{self.name}"
        local = self.folder / "section"
        if self.requests == 0:
            self.edit(local, f"{section}/_index.md", b"+++\ntransparent = true\nrender = false\n+++\n")
        for _ in range(3):
            path = f"{section}/post-{self.dice.randrange(POSTS)}.md"
            if self.acknowledged_now(path) and self.dice.random() < 0.3:
                (local / path).unlink()
                self.planned[path] = None
                continue
            text = post(f"{self.name} {self.dice.randrange(10**6)}", "word " * self.dice.randrange(200), date="2026-08-01")
            self.edit(local, path, text.encode())
        self.server.rclone("sync", "--checksum", "--retries", "1", local / section, f"qf:source/{section}")
        self.acknowledged.update(self.planned)
        self.planned = {}

    planned = {}

    def acknowledged_now(self, path):
        return self.planned.get(path, self.acknowledged.get(path)) is not None

    def edit(self, local, path, content):
        write(local, path, content)
        self.planned = {**self.planned, path: content}
