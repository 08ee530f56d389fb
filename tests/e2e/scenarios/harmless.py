"""What file managers and editors leave in a bucket does nothing; keys that no file can have are told."""
from blogs import a_post_of, make_blog, post
from trees import tree, wait_until_clean
from web import fetch, wait_for

LEFTOVERS = {
    "content/": b"", "content/blog/": b"", "content/blog/empty folder/": b"", "static/": b"", "templates/": b"",
    ".DS_Store": b"\0\0\0\1Bud1", "content/.DS_Store": b"\0\0\0\1Bud1", "content/blog/.DS_Store": b"\0\0\0\1Bud1",
    "static/.DS_Store": b"\0\0\0\1Bud1", "templates/.DS_Store": b"\0\0\0\1Bud1",
    "content/blog/post.md~": b"+++\ntitle = \"a backup\"\n+++\n", "content/blog/.post.md.swp": b"b0VIM 9.0\0\0\xff",
    "content/blog/#post.md#": b"+++\ntitle = \"auto-saved\"\n+++\n", "content/blog/.#post.md": b"",
    "content/blog/4913": b"", "content/blog/._post.md": b"\0\5\x16\7", "templates/page.html~": b"{% if %}",
    "templates/.page.html.swp": b"b0VIM 9.0\0\0\xff", "content/blog/Thumbs.db": b"\xd0\xcf\x11\xe0",
}


# What S3 holds and no file of a site can have; none where a reconcile alone can find it.
ODD = {" ": "key", "\u3000": "key", "static/ ": "path", "static/\xa0": "path", "static/\x01.css": "key", "static/a\nb.css": "key",
       "static//double.css": "key", "content/blog/\x85.md": "key"}


def run(test):
    blog = make_blog(test.folder("blog"))
    settings = {"arguments": ["-u", "https://blog.example.org"]}
    with test.serve("odd", **settings) as server:
        server.put_folder(blog)
        before = wait_until_clean(server, blog, base_url="https://blog.example.org")
        odd_keys_stop_nothing(server)
    with test.serve("odd", **settings) as server:
        odd_keys_are_found_and_forgotten(server, before)
    with test.serve() as server:
        server.put_folder(blog)
        before = wait_until_clean(server, blog)
        leftovers_do_nothing(server, before)
        a_rename_is_a_copy_and_a_delete(server, blog)
        the_same_bytes_again_do_nothing(server, blog)


def odd_keys_stop_nothing(server):
    since = server.mark()
    for key in ODD:
        server.put(key, post("Odd"))
    server.put("static/marker.txt", "here")
    wait_for(f"{server.site}/marker.txt", contains="here", tail=server.tail)
    for key, code in ODD.items():
        told = server.wait_diagnostic(key, since, code=code)
        assert told["severity"] == "error" and told["hint"], told
        assert told["message"].isprintable(), told
    # Nobody but an operator writes there, and it stops nothing either.
    server.s3.put_object(Bucket=server.site_bucket, Key=" ", Body=b"")


def odd_keys_are_found_and_forgotten(server, before):
    """A reconcile at the start lists them all."""
    told = {diagnostic["code"] for diagnostic in server.reports[0]["diagnostics"]}
    assert "key" in told, server.reports[0]
    for key in ODD:
        server.delete(key)
    server.s3.delete_object(Bucket=server.site_bucket, Key=" ")
    server.put("static/marker.txt", "there")
    wait_for(f"{server.site}/marker.txt", contains="there", tail=server.tail)
    since = server.mark()
    server.delete("static/marker.txt")
    wait_for(f"{server.site}/marker.txt", status=404, tail=server.tail)
    told = [d for report in server.reports[since:] for d in report["diagnostics"]]
    assert not told, told
    assert tree(server.s3, server.site_bucket) == before


def leftovers_do_nothing(server, before):
    since = server.mark()
    for key, content in LEFTOVERS.items():
        server.put(key, content)
    # Handled after the leftovers, so they have been handled when this is there.
    server.put("static/marker.txt", "here")
    wait_for(f"{server.site}/marker.txt", contains="here", tail=server.tail)
    after = tree(server.s3, server.site_bucket)
    assert after == {**before, "marker.txt": b"here"}, f"changed: {sorted(set(after) ^ set(before))}"
    told = [d for report in server.reports[since:] for d in report["diagnostics"]]
    assert not told, told
    for path in ("/blog/post.md~", "/blog/.DS_Store", "/.DS_Store", "/blog/.post.md.swp", "/blog/post/"):
        assert fetch(server.site + path).status == 404, f"{path} is published"
    for key in LEFTOVERS:
        server.delete(key)
    server.delete("static/marker.txt")
    wait_for(f"{server.site}/marker.txt", status=404, tail=server.tail)
    assert tree(server.s3, server.site_bucket) == before


def a_rename_is_a_copy_and_a_delete(server, blog):
    since = server.mark()
    key, path = a_post_of(blog, newest=True)
    new_key, new_path = "content/blog/2024/renamed.md", "/blog/2024/renamed/"
    server.s3.copy_object(Bucket="source", Key=new_key, CopySource={"Bucket": "source", "Key": key})
    server.delete(key)
    (blog / key).rename(blog / new_key)
    wait_for(server.site + new_path, contains="Post 19", tail=server.tail)
    wait_for(server.site + path, status=404, tail=server.tail)
    wait_until_clean(server, blog)
    told = [d for report in server.reports[since:] for d in report["diagnostics"]]
    assert not told, f"a rename is no mistake: {told}"
    # Upper and lower case are different keys in S3.
    server.s3.copy_object(Bucket="source", Key="content/blog/2024/Renamed.md", CopySource={"Bucket": "source", "Key": new_key})
    server.delete(new_key)
    (blog / new_key).rename(blog / "content/blog/2024/Renamed.md")
    server.put("static/marker.txt", "here")
    wait_for(f"{server.site}/marker.txt", contains="here", tail=server.tail)
    assert "Post 19" in fetch(server.site + new_path).text
    server.delete("static/marker.txt")
    wait_for(f"{server.site}/marker.txt", status=404, tail=server.tail)
    wait_until_clean(server, blog)


def the_same_bytes_again_do_nothing(server, blog):
    key, _ = a_post_of(blog)
    since = server.mark()
    server.put(key, (blog / key).read_bytes())
    report = server.wait_report(lambda report: True, "for the same bytes again", since)
    assert report["kind"] == "none" or report["counts"]["uploaded"] == 0, report["counts"]
