"""Builds the part of a stage's CloudFormation template that Chalice does not write.

Chalice merges it into its own part: dictionaries deeply, lists by replacing them. So nothing here touches a
list that Chalice fills.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.vocabulary.delivery import Target
from infra.alarms import alarms
from infra.dashboard import dashboard
from infra.front_door import CONDITIONS, PARAMETERS, front_door
from infra.functions import every_minute, functions, stream
from infra.names import check_stage
from infra.queues import EVENTS, all_queues, dead_queue_urls, queue, target_queue_urls
from infra.storage import storage


def additions(stage: str, targets: Iterable[Target]) -> dict[str, Any]:
    """The template to merge for a stage with these targets."""
    check_stage(stage)
    targets = tuple(targets)
    queues = all_queues(targets)
    resources = {
        **storage(stage),
        **functions(targets),
        **front_door(),
        **stream(),
        **every_minute(),
        **alarms(queues),
        **dashboard(queues),
    }
    for fed in queues:
        resources |= queue(stage, fed)
    return {
        "Description": f"Switchboard, stage {stage}",
        "Parameters": {
            # Only one value, because a package of one stage cannot be deployed as another.
            "Stage": {"Type": "String", "Default": stage, "AllowedValues": [stage]},
            "AlarmEmail": {
                "Type": "String",
                "Default": "",
                "Description": "Where alarms are sent; empty for nowhere but the topic.",
            },
            **PARAMETERS,
        },
        "Conditions": {
            "HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
            **CONDITIONS,
        },
        "Resources": resources,
        "Outputs": {
            "TableName": {"Value": {"Ref": "Table"}},
            "BucketName": {"Value": {"Ref": "Bucket"}},
            "EventsQueueUrl": {"Value": {"Ref": EVENTS.queue}},
            "TargetQueueUrls": {
                "Description": "A JSON object: target name to queue URL.",
                "Value": target_queue_urls(targets),
            },
            "DeadQueueUrls": {
                "Description": "A JSON object: target name, or events, to the URL of its dead-letter queue.",
                "Value": dead_queue_urls(targets),
            },
        },
    }
