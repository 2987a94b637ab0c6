"""What the status of an answer means, and what of its words may be repeated.

Nothing of an answer's body reaches an error but what a connector took out of it as the vendor's error
word, and that only through `redacted`.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from chalicelib.vocabulary.delivery import Reply
from chalicelib.vocabulary.errors import NotServed, Permanent, Throttled, Transient, Unauthorised, Unknown

_THE_REQUESTS_OWN = {400, 409, 411, 413, 414, 416, 422, 431}
"""Refusals that judge what was sent. Any other may be what an endpoint tells everybody."""


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
        raise NotServed("gone", detail)
    if 300 <= status < 400:
        raise NotServed("redirected", f"{detail}: redirects are not followed")
    if status in _THE_REQUESTS_OWN:
        raise Permanent(f"http_{status}", detail)
    if 400 <= status < 500 or status == 501:
        raise NotServed(f"http_{status}", detail)
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
    """A vendor's error words fit for logs: one short line, without what it quotes from the record.

    Gone are everything between the first and the last quotation mark, e-mail addresses, runs of four or
    more digits, and what is not ASCII, because a name could be in it.
    """
    text = re.sub(r'["“”„«»].*["“”„«»]', "…", words[:2000], flags=re.DOTALL)
    text = re.sub(r"\S+@\S+", "…", text)
    text = re.sub(r"[0-9۰-۹٠-٩][0-9۰-۹٠-٩ ()./-]{2,}[0-9۰-۹٠-٩]", "…", text)  # noqa: RUF100
    text = re.sub(r"[^\x20-\x7e…]+", " ", text)
    return re.sub(r"\s+", " ", text).strip()[:160]
