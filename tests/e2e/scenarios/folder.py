"""A writer edits files in a folder that serve watches; stops, goes on editing, and starts again."""
import os
from pathlib import Path

from blogs import a_post_of, make_blog, post, write
from trees import described_tree, wait_until_clean
from wait import until
from web import fetch, wait_for

UPLOADED = "content/blog/uploaded.md"


def run(test):
    blog = make_blog(test.folder("blog"))
    with test.serve(root=blog, watch=True) as server:
        wait_until_clean(server, blog)
        edits_are_followed(server, blog)
        a_link_out_of_the_folder_is_told(server, blog, test.folder("outside"))
        uploads_stand_beside_the_folder(server)
        sources = described_tree(server.s3, "source")
    while_stopped(blog)
    with test.serve(root=blog, watch=True) as server:
        what_was_uploaded_survives(server, sources)
        what_was_edited_is_published(server, blog)
        edits_in_the_folder_are_still_followed(server, blog)


def edits_are_followed(server, blog):
    key, path = a_post_of(blog, newest=True)
    write(blog, key, post("Edited in the folder", "By hand.", tags=("by-hand",)))
    wait_for(server.site + path, contains="By hand.", tail=server.tail)
    wait_for(f"{server.site}/blog/", contains="Edited in the folder", tail=server.tail)

    write(blog, "content/blog/drafts and notes/added.md", post("Added in a new folder"))
    wait_for(f"{server.site}/blog/drafts%20and%20notes/added/", contains="Added in", tail=server.tail)

    (blog / key).rename(blog / "content/blog/moved.md")
    wait_for(f"{server.site}/blog/moved/", contains="By hand.", tail=server.tail)
    wait_for(server.site + path, status=404, tail=server.tail)

    save_as_editors_do(blog / "content/blog/moved.md", post("Saved by an editor", "Swapped in."))
    wait_for(f"{server.site}/blog/moved/", contains="Swapped in.", tail=server.tail)

    (blog / "content/blog/moved.md").unlink()
    wait_for(f"{server.site}/blog/moved/", status=404, tail=server.tail)
    write(blog, "static/new/file.txt", "a new static file")
    wait_for(f"{server.site}/new/file.txt", contains="a new static file", tail=server.tail)
    wait_until_clean(server, blog)


def save_as_editors_do(path, text):
    """Into a temporary file beside it, which then takes its place."""
    temporary = path.with_name(f".{path.name}.swp")
    temporary.write_text(text)
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    temporary.rename(path)
    backup.unlink()


def a_link_out_of_the_folder_is_told(server, blog, outside):
    secret = write(outside, "secret.md", post("A secret"))
    link = Path(blog, "content/blog/link.md")
    os.symlink(secret, link)
    write(blog, "content/blog/after-the-link.md", post("After the link"))
    wait_for(f"{server.site}/blog/after-the-link/", tail=server.tail)
    told = lambda: "content/blog/link.md" in server.tail(200)
    until(told, "a message about the link", 20, tail=server.tail)
    assert fetch(f"{server.site}/blog/link/").status == 404, "what lies outside of the folder is published"
    assert server.alive()
    link.unlink()


def uploads_stand_beside_the_folder(server):
    server.put(UPLOADED, post("Uploaded, not in the folder"))
    wait_for(f"{server.site}/blog/uploaded/", contains="Uploaded, not", tail=server.tail)


def while_stopped(blog):
    key, _ = a_post_of(blog)
    write(blog, key, post("Edited while stopped"))
    write(blog, "content/blog/added-while-stopped.md", post("Added while stopped"))
    (blog / "content/blog/after-the-link.md").unlink()
    _rename(blog, "content/blog/drafts and notes/added.md", "content/blog/renamed-while-stopped.md")


def _rename(blog, old, new):
    (blog / old).rename(blog / new)


def what_was_uploaded_survives(server, before):
    assert UPLOADED in before
    now = described_tree(server.s3, "source")
    assert now[UPLOADED] == before[UPLOADED], "an upload was lost or changed by a restart"
    untouched = [key for key in before if key in now and "while-stopped" not in key and now[key][0] != before[key][0]]
    assert len(untouched) == 1, f"only one post was edited while serve was stopped, not {untouched}"


def what_was_edited_is_published(server, blog):
    wait_for(f"{server.site}/blog/added-while-stopped/", contains="Added while stopped", tail=server.tail)
    wait_for(f"{server.site}/blog/renamed-while-stopped/", contains="Added in a new folder", tail=server.tail)
    wait_for(f"{server.site}/blog/uploaded/", contains="Uploaded, not", tail=server.tail)
    for path in ("/blog/after-the-link/", "/blog/drafts%20and%20notes/added/"):
        assert fetch(server.site + path).status == 404, f"{path} was removed while serve was stopped"
    _, path = a_post_of(blog)
    wait_for(server.site + path, contains="Edited while stopped", tail=server.tail)
    # The address may be another one now, and every page has it.
    wait_until_clean(server)


def edits_in_the_folder_are_still_followed(server, blog):
    write(blog, "content/blog/after-restart.md", post("After the restart"))
    wait_for(f"{server.site}/blog/after-restart/", contains="After the restart", tail=server.tail)
    (blog / "content/blog/added-while-stopped.md").unlink()
    wait_for(f"{server.site}/blog/added-while-stopped/", status=404, tail=server.tail)
    wait_until_clean(server)
