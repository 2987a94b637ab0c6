"""What the status of an answer means, and what of its words may be repeated.

Nothing of an answer's body reaches an error but what a connector took out of it as the vendor's error
word, and that only through `redacted`.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from chalicelib.crms.http.vendors import repeatable
from chalicelib.vocabulary.delivery import Reply
from chalicelib.vocabulary.errors import Permanent, Throttled, Transient, Unauthorised, Unknown


def classify(reply: Reply, vendor: str = "") -> None:
    """Return on a 2xx; else raise what any target means by the status.

    `vendor` is the target's own word for what is wrong, from the body; it is shown redacted. Every 5xx
    is Unknown, 503 too: proxies (Envoy, HAProxy) answer it when the server behind them breaks off in the
    middle. 501 alone says that it was understood and will never be done.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    word = redacted(vendor)
    detail = f"HTTP {status}, {word}" if word else f"HTTP {status}"
    if status == 429:
        raise Throttled("throttled", detail, retry_after=retry_after(reply))
    if status in {408, 425}:
        raise Transient(f"http_{status}", detail, retry_after=retry_after(reply))
    if status == 401:
        raise Unauthorised("unauthorised", detail)
    if status == 410:
        raise Permanent("gone", detail)
    if 300 <= status < 400:
        raise Permanent("redirected", f"{detail}: redirects are not followed")
    if 400 <= status < 500 or status == 501:
        raise Permanent(f"http_{status}", detail)
    raise Unknown(f"http_{status}", detail, retry_after=retry_after(reply))


def retry_after(reply: Reply) -> float | None:
    """Seconds until the other side wants to be asked again (RFC 9110, 10.2.3), None if it did not say.

    A date is measured from the answer's own `Date`, so that our clock does not matter.
    """
    value = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def redacted(words: str) -> str:
    """A vendor's error words fit for ledger and logs: one short line that quotes nobody.

    The pipeline takes out besides whatever the delivery itself says (`pipeline.discretion`).
    """
    return repeatable(words)
