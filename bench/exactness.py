#!/usr/bin/env python3
"""What one edit of a large blog makes again: outputs rendered and written, and the time.

    exactness.py --quillfront target/release/quillfront [--posts 10000] [--search] [--keep DIR]

Makes the benchmark blog (make_site.py), builds it with `build --state`, then makes one edit after
another, each in a process of its own, and holds the counts against the bounds of the table below.
With --search the search index is on: then each bound is one output more where the index shows the
edit. With --keep the blog stays there and is used again. Exits with 1 where a bound does not hold.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))


class Site:
    def __init__(self, folder, quillfront, posts, search):
        self.folder, self.quillfront, self.posts, self.search = folder, quillfront, posts, search
        self.root = os.path.join(folder, "site")
        if not os.path.isdir(self.root):
            make = [sys.executable, os.path.join(HERE, "make_site.py"), self.root, "--posts", str(posts)]
            subprocess.run(make, check=True)
        config = self.read("config.toml")
        state = re.search(r"^build_search_index = (true|false)$", config, re.M).group(0)
        self.write("config.toml", config.replace(state, f"build_search_index = {str(search).lower()}"))

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)

    def post(self, number):
        return f"content/blog/{2006 + number % 20}/post-{number:06d}.md"

    def change(self, name, old, new):
        text = self.read(name)
        assert old in text, (name, old)
        self.write(name, text.replace(old, new, 1))

    def build(self, force=False):
        command = [self.quillfront, "--root", self.root, "build", "--json", "--state",
                   os.path.join(self.folder, "state"), "-o", os.path.join(self.folder, "out")]
        start = time.monotonic()
        done = subprocess.run(command + ["--force"] * force, capture_output=True, text=True)
        took = time.monotonic() - start
        if done.returncode:
            sys.exit(done.stderr)
        report = json.loads(done.stdout)
        return report, took


def newest(site):
    """The posts in the order of the blog, newest first, by their front matter."""
    def date(number):
        return re.search(r"^date = (\S+)$", site.read(site.post(number)), re.M).group(1)
    return sorted(range(site.posts), key=lambda number: (date(number), -number), reverse=True)


def linked(site):
    """A post that another one links to."""
    for number in range(site.posts // 2, site.posts):
        found = re.search(r"\]\(@/(blog/\S+?)\)", site.read(site.post(number)))
        if found:
            return "content/" + found.group(1)
    sys.exit("no post links to another")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quillfront", default="target/release/quillfront")
    options.add_argument("--posts", type=int, default=10_000)
    options.add_argument("--search", action="store_true")
    options.add_argument("--keep", metavar="DIR")
    options = options.parse_args()
    quillfront = os.path.abspath(options.quillfront)
    folder = options.keep or tempfile.mkdtemp(prefix="quillfront-exactness-")
    os.makedirs(folder, exist_ok=True)
    try:
        sys.exit(run(Site(folder, quillfront, options.posts, options.search)))
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def run(site):
    order = newest(site)
    old = site.post(order[len(order) // 2])
    other = site.post(order[len(order) // 3])
    all_of_it = site.posts + 10_000_000
    report, took = site.build(force=True)
    print(f"{'first build':42} {report['counts']['rendered']:9} {report['counts']['uploaded']:9} {took * 1000:8.0f} ms")
    # A page that reads a data file, and so has been built with it.
    site.write("data/links.toml", "one = 1\n")
    text = site.read(other)
    if "load_data" not in text:
        site.write(other, text + '\n{% set links = load_data(path="data/links.toml") %}{{ links.one }}\n')
    site.build()
    failed = 0

    def edit(what, change, rendered, uploaded, searched=True):
        nonlocal failed
        change()
        if site.search and searched:
            rendered, uploaded = rendered + 1, uploaded + 1
        report, took = site.build()
        counts = report["counts"]
        good = counts["rendered"] <= rendered and counts["uploaded"] <= uploaded
        failed += not good
        bound = "" if rendered >= all_of_it else f"(at most {rendered}, {uploaded})"
        print(f"{what:42} {counts['rendered']:9} {counts['uploaded']:9} {took * 1000:8.0f} ms  "
              f"{'ok' if good else 'FAILS'} {bound}", flush=True)
        return report

    body = site.read(old)
    edit("body of an old post, below the summary", lambda: site.write(old, body + "\nOne more line.\n"), 3, 2)
    edit("and reverted", lambda: site.write(old, body), 3, 2)
    title = re.search(r'^title = "(.*)"$', body, re.M).group(0)
    edit("title of an old post", lambda: site.change(old, title, 'title = "Another title"'), 40, 40)
    edit("and reverted", lambda: site.write(old, body), 40, 40)
    edit("touched", lambda: os.utime(site.path(old)), 0, 0, searched=False)
    target = linked(site)
    text = site.read(target)
    edit("body of a page that others link to", lambda: site.write(target, text + "\nMore.\n"), 3, 2)
    edit("and reverted", lambda: site.write(target, text), 3, 2)
    css = site.read("static/site.css")
    edit("style sheet", lambda: site.write("static/site.css", css + "p{color:red}"), 3, 3, searched=False)
    edit("and reverted", lambda: site.write("static/site.css", css), 3, 3, searched=False)
    edit("data file that one page reads", lambda: site.write("data/links.toml", "one = 2\n"), 3, 2)
    edit("and reverted", lambda: site.write("data/links.toml", "one = 1\n"), 3, 2)
    tags = re.search(r'^tags = \[(.*)\]$', body, re.M).group(0)
    edit("tag of an old post", lambda: site.change(old, tags, 'tags = ["garden", "history", "maths"]'), all_of_it, all_of_it)
    edit("and reverted", lambda: site.write(old, body), all_of_it, all_of_it)
    new = "content/blog/2025/post-new.md"
    edit("a new post, the newest", lambda: site.write(new, '+++\ntitle = "New"\ndate = 2025-12-31\n[taxonomies]\ntags = [\"css\"]\n+++\nNew.\n'), all_of_it, all_of_it)
    edit("and removed", lambda: os.remove(site.path(new)), all_of_it, all_of_it)
    return 1 if failed else 0


if __name__ == "__main__":
    main()
