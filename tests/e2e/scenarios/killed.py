"""serve is killed twice while it renders; the files that it was at are tried one by one, and published."""
import json

from blogs import make_blog, post, write
from trees import wait_until_clean
from wait import until

BASE_URL = "https://blog.example.org"
POSTS = 300


def run(test):
    blog = make_blog(test.folder("blog"), POSTS)
    settings = {"root": blog, "arguments": ["-u", BASE_URL]}
    with test.serve(**settings) as server:
        wait_until_clean(server, blog, base_url=BASE_URL)
    for number in range(3):
        write(blog, f"content/blog/killed-{number}.md", post(f"Killed {number}"))
    # Every page has to be made again, which takes its time.
    for template in (blog / "templates").glob("*.html"):
        template.write_text(template.read_text().replace("</body>", "<p>Another foot.</p></body>"))
    for _ in range(2):
        server = test.serve(first_report=False, **settings)
        try:
            until(lambda: root(server).get("attempts"), "a note of what is tried", 60, every=0.01, tail=server.tail)
        finally:
            server.kill()
    with test.serve(**settings) as server:
        tree = wait_until_clean(server, blog, base_url=BASE_URL)
        assert all(f"blog/killed-{number}/index.html" in tree for number in range(3))
        until(lambda: not root(server).get("lease"), "the builder to be at rest", 60, tail=server.tail)
        left = {name: root(server).get(name) for name in ("attempts", "suspects", "set_aside")}
        assert not any(left.values()), left


def root(server):
    """What the builder remembers."""
    return json.load(server.s3.get_object(Bucket="state", Key="root.json")["Body"])
