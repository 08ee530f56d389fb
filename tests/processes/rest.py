"""What has to be true when nobody uploads any more."""
import json
import re
import shutil

from server import run as run_program
from trees import described_tree, differences, folder_tree, keys, tree
from wait import TimeOut, until

REST_SECONDS = 240
RULES_KEY = "_quillfront/rules.json"
VARIANT = re.compile(r"^img/(?P<original>.+)/[a-z]+=[^/]*$")


def status(server):
    """What `quillfront status --json` says, None before the first build; exit status 1 means mistakes of authors."""
    said = run_program([server.quillfront, "status", "--json", "--data", server.data], check=False)
    assert said.returncode in (0, 1), said.stderr[-2000:]
    return json.loads(said.stdout) if said.stdout else None


def is_at_rest(told):
    return not (told["hints"] or told["lease"] or told["owed"] or told["publishing"])


def comes_to_rest(server, folder, base_url, also=lambda _status: ""):
    """Waits until the site equals a clean build of the effective sources; returns what `status` says then. `also`
    says what else is wrong: an event that failed waits for a while, and nothing shows it."""
    last = {}
    def equal():
        assert server.alive(), "serve has ended"
        last["status"] = told = status(server)
        if told is None:
            last.update(differs="nothing is published yet", status={})
            return None
        if not is_at_rest(told):
            last["differs"] = "builders are at work, or have work left"
            return None
        clean = clean_build(server, folder, base_url, told["now"])
        if clean is None:
            last["differs"] = "nothing is published yet"
            return None
        published = {key: value for key, value in described_tree(server.s3, server.site_bucket).items()
                     if key != RULES_KEY and not VARIANT.match(key)}
        waiting = pictures_that_wait(published, clean)
        last["differs"] = differences(published, clean, waiting)
        owed = (told["unreferenced"] or {"objects": 0})["objects"]
        if len(waiting) != owed:
            last["differs"] += f"\n{len(waiting)} pictures wait for their removal, and status says {owed}"
        last["differs"] += also(told)
        return None if last["differs"] else told
    def context():
        told = {name: last["status"].get(name) for name in ("hints", "lease", "owed", "held", "stale_because", "because")}
        return f"{last['differs']}\n{json.dumps(told)[:3000]}\n{server.tail()}"
    try:
        return until(equal, "the site to equal a clean build", REST_SECONDS, every=0.5, tail=context)
    except TimeOut as error:
        raise AssertionError(str(error)) from None


def pictures_that_wait(published, clean):
    """Resized pictures that no page shows any more: they stay for a day, as long as caches may have such a page."""
    return {key for key in published.keys() - clean.keys() if key.startswith("processed_images/")}


def clean_build(server, folder, base_url, now):
    """key → (bytes, Content-Type, Cache-Control, metadata) of a clean build of what builders use of the source bucket;
    None where they use no configuration yet."""
    effective, out, objects = folder / "effective", folder / "out", folder / "objects.json"
    for earlier in (effective, out):
        shutil.rmtree(earlier, ignore_errors=True)
    server.command("effective", "--data", server.data, "-o", effective)
    if not (effective / "config.toml").exists():
        return None
    command = [server.quillfront, "--root", effective, "--now", now, "build", "--accepted", "-f", "-u", base_url,
               "-o", out, "--objects", objects]
    done = run_program(command, check=False)
    assert done.returncode in (0, 1), f"the clean build ended with {done.returncode}\n{done.stderr[-2000:]}"
    described = json.loads(objects.read_text())
    made = folder_tree(out)
    assert made.keys() == described.keys(), made.keys() ^ described.keys()
    return {key: (content, described[key]["content_type"], described[key]["cache_control"], described[key]["metadata"])
            for key, content in made.items()}


def sources_are_what_was_acknowledged(server, acknowledged):
    """Nothing acknowledged is lost, and nothing else is there."""
    unequal = differences(tree(server.s3, server.source), acknowledged)
    assert not unequal, f"the source bucket is not what authors were told (published / clean):\n{unequal}"


def not_in_use(folder, told, acknowledged, is_broken):
    """What of the sources is not in use as it is there, but for those that an author broke; empty where all is."""
    used = folder_tree(folder / "effective")
    kept = set(told["waiting"]) | set(told["kept"])
    broken = {key for key, content in acknowledged.items() if is_broken(content)}
    wrong = "" if kept == broken else f"as before are {sorted(kept)}, and broken {sorted(broken)}\n"
    others = {key: content for key, content in acknowledged.items() if key not in broken}
    unequal = differences({key: content for key, content in used.items() if key not in broken}, others)
    return wrong + (f"other sources are in use (published / clean):\n{unequal}" if unequal else "")


def a_reconcile_finds_nothing(server, folder, base_url, lease_seconds):
    """Nothing was forgotten: whoever compares both buckets with the state has nothing to do."""
    event = folder / "reconcile.json"
    event.write_text('{"reconcile": true}')
    places = {f"QUILLFRONT_{name.upper()}": f"s3://{name}" for name in ("source", "site", "state")}
    environment = {**server.environment(), **places, "QUILLFRONT_DISTRIBUTION": "LOCAL"}
    command = [server.quillfront, "handle", event, "-u", base_url, "--lease-seconds", str(lease_seconds)]
    done = run_program(command, environment, check=False)
    assert done.returncode in (0, 1), f"exit status {done.returncode}\n{done.stderr[-2000:]}"
    for report in map(json.loads, done.stdout.splitlines()):
        counts = {name: count for name, count in report["counts"].items() if name in ("uploaded", "deleted", "stale")}
        assert not any(counts.values()), f"a reconcile found {counts}: {json.dumps(report['outputs'])[:2000]}"


def thumbnails_are_of_what_is_there(server):
    """Every stored thumbnail is made of the original as it is; returns how many there are."""
    site = keys(server.s3, server.site_bucket)
    variants = [key for key in site if VARIANT.match(key)]
    for key in variants:
        original = VARIANT.match(key)["original"]
        assert original in site, f"{key} has outlived {original}"
        made_of = server.s3.head_object(Bucket=server.site_bucket, Key=key)["Metadata"].get("qf-original", "")
        etag = server.s3.head_object(Bucket=server.site_bucket, Key=original)["ETag"].strip('"')
        assert made_of.split()[:1] == [etag], f"{key} was made of {made_of!r}, and {original} is {etag}"
    return len(variants)


def nothing_is_left_behind(server):
    for bucket in (server.site_bucket, "state"):
        uploads = server.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        assert not uploads, f"unfinished uploads in {bucket}: {uploads}"
