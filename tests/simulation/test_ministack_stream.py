"""The same short scripts of writes on the simulated table and on ministack's, and what their streams say.

Compared is what the hub relies on: each item's records in the order of its writes, each with the item as it
was after that write, and none for a write that failed.
"""

from __future__ import annotations

import random
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.storage import table_definition
from ops.local.aws import LocalAws
from tests.simulation.clock import Clock
from tests.simulation.dynamo import Dynamo

pytestmark = pytest.mark.slow

SCRIPTS = {
    "an item's writes in their order": ["put a 1", "put a 2", "put b 1", "put a 3"],
    "an update shows the whole item": ["put a 1", "add a 4", "add b 2"],
    "a condition that fails leaves no record": ["put a 1", "new a 2", "new b 1", "put a 3"],
    "a transaction is a record an item": ["both a 1 b 1", "both a 2 c 1"],
    "a cancelled transaction leaves none": ["put a 1", "fresh b 1 a 2", "put b 2"],
}


def item(name, number):
    return {"pk": {"S": name}, "sk": {"S": "PROFILE"}, "seq": {"N": number}}


def asked(step):
    """One write as `(operation, parameters)`."""
    verb, *words = step.split()
    absent = {"ConditionExpression": "attribute_not_exists (#0)", "ExpressionAttributeNames": {"#0": "pk"}}
    if verb in ("put", "new"):
        return "PutItem", {"Item": item(*words), **(absent if verb == "new" else {})}
    if verb == "add":
        return "UpdateItem", {
            "Key": {"pk": {"S": words[0]}, "sk": {"S": "PROFILE"}},
            "UpdateExpression": "ADD #0 :0",
            "ExpressionAttributeNames": {"#0": "seq"},
            "ExpressionAttributeValues": {":0": {"N": words[1]}},
            "ReturnValues": "ALL_NEW",
        }
    puts = [{"Put": {"Item": item(*words[at : at + 2])}} for at in (0, 2)]
    if verb == "fresh":
        puts[1]["Put"] |= absent
    return "TransactWriteItems", {"TransactItems": puts}


def simulated(script):
    """Per item, what the simulated stream is told."""
    dynamo = Dynamo(Clock(), random.Random(1))
    told: dict[str, list[tuple[str, str]]] = {}
    dynamo.watchers.append(
        lambda key, before, after: told.setdefault(key[0], []).append(
            ("MODIFY" if before else "INSERT", after["seq"]["N"])
        )
    )
    refused = []
    for step in script:
        try:
            dynamo(*asked(step))
        except ClientError:
            refused.append(step)
    return told, refused


def on_ministack(dynamodb, streams, table, script):
    """Per item, what ministack's stream holds."""
    made = dynamodb.create_table(
        TableName=table,
        **table_definition(),
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    refused = []
    for step in script:
        operation, parameters = asked(step)
        parts = parameters.get("TransactItems", [])
        for part in parts:
            part["Put"]["TableName"] = table
        call = {
            "PutItem": dynamodb.put_item,
            "UpdateItem": dynamodb.update_item,
            "TransactWriteItems": dynamodb.transact_write_items,
        }[operation]
        try:
            call(**parameters, **({} if parts else {"TableName": table}))
        except ClientError:
            refused.append(step)
    told: dict[str, list[tuple[str, str]]] = {}
    arn = made["LatestStreamArn"]
    for _ in range(20):
        told.clear()
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            where = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for record in streams.get_records(ShardIterator=where)["Records"]:
                image = record["dynamodb"]["NewImage"]
                told.setdefault(image["pk"]["S"], []).append((record["eventName"], image["seq"]["N"]))
        if told:
            break
        time.sleep(0.1)
    return told, refused


def test_the_simulated_stream_says_what_ministacks_says(tmp_path):
    with LocalAws(tmp_path) as aws:
        known: dict[str, Any] = {
            "endpoint_url": aws.endpoint,
            "region_name": "us-east-1",
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
        dynamodb, streams = boto3.client("dynamodb", **known), boto3.client("dynamodbstreams", **known)
        differs = {}
        for number, (name, script) in enumerate(SCRIPTS.items()):
            ours, theirs = simulated(script), on_ministack(dynamodb, streams, f"stream{number}", script)
            if ours != theirs:
                differs[name] = f"simulated {ours}, ministack {theirs}"
        dynamodb.close()
        streams.close()
    assert differs == {}
