"""What must hold of the template that is deployed, asked of the real one."""

import json
from typing import NamedTuple

import pytest

from chalicelib.configuration.stored import COPY
from chalicelib.pipeline.set_aside import QUARANTINE, UNDELIVERED
from infra.alarms import _COUNTED
from infra.names import FUNCTIONS, Unnameable
from infra.queues import all_queues, target_queue
from infra.template import additions
from ops.deploy.package import lint
from ops.environments import ROOT
from tests.infra.conftest import TARGETS

pytestmark = pytest.mark.slow


class Fed(NamedTuple):
    queue: str
    dead: str
    mapping: str
    function: str


QUEUES = [
    Fed("EventsQueue", "EventsDead", "EventsMapping", "Process"),
    Fed("TargetTrytonQueue", "TargetTrytonDead", "TargetTrytonMapping", "Deliver"),
    Fed("TargetShopHookQueue", "TargetShopHookDead", "TargetShopHookMapping", "Deliver"),
]
each_queue = pytest.mark.parametrize("fed", QUEUES, ids=lambda fed: fed.queue)
each_function = pytest.mark.parametrize("function", FUNCTIONS.values())


def of_type(resources, kind):
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}


def test_cfn_lint_finds_nothing(packaged):
    lint(packaged.template)


def test_nothing_is_declared_that_the_design_does_not_know(resources):
    assert set(of_type(resources, "AWS::Serverless::Function")) == set(FUNCTIONS.values())
    assert len(of_type(resources, "AWS::SQS::Queue")) == 2 * len(QUEUES)
    assert set(of_type(resources, "AWS::Lambda::EventSourceMapping")) == {
        "RelayMapping",
        *(fed.mapping for fed in QUEUES),
    }
    assert all("Type" in one for one in resources.values())


@each_queue
def test_a_mapping_reports_item_failures_and_has_a_ceiling(resources, fed):
    properties = resources[fed.mapping]["Properties"]
    assert properties["FunctionName"] == {"Ref": fed.function}
    assert properties["EventSourceArn"] == {"Fn::GetAtt": [fed.queue, "Arn"]}
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BatchSize"] == 10
    assert properties["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_a_target_gets_the_concurrency_that_it_can_bear(resources):
    assert resources["TargetShopHookMapping"]["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 40}


@each_queue
def test_a_queue_is_fifo_per_group_and_outlasts_its_function(resources, fed):
    for name in (fed.queue, fed.dead):
        properties = resources[name]["Properties"]
        assert properties["QueueName"].endswith(".fifo")
        assert properties["FifoQueue"] is True
        assert properties["FifoThroughputLimit"] == "perMessageGroupId"
        assert properties["DeduplicationScope"] == "messageGroup"
        assert properties["ContentBasedDeduplication"] is False
        assert properties["SqsManagedSseEnabled"] is True
        assert properties["MessageRetentionPeriod"] == 14 * 86_400
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    timeout = resources[fed.function]["Properties"]["Timeout"]
    hidden = resources[fed.queue]["Properties"]["VisibilityTimeout"]
    assert timeout < hidden <= 90, "after a sudden death customers wait for so long"


@each_queue
def test_a_queue_gives_up_late_and_into_its_own_dead_letter_queue(resources, fed):
    redrive = resources[fed.queue]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [fed.dead, "Arn"]}
    assert redrive["maxReceiveCount"] == (400 if fed.queue == "EventsQueue" else 1000)
    hidden = resources[fed.queue]["Properties"]["VisibilityTimeout"]
    assert redrive["maxReceiveCount"] * hidden >= 5 * 3600, "a function without room for hours loses nothing"
    assert "RedrivePolicy" not in resources[fed.dead]["Properties"]


def test_the_stream_is_read_from_its_start_filtered_and_for_ever(resources):
    properties = resources["RelayMapping"]["Properties"]
    assert properties["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert properties["MaximumRetryAttempts"] == -1
    assert properties["MaximumRecordAgeInSeconds"] == -1
    assert properties["BatchSize"] == 100
    (only,) = properties["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"Keys": {"sk": {"S": ["PROFILE"]}}},
    }


def test_the_table_is_what_the_design_says(resources):
    table = resources["Table"]
    properties = table["Properties"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    indexes = {index["IndexName"]: index for index in properties["GlobalSecondaryIndexes"]}
    keys = {name: [key["AttributeName"] for key in one["KeySchema"]] for name, one in indexes.items()}
    assert keys == {
        "timeline": ["customer", "at"],
        "due": ["due_shard", "due_at"],
        "worklist": ["work_queue", "work_at"],
    }
    assert all(one["Projection"] == {"ProjectionType": "KEYS_ONLY"} for one in indexes.values())


def test_the_bucket_is_closed_encrypted_and_forgets(resources):
    properties = resources["Bucket"]["Properties"]
    assert resources["Bucket"]["DeletionPolicy"] == "Retain"
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert "BucketEncryption" in properties
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert all((rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30) for rule in rules)
    forgotten = tuple(rule["Prefix"] for rule in rules)
    assert all(key.startswith(forgotten) for key in (QUARANTINE, UNDELIVERED, "oversize/"))
    assert not COPY.startswith(forgotten), "a stage may go without a push for long"
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_platform_s_bytes_reach_us_untouched_at_one_regional_address(resources):
    api = resources["RestAPI"]["Properties"]
    assert api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    posts = {path: methods for path, methods in api["DefinitionBody"]["paths"].items() if "post" in methods}
    assert "/webhooks/{channel}/{account}" in posts
    assert all(methods["post"]["consumes"] == ["*/*"] for methods in posts.values())


@pytest.mark.parametrize(
    ("function", "handler", "timeout", "reserved"),
    [
        ("APIHandler", "app.app", 10, 100),
        ("Unrepeated", "app.app", 10, 50),
        ("Process", "chalicelib.handlers.process.process", 30, None),
        ("Relay", "chalicelib.handlers.relay.relay", 60, None),
        ("Deliver", "chalicelib.handlers.deliver.deliver", 60, None),
        ("Tick", "chalicelib.handlers.tick.tick", 55, 1),
    ],
)
def test_a_function_is_declared_as_the_design_says(resources, function, handler, timeout, reserved):
    properties = resources[function]["Properties"]
    assert properties["Handler"] == handler
    assert properties["Timeout"] == timeout
    assert properties.get("ReservedConcurrentExecutions") == reserved
    assert properties["Architectures"] == ["arm64"]
    assert properties["MemorySize"] >= 256
    assert properties["CodeUri"] == "functions.zip"


@each_function
def test_a_function_s_log_is_kept_for_a_month(resources, function):
    log_group = resources[function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert resources[log_group]["Properties"]["RetentionInDays"] == 30


@each_function
def test_a_function_is_told_where_everything_is(resources, function):
    variables = resources[function]["Properties"]["Environment"]["Variables"]
    assert variables["HUB_TABLE"] == {"Ref": "Table"}
    assert variables["HUB_BUCKET"] == {"Ref": "Bucket"}
    assert variables["HUB_EVENTS_QUEUE"] == {"Ref": "EventsQueue"}
    assert variables["HUB_SECRETS"] == {"Fn::Sub": "/switchboard/${Stage}"}
    if function in ("Relay", "Deliver", "Tick"):
        queues = json.loads(variables["HUB_TARGET_QUEUES"]["Fn::Sub"])
        assert queues == {"tryton": "${TargetTrytonQueue}", "shop-hook": "${TargetShopHookQueue}"}


def test_the_clock_ticks_every_minute_and_never_twice(resources):
    rule = resources["EveryMinute"]["Properties"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"] == [{"Id": "tick", "Arn": {"Fn::GetAtt": ["Tick", "Arn"]}}]
    assert resources["EveryMinuteMayCallTick"]["Properties"]["FunctionName"] == {"Ref": "Tick"}
    assert resources["TickOnce"]["Properties"]["MaximumRetryAttempts"] == 0


@each_queue
def test_a_human_is_called_when_messages_die_or_wait(resources, fed):
    died = resources[f"{fed.dead}NotEmpty"]["Properties"]
    assert (died["MetricName"], died["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert died["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [fed.dead, "QueueName"]}}]
    old = resources[f"{fed.queue}Old"]["Properties"]
    assert (old["MetricName"], old["Threshold"]) == ("ApproximateAgeOfOldestMessage", 900)


def test_a_human_is_called_for_everything_else_that_must_not_last(resources):
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    behind = alarms["RelayBehind"]
    assert (behind["MetricName"], behind["Threshold"]) == ("IteratorAge", 300_000)
    assert alarms["FrontDoorFails"]["MetricName"] == "5XXError"
    filtered = resources["QuarantinedInTheLogOfWebhooks"]["Properties"]
    assert filtered["LogGroupName"] == {"Ref": "WebhooksLogs"}
    (made,) = filtered["MetricTransformations"]
    assert alarms["Quarantined"]["MetricName"] == made["MetricName"] == "quarantined"
    assert alarms["Quarantined"]["Namespace"] == made["MetricNamespace"]
    failing = {
        one["Dimensions"][0]["Value"]["Ref"] for one in alarms.values() if one["MetricName"] == "Errors"
    }
    assert failing == set(FUNCTIONS.values())
    assert all(one["AlarmActions"] == [{"Ref": "Alarms"}] for one in alarms.values())


def test_the_dashboard_shows_every_queue_and_function(resources):
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert json.loads(body)["widgets"]
    shown = [f"${{{name}.QueueName}}" for fed in QUEUES for name in (fed.queue, fed.dead)]
    assert all(name in body for name in [*shown, *(f"${{{one}}}" for one in FUNCTIONS.values())])


def test_a_template_is_for_its_stage_alone(template):
    assert template["Parameters"]["Stage"] == {
        "Type": "String",
        "Default": "production",
        "AllowedValues": ["production"],
    }


def test_whoever_deploys_learns_where_everything_is(template):
    assert {
        "EndpointURL", "RestAPIId", "TableName", "BucketName", "EventsQueueUrl", "TargetQueueUrls",
        "DeadQueueUrls",
    } <= set(template["Outputs"])  # fmt: skip


@pytest.mark.parametrize("stage", ["", "Local", "a_b", "1st", "x" * 32])
def test_a_stage_that_aws_cannot_name_is_refused(stage):
    with pytest.raises(Unnameable, match="a stage cannot be called"):
        additions(stage, TARGETS)


def renamed(**changes):
    kind = type(TARGETS[0])
    return kind(**{"name": "one", "connector": "receiver", "url": "https://x.example.org"} | changes)


@pytest.mark.parametrize("concurrency", [0, 1, 1001])
def test_a_concurrency_that_aws_does_not_take_is_refused(concurrency):
    with pytest.raises(Unnameable, match="AWS takes 2 to 1000"):
        target_queue(renamed(concurrency=concurrency))


def test_two_targets_that_would_be_one_queue_are_refused():
    with pytest.raises(Unnameable, match="too much alike"):
        all_queues([renamed(name="a-1"), renamed(name="a1")])


@pytest.mark.parametrize("name", ["x" * 60, "Big", "a b"])
def test_a_target_that_no_queue_can_be_called_after_is_refused(name):
    with pytest.raises(Unnameable, match="a queue cannot be called"):
        additions("production", [renamed(name=name)])


def test_every_count_that_calls_a_human_is_one_that_is_made(resources):
    code = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    for counted, (function, _) in _COUNTED.items():
        made = f'count("{counted}"' in code or (counted == "breaker_open" and 'count(f"breaker_' in code)
        assert made, counted
        name = "".join(word.capitalize() for word in counted.split("_"))
        alarm = resources[name]["Properties"]
        # The two front doors run the same code.
        for logged in {function, "unrepeated" if function == "webhooks" else function}:
            filtered = resources[f"{name}InTheLogOf{logged.capitalize()}"]["Properties"]
            assert filtered["FilterPattern"] == f"{{ $.{counted}[0] > 0 }}"
            assert alarm["MetricName"] == filtered["MetricTransformations"][0]["MetricName"]
            assert logged in str(filtered["LogGroupName"]).lower()
