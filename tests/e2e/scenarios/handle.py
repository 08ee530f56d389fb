"""The production handler, run once over an event, on buckets of its own."""
import json
from urllib.parse import quote_plus

from blogs import a_post_of, make_blog, post, write
from server import run as run_program
from trees import clean_build, differences, tree

BASE_URL = "https://blog.example.org"


def run(test):
    blog = make_blog(test.folder("blog"))
    with test.serve() as server:
        for bucket in ("their-source", "their-site", "their-state", "shared"):
            server.s3.create_bucket(Bucket=bucket)
        environment = {
            **server.environment(),
            "QUILLFRONT_SOURCE": "s3://their-source",
            "QUILLFRONT_SITE": "s3://their-site",
            "QUILLFRONT_STATE": "s3://their-state",
            "QUILLFRONT_DISTRIBUTION": "LOCAL",
        }
        handler = Handler(test, server, environment)
        a_reconcile_publishes_everything(handler, blog)
        an_s3_event_publishes_one_edit(handler, blog)
        envelopes_are_opened(handler, blog)
        what_is_no_event_is_refused(handler)
        records_of_another_shape_stop_no_others(handler, blog)
        an_authors_mistake_is_exit_1(handler, blog)
        missing_storage_is_exit_3(handler)
        places_that_overlap_are_refused(handler)
        places_may_have_prefixes(test, handler, blog)


class Handler:
    """`quillfront handle` with its environment, and the buckets that it works on."""

    def __init__(self, test, server, environment, source="their-source", prefix=""):
        self.test, self.server, self.environment = test, server, environment
        self.source, self.prefix = source, prefix

    def put(self, key, text):
        self.server.s3.put_object(Bucket=self.source, Key=self.prefix + key, Body=text if isinstance(text, bytes) else text.encode())

    def put_folder(self, blog):
        for path in sorted(blog.rglob("*")):
            if path.is_file():
                self.put(path.relative_to(blog).as_posix(), path.read_bytes())

    def handle(self, event, wanted=0):
        """Runs the handler; returns its reports."""
        text = event if isinstance(event, str) else json.dumps(event)
        path = write(self.test.folder("events"), "event.json", text)
        done = run_program([self.test.quillfront, "handle", path, "-u", BASE_URL], self.environment, check=False)
        assert done.returncode == wanted, f"exit status {done.returncode} for {text[:200]}\n{done.stdout[-500:]}{done.stderr[-1500:]}"
        assert "panic" not in done.stderr, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def event(self, *keys, name="ObjectCreated:Put"):
        """An S3 notification; keys are form-encoded in it."""
        return {"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2026-11-21T12:00:00.000Z",
            "eventName": name, "userIdentity": {"principalId": "A"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "1", "x-amz-id-2": "2"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "c",
                "bucket": {"name": self.source, "ownerIdentity": {"principalId": "A"}, "arn": f"arn:aws:s3:::{self.source}"},
                "object": {"key": quote_plus(self.prefix + key, safe="/"), "size": 1, "eTag": "0", "sequencer": "1"},
            },
        } for key in keys]}

    def equals_clean(self, blog, reports, site="their-site", prefix=""):
        clean = clean_build(self.test.quillfront, blog, BASE_URL, reports[-1]["now"], allow_mistakes=True)
        published = tree(self.server.s3, site)
        published = {key.removeprefix(prefix): content for key, content in published.items() if key.startswith(prefix)}
        unequal = differences(published, clean)
        assert not unequal, unequal


def a_reconcile_publishes_everything(handler, blog):
    handler.put_folder(blog)
    reports = handler.handle({"reconcile": True})
    assert reports[-1]["kind"] == "full" and reports[-1]["counts"]["uploaded"] > 40, reports[-1]["counts"]
    handler.equals_clean(blog, reports)
    again = handler.handle({"reconcile": True})
    assert again[-1]["counts"]["uploaded"] == 0, again[-1]["counts"]


def an_s3_event_publishes_one_edit(handler, blog):
    key, _ = a_post_of(blog, newest=True)
    for text in (post("Edited for the handler"), post("Edited again")):
        handler.put(write(blog, key, text).relative_to(blog).as_posix(), text)
        reports = handler.handle(handler.event(key))
        assert reports[-1]["sources"]["changed"] == [key], reports[-1]["sources"]
        handler.equals_clean(blog, reports)
    # The same event once more, and one about a bucket that is not ours.
    assert handler.handle(handler.event(key))[-1]["kind"] == "none"
    other = handler.event("content/x.md")
    other["Records"][0]["s3"]["bucket"]["name"] = "elsewhere"
    handler.handle(other)
    odd = "content/blog/a + b & c.md"
    handler.put(odd, write(blog, odd, post("An odd key")).read_bytes())
    reports = handler.handle(handler.event(odd))
    assert reports[-1]["sources"]["added"] == [odd], reports[-1]["sources"]
    # What the event says happened does not matter; what is there does.
    handler.server.s3.delete_object(Bucket=handler.source, Key=odd)
    (blog / odd).unlink()
    reports = handler.handle(handler.event(odd, name="ObjectCreated:Put"))
    assert reports[-1]["sources"]["removed"] == [odd], reports[-1]["sources"]
    handler.equals_clean(blog, reports)


def envelopes_are_opened(handler, blog):
    for number, wrap in enumerate((as_sqs, as_sns, as_event_bridge)):
        key = f"content/blog/envelope-{number}.md"
        handler.put(key, write(blog, key, post(f"In envelope {number}")).read_bytes())
        reports = handler.handle(wrap(handler, key))
        assert reports[-1]["sources"]["added"] == [key], f"{wrap.__name__}: {reports[-1]['sources']}"
        handler.equals_clean(blog, reports)
    assert handler.handle({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "their-source"}) == []


def as_sqs(handler, key):
    body = json.dumps(handler.event(key))
    return {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body, "receiptHandle": "r"}]}


def as_sns(handler, key):
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": json.dumps(handler.event(key))}}]}


def as_event_bridge(handler, key):
    detail = {"version": "0", "bucket": {"name": handler.source}, "object": {"key": handler.prefix + key, "size": 1}}
    return {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def what_is_no_event_is_refused(handler):
    for nonsense in ("not JSON", "[]", "{}", "17", '{"Records": 3}', '{"Records": [{"body": "not JSON"}]}', '{"reconcile": false}'):
        handler.handle(nonsense, wanted=2)


def records_of_another_shape_stop_no_others(handler, blog):
    """What is not understood is told (exit 2), the rest of the batch is done, and nothing comes again."""
    good = [f"content/blog/batch-{number}.md" for number in range(20)]
    for key in good:
        handler.put(key, write(blog, key, post(f"Of a batch {key}")).read_bytes())
    event = handler.event(*good)
    records = event["Records"]
    del records[0]["userIdentity"]
    records[1]["s3"]["object"]["size"] = 1e30
    records[2]["eventTime"] = {"not": "a time"}
    for encoded in ("content/%zz.md", "content/%ff.md", "a" * 3000, None):
        strange = json.loads(json.dumps(records[3]))
        strange["s3"]["object"]["key"] = encoded
        records.insert(5, strange)
    records.insert(9, {"eventSource": "aws:s3"})
    in_sns = {"Type": "Notification", "Message": json.dumps(event)}
    batch = {"Records": [
        {"messageId": "good", "eventSource": "aws:sqs", "body": json.dumps(in_sns)},
        {"messageId": "strange", "eventSource": "aws:sqs", "body": "{"},
    ]}
    reports = handler.handle(batch, wanted=2)
    assert all("batchItemFailures" not in report for report in reports), "what is never understood comes again"
    assert reports[-1]["sources"]["added"] == sorted(good), reports[-1]["sources"]
    handler.equals_clean(blog, reports)


def an_authors_mistake_is_exit_1(handler, blog):
    key, _ = a_post_of(blog)
    good = (blog / key).read_bytes()
    handler.put(key, "+++\ntitle = \n+++\nx\n")
    reports = handler.handle(handler.event(key), wanted=1)
    told = [d for d in reports[-1]["diagnostics"] if d["file"] == key]
    assert told and told[0]["severity"] == "error" and told[0]["line"] == 2, reports[-1]["diagnostics"]
    handler.put(key, good)
    handler.equals_clean(blog, handler.handle(handler.event(key)))


def missing_storage_is_exit_3(handler):
    lost = Handler(handler.test, handler.server, {**handler.environment, "QUILLFRONT_SITE": "s3://no-such-bucket-here/site"})
    lost.environment["QUILLFRONT_STATE"] = "s3://no-such-bucket-here/state"
    lost.handle({"reconcile": True}, wanted=3)
    nowhere = {name: value for name, value in handler.environment.items() if not name.startswith("QUILLFRONT_")}
    Handler(handler.test, handler.server, nowhere).handle({"reconcile": True}, wanted=2)


def places_that_overlap_are_refused(handler):
    """Else the builder would take the sources for objects that should not be there."""
    overlapping = {**handler.environment, "QUILLFRONT_SITE": "s3://their-source/site"}
    Handler(handler.test, handler.server, overlapping).handle({"reconcile": True}, wanted=2)


def places_may_have_prefixes(test, handler, blog):
    environment = {
        **handler.environment,
        "QUILLFRONT_SOURCE": "s3://shared/my/source",
        "QUILLFRONT_SITE": "s3://shared/my/site/",
        "QUILLFRONT_STATE": "s3://shared/my/state",
    }
    prefixed = Handler(test, handler.server, environment, "shared", "my/source/")
    prefixed.put_folder(blog)
    reports = prefixed.handle({"reconcile": True})
    prefixed.equals_clean(blog, reports, "shared", "my/site/")
    key, _ = a_post_of(blog)
    prefixed.put(key, write(blog, key, post("Edited under a prefix")).read_bytes())
    reports = prefixed.handle(prefixed.event(key))
    assert reports[-1]["sources"]["changed"] == [key], reports[-1]["sources"]
    prefixed.equals_clean(blog, reports, "shared", "my/site/")
