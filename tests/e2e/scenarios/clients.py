"""What writers use: boto3, rclone and the aws program, with odd keys, large files and presigned links."""
import hashlib
import os
import random
import time

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from blogs import a_post_of, make_blog, post, write
from server import run as run_program
from trees import keys, wait_until_clean
from web import fetch, url_path, wait_for

MEGABYTE = 1024 * 1024
# Keys below static/ are URLs as they are.
ODD_STATIC_KEYS = [
    "with space.txt", "über/größe.txt", "日本語.txt", "a+b.txt", "100%.txt", "%41.txt", "q?s=1.txt", "hash#tag.txt",
    "quote'\".txt", "tilde~(1)!.txt", "emoji-🦉.txt", "comma,semi;colon:.txt", "both.d", "both.d/b.txt", "é.txt",
]
UNREACHABLE_KEYS = ["%41.txt"]
# Pages get a slug.
ODD_PAGES = {
    "content/blog/A post with spaces.md": "/blog/a-post-with-spaces/",
    "content/blog/C++ & 100% more.md": "/blog/c-100-more/",
    "content/blog/Ünïcode öwl.md": "/blog/unicode-owl/",
}


def run(test):
    blog = make_blog(test.folder("blog"))
    with test.serve() as server:
        rclone_syncs(server, blog)
        boto3_puts_metadata(server)
        boto3_sends_a_large_file_in_parts(server, test.folder("large"))
        presigned_links(server, test.folder("presigned"))
        a_wrong_secret_is_refused(server)
        aws_copies_odd_keys(server, test.folder("odd"))
        wait_until_clean(server)
        rclone_deletes(server, blog)
        an_empty_object_holds_nobody_up(server)


def rclone_syncs(server, blog):
    server.rclone("sync", blog, "qf:source")
    wait_for(f"{server.site}/blog/", contains="Post 19", tail=server.tail)
    wait_until_clean(server, blog)
    _, path = a_post_of(blog)
    assert "Post 0" in fetch(server.site + path).text
    said = server.rclone("check", blog, "qf:source").stderr
    assert "0 differences found" in said, said


def boto3_puts_metadata(server):
    text = post("With metadata", date="2026-09-09")
    server.put("content/blog/meta.md", text, Metadata={"author": "Ada", "note": "three words here"}, ContentType="text/markdown")
    head = server.s3.head_object(Bucket=server.source, Key="content/blog/meta.md")
    assert head["Metadata"] == {"author": "Ada", "note": "three words here"}, head["Metadata"]
    assert head["ContentType"] == "text/markdown"
    assert head["ETag"].strip('"') == hashlib.md5(text.encode()).hexdigest()
    wait_for(f"{server.site}/blog/meta/", contains="With metadata", tail=server.tail)


def boto3_sends_a_large_file_in_parts(server, folder):
    content = random.Random(1).randbytes(12 * MEGABYTE)
    write(folder, "large.bin", content)
    parts = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE)
    server.s3.upload_file(str(folder / "large.bin"), server.source, "static/large.bin", Config=parts)
    etag = server.s3.head_object(Bucket=server.source, Key="static/large.bin")["ETag"]
    assert etag.strip('"').endswith("-3"), f"three parts make an ETag with their number, not {etag}"
    got = wait_for(f"{server.site}/large.bin", tail=server.tail)
    assert got.body == content, "the large file came out different"
    assert got.type == "application/octet-stream", got.type


def presigned_links(server, folder):
    get = server.s3.generate_presigned_url("get_object", {"Bucket": "source", "Key": "content/blog/meta.md"}, ExpiresIn=60)
    assert "With metadata" in fetch(get).text
    assert fetch(get.replace("meta.md", "_index.md")).status == 403, "a link for another key"
    key = "content/blog/by link.md"
    put = server.s3.generate_presigned_url("put_object", {"Bucket": "source", "Key": key}, ExpiresIn=60)
    path = write(folder, "post.md", post("Put by a link", date="2026-09-10"))
    run_program(["curl", "-sS", "--fail-with-body", "--max-time", "30", "-T", path, put])
    wait_for(f"{server.site}/blog/by-link/", contains="Put by a link", tail=server.tail)


def a_wrong_secret_is_refused(server):
    stranger = server.s3_client(secret="not-the-secret")
    for name, request in [
        ("put", lambda: stranger.put_object(Bucket="source", Key="content/evil.md", Body=b"x")),
        ("get", lambda: stranger.get_object(Bucket="source", Key="config.toml")),
        ("list", lambda: stranger.list_objects_v2(Bucket="source")),
        ("delete", lambda: stranger.delete_object(Bucket="source", Key="config.toml")),
    ]:
        try:
            request()
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, f"{name}: {error}"
        else:
            raise AssertionError(f"{name} with a wrong secret was let in")
    assert fetch(f"{server.ready['s3']}/source/config.toml").status == 403, "no signature at all"
    link = stranger.generate_presigned_url("get_object", {"Bucket": "source", "Key": "config.toml"})
    assert fetch(link).status == 403, "a link signed with a wrong secret"


def an_empty_object_holds_nobody_up(server):
    """boto3 waits for `100 Continue` before it sends; a server that leaves it out where there is
    nothing to send confuses boto3's next answer on that connection."""
    client = server.s3_client()
    began = time.monotonic()
    client.put_object(Bucket="source", Key="content/empty/", Body=b"")
    client.put_object(Bucket="source", Key="content/blog/next.md", Body=post("After an empty one").encode())
    client.delete_object(Bucket="source", Key="content/empty/")
    seconds = time.monotonic() - began
    assert seconds < 10, f"three small requests took {seconds:.0f} s"


def aws_copies_odd_keys(server, folder):
    for number, key in enumerate(ODD_STATIC_KEYS):
        path = write(folder, f"static-{number}", f"content of {key}")
        server.aws("s3", "cp", "--no-progress", path, f"s3://source/static/odd/{key}")
    for number, key in enumerate(ODD_PAGES):
        path = write(folder, f"page-{number}.md", post(f"Odd page {number}"))
        server.aws("s3", "cp", "--no-progress", path, f"s3://source/{key}")
    for number, (key, path) in enumerate(ODD_PAGES.items()):
        wait_for(server.site + path, contains=f"Odd page {number}", tail=server.tail)
    for key in ODD_STATIC_KEYS:
        # A name that would be encoded twice has no address (manual, "Limits").
        if key in UNREACHABLE_KEYS:
            wait_for(f"{server.site}/odd/{url_path(key)}", status=400, tail=server.tail)
        else:
            wait_for(f"{server.site}/odd/{url_path(key)}", contains=f"content of {key}", tail=server.tail)
    listed = keys(server.s3, "source", "static/odd/")
    assert listed == sorted(f"static/odd/{key}" for key in ODD_STATIC_KEYS), listed
    # S3 takes both `both.d` and `both.d/b.txt`; a folder, for the clean build, does not.
    server.delete("static/odd/both.d")
    wait_for(f"{server.site}/odd/both.d", status=404, tail=server.tail)


def rclone_deletes(server, blog):
    key, path = a_post_of(blog, newest=True)
    os.remove(blog / key)
    server.rclone("delete", f"qf:source/{key}")
    wait_for(server.site + path, status=404, tail=server.tail)
    # A sync takes away what the folder does not have: the odd ones too.
    server.rclone("sync", blog, "qf:source")
    wait_for(f"{server.site}/blog/by-link/", status=404, tail=server.tail)
    wait_until_clean(server, blog)
