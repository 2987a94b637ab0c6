"""The schemes as the platforms' documents tell them: how a request of the shelf is signed.

Written apart from `chalicelib.channels.signatures`, so that the two prove each other. Which scheme a
channel's requests are signed with, and the words it needs, stand beside its fixtures as `signed`.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from ops.platforms.scene import Post
from ops.platforms.twilio import sign_twilio

NOT_COVERING_THE_BODY = {"token"}


def signed(how, post, secrets, form=None):
    """The request with its proof. how: `by`, the scheme's name here, and what else it needs."""
    words = {name: word for name, word in how.items() if name != "by"}
    return SCHEMES[how["by"]](post, secrets, form, **words)


def _hmac_of_body(post, secrets, _form, *, header, key, prefix=""):
    digest = hmac.new(secrets[key][0].encode(), post.body, hashlib.sha256).hexdigest()
    return replace(post, headers={**post.headers, header: prefix + digest})


def _token(post, secrets, _form, *, header, key):
    return replace(post, headers={**post.headers, header: secrets[key][0]})


def _hmac_of_url_and_form(post, secrets, form):
    if form is None and "bodySHA256" not in post.url:
        # A form that the shelf holds as bytes, because it is not UTF-8.
        form = parse_qsl(post.body.decode("ascii"), keep_blank_values=True, errors="surrogateescape")
    return sign_twilio(post, secrets, dict(form or []))


SCHEMES: dict[str, Callable[..., Post]] = {
    "hmac_of_body": _hmac_of_body,
    "token": _token,
    "hmac_of_url_and_form": _hmac_of_url_and_form,
}
