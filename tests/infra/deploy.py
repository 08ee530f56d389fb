"""Deploys the template of a blog on MiniStack, changes it, and deletes it. Prints what is wrong, as JSON.

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

REGION = "us-east-1"
STACK = "blog"
ARTEFACTS = "artefacts"
LIMIT_SECONDS = 60
# What is uploaded last, when all else is published.
POST = "content/post.md"
POST_PATH = "/post/"
RULES_KEY = "_quillfront/rules.json"
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

    def client(self, name):
        config = Config(region_name=REGION, retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            name, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test", config=config
        )

    def deploys(self, task):
        self.s3.create_bucket(Bucket=ARTEFACTS)
        template = prepared(Path(task["template"]), self.endpoint)
        for name in ("builder", "thumbnail", "edge"):
            self.s3.put_object(Bucket=ARTEFACTS, Key=f"{name}.zip", Body=archive(task.get(name)))
        for id in LEFT_OUT:
            if id not in template["Resources"]:
                yield f"{id} is left out, and is not in the template: take it off the list"
            template["Resources"].pop(id, None)
        for name, condition in EVALUATED.items():
            if name not in template["Conditions"]:
                yield f"{name} is evaluated, and is not in the template: take it off the list"
            template["Conditions"][name] = condition
        arguments = {"StackName": STACK, "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]}
        arguments["TemplateBody"] = json.dumps(template)
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
        self.cloudformation.delete_stack(StackName=STACK)
        yield from self.ends_in("DELETE_COMPLETE")

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
        """Uploads a site, then a post, as an author does; the site bucket becomes what a clean build makes."""
        outputs = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        told = self.subscribed(outputs["PublishedTopicArn"])
        files = sorted(path for path in site.rglob("*") if path.is_file())
        post = site / POST
        for path in [*(path for path in files if path != post), post]:
            if path == post and (wrong := self.until_published(outputs, {"index.html"})):
                yield wrong
                return
            key = path.relative_to(site).as_posix()
            self.s3.put_object(Bucket=outputs["SourceBucketName"], Key=key, Body=path.read_bytes())
        expected = {path.relative_to(clean).as_posix(): path.read_bytes() for path in clean.rglob("*") if path.is_file()}
        if wrong := self.until_equal(outputs, expected):
            yield wrong
            return
        if extra := self.published(outputs) - set(expected) - {RULES_KEY}:
            yield f"a clean build does not make {sorted(extra)}"
        cloudfront = self.client("cloudfront")
        distribution = outputs["DistributionId"]
        listed = lambda: cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]["Quantity"]  # noqa: E731
        if waited(lambda: listed() == 0):
            yield "no invalidation was made"
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

    def published(self, outputs):
        listed = self.s3.list_objects_v2(Bucket=outputs["SiteBucketName"]).get("Contents", [])
        return {entry["Key"] for entry in listed}

    def until_published(self, outputs, keys):
        """What is missing of these objects after a while; None if nothing is."""
        missing = waited(lambda: keys - self.published(outputs))
        return f"{sorted(missing)} were not published within {LIMIT_SECONDS} s" if missing else None

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
        if str(properties.get("FunctionCode", "")).startswith("quillfront:"):
            properties["FunctionCode"] = "function handler(event) { return event.request; }"
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
