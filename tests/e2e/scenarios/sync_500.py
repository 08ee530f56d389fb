"""A first sync of 500 posts with templates and a theme, in random order: a handful of builds."""
import random
from concurrent.futures import ThreadPoolExecutor

from blogs import make_blog, write
from trees import wait_until_clean
from web import wait_for

POSTS = 500
MAX_BUILDS = 6
MAX_TEMPLATE_MISSING = 5


def run(test):
    blog = make_blog(test.folder("blog"), POSTS)
    add_a_theme(blog)
    with test.serve() as server:
        since = server.mark()
        upload_in_any_order(server, blog)
        wait_for(f"{server.site}/blog/", contains=f"Post {POSTS - 1}", seconds=120, tail=server.tail)
        wait_until_clean(server, blog, seconds=120)
        reports = server.reports[since:]
        builds = [report for report in reports if report["kind"] != "none"]
        assert len(builds) <= MAX_BUILDS, f"{len(builds)} builds: {[build['counts'] for build in builds]}"
        missing = [d for report in reports for d in report["diagnostics"] if d["code"] == "template-missing"]
        assert len(missing) <= MAX_TEMPLATE_MISSING, f"{len(missing)} times: {missing[0]}"
        assert not builds[-1]["diagnostics"], builds[-1]["diagnostics"][:3]


def add_a_theme(blog):
    config = (blog / "config.toml").read_text()
    write(blog, "config.toml", 'theme = "plain"\n' + config)
    write(blog, "themes/plain/theme.toml", 'name = "plain"\n')
    write(blog, "themes/plain/static/theme.css", "h1 { color: teal }\n")
    write(blog, "themes/plain/templates/404.html", '{% extends "base.html" %}{% block main %}<h1>Not here</h1>{% endblock %}')
    write(blog, "themes/plain/templates/page.html", "the site's own page.html is used instead")


def upload_in_any_order(server, blog):
    files = [path for path in blog.rglob("*") if path.is_file()]
    random.Random(500).shuffle(files)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: server.put(path.relative_to(blog).as_posix(), path.read_bytes()), files))
