"""Deploys the template of a blog on MiniStack as `quillfront package` writes it, publishes, changes it, and removes it.
Prints what is wrong, as JSON.

It runs with the Python of MiniStack's packages; `run.py` calls it with a task as its argument.
"""
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from readers import readers

REGION = "us-east-1"
STACK = "blog"
ARTEFACTS = "artefacts"
LIMIT_SECONDS = 60
# What is uploaded last, when all else is published.
POST = "content/post.md"
POST_PATH = "/post/"
RULES_KEY = "_quillfront/rules.json"
# A function at the edge logs next to its readers, under the name of us-east-1.
EDGE_LOG = f"/aws/lambda/us-east-1.{STACK}-edge"
EDGE_LOG_REGION = "eu-west-1"
# Resources that the emulator does not have. The template knows nothing of it.
LEFT_OUT = {
    "LogSource": "MiniStack has no AWS::Logs::DeliverySource",
    "LogDestination": "MiniStack has no AWS::Logs::DeliveryDestination",
    "LogDelivery": "MiniStack has no AWS::Logs::Delivery",
    "ThumbnailWasteAlarm": "MiniStack has no alarms over metric math",
}
# Conditions that the emulator cannot evaluate, and what stands for them.
EVALUATED = {
    # MiniStack does not resolve AWS::Region in conditions; the stack is in us-east-1.
    "InUsEast1": {"Fn::Equals": [REGION, "us-east-1"]},
}
# Where nothing but the deployment is tried, the functions are never called.
IDLE = "#!/bin/sh\nexit 1\n"


def main():
    task = json.loads(sys.argv[1])
    port = free_port()
    scratch = Path(task["scratch"])
    environment = os.environ | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "TMPDIR": str(scratch)}
    with (scratch / "ministack.log").open("w") as log:
        server = subprocess.Popen([task["ministack"]], cwd=scratch, env=environment, stdout=log, stderr=log)
        try:
            wrong = list(Account(port, server).deploys(task))
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
    print(json.dumps(wrong))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Account:
    """An account of the emulator."""

    def __init__(self, port, server):
        self.endpoint = f"http://127.0.0.1:{port}"
        wait_for_server(self.endpoint, server)
        self.cloudformation = self.client("cloudformation")
        self.s3 = self.client("s3")

    def client(self, name, region=REGION):
        config = Config(region_name=region, retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            name, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test", config=config
        )

    def deploys(self, task):
        self.s3.create_bucket(Bucket=ARTEFACTS)
        self.command, self.scratch = task["quillfront"], Path(task["scratch"])
        dist = self.scratch / "dist"
        dist.mkdir()
        for name in ("builder", "thumbnail", "edge"):
            (dist / f"{name}.zip").write_bytes(archive(task.get(name)))
            self.s3.put_object(Bucket=ARTEFACTS, Key=f"{name}.zip", Body=(dist / f"{name}.zip").read_bytes())
        site = Path(task.get("site", self.scratch / "none"))
        site.mkdir(exist_ok=True)
        # With archives that are there, only the templates and what is made of the site is written.
        self.quillfront("--root", site, "package", "all", "--site-only", "-o", dist)
        template = prepared(dist / "blog.yaml", self.endpoint)
        for id in LEFT_OUT:
            if id not in template["Resources"]:
                yield f"{id} is left out, and is not in the template: take it off the list"
            template["Resources"].pop(id, None)
        for name, condition in EVALUATED.items():
            if name not in template["Conditions"]:
                yield f"{name} is evaluated, and is not in the template: take it off the list"
            template["Conditions"][name] = condition
        arguments = {"StackName": STACK, "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]}
        # With the code of the functions it is longer than a request takes; `sam deploy` puts it into a bucket as well.
        self.s3.put_object(Bucket=ARTEFACTS, Key="blog.json", Body=json.dumps(template).encode())
        arguments["TemplateURL"] = f"{self.endpoint}/{ARTEFACTS}/blog.json"
        self.cloudformation.create_stack(**arguments)
        if failed := list(self.ends_in("CREATE_COMPLETE")):
            yield from failed
            return
        yield from self.has_what_it_says(template)
        if task.get("builder"):
            yield from self.publishes(Path(task["clean"]), Path(task["site"]))
        changed = {"LogDays": "7", "ThumbnailConcurrency": "5"}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in changed.items()]
        self.cloudformation.update_stack(**arguments, Parameters=parameters)
        yield from self.ends_in("UPDATE_COMPLETE")
        kept = self.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-builder")["logGroups"]
        if [group.get("retentionInDays") for group in kept] != [7]:
            yield f"the update did not reach the log group: {kept}"
        yield from self.goes(bool(task.get("builder")))

    def ends_in(self, wanted):
        """Waits for the stack, and tells of each resource that failed."""
        deadline = time.monotonic() + LIMIT_SECONDS
        status = None
        while time.monotonic() < deadline:
            try:
                [stack] = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
                status = stack["StackStatus"]
            except ClientError:
                status = "DELETE_COMPLETE"
            if not status.endswith("IN_PROGRESS"):
                break
            time.sleep(0.2)
        if status == wanted:
            return
        yield f"the stack is {status} after {LIMIT_SECONDS} s at most, not {wanted}"
        try:
            events = self.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        except ClientError as error:
            yield f"and has no events: {error}"
            return
        for event in events:
            if "FAILED" in event["ResourceStatus"]:
                yield f"{event['LogicalResourceId']}: {event['ResourceStatus']}: {event.get('ResourceStatusReason')}"

    def has_what_it_says(self, template):
        """Every resource is there, and the parts that the rest hangs on are as they are written."""
        there = self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        there = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in there}
        for id, resource in template["Resources"].items():
            is_optional = "Condition" in resource
            if id not in there and not is_optional:
                yield f"{id} was not made"
        [stack] = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if set(outputs) != set(template["Outputs"]):
            yield f"the outputs are {outputs}"
            return
        source = outputs["SourceBucketName"]
        queues = self.s3.get_bucket_notification_configuration(Bucket=source).get("QueueConfigurations", [])
        events = sorted(event for queue in queues for event in queue["Events"])
        if events != ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]:
            yield f"the source bucket tells of {events}"
        functions = self.client("lambda")
        builder = functions.get_function_configuration(FunctionName=f"{STACK}-builder")
        site = outputs["SiteBucketName"]
        if builder["Environment"]["Variables"]["QUILLFRONT_SITE"] != f"s3://{site}":
            yield f"the builder has {builder['Environment']}"
        sources = functions.list_event_source_mappings(FunctionName=f"{STACK}-builder")["EventSourceMappings"]
        if len(sources) != 1 or sources[0].get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"the builder's queue is {sources}"
        # The emulator drops associations of Lambda@Edge; `sam` has made the version that they name.
        versions = functions.list_versions_by_function(FunctionName=f"{STACK}-edge")["Versions"]
        if not any(version["Version"].isdigit() for version in versions):
            yield f"the edge function has the versions {[version['Version'] for version in versions]}"
        config = self.client("cloudfront").get_distribution_config(Id=outputs["DistributionId"])["DistributionConfig"]
        if len(config["Origins"]["Items"]) != 2 or config["CacheBehaviors"]["Items"][0]["PathPattern"] != "/img/*":
            yield f"the distribution is {config}"

    def publishes(self, clean, site):
        """Publishes a site, then uploads a post as other programs do; the site bucket becomes what a clean build makes,
        and readers get what is published."""
        [stack] = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.logs_at_the_edge()
        told = self.subscribed(outputs["PublishedTopicArn"])
        post = (site / POST).read_bytes()
        (site / POST).unlink()
        with readers(self.s3, outputs["SiteBucketName"]) as url:
            publish = ("--root", site, "publish", "--stack", STACK, "--url", url, "--timeout", str(LIMIT_SECONDS), "--json")
            first = self.quillfront(*publish)
            if [page for page in first["pages"] if page["ms"] is None] or f"{url}/" not in [p["url"] for p in first["pages"]]:
                yield f"not all pages were seen: {first}"
            if first["logs"] != 1:
                yield f"publish gave {first['logs']} logs at the edge a retention, not 1"
            self.s3.put_object(Bucket=outputs["SourceBucketName"], Key=POST, Body=post)
            expected = {
                path.relative_to(clean).as_posix(): path.read_bytes() for path in clean.rglob("*") if path.is_file()
            }
            if wrong := self.until_equal(outputs, expected):
                yield wrong
                return
            if extra := self.published(outputs) - set(expected) - {RULES_KEY}:
                yield f"a clean build does not make {sorted(extra)}"
            cloudfront = self.client("cloudfront")
            listed = lambda: cloudfront.list_invalidations(DistributionId=outputs["DistributionId"])["InvalidationList"]["Quantity"]  # noqa: E731
            if waited(lambda: listed() == 0):
                yield "no invalidation was made"
            yield from self.hears_of_the_post(told)
            kept = self.quillfront(*publish)
            if (kept["uploaded"], kept["deleted"], kept["kept"]) != ([], [], [POST]):
                yield f"what only the bucket has was not kept: {kept}"
            deleted = self.quillfront(*publish, "--delete")
            if deleted["deleted"] != [POST] or not [page for page in deleted["pages"] if page["gone"]]:
                yield f"the post was not deleted: {deleted}"
        status = self.quillfront("status", "--stack", STACK, "--json")
        if status["held"] or status["waiting"] or not status["outputs"]:
            yield f"the status is {status}"
        told = self.quillfront("status", "--stack", STACK, "--edge-errors", "--json")
        if [error["message"] for error in told["errors"]] != ["S3 said no"]:
            yield f"the errors at the edge are {told}"
        if [(group["region"], group["retention_days"]) for group in told["groups"]] != [(EDGE_LOG_REGION, 30)]:
            yield f"the logs at the edge are {told['groups']}"

    def hears_of_the_post(self, told):
        heard = []

        def lacks():
            heard.extend(told())
            return not any(key.endswith(POST_PATH) for message in heard for key in message["published"])

        if waited(lacks):
            yield f"the topic was not told of the post: {heard}"
        if wrong := [message for message in heard if message["outcome"] != "published"]:
            yield f"the topic was told of problems: {wrong}"

    def subscribed(self, topic):
        """Subscribes a queue to a topic, and returns what takes new messages from it."""
        queues = self.client("sqs")
        url = queues.create_queue(QueueName="listener")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def take():
            messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(json.loads(message["Body"])["Message"])

        return take

    def logs_at_the_edge(self):
        """A log as a function at the edge leaves it."""
        logs = self.client("logs", EDGE_LOG_REGION)
        logs.create_log_group(logGroupName=EDGE_LOG)
        logs.create_log_stream(logGroupName=EDGE_LOG, logStreamName="1")
        now = int(time.time() * 1000)
        lines = [
            "START RequestId: 8f", '2026-12-01T00:00:00Z\t8f\tERROR\t{"level":"error","message":"S3 said no"}', "END RequestId: 8f",
        ]
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=EDGE_LOG, logStreamName="1", logEvents=events)

    def goes(self, has_site):
        """The stack is removed; what stays is named, and goes when that is asked for."""
        remove = ("remove", "--stack", STACK, "--yes", "--json")
        copy = self.scratch / "copy"
        first = self.quillfront(*remove, "--export", copy)
        yield from self.ends_in("DELETE_COMPLETE")
        # MiniStack deletes buckets that have objects; CloudFormation does not.
        if [thing for thing in first["remaining"] if f"bucket {STACK}-source-" not in thing] or len(first["remaining"]) != 1:
            yield f"these remain: {first}"
        if has_site and not ((copy / "source" / "config.toml").exists() and (copy / "site" / "index.html").exists()):
            yield f"the copy has {[path.name for path in copy.rglob('*')]}"
        last = self.quillfront(*remove, "--empty-buckets", "--delete-source")
        buckets = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        if last["remaining"] or buckets != [ARTEFACTS]:
            yield f"these remain at last: {last}, {buckets}"
        if self.client("logs", EDGE_LOG_REGION).describe_log_groups(logGroupNamePrefix=EDGE_LOG)["logGroups"]:
            yield "the log at the edge is still there"

    def quillfront(self, *arguments):
        """Runs the command, and returns what it says as JSON, if it does."""
        environment = os.environ | {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [self.command, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.scratch, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=2 * LIMIT_SECONDS,
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout else None

    def published(self, outputs):
        listed = self.s3.list_objects_v2(Bucket=outputs["SiteBucketName"]).get("Contents", [])
        return {entry["Key"] for entry in listed}

    def until_equal(self, outputs, expected):
        """Which objects differ from these after a while; None if none does."""
        def differ():
            keys = self.published(outputs)
            site = outputs["SiteBucketName"]
            return [
                key for key, content in expected.items()
                if key not in keys or self.s3.get_object(Bucket=site, Key=key)["Body"].read() != content
            ]
        differing = waited(differ)
        return f"{differing} are not what a clean build makes, after {LIMIT_SECONDS} s" if differing else None


def waited(question):
    """The last answer to a question that is asked until it is empty or time is over."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return answer


def prepared(path, endpoint):
    """The template with the packages' places, as `sam package` writes them; functions that speak to the emulator."""
    template = yaml.safe_load(path.read_text())
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = f"s3://{ARTEFACTS}/{properties['CodeUri']}"
            if "Environment" in properties:
                properties["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = endpoint
    return template


def archive(program):
    """A function's archive with a program, or with one that ends at once."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o755 << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(info, Path(program).read_bytes() if program else IDLE)
        file.writestr("index.mjs", "export const handler = async () => ({});\n")
    return memory.getvalue()


def wait_for_server(endpoint, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"MiniStack ended with {server.returncode}")
        try:
            urllib.request.urlopen(endpoint, timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("MiniStack does not answer")


if __name__ == "__main__":
    main()
