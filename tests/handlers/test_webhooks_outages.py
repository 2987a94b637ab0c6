"""The front door while something behind it is gone: never a 401 or a 404 for what could not be looked up."""

import json
from dataclasses import replace

import pytest

from chalicelib.aws.clients import FRONT_DOOR_QUEUE
from tests.handlers import deployed, shelf
from tests.handlers.conftest import refusing
from tests.handlers.posts import PUBLIC, TEXT, message


def test_a_queue_that_is_gone_is_503_where_the_platform_sends_again(front):
    front.lose_queue()
    answer = front(shelf.from_api(message(), accept=None))
    assert (answer["statusCode"], answer["body"]) == (503, "")
    assert int(answer["headers"]["Retry-After"]) > 0


@pytest.mark.parametrize(("status", "code"), [(400, "AccessDeniedException"), (400, "QueueDoesNotExist")])
def test_a_queue_that_refuses_us_costs_twilio_nothing(front, status, code):
    front.clients("sqs", FRONT_DOOR_QUEUE).meta.events.register("before-call", refusing(status, code))
    assert front(shelf.from_api(message("twilio")))["statusCode"] == 200
    [key] = front.objects()
    assert key.startswith("undelivered/")
    assert front(shelf.from_api(message()))["statusCode"] == 503


def test_a_busy_queue_is_tried_three_times(front):
    calls = []
    events = front.clients("sqs", FRONT_DOOR_QUEUE).meta.events
    events.register("before-call", refusing(503, "ServiceUnavailable"))
    events.register("provide-client-params", lambda model, **_: calls.append(model.name))
    assert front(shelf.from_api(message()))["statusCode"] == 503
    assert len(calls) == 3


def test_a_configuration_that_was_never_read_is_503_and_no_404(front):
    front.lose_table()
    assert front(shelf.from_api(message()))["statusCode"] == 503
    assert front(shelf.from_api(replace(message(), body=b"{}")))["statusCode"] == 503


def test_nothing_pushed_yet_is_503(front):
    key = {"pk": {"S": "CONFIG"}, "sk": {"S": "CURRENT"}}
    deployed.aws("dynamodb").delete_item(TableName=front.environment["HUB_TABLE"], Key=key)
    assert front(shelf.from_api(message()))["statusCode"] == 503


def test_a_stale_configuration_and_stale_secrets_serve_through_an_outage(front):
    assert front(shelf.from_api(message()))["statusCode"] == 200
    front.lose_table()
    front.lose_secrets()
    front.clock.now += 3600
    assert front(shelf.from_api(message(number=2)))["statusCode"] == 200
    assert front(shelf.from_api(replace(message(), body=b"{}")))["statusCode"] == 401
    unknown = replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/1")
    assert front(shelf.from_api(unknown))["statusCode"] == 503, "it may have been added meanwhile"


def test_secrets_that_were_never_read_are_503_and_no_401(front):
    front.lose_secrets()
    assert front(shelf.from_api(message()))["statusCode"] == 503
    assert front(shelf.from_api(replace(message(), body=b"{}")))["statusCode"] == 503


def test_a_missing_environment_is_503(front):
    del front.environment["HUB_TABLE"]
    answer = front(shelf.from_api(message()))
    assert answer["statusCode"] == 503
    assert "HUB_TABLE is missing" in front.said


def test_a_bug_is_500_and_its_message_is_not_logged(front):
    def broken(**_):
        raise ValueError(TEXT)

    front.clients("sqs", FRONT_DOOR_QUEUE).meta.events.register("before-call", broken)
    answer = front(shelf.from_api(message()))
    assert (answer["statusCode"], answer["body"]) == (500, "")
    [line] = [json.loads(line) for line in front.said.splitlines() if '"bug"' in line]
    assert line["reason"] == "ValueError"
    assert any("receive.py" in frame for frame in line["frames"])
    assert TEXT not in front.said
    assert json.dumps(TEXT)[1:-1] not in front.said
