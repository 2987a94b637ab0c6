"""The errors that the hub raises on purpose, told apart by what happens next.

HubError
├── Rejected       not genuine, or not readable: refused, never tried again
├── Permanent      refused by the other side and will be refused again: parked with its reason
│   └── NotServed      refused as by an endpoint that serves nobody: waits until it is known whose fault it is
├── Transient      may succeed later: waits, `retry_after` seconds if the other side named them
│   ├── Throttled      the other side asked us to slow down: waits, and costs no attempt
│   ├── Unauthorised   our credential was refused: one fresh credential, then waits
│   └── Unknown        the call may have been carried out: looked up by our marker before anything else
└── Misconfigured  our own side is wrong: alarms, and waits for a human

Any other exception is a bug and is let through.

A `reason` is a short stable code for programs (`signature_mismatch`); `detail` is a sentence for
people. Neither ever holds a secret, a message text, a name, a phone number or a signature.
"""

from __future__ import annotations


class HubError(Exception):
    """Base of all that the hub raises on purpose."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Rejected(HubError):
    """Not genuine, or not readable."""


class Permanent(HubError):
    """Refused, and would be refused again."""


class NotServed(Permanent):
    """Refused in words that say nothing of the request: the whole endpoint may be gone."""


class Misconfigured(HubError):
    """Our own configuration, credentials or deployment is wrong."""


class Transient(HubError):
    """May succeed later; `retry_after` is in seconds, None when the other side named no time."""

    def __init__(self, reason: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(reason, detail)
        self.retry_after = retry_after


class Throttled(Transient):
    """The other side asked us to slow down."""


class Unauthorised(Transient):
    """Our credential was refused."""


class Unknown(Transient):
    """The call may have been carried out."""
