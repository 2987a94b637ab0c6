"""The alarms, which call a human: each says in its description what is wrong and which command shows it."""

from collections.abc import Iterable
from typing import Any

from infra.functions import logs_of
from infra.names import FRONT_DOORS, FUNCTIONS, Resource, Resources, attribute, named
from infra.queues import Fed

TOPIC = "Alarms"

_COUNTED = {
    "quarantined": ("webhooks", "Genuine requests were not understood and are kept. See: hub quarantine."),
    "duplicate_differs": (
        "process",
        "An id came again for something else; what came is kept, undelivered. See: hub quarantine.",
    ),
    "undelivered": (
        "webhooks",
        "The queue refused messages; they wait in the bucket for tick to feed them in.",
    ),
    "secret_unusable": (
        "webhooks",
        "An account's secret is missing, unreadable or incomplete: its platform gets 503. See the log.",
    ),
    "no_queue": (
        "relay",
        "A target's queue is gone or refuses us; what it was owed is parked. Mend it; hub redrive --all.",
    ),
    "unreadable_change": (
        "relay",
        "A customer's change could not be read and was passed over. See the log; hub relay --since.",
    ),
    "parked": (
        "deliver",
        "Deliveries were refused and will not be tried again. See: hub parked, hub redrive.",
    ),
    "misconfigured": ("deliver", "A target's secret, address or setting is wrong; its deliveries wait."),
    "breaker_open": (
        "deliver",
        "A target fails as a whole and is cut off until it answers. See: hub status.",
    ),
    "set_aside": ("tick", "Messages in the bucket could not be read and are kept. See: hub quarantine."),
    "unreadable_row": (
        "tick",
        "A row could not be read; the clock passes over it every minute. See the log.",
    ),
    "job_cut_short": ("tick", "A job of the clock needed more than its share of a minute. See the log."),
    "load_differs": ("tick", "Somebody's load is not what their conversations add up to. See: hub status."),
}
"""The hub's counts that alarm: each with the function in whose log it stands, and what it means.

What stands in the log of `webhooks` stands in that of `unrepeated` too.
"""
_OWN_NAMESPACE = {"Fn::Sub": "Switchboard/${Stage}"}

_FIVE_MINUTES = 300
_OLDEST_SECONDS = 900
_ITERATOR_MILLISECONDS = 300_000


def _alarm(
    name: str,
    description: str,
    *,
    threshold: float,
    periods: int = 1,
    missing: str = "notBreaching",
    **measured: object,
) -> Resource:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": named(name),
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            "TreatMissingData": missing,
            "AlarmActions": [{"Ref": TOPIC}],
            "OKActions": [{"Ref": TOPIC}],
            **measured,
        },
    }


def _metric(
    namespace: str | dict[str, str], name: str, statistic: str, **dimensions: object
) -> dict[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Statistic": statistic,
        "Period": _FIVE_MINUTES,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def topic() -> Resources:
    """Where alarms go: one SNS topic, and an e-mail address if the deployment names one.

    The topic is not encrypted with the key that AWS keeps for SNS, because CloudWatch may not use that key.
    """
    return {
        TOPIC: {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": named("alarms")}},
        "AlarmsByEmail": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {
                "TopicArn": {"Ref": TOPIC},
                "Protocol": "email",
                "Endpoint": {"Ref": "AlarmEmail"},
            },
        },
    }


def queue_alarms(fed: Fed) -> Resources:
    """The alarms of one queue: a message was given up, or one waits too long."""
    return {
        f"{fed.dead}NotEmpty": _alarm(
            f"{fed.name}-dead",
            f"Messages of {fed.name} were given up after {fed.receives} receives. See: hub redrive.",
            threshold=0,
            **_metric(
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                "Maximum",
                QueueName=attribute(fed.dead, "QueueName"),
            ),
        ),
        f"{fed.queue}Old": _alarm(
            f"{fed.name}-old",
            f"The oldest message of {fed.name} has waited over 15 minutes. See: hub waiting.",
            threshold=_OLDEST_SECONDS,
            **_metric(
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                "Maximum",
                QueueName=attribute(fed.queue, "QueueName"),
            ),
        ),
    }


def function_alarms() -> Resources:
    """The alarms of functions: an error in any, a front door full, `relay` far behind, `tick` not running."""
    alarms = {
        f"{function.capitalize()}Errors": _alarm(
            f"{function}-errors",
            f"{function} raised or ran out of time. See its log group.",
            threshold=0,
            **_metric("AWS/Lambda", "Errors", "Sum", FunctionName={"Ref": logical_id}),
        )
        for function, logical_id in FUNCTIONS.items()
    }
    alarms |= {
        f"{function.capitalize()}Full": _alarm(
            f"{function}-full",
            f"{function} had no container left and turned requests away. See: docs/operating.md, Floods.",
            threshold=0,
            **_metric("AWS/Lambda", "Throttles", "Sum", FunctionName={"Ref": FUNCTIONS[function]}),
        )
        for function in FRONT_DOORS
    }
    alarms["RelayBehind"] = _alarm(
        "relay-behind",
        "Profile changes have waited over 5 minutes for relay. See: hub relay --since.",
        threshold=_ITERATOR_MILLISECONDS,
        **_metric("AWS/Lambda", "IteratorAge", "Maximum", FunctionName={"Ref": FUNCTIONS["relay"]}),
    )
    silent = _alarm(
        "tick-silent",
        "Nobody looks at idle and waiting conversations or breakers: tick has not run for 5 minutes.",
        threshold=1,
        missing="breaching",
        **_metric("AWS/Lambda", "Invocations", "Sum", FunctionName={"Ref": FUNCTIONS["tick"]}),
    )
    silent["Properties"]["ComparisonOperator"] = "LessThanThreshold"
    return {**alarms, "TickSilent": silent}


def front_door_alarms() -> Resources:
    """The alarm of the front door: platforms get 5xx answers."""
    return {
        "FrontDoorFails": _alarm(
            "front-door-fails",
            "Platforms get 5xx answers: events are not accepted now. See the logs of webhooks and unrepeated;"
            " where they say nothing, docs/operating.md, Floods.",
            threshold=4,
            **_metric("AWS/ApiGateway", "5XXError", "Sum", ApiName=named("webhooks")),
        ),
    }


def counted_alarms() -> Resources:
    """The alarms of the hub's own counts.

    A count has a dimension for its channel or target, over which an alarm cannot add up: so a filter over the
    log counts once more, without the dimension.
    """
    resources: Resources = {}
    for counted, (function, description) in _COUNTED.items():
        name = "".join(word.capitalize() for word in counted.split("_"))
        resources[name] = _alarm(
            counted.replace("_", "-"), description, threshold=0, **_metric(_OWN_NAMESPACE, counted, "Sum")
        )
        for logged in FRONT_DOORS if function in FRONT_DOORS else (function,):
            resources[f"{name}InTheLogOf{logged.capitalize()}"] = _counted_in(logs_of(logged), counted)
    return resources


def _counted_in(log_group: str, counted: str) -> Resource:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": log_group},
            "FilterPattern": f"{{ $.{counted}[0] > 0 }}",
            "MetricTransformations": [
                {"MetricNamespace": _OWN_NAMESPACE, "MetricName": counted, "MetricValue": f"$.{counted}[0]"}
            ],
        },
    }


def alarms(queues: Iterable[Fed]) -> Resources:
    """All alarms of a stage, with the topic they go to."""
    resources = {**topic(), **function_alarms(), **front_door_alarms(), **counted_alarms()}
    for fed in queues:
        resources |= queue_alarms(fed)
    return resources
