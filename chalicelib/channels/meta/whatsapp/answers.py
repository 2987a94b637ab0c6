"""The parts of a WhatsApp message in which a person pressed, chose, filled in or allowed something.

The source, and where the files lie that are named below: see `shapes`.
"""

from __future__ import annotations

import msgspec


class Button(msgspec.Struct):
    """A pressed quick-reply button of a template: see `button.json`."""

    text: str = ""
    payload: str = ""


class Reply(msgspec.Struct):
    """A pressed button or a chosen row: see `button_reply.json`, `list_reply.json`."""

    id: str = ""
    title: str = ""


class Form(msgspec.Struct):
    """A filled-in flow; `response_json` is a text, and not always of an object: see `form_reply.json`."""

    response_json: str = ""
    body: str = ""
    name: str = ""


class CallPermission(msgspec.Struct):
    """Whether we may call, and until when: see `call_permission.json`, `call_permission_refused.json`.

    `response_source` is `automatic` if it was not asked for, because the person called us.
    """

    response: str = ""
    is_permanent: bool = False
    expiration_timestamp: int | str = ""
    response_source: str = ""


class Interactive(msgspec.Struct):
    """The answer to an interactive message."""

    type: str
    button_reply: Reply | None = None
    list_reply: Reply | None = None
    nfm_reply: Form | None = None
    call_permission_reply: CallPermission | None = None
