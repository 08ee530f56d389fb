"""Conditional writes are exact: many writers at once, and every one of them sees what it overwrites."""
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

TASKS = {False: 60, True: 500}
THREADS = 16
REFUSED = ("PreconditionFailed", "ConditionalRequestConflict")


def run(test):
    tasks = TASKS[test.deep]
    with test.serve() as server:
        server.s3.create_bucket(Bucket="counters")
        no_count_is_lost(server, tasks)
        one_creator_wins(server, tasks)
        one_deleter_wins(server, tasks)
        conditions_on_nothing(server)


def no_count_is_lost(server, tasks):
    """Each task reads a number and writes the next one over exactly what it read."""
    server.s3.put_object(Bucket="counters", Key="count", Body=b"0")
    def count(_):
        while True:
            got = server.s3.get_object(Bucket="counters", Key="count")
            following = int(got["Body"].read()) + 1
            if accepted(server.s3.put_object, Key="count", Body=str(following).encode(), IfMatch=got["ETag"]):
                return following
    counted = at_once(count, tasks)
    assert sorted(counted) == list(range(1, tasks + 1)), "two writers wrote the same number"
    assert server.s3.get_object(Bucket="counters", Key="count")["Body"].read() == str(tasks).encode()


def one_creator_wins(server, tasks):
    def create(number):
        return accepted(server.s3.put_object, Key="once", Body=str(number).encode(), IfNoneMatch="*")
    won = [number for number, answer in enumerate(at_once(create, tasks)) if answer]
    assert len(won) == 1, f"{len(won)} created the same object"
    assert server.s3.get_object(Bucket="counters", Key="once")["Body"].read() == str(won[0]).encode()


def one_deleter_wins(server, tasks):
    """A deletion on a condition finds either what it expects or nothing at all."""
    etag = server.s3.head_object(Bucket="counters", Key="once")["ETag"]
    server.s3.put_object(Bucket="counters", Key="once", Body=b"newer")
    assert not any(at_once(lambda _: accepted(server.s3.delete_object, Key="once", IfMatch=etag), tasks))
    assert server.s3.get_object(Bucket="counters", Key="once")["Body"].read() == b"newer"


def conditions_on_nothing(server):
    for condition, code in (({"IfMatch": '"0123456789abcdef0123456789abcdef"'}, 404), ({"IfNoneMatch": "*"}, 200)):
        try:
            answer = server.s3.put_object(Bucket="counters", Key="absent", Body=b"x", **condition)
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status == code, f"{condition} on a missing key: {status}, not {code}"


def accepted(request, **arguments):
    try:
        request(Bucket="counters", **arguments)
        return True
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSED:
            return False
        raise


def at_once(task, tasks):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(task, range(tasks)))
