"""Everything an author can get wrong: each is told with its file, the rest is published, the last good page stays."""
import json

from blogs import make_blog, post
from trees import tree, wait_until_clean
from wait import until
from web import fetch, wait_for

MEGABYTE = 1024 * 1024
# An edited post: not the oldest, whose neighbour changes whenever another old post comes.
KEY, PAGE = "content/blog/2015/post-000009.md", "blog/2015/post-000009/index.html"
GOOD_TOP = '+++\ntitle = "Looks good"\ndate = 2015-01-01\n'

# What is uploaded over a good post: name → (content, line of the diagnostic or None for any).
BROKEN_POSTS = {
    "broken TOML": ('+++\ntitle = "x"\ndate = = 2015-01-01\n+++\nBody\n', 3),
    "unclosed front matter": ('+++\ntitle = "x"\nBody\n', None),
    "broken YAML": ('---\ntitle: x\ntags: [a, b\n---\nBody\n', None),
    "a date that is none": ('+++\ntitle = "x"\ndate = "someday"\n+++\nBody\n', 3),
    "unknown template": (GOOD_TOP + 'template = "nowhere.html"\n+++\nBody\n', None),
    "unknown taxonomy": (GOOD_TOP + '[taxonomies]\ncolours = ["red"]\n+++\nBody\n', None),
    "a link to nothing": (GOOD_TOP + "+++\nFirst line.\n\nSee [it](@/nowhere.md).\n", None),
    "an unknown component": (GOOD_TOP + "+++\n{{ <nothing /> }}\n", None),
    "not UTF-8": (b'+++\ntitle = "x"\n+++\nCaf\xe9\n', 4),
    "UTF-16": (post("UTF-16").encode("utf-16"), None),
    "50 MB": (post("Fifty").encode() + b"word word word word word word word word\n" * (50 * MEGABYTE // 40), None),
    "an empty file": (b"", None),
    "a binary named .md": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, None),
}


def run(test):
    blog = make_blog(test.folder("blog"))
    with test.serve() as server:
        server.put_folder(blog)
        wait_until_clean(server, blog)
        mistakes = Mistakes(server, blog)
        for name, (content, line) in BROKEN_POSTS.items():
            mistakes.told(name, a_broken_edit, server, blog, content, line)
        for story in (broken_from_the_start, two_sources_for_one_url, a_template_with_a_syntax_error,
                      a_template_that_includes_itself, a_layout_that_includes_itself, a_broken_configuration,
                      a_deleted_configuration, deleting_everything_is_held, deleting_everything_approved):
            mistakes.told(story.__name__.replace("_", " "), story, server, blog)
        mistakes.must_be_none()


class Mistakes:
    """Goes on after a failed case, so that one run tells all of them."""

    def __init__(self, server, blog):
        self.server, self.blog, self.failed = server, blog, []

    def told(self, name, story, *arguments):
        try:
            story(*arguments)
            assert self.server.alive(), self.server.tail()
            assert "panicked" not in self.server.tail(500), self.server.tail(500)
        except (AssertionError, UnicodeError) as error:
            self.failed.append(f"{name}: {error}")
            assert self.server.alive(), self.failed[-1]
            self.start_over()

    def start_over(self):
        for key in tree(self.server.s3, "source").keys():
            if not (self.blog / key).is_file():
                self.server.delete(key)
        self.server.put_folder(self.blog)
        wait_until_clean(self.server, self.blog)

    def must_be_none(self):
        assert not self.failed, f"{len(self.failed)} cases failed:\n" + "\n".join(self.failed)


class Beside:
    """A good post that is uploaded together with something bad; old and untagged, so that only
    lists, feed and its neighbour change with it."""

    number = 0

    def __init__(self, server):
        Beside.number += 1
        self.server, self.key = server, f"content/blog/good-{Beside.number}.md"
        self.url = f"{server.site}/blog/good-{Beside.number}/"
        server.put(self.key, post(f"Good {Beside.number}", date="1999-01-01", tags=()))

    def wait_until_published(self):
        wait_for(self.url, contains=f"Good {Beside.number}", tail=self.server.tail)

    def remove(self):
        self.server.delete(self.key)
        wait_for(self.url, status=404, tail=self.server.tail)


def a_broken_edit(server, blog, content, line):
    good = published(server, PAGE)
    since = server.mark()
    server.put(KEY, content)
    beside = Beside(server)
    told = server.wait_diagnostic(KEY, since, severity="error")
    beside.wait_until_published()
    assert line is None or told["line"] == line, f"line {told['line']}, not {line}: {told}"
    assert told["message"], told
    assert published(server, PAGE) == good, "the last good page was not kept byte by byte"
    assert fetch(f"{server.site}/{PAGE.removesuffix('index.html')}").body == good
    beside.remove()
    server.put(KEY, (blog / KEY).read_bytes())
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def broken_from_the_start(server, blog):
    """Sources that never were good are as if they were not there."""
    since = server.mark()
    broken = {f"content/blog/never-good-{number}.md": content for number, content in enumerate((b"", b"\xff\xfe", b"no front matter"))}
    for key, content in broken.items():
        server.put(key, content)
    beside = Beside(server)
    beside.wait_until_published()
    for number, key in enumerate(broken):
        server.wait_diagnostic(key, since, severity="error")
        assert fetch(f"{server.site}/blog/never-good-{number}/").status == 404
        server.put(key, post(f"Good at last {number}"))
    for number, key in enumerate(broken):
        wait_for(f"{server.site}/blog/never-good-{number}/", contains="Good at last", tail=server.tail)
        server.delete(key)
    beside.remove()
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def two_sources_for_one_url(server, blog):
    """The smaller source key owns the URL; when it goes, the next one is published."""
    since = server.mark()
    first, second = "content/blog/first.md", "content/blog/second.md"
    claim = '+++\ntitle = "{}"\ndate = 1999-01-01\npath = "claimed"\n[taxonomies]\ntags = []\n+++\n'
    server.put(second, claim.format("Second"))
    wait_for(f"{server.site}/claimed/", contains="Second", tail=server.tail)
    server.put(first, claim.format("First"))
    beside = Beside(server)
    wait_for(f"{server.site}/claimed/", contains="<h1>First", tail=server.tail)
    told = server.wait_diagnostic(second, since, code="collision")
    assert first in told["message"], f"both are named: {told}"
    beside.wait_until_published()
    server.delete(first)
    wait_for(f"{server.site}/claimed/", contains="<h1>Second", tail=server.tail)
    server.delete(second)
    wait_for(f"{server.site}/claimed/", status=404, tail=server.tail)
    beside.remove()
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def a_template_with_a_syntax_error(server, blog):
    since = server.mark()
    before = published(server, PAGE)
    server.put("templates/page.html", '{% extends "base.html" %}\n{% block main %}\n{% if %}\n{% endblock %}')
    beside = Beside(server)
    told = server.wait_diagnostic("templates/page.html", since, severity="error")
    assert told["line"] == 3, told
    beside.wait_until_published()
    assert published(server, PAGE) == before
    beside.remove()
    server.put("templates/page.html", (blog / "templates/page.html").read_bytes())
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def a_template_that_includes_itself(server, blog):
    """Only the page that uses it suffers."""
    since = server.mark()
    server.put("templates/loop.html", '<p>{{ page.title }}</p>\n{% include "loop.html" %}\n')
    server.put("content/loop.md", '+++\ntitle = "Loop"\ntemplate = "loop.html"\n+++\n')
    beside = Beside(server)
    beside.wait_until_published()
    server.wait_diagnostic("templates/loop.html", since, severity="error")
    assert fetch(f"{server.site}/loop/").status == 404
    server.put("templates/loop.html", "<p>{{ page.title }}</p>")
    wait_for(f"{server.site}/loop/", contains="<p>Loop</p>", tail=server.tail)
    server.delete("content/loop.md")
    server.delete("templates/loop.html")
    beside.remove()
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def a_layout_that_includes_itself(server, blog):
    """Every page uses it, and every page stays as it was."""
    since = server.mark()
    before = tree(server.s3, "site")
    server.put("templates/sidebar.html", 'Side\n{% include "sidebar.html" %}\n')
    server.put("static/marker.txt", "published all the same")
    wait_for(f"{server.site}/marker.txt", contains="published", tail=server.tail)
    server.wait_diagnostic("templates/sidebar.html", since, severity="error")
    after = tree(server.s3, "site")
    changed = [key for key in before if after.get(key) != before[key]]
    assert not changed, f"changed: {changed}"
    server.put("templates/sidebar.html", (blog / "templates/sidebar.html").read_bytes())
    server.delete("static/marker.txt")
    wait_for(f"{server.site}/marker.txt", status=404, tail=server.tail)
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def a_broken_configuration(server, blog):
    since = server.mark()
    before = published(server, PAGE)
    server.put("config.toml", 'base_url = "https://blog.example.org"\ntitle = = "x"\n')
    beside = Beside(server)
    told = server.wait_diagnostic("config.toml", since, severity="error")
    assert told["line"] == 2, told
    beside.wait_until_published()
    assert published(server, PAGE) == before
    beside.remove()
    server.put("config.toml", (blog / "config.toml").read_bytes())
    wait_until_clean(server, blog)
    no_diagnostics_any_more(server)


def a_deleted_configuration(server, blog):
    since = server.mark()
    before = tree(server.s3, "site")
    server.aws("s3", "rm", "s3://source/config.toml")
    server.wait_report(lambda report: report.get("held"), "that the change is held", since)
    assert tree(server.s3, "site") == before, "a site without its configuration stays as it is"
    beside = Beside(server)
    beside.wait_until_published()
    server.put("config.toml", (blog / "config.toml").read_bytes())
    nothing_is_held(server)
    beside.remove()
    wait_until_clean(server, blog)


def deleting_everything_is_held(server, blog):
    """Uploading it again drops the hold."""
    since = server.mark()
    before = tree(server.s3, "site")
    server.aws("s3", "rm", "--recursive", "--quiet", "s3://source/content/blog/")
    server.wait_report(lambda report: report.get("held"), "that the change is held", since)
    kept = tree(server.s3, "site")
    # The first event may come alone, and one page go with what was of that page only.
    lost = [key for key in before if key not in kept and key.startswith("blog/")]
    assert len(lost) <= 1, f"a deletion that was not approved removed {lost}"
    assert status(server)["held"], "`quillfront status` tells of it"
    server.aws("s3", "sync", "--no-progress", blog, "s3://source")
    wait_until_clean(server, blog)
    nothing_is_held(server)


def deleting_everything_approved(server, blog):
    since = server.mark()
    server.aws("s3", "rm", "--recursive", "--quiet", "s3://source/content/blog/")
    server.wait_report(lambda report: report.get("held"), "that the change is held", since)
    until(lambda: status(server)["hints"] == [], "every deletion to be seen", tail=server.tail)
    approved = server.command("approve", "--json", "--data", server.data, check=False)
    # Without its section, the sidebar of what is left cannot be made: an author's mistake.
    assert approved.returncode in (0, 1), f"exit status {approved.returncode}: {approved.stderr}"
    report = json.loads(approved.stdout.splitlines()[-1])
    assert report["counts"]["deleted"] >= 20 and not report.get("held"), report["counts"]
    left = [key for key in tree(server.s3, "site") if "/post-0000" in key]
    assert not left, f"still published: {left}"
    server.aws("s3", "sync", "--no-progress", blog, "s3://source")
    wait_until_clean(server, blog)
    nothing_is_held(server)


def nothing_is_held(server):
    until(lambda: status(server)["held"] is None, "the hold to be dropped", 15, tail=server.tail)


def status(server):
    return json.loads(server.command("status", "--data", server.data, "--json", check=False).stdout)


def no_diagnostics_any_more(server):
    """The tree may be right before the mended file was looked at: its last good page is the same."""
    until(lambda: not server.reports[-1]["diagnostics"], "the last report to tell of nothing", 30, tail=server.tail)


def published(server, key):
    return server.s3.get_object(Bucket="site", Key=key)["Body"].read()
