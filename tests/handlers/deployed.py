"""A stage as AWS holds it, on moto: table, queues, bucket, parameters, and the pushed configuration.

Imports nothing of `chalicelib`, so that a fresh interpreter can deploy and then import one handler alone.
"""

import base64
import functools
import itertools
import json
from collections.abc import Mapping
from typing import Any

import boto3

from infra.storage import table_definition

STAGE = "local"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
SECRETS = f"/switchboard/{STAGE}"
_FIFO = {
    "FifoQueue": "true",
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
    "ContentBasedDeduplication": "false",
    "VisibilityTimeout": "45",
}

_numbers = itertools.count()

aws = functools.cache(boto3.client)
"""A client of a service, made once: to make one takes longer than a test."""


def deploy(setup: Mapping[str, Any]) -> dict[str, str]:
    """Make everything inside `mock_aws`; returns the functions' environment.

    setup: JSON of `sections` (base64 by name), `parameters` (text by path below the secrets), `targets`
    (names), and `rows` (as `rows_of` gives them).
    """
    table, bucket = f"hub{next(_numbers)}", f"hub-{next(_numbers)}"
    aws("dynamodb").create_table(TableName=table, **table_definition())
    aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    events = _queue("events")
    targets = {name: _queue(f"target-{name}") for name in setup.get("targets", ())}
    for path, value in setup.get("parameters", {}).items():
        aws("ssm").put_parameter(Name=f"{SECRETS}/{path}", Value=value, Type="SecureString")
    if sections := setup.get("sections"):
        item = {"pk": {"S": "CONFIG"}, "sk": {"S": "CURRENT"}, "row": {"S": "config"}, "version": {"S": "v1"}}
        item |= {name: {"B": base64.b64decode(section)} for name, section in sections.items()}
        aws("dynamodb").put_item(TableName=table, Item=item)
    for row in setup.get("rows", ()):
        aws("dynamodb").put_item(TableName=table, Item=_with_bytes(row))
    environment = {
        "HUB_STAGE": STAGE,
        "HUB_TABLE": table,
        "HUB_BUCKET": bucket,
        "HUB_EVENTS_QUEUE": events,
        "HUB_SECRETS": SECRETS,
        "HUB_TARGET_QUEUES": json.dumps(targets),
    }
    if sections:
        accounts = base64.b64decode(sections["accounts"])
        push_accounts(environment, accounts)
        aws("s3").put_object(Bucket=bucket, Key="configuration/accounts", Body=accounts)
    return environment


def push_accounts(environment: Mapping[str, str], accounts: bytes) -> None:
    """Store the row that the front door reads."""
    item = {"pk": {"S": "CONFIG"}, "sk": {"S": "ACCOUNTS"}, "row": {"S": "accounts"}, "version": {"S": "v1"}}
    aws("dynamodb").put_item(TableName=environment["HUB_TABLE"], Item={**item, "accounts": {"B": accounts}})


def messages(url: str) -> list[dict[str, Any]]:
    """What lies on a queue: the body and attributes of each message, received for good."""
    found: list[dict[str, Any]] = []
    while True:
        answer = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        if "Messages" not in answer:
            return found
        for message in answer["Messages"]:
            found.append({"body": message["Body"], "attributes": message["Attributes"]})
            aws("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def rows_of(table: str) -> list[dict[str, Any]]:
    """Every row of a table, as DynamoDB JSON with its bytes in base64."""
    items = aws("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
    return [_with_text(item) for item in items]


def only_rows() -> list[dict[str, Any]]:
    """Every row of the one table there is."""
    [table] = aws("dynamodb").list_tables()["TableNames"]
    return rows_of(table)


def objects(bucket: str) -> list[str]:
    """The keys in a bucket, without the copy of what was pushed."""
    listed = aws("s3").list_objects_v2(Bucket=bucket)
    keys = [entry["Key"] for entry in listed.get("Contents", ())]
    return [key for key in keys if not key.startswith("configuration/")]


def _queue(what: str) -> str:
    name = f"switchboard-{STAGE}-{what}.fifo"
    return str(aws("sqs").create_queue(QueueName=name, Attributes=_FIFO)["QueueUrl"])


def _with_text(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def _with_bytes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()
    }
