"""What the functions get beside their code: names, logs, environment variables, triggers."""

import json
from collections.abc import Iterable
from typing import Any

from chalicelib.vocabulary.delivery import Target
from infra.front_door import second_door
from infra.names import FUNCTIONS, Resource, Resources, attribute, named
from infra.queues import EVENTS, target_queue_urls

_LOG_DAYS = 30

_KNOW_TARGETS = {"relay", "deliver", "tick"}


def logs_of(function: str) -> str:
    """The logical id of a function's log group."""
    return f"{function.capitalize()}Logs"


def _environment(function: str, targets: Iterable[Target]) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "HUB_STAGE": {"Ref": "Stage"},
        "HUB_TABLE": {"Ref": "Table"},
        "HUB_BUCKET": {"Ref": "Bucket"},
        "HUB_EVENTS_QUEUE": {"Ref": EVENTS.queue},
        "HUB_SECRETS": {"Fn::Sub": "/switchboard/${Stage}"},
        # The dimension that tells the counts of one stage from those of another.
        "POWERTOOLS_SERVICE_NAME": {"Fn::Sub": "switchboard-${Stage}"},
    }
    if function in _KNOW_TARGETS:
        variables["HUB_TARGET_QUEUES"] = target_queue_urls(targets)
    return variables


def functions(targets: Iterable[Target]) -> Resources:
    """Additions to Chalice's functions, the one that Chalice does not know of, and the log groups of all.

    A function names its log group, so that the group exists before the first line is written and the function
    needs no right to make one.
    """
    targets = tuple(targets)
    resources: Resources = {}
    for function, logical_id in FUNCTIONS.items():
        resources[logs_of(function)] = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": {"Fn::Sub": f"/aws/lambda/switchboard-${{Stage}}-{function}"},
                "RetentionInDays": _LOG_DAYS,
            },
        }
        resources[logical_id] = {
            "Properties": {
                "FunctionName": named(function),
                "LoggingConfig": {"LogGroup": {"Ref": logs_of(function)}},
                "Environment": {"Variables": _environment(function, targets)},
            }
        }
    unrepeated = resources[FUNCTIONS["unrepeated"]]
    unrepeated["Type"] = "AWS::Serverless::Function"
    unrepeated["Properties"] |= second_door()
    return resources


def stream() -> Resources:
    """The mapping that shows `relay` every change of a profile row, in order, until it succeeds.

    A failing batch is sent again whole, for as long as the stream keeps it: `relay` may repeat itself,
    because a change that it sends twice is delivered once. So neither bisecting nor partial failures would
    gain anything, and giving up after a number of tries or an age would lose events.
    """
    pattern = {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"Keys": {"sk": {"S": ["PROFILE"]}}},
    }
    return {
        "RelayMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": FUNCTIONS["relay"]},
                "EventSourceArn": attribute("Table", "StreamArn"),
                "StartingPosition": "TRIM_HORIZON",
                "FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)}]},
                "BatchSize": 100,
                "ParallelizationFactor": 1,
                "MaximumRetryAttempts": -1,
                "MaximumRecordAgeInSeconds": -1,
                "BisectBatchOnFunctionError": False,
            },
        }
    }


def every_minute() -> Resources:
    """The rule that calls `tick`. A missed minute is not made up for: the next one sees all that is due."""
    tick: Resource = {"Ref": FUNCTIONS["tick"]}
    return {
        "EveryMinute": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": named("every-minute"),
                "ScheduleExpression": "rate(1 minute)",
                "Targets": [{"Id": "tick", "Arn": attribute(FUNCTIONS["tick"])}],
            },
        },
        "EveryMinuteMayCallTick": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": tick,
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": attribute("EveryMinute"),
            },
        },
        "TickOnce": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": tick,
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "MaximumEventAgeInSeconds": 60,
            },
        },
    }
