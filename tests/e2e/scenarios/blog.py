"""A writer syncs a blog of twenty posts, then edits, renames, deletes and adds; every page follows."""
from blogs import a_post_of, make_blog, post, write
from trees import described_tree, differences, wait_until_clean
from web import fetch, wait_for


def run(test):
    blog = make_blog(test.folder("blog"))
    with test.serve() as server:
        server.aws("s3", "sync", "--no-progress", blog, "s3://source")
        wait_for(f"{server.site}/blog/", contains="Post 19", tail=server.tail)
        wait_until_clean(server, blog)
        every_kind_of_page_answers(server, blog)
        edit(server, blog)
        rename(server, blog)
        delete(server, blog)
        add(server, blog)
        equals_a_fresh_start(test, server, blog)


def every_kind_of_page_answers(server, blog):
    _, path = a_post_of(blog)
    expect(server, path, "Post 0", "text/html")
    expect(server, "/", "Welcome.", "text/html")
    expect(server, "/blog/", "Post 19", "text/html")
    expect(server, "/tags/", "<h1>tags</h1>", "text/html")
    expect(server, f"/tags/{first_tag(blog)}/", "Post 0", "text/html")
    expect(server, "/atom.xml", "<entry", "application/atom+xml", "application/xml", "text/xml")
    expect(server, "/sitemap.xml", f"{server.site}{path}", "application/xml", "text/xml")
    expect(server, "/robots.txt", "Sitemap:", "text/plain")
    expect(server, "/site.css", "max-width", "text/css")


def edit(server, blog):
    key, path = a_post_of(blog, newest=True)
    write(blog, key, post("An edited title", "Edited words.", date="2026-10-02", tags=("edited-tag",)))
    server.aws("s3", "cp", "--no-progress", blog / key, f"s3://source/{key}")
    wait_for(server.site + path, contains="Edited words.", tail=server.tail)
    wait_until_clean(server, blog)
    shown_everywhere(server, path, "An edited title", "edited-tag")


def rename(server, blog):
    key, path = a_post_of(blog, newest=True)
    new_key, new_path = "content/blog/renamed.md", "/blog/renamed/"
    (blog / key).rename(blog / new_key)
    server.aws("s3", "mv", "--no-progress", f"s3://source/{key}", f"s3://source/{new_key}")
    wait_for(server.site + new_path, contains="Edited words.", tail=server.tail)
    wait_until_clean(server, blog)
    shown_everywhere(server, new_path, "An edited title", "edited-tag")
    gone_everywhere(server, path)


def delete(server, blog):
    (blog / "content/blog/renamed.md").unlink()
    server.aws("s3", "rm", "s3://source/content/blog/renamed.md")
    wait_for(f"{server.site}/blog/renamed/", status=404, tail=server.tail)
    wait_until_clean(server, blog)
    gone_everywhere(server, "/blog/renamed/", "An edited title")
    assert fetch(f"{server.site}/tags/edited-tag/").status == 404, "a tag that no post has any more"


def add(server, blog):
    key, path = "content/blog/2026/new-post.md", "/blog/2026/new-post/"
    write(blog, key, post("Brand new", date="2026-11-01", tags=("rust", "brand-new-tag")))
    server.aws("s3", "cp", "--no-progress", blog / key, f"s3://source/{key}")
    wait_for(server.site + path, contains="Brand new", tail=server.tail)
    wait_until_clean(server, blog)
    # A folder without an _index.md is no section of the blog, so its list does not show the post.
    assert "Brand new" in fetch(f"{server.site}/tags/brand-new-tag/").text
    assert "Brand new" in fetch(f"{server.site}/atom.xml").text


def equals_a_fresh_start(test, server, blog):
    """Bytes and everything that travels beside them are the same as where the final sources
    were there from the start."""
    with test.serve("fresh-data", arguments=["-u", server.site]) as fresh:
        fresh.put_folder(blog)
        wait_until_clean(fresh, blog, base_url=server.site)
        edited = described_tree(server.s3, server.site_bucket)
        unequal = differences(edited, described_tree(fresh.s3, fresh.site_bucket))
        assert not unequal, f"after edits / from a fresh start:\n{unequal}"


def expect(server, path, contains, *types):
    got = fetch(server.site + path)
    assert got.status == 200, f"{path} answers {got.status}"
    assert contains in got.text, f"{path} does not contain {contains!r}: {got.text[:500]}"
    assert not types or got.type.split(";")[0] in types, f"{path} is {got.type}"


def shown_everywhere(server, path, title, tag):
    for list_path in ("/blog/", f"/tags/{tag}/", "/atom.xml"):
        expect(server, list_path, title)
        expect(server, list_path, f"{server.site}{path}")
    expect(server, "/sitemap.xml", f"{server.site}{path}")


def gone_everywhere(server, path, title=None):
    assert fetch(server.site + path).status == 404, f"{path} is still there"
    for list_path in ("/blog/", "/tags/", "/atom.xml", "/sitemap.xml"):
        text = fetch(server.site + list_path).text
        assert f"{server.site}{path}" not in text, f"{list_path} still links to {path}"
        assert title is None or title not in text, f"{list_path} still shows {title!r}"


def first_tag(blog):
    key, _ = a_post_of(blog)
    return (blog / key).read_text().split('tags = ["', 1)[1].split('"', 1)[0]
