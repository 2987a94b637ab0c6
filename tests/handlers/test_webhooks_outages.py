"""The front door while something behind it is gone: never a 401 or a 404 for what could not be looked up."""

import json
from dataclasses import replace

import pytest

from chalicelib.aws.clients import FRONT_DOOR, FRONT_DOOR_QUEUE
from chalicelib.configuration.stage import encode
from chalicelib.vocabulary.account import Account
from tests.handlers import deployed, shelf
from tests.handlers.conftest import refusing
from tests.handlers.posts import PUBLIC, TEXT, message
from tests.pipeline.world import a_configuration


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
    front.lose_copy()
    assert front(shelf.from_api(message()))["statusCode"] == 503
    assert front(shelf.from_api(replace(message(), body=b"{}")))["statusCode"] == 503


BUSY = [
    (400, "ProvisionedThroughputExceededException"), (400, "ThrottlingException"),
    (503, "ServiceUnavailable"), (400, "AccessDeniedException"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_a_cold_container_serves_while_the_table_is_busy(front, status, code):
    """Twilio never sends again what is answered 503."""
    front.clients("dynamodb", FRONT_DOOR).meta.events.register("before-call", refusing(status, code))
    assert front(shelf.from_api(message("twilio")))["statusCode"] == 200
    assert front(shelf.from_api(message()))["statusCode"] == 200
    assert len(front.queued()) == 2
    assert front(shelf.from_api(replace(message(), body=b"{}")))["statusCode"] == 401
    assert '"register_copied"' in front.said


def test_what_the_copy_lacks_may_have_been_added_meanwhile(front):
    front.lose_table()
    unknown = replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/1")
    for _ in range(3):
        assert front(shelf.from_api(unknown))["statusCode"] == 503
        front.clock.now += 2


def test_the_table_is_read_again_as_soon_as_it_can_be(front):
    events = front.clients("dynamodb", FRONT_DOOR).meta.events
    refuse = refusing(400, "ThrottlingException")
    events.register("before-call", refuse)
    assert front(shelf.from_api(message()))["statusCode"] == 200
    pushed = a_configuration(accounts=(Account(channel="telegram", id="bot", secret="telegram"),))
    deployed.push_accounts(front.environment, encode(pushed)["accounts"])
    events.unregister("before-call", refuse)
    front.clock.now += 2
    assert front(shelf.from_api(message(number=2)))["statusCode"] == 404, "it is in the copy alone"


def test_a_stage_that_older_code_pushed_is_served(front):
    front.lose_row("ACCOUNTS")
    front.lose_copy()
    assert front(shelf.from_api(message()))["statusCode"] == 200


def test_nothing_pushed_yet_is_503(front):
    front.lose_row("ACCOUNTS")
    front.lose_row("CURRENT")
    front.lose_copy()
    assert front(shelf.from_api(message()))["statusCode"] == 503


def test_posts_to_unknown_accounts_cost_one_small_read_a_second_at_most(front):
    reads = []
    front.clients("dynamodb", FRONT_DOOR).meta.events.register(
        "provide-client-params", lambda params, **_: reads.append(params["Key"]["sk"]["S"])
    )
    for number in range(50):
        unknown = replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/{number}")
        assert front(shelf.from_api(unknown))["statusCode"] == 404
    assert reads == ["ACCOUNTS"]
    for _ in range(9):
        front.clock.now += 1
        assert front(shelf.from_api(unknown))["statusCode"] == 404
    assert len(reads) == 1, "what was not there a moment ago is not looked for again"
    front.clock.now += 1
    assert front(shelf.from_api(unknown))["statusCode"] == 404
    assert reads == ["ACCOUNTS"] * 2


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
