"""A held post is nowhere, is told, and appears when its time has come; serve wakes for it by itself."""
import json
from datetime import datetime, timedelta, timezone

from blogs import make_blog, post, write
from server import run as run_program
from trees import clean_build, folder_tree, tree, wait_until_clean
from wait import until
from web import fetch, wait_for

HOLD = '[publishing]\nfuture = "hold"\ntimezone = "Asia/Kolkata"\n'
KOLKATA = timezone(timedelta(hours=5, minutes=30))


def run(test):
    blog = make_blog(test.folder("blog"))
    write(blog, "quillfront.toml", HOLD)
    a_folder_is_built_as_of_a_time(test, blog)
    with test.serve() as server:
        server.put_folder(blog)
        wait_until_clean(server, blog)
        serve_wakes_when_a_post_is_due(server, blog)
        what_is_due_already_does_not_wait(server, blog)
        a_broken_file_keeps_the_last_good_one(server, blog)


def in_seconds(seconds):
    """A time on the clocks of Kolkata, without a zone, as an author writes it."""
    return (datetime.now(KOLKATA) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def build(test, blog, now, wanted=0):
    out = test.folder("built")
    done = run_program([test.quillfront, "--root", blog, "--now", now, "build", "--json", "-f", "-o", out], check=False)
    assert done.returncode == wanted, f"exit status {done.returncode}\n{done.stderr[-2000:]}"
    return folder_tree(out), json.loads(done.stdout), done.stderr


def a_folder_is_built_as_of_a_time(test, blog):
    key = "content/blog/greetings.md"
    write(blog, key, post("Season's greetings", date="2030-12-24T08:00:00"))
    files, report, said = build(test, blog, "2030-12-24T02:29:59Z")
    told = [d for d in report["diagnostics"] if d["code"] == "scheduled"]
    assert [(d["file"], d["severity"]) for d in told] == [(key, "warning")], told
    assert told[0]["message"] == "held until 2030-12-24T08:00:00+05:30", told
    assert "held until 2030-12-24T08:00:00+05:30" in said, said
    found = [name for name, content in files.items() if "greetings" in name or b"greetings" in content]
    assert not found, f"held, and yet in {found}"
    files, report, _ = build(test, blog, "2030-12-24T02:30:00Z")
    assert "blog/greetings/index.html" in files and not report["diagnostics"], report["diagnostics"]
    (blog / "quillfront.toml").write_text('[publishing]\nfutur = "hold"\n')
    done = run_program([test.quillfront, "--root", blog, "build", "-f", "-o", test.folder("built")], check=False)
    assert done.returncode == 1 and "quillfront.toml:2:1" in done.stderr, done.stderr
    assert "did you mean `publishing.future`?" in done.stderr, done.stderr
    write(blog, "quillfront.toml", HOLD)
    (blog / key).unlink()


def serve_wakes_when_a_post_is_due(server, blog):
    key, text = "content/blog/soon.md", post("Soon there", date=in_seconds(12))
    before = tree(server.s3, server.site_bucket)
    server.put(key, write(blog, key, text).read_bytes())
    told = server.wait_diagnostic(key, code="scheduled")
    assert told["severity"] == "warning" and told["message"].startswith("held until "), told
    assert fetch(server.site + "/blog/soon/").status == 404
    assert tree(server.s3, server.site_bucket) == before, "a held post changed what is published"
    status = json.loads(server.command("status", "--data", server.data, "--json").stdout)
    assert status["next_due"]["sources"] == [key], status["next_due"]
    # Nobody tells it anything: it wakes by itself.
    wait_for(server.site + "/blog/soon/", contains="Soon there", tail=server.tail)
    due = status["next_due"]["at"]
    assert datetime.now(timezone.utc) >= datetime.fromisoformat(due), "too early"
    server.wait_report(lambda report: report["now"] == due, f"now is {due}")
    wait_until_clean(server, blog)
    for path in ("/blog/", "/atom.xml", "/sitemap.xml"):
        assert "soon" in fetch(server.site + path).text.lower(), path
    status = json.loads(server.command("status", "--data", server.data, "--json").stdout)
    assert status["next_due"] is None, status["next_due"]


def what_is_due_already_does_not_wait(server, blog):
    key = "content/blog/just-now.md"
    before = server.now
    # So that the second before this one comes after what is published already.
    passed = datetime.fromisoformat(before) + timedelta(seconds=2)
    until(lambda: datetime.now(timezone.utc) > passed, "two seconds to pass")
    server.put(key, write(blog, key, post("Just now", date=in_seconds(-1))).read_bytes())
    wait_for(server.site + "/blog/just-now/", contains="Just now", tail=server.tail)
    server.wait_report(lambda report: report["now"] > before, "now has moved on")
    wait_until_clean(server, blog)


def a_broken_file_keeps_the_last_good_one(server, blog):
    key = "content/blog/far.md"
    server.put(key, write(blog, key, post("Far away", date="2099-01-01")).read_bytes())
    server.wait_diagnostic(key, code="scheduled")
    since = server.mark()
    server.put("quillfront.toml", '[publishing]\nfuture = "publsh"\n')
    told = server.wait_diagnostic("quillfront.toml", since)
    assert told["line"] == 2 and told["severity"] == "error", told
    assert fetch(server.site + "/blog/far/").status == 404
    # Without the file it is Zola's way: everything is published.
    server.delete("quillfront.toml")
    (blog / "quillfront.toml").unlink()
    wait_for(server.site + "/blog/far/", contains="Far away", tail=server.tail)
    wait_until_clean(server, blog)
    clean = clean_build(server.quillfront, blog, server.site, server.now)
    assert tree(server.s3, server.site_bucket) == clean
