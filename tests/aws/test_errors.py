"""What AWS refuses means the same for every service: busy, refused until somebody acts, or a bug of ours."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.aws.errors import aws
from chalicelib.vocabulary.errors import Misconfigured, Transient


def refused(code: str, status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "not shown"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "PutItem")


def asked(error: Exception) -> None:
    def call() -> None:
        raise error

    aws(call)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("SlowDown", 503),
        ("AWS.SimpleQueueService.RequestThrottled", 403),
        ("NeverHeardOfIt", 500),
    ],
)
def test_busy_is_tried_again(code: str, status: int) -> None:
    with pytest.raises(Transient) as caught:
        asked(refused(code, status))
    assert (caught.value.reason, caught.value.detail) == ("aws_busy", code.rsplit(".", 1)[-1])


def test_no_answer_is_tried_again() -> None:
    with pytest.raises(Transient, match="aws_unreachable"):
        asked(EndpointConnectionError(endpoint_url="https://sqs.example.org"))


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("AWS.SimpleQueueService.NonExistentQueue", 400), ("NeverHeardOfIt", 400)],
)
def test_what_would_be_refused_again_wants_a_person(code: str, status: int) -> None:
    with pytest.raises(Misconfigured, match="aws_refused"):
        asked(refused(code, status))


@pytest.mark.parametrize("code", ["ValidationException", "ValidationError", "SerializationException"])
def test_our_own_bugs_stay_bugs(code: str) -> None:
    with pytest.raises(ClientError):
        asked(refused(code, 400))
