"""What a refused write means: its condition does not hold, come again, call somebody, or a bug."""

import json
from collections.abc import Callable

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.store.rows import BreakerRow, Row
from chalicelib.store.table import Conflict, Table, Write
from chalicelib.vocabulary.errors import Misconfigured, Transient
from tests.crms.http.serving import says, server

BREAKER = BreakerRow("B#crm", "BREAKER")
ABSENT = Row.pk.does_not_exist()
CONDITIONAL: dict[str, Callable[[Table], bool]] = {
    "put": lambda table: table.put(BREAKER, ABSENT),
    "update": lambda table: table.update(BREAKER, [BreakerRow.failures.add(1)], ABSENT),
}


def asked(
    call: Callable[[Table], object], code: str, *, status: int = 400, reasons: tuple[str, ...] = ()
) -> object:
    """What the call gives when DynamoDB refuses it with this code."""
    body: dict[str, object] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}
    if reasons:
        body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    with server(says(head.encode() + content)) as port:
        return call(Table("hub", "eu-central-1", f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("write", CONDITIONAL)
def test_a_condition_that_does_not_hold_is_an_answer(write: str) -> None:
    assert asked(CONDITIONAL[write], "ConditionalCheckFailedException") is False


@pytest.mark.parametrize("write", CONDITIONAL)
@pytest.mark.parametrize(
    ("code", "status", "error", "says_why"),
    [
        ("ProvisionedThroughputExceededException", 400, Transient, "aws_busy"),
        ("ThrottlingException", 400, Transient, "aws_busy"),
        ("TransactionConflictException", 400, Transient, "aws_busy"),
        ("InternalServerError", 500, Transient, "aws_busy"),
        ("AccessDeniedException", 400, Misconfigured, "aws_refused"),
        ("ResourceNotFoundException", 400, Misconfigured, "aws_refused"),
        ("ValidationException", 400, PynamoDBException, "ValidationException|no"),
    ],
)
def test_any_other_refusal_says_nothing_of_the_condition(
    write: str, code: str, status: int, error: type[Exception], says_why: str
) -> None:
    with pytest.raises(error, match=says_why):
        asked(CONDITIONAL[write], code, status=status)


@pytest.mark.parametrize(
    ("reasons", "error", "conflict"),
    [
        (("None", "ConditionalCheckFailed"), Transient, True),
        (("TransactionConflict", "None"), Transient, True),
        (("ThrottlingError", "None"), Transient, False),
        (("None", "ProvisionedThroughputExceeded"), Transient, False),
        (("ValidationError", "ConditionalCheckFailed"), PynamoDBException, False),
    ],
)
def test_a_transaction_is_decided_again_only_if_others_wrote(
    reasons: tuple[str, ...], error: type[Exception], conflict: bool
) -> None:
    def write(table: Table) -> None:
        table.transact([Write(row=BREAKER, condition=ABSENT)])

    with pytest.raises(error) as caught:
        asked(write, "TransactionCanceledException", reasons=reasons)
    assert isinstance(caught.value, Conflict) is conflict
