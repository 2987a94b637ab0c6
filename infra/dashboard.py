"""The dashboard: one page per stage on which one sees events come in, wait and go out."""

import json
from collections.abc import Iterable
from typing import Any

from infra.names import FUNCTIONS, Resources, named
from infra.queues import Fed

_WIDTH, _HEIGHT = 12, 6

Metric = list[Any]


def _widget(title: str, metrics: list[Metric], place: int, stat: str) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": _WIDTH * (place % 2),
        "y": _HEIGHT * (place // 2),
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "period": 60,
            "stat": stat,
            "metrics": metrics,
        },
    }


def _of_queues(metric: str, names: Iterable[str]) -> list[Metric]:
    return [["AWS/SQS", metric, "QueueName", f"${{{name}.QueueName}}"] for name in names]


def _of_functions(metric: str) -> list[Metric]:
    return [
        ["AWS/Lambda", metric, "FunctionName", f"${{{logical_id}}}", {"label": function}]
        for function, logical_id in FUNCTIONS.items()
    ]


def _of_front_door(*metrics: str) -> list[Metric]:
    return [["AWS/ApiGateway", metric, "ApiName", "switchboard-${Stage}-webhooks"] for metric in metrics]


def _counts() -> list[Metric]:
    search = "SEARCH('Namespace=\"Switchboard\" service=\"switchboard-${Stage}\"', 'Sum')"
    return [[{"expression": search, "id": "counts"}]]


def dashboard(queues: Iterable[Fed]) -> Resources:
    """The dashboard, in the order of an event's way from top to bottom."""
    fed = tuple(queues)
    relay_age = ["AWS/Lambda", "IteratorAge", "FunctionName", f"${{{FUNCTIONS['relay']}}}"]
    rows = [
        ("Platforms: requests and failures", _of_front_door("Count", "4XXError", "5XXError"), "Sum"),
        ("Platforms: milliseconds to answer", _of_front_door("Latency"), "p99"),
        ("The hub's own counts", _counts(), "Sum"),
        (
            "Oldest message, seconds",
            _of_queues("ApproximateAgeOfOldestMessage", (each.queue for each in fed)),
            "Maximum",
        ),
        (
            "Messages waiting",
            _of_queues("ApproximateNumberOfMessagesVisible", (each.queue for each in fed)),
            "Maximum",
        ),
        (
            "Messages given up",
            _of_queues("ApproximateNumberOfMessagesVisible", (each.dead for each in fed)),
            "Maximum",
        ),
        ("Relay behind the table, milliseconds", [relay_age], "Maximum"),
        ("Functions: errors", _of_functions("Errors"), "Sum"),
        ("Functions: milliseconds", _of_functions("Duration"), "p95"),
        ("Functions: at once", _of_functions("ConcurrentExecutions"), "Maximum"),
        ("Functions: turned away, no container left", _of_functions("Throttles"), "Sum"),
    ]
    widgets = [_widget(title, metrics, place, stat) for place, (title, metrics, stat) in enumerate(rows)]
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": named("hub"),
                "DashboardBody": {"Fn::Sub": json.dumps({"widgets": widgets})},
            },
        }
    }
