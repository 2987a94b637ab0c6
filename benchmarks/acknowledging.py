"""The CPU that one webhook of 2 KB costs at the front door, from Lambda's event to the answer.

All of it is real (Chalice, verification, parsing, packing, counting) but the call of the AWS SDK, and the
configuration and secrets, which are held as they are in a warm container.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import app
from benchmarks.budgets import ACKNOWLEDGE_MICROSECONDS, Figure
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import WORKER, Patience
from chalicelib.aws.queues import Outgoing, send
from chalicelib.aws.secrets import Parameters
from chalicelib.configuration.accounts import Register, decode_accounts
from chalicelib.configuration.cached import Cached
from chalicelib.configuration.stage import Configuration, encode
from chalicelib.handlers import webhooks
from chalicelib.runtime.front import Front, now
from ops import platforms
from ops.platforms import Post
from tests.handlers import shelf
from tests.handlers.alone import Context

_BYTES = 2048
_AT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def measure(
    configuration: Configuration,
    secrets: dict[str, dict[str, tuple[str, ...]]],
    *,
    rounds: int,
    tick: Callable[[], None],
) -> Iterator[Figure]:
    """The best of `rounds` per channel: what disturbs a measurement only ever makes it longer."""
    reference = min(_timed(_reference, 20) for _ in range(rounds))
    yield Figure(
        name="reference loop", value=1e6 * reference, unit="µs", about="10,000 additions and multiplications"
    )
    for account in {account.channel: account for account in configuration.accounts}.values():
        held = secrets[account.secret]
        with _warm(configuration, secrets):
            event = shelf.from_api(two_kilobytes(account.channel, account.id, held, configuration.public_url))
            best = min(_timed(lambda event=event: _acknowledge(event), 200) for _ in range(rounds))  # type: ignore[misc]
        tick()
        yield Figure(
            name=f"acknowledge {account.channel}",
            value=1e6 * best,
            unit="µs",
            limit=ACKNOWLEDGE_MICROSECONDS,
            about=f"{best / reference:.2f} × the reference loop; CPU, without the SDK call",
        )


def two_kilobytes(channel: str, account: str, held: dict[str, tuple[str, ...]], public_url: str) -> Post:
    """A signed message whose body has at least 2 KB, and little more."""
    words = 0
    while True:
        post: Post = platforms.KINDS[channel]["message"](
            url=shelf.webhook_url(channel, account, public_url),
            account=account,
            secrets=held,
            at=_AT,
            number=1,
            text="اتاق " * words or "اتاق",
        )
        if len(post.body) >= _BYTES:
            return post
        words += 1


def _acknowledge(event: dict[str, Any]) -> None:
    answer = app.app(event, Context())
    if answer["statusCode"] != 200:
        raise AssertionError(f"not acknowledged: {answer['statusCode']}")


def _timed(work: Callable[[], object], times: int) -> float:
    started = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - started) / times


def _reference() -> int:
    total = 0
    for number in range(10_000):
        total = (total * 31 + number) & 0xFFFFFFFF
    return total


@contextlib.contextmanager
def _warm(configuration: Configuration, secrets: dict[str, dict[str, tuple[str, ...]]]) -> Iterator[None]:
    """A warm container that sends nothing."""
    door = _Warm(configuration, secrets)
    with mock.patch.object(webhooks, "front", return_value=door), contextlib.redirect_stdout(io.StringIO()):
        yield


class _Warm(Front):
    def __init__(self, configuration: Configuration, secrets: dict[str, dict[str, tuple[str, ...]]]) -> None:
        super().__init__(environ={}, client=_no_client, clock=time.monotonic, now=now)
        sections = encode(configuration)
        accounts = Cached(read=lambda: decode_accounts(sections), clock=time.monotonic, max_age=60)
        self.register = Register(accounts, time.monotonic)
        texts = {name: json.dumps(values) for name, values in secrets.items()}
        self.secrets = Parameters(read=texts.__getitem__, clock=time.monotonic)
        self.bucket = Bucket(name="", client=lambda: _no_client("s3", WORKER))

    def accept(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        return send(lambda *_: [], "queue", messages, tries=3)


def _no_client(service: str, patience: Patience) -> Any:
    raise AssertionError(f"{service} was asked, {patience}")
