"""Who may do what: each function has one role of its own, with what it needs and nothing else."""

import json
import re

import pytest

from chalicelib.configuration.stored import COPY

pytestmark = pytest.mark.slow

CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
SECRETS = {"ssm:GetParameter", "kms:Decrypt"}
TABLE = {
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
}
BREAKER = {
    "lambda:ListEventSourceMappings",
    "lambda:UpdateEventSourceMapping",
}
STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}

MAY = {
    "APIHandler": LOG | SECRETS | {"sqs:SendMessage", "s3:GetObject", "s3:PutObject", "dynamodb:GetItem"},
    "Unrepeated": LOG | SECRETS | {"sqs:SendMessage", "s3:GetObject", "s3:PutObject", "dynamodb:GetItem"},
    "Process": LOG | CONSUME | TABLE | {"s3:GetObject", "s3:PutObject"},
    "Relay": LOG | STREAM | {"sqs:SendMessage", "dynamodb:BatchGetItem", "dynamodb:PutItem"},
    "Deliver": LOG | SECRETS | CONSUME | TABLE | BREAKER | {"sqs:SendMessage"},
    "Tick": LOG
    | SECRETS
    | (TABLE - {"dynamodb:PutItem"})
    | BREAKER
    | {
        "dynamodb:Query",
        "sqs:SendMessage",
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
    },
}
each_function = pytest.mark.parametrize("function", MAY)


def role_of(resources, function):
    return resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]


def statements(resources, function):
    (policy,) = resources[role_of(resources, function)]["Properties"]["Policies"]
    return {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}


def test_no_two_functions_share_a_role(resources):
    assert len({role_of(resources, function) for function in MAY}) == len(MAY)


@each_function
def test_a_function_may_do_what_it_does_and_nothing_else(resources, function):
    found = statements(resources, function).values()
    allowed = [one for one in found if one["Effect"] == "Allow"]
    assert {action for one in allowed for action in one["Action"]} == MAY[function]


@each_function
def test_nothing_is_denied_but_writing_configuration(resources, function):
    denied = {sid: one for sid, one in statements(resources, function).items() if one["Effect"] != "Allow"}
    (statement,) = denied.values()
    assert set(denied) == {"NeverWriteConfiguration"}
    assert set(statement["Action"]) == {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    assert statement["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["CONFIG*"]}}


@each_function
def test_a_function_writes_no_rows_but_those_it_names(resources, function):
    for sid, one in statements(resources, function).items():
        writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(one["Action"])
        if writes and one["Effect"] == "Allow":
            patterns = one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert all(re.fullmatch(r"[A-Z]#\*", pattern) for pattern in patterns), sid


@each_function
def test_a_function_writes_to_its_own_log_alone(resources, function):
    log_group = resources[function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert statements(resources, function)["Log"]["Resource"] == {"Fn::Sub": f"${{{log_group}.Arn}}"}


@each_function
def test_only_a_listing_that_cannot_be_narrowed_is_allowed_everywhere(resources, function):
    wide = [sid for sid, one in statements(resources, function).items() if one["Resource"] == "*"]
    assert wide in ([], ["FindMappings"])


@each_function
def test_every_narrowing_names_something_of_this_stage(resources, function):
    for sid, one in statements(resources, function).items():
        if sid in ("FindMappings", "SwitchTargets", "DecryptSecrets"):
            continue
        named = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        for resource in named:
            text = json.dumps(resource)
            assert "Fn::GetAtt" in text or "${Stage}" in text or ".Arn}" in text, (sid, text)


def test_the_front_door_reads_no_row_but_the_configuration(resources):
    statement = statements(resources, "APIHandler")["ReadConfiguration"]
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["CONFIG"]}}


def test_relay_touches_no_row_but_those_of_an_event(resources):
    statement = statements(resources, "Relay")["ParkUnsent"]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["E#*"]}}


def test_the_front_door_only_puts_into_its_three_folders(resources):
    kept = {one["Fn::Sub"] for one in statements(resources, "APIHandler")["Keep"]["Resource"]}
    assert kept == {f"${{Bucket.Arn}}/{name}/*" for name in ("quarantine", "oversize", "undelivered")}


@pytest.mark.parametrize(
    ("function", "kind"), [("APIHandler", "accounts"), ("Deliver", "targets"), ("Tick", "targets")]
)
def test_secrets_of_accounts_and_of_targets_are_kept_apart(resources, function, kind):
    parameters = statements(resources, function)["ReadSecrets"]["Resource"]["Fn::Sub"]
    assert parameters.endswith(f":parameter/switchboard/${{Stage}}/{kind}/*")


@pytest.mark.parametrize("function", ["Deliver", "Tick"])
def test_the_breaker_switches_the_mappings_of_deliver_alone(resources, function):
    condition = statements(resources, function)["SwitchTargets"]["Condition"]
    assert condition["ArnEquals"]["lambda:FunctionArn"]["Fn::Sub"].endswith(
        ":function:switchboard-${Stage}-deliver"
    )


def test_the_front_door_reads_one_object_and_nothing_that_customers_wrote(resources):
    assert statements(resources, "APIHandler")["ReadCopyOfAccounts"]["Resource"] == {
        "Fn::Sub": f"${{Bucket.Arn}}/{COPY}"
    }
    readers = [one for one in statements(resources, "APIHandler").values() if "s3:GetObject" in one["Action"]]
    assert len(readers) == 1
