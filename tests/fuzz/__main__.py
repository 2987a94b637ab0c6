"""Coverage-guided fuzzing of what reads strangers' bytes: `python -m tests.fuzz TARGET [libFuzzer options]`.

Outside CI, because it has no end. It needs `atheris` (`pip install atheris`), which is not among the pinned
requirements. A target fails when anything but `Rejected` escapes, when an event does not survive the codec,
or when the same bytes read twice give other ids; libFuzzer itself watches time (`-timeout=5`) and memory.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["chalicelib"]):
    from chalicelib.channels import CHANNELS
    from chalicelib.store.packing import from_text, pack, text, unpack_intake
    from chalicelib.vocabulary.account import Account, Ours
    from chalicelib.vocabulary.errors import Misconfigured, Rejected, Transient
    from chalicelib.vocabulary.event import Event
    from chalicelib.vocabulary.messages import Intake
    from chalicelib.vocabulary.request import Request

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
SECRETS = {
    "app_secret": ("secret",),
    "verify_token": ("token",),
    "secret_token": ("secret",),
    "auth_token": ("secret",),
    "shared_key": ("SK1=secret",),
}
OURS = Ours(account=Account(channel="x", id="1"), secrets=SECRETS)


def parse(channel: str, data: bytes) -> None:
    """One platform's parser."""
    form = channel == "twilio" and not data.startswith(b"{")
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = Request(
        method="POST",
        url="https://hub.example.org/x",
        headers={"content-type": kind},
        body=data,
        received_at=NOW,
    )
    account = Account(channel=channel, id="100000000000001", secret="s")
    try:
        first = [part for part in CHANNELS[channel].parse(request, account) if isinstance(part, Event)]
        again = [part for part in CHANNELS[channel].parse(request, account) if isinstance(part, Event)]
    except Rejected:
        return
    assert [event.key for event in first] == [event.key for event in again]
    for event in first:
        intake = Intake(customer=event.customer, events=(event,))
        assert unpack_intake(from_text(text(pack(intake)))) == intake


def verify(channel: str, data: bytes) -> None:
    """One platform's verifier, with headers and body cut from the same bytes."""
    provider = atheris.FuzzedDataProvider(data)
    names = ("x-hub-signature-256", "x-telegram-bot-api-secret-token", "x-twilio-signature", "content-type")
    headers = {name: provider.ConsumeUnicode(200) for name in names}
    headers["x-twilio-webhooks-signature-settings"] = provider.ConsumeUnicode(100)
    url = "https://hub.example.org/" + provider.ConsumeUnicode(100)
    body = provider.ConsumeBytes(1 << 16)
    request = Request(method="POST", url=url, headers=headers, body=body, received_at=NOW)
    try:
        CHANNELS[channel].verify.verify(request, OURS)
    except Rejected:
        return
    raise AssertionError("accepted")


def unpack(_: str, data: bytes) -> None:
    """The queue's codec: a message that is none of ours."""
    try:
        unpack_intake(data)
    except (Misconfigured, Transient):
        return


TARGETS = {
    **{f"parse-{name}": (parse, name) for name in CHANNELS},
    **{f"verify-{name}": (verify, name) for name in CHANNELS},
    "unpack": (unpack, ""),
}


def main() -> None:
    """The command line."""
    chosen = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if chosen not in TARGETS:
        sys.exit(f"usage: python -m tests.fuzz {'|'.join(TARGETS)} [libFuzzer options]")
    attack, channel = TARGETS[chosen]
    atheris.Setup(sys.argv, lambda data: attack(channel, data))
    atheris.Fuzz()


main()
