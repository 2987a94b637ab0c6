"""The URL that is signed is the one that an operator entered at the platform."""

from dataclasses import replace

import pytest

from tests.handlers import shelf
from tests.handlers.conftest import NUMBER, a_configuration_with_a_number
from tests.handlers.posts import PUBLIC, message


@pytest.mark.parametrize(
    "public_url", [f"{PUBLIC}/hub", "https://a1.execute-api.eu-central-1.amazonaws.com/hub"]
)
def test_the_signed_url_is_ours_whatever_stage_it_is_deployed_under(front_of, public_url):
    with front_of(a_configuration_with_a_number(public_url=public_url)) as front:
        url = shelf.webhook_url("twilio", NUMBER, public_url)
        assert front(shelf.from_api(message("twilio", url=url)))["statusCode"] == 200


def test_a_custom_domain_may_put_a_path_before_ours(front_of):
    with front_of(a_configuration_with_a_number(public_url=f"{PUBLIC}/desk")) as front:
        url = shelf.webhook_url("twilio", NUMBER, f"{PUBLIC}/desk")
        event = shelf.from_api(replace(message("twilio", url=url), url=shelf.webhook_url("twilio", NUMBER)))
        event["path"] = f"/desk{event['path']}"
        assert front(event)["statusCode"] == 200


@pytest.mark.parametrize("account", [NUMBER, "%2B982100000001"])
def test_a_url_is_signed_as_it_was_entered_escaped_or_not(front, account):
    url = f"{PUBLIC}/webhooks/twilio/{account}"
    assert front(shelf.from_api(message("twilio", url=url)))["statusCode"] == 200


def test_a_query_that_was_entered_is_part_of_what_is_signed(front):
    url = shelf.webhook_url("twilio", NUMBER) + "?from=site&campaign=spring%20sale"
    assert front(shelf.from_api(message("twilio", url=url)))["statusCode"] == 200
    other = shelf.from_api(message("twilio", url=url))
    other["multiValueQueryStringParameters"]["from"] = ["elsewhere"]
    assert front(other)["statusCode"] == 401
