"""Twilio: SMS, MMS and WhatsApp messages, their receipts, and calls, each as one form.

https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
https://www.twilio.com/docs/voice/api/call-resource#statuscallback and
https://www.twilio.com/docs/usage/webhooks/webhooks-security (read on 2026-11-23). The account in the URL is
a number of ours or the account SID, and the URL that the console holds is part of what is signed.

Twilio does not send a message's webhook again after any answer. It gives no time for messages, so the time
at which we received them counts. `SmsStatus` comes with inbound messages too; only `MessageStatus` makes a
receipt.

The sender of an SMS is a phone in E.164, or a short code or a name, which are opaque. On WhatsApp it is
`whatsapp:` and a phone, or `whatsapp:` and a business-scoped user id when the phone is withheld; that id
comes as `ExternalUserId` beside a phone, and is then the identity, as on WhatsApp itself. Callers who
withhold their number arrive as a word or as a number that spells one on a keypad.

Anybody can send an SMS or call under another's number. Who does so is therefore `claimed`, and so is whom we
call or write to at a phone, unless the account trusts claims. A call is proved if its own carrier vouches for
it: `StirVerstat` is `TN-Validation-Passed-A`, so far only in the United States (read on 2026-11-28 at
https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir). Lower levels say where a call entered the
network, not whose the number is. WhatsApp has proved the phones of its users.

Unconfirmed: that status callbacks of calls bring `StirVerstat` as voice requests do, `ExternalUserId` and the
WhatsApp fields (seen in another gateway's code), `OptOutType`, the fields of call callbacks beyond
`CallSid` and `CallStatus`, and that a form with bytes that are not UTF-8 (half an emoji) is signed as it is
sent. JSON bodies (event streams) are verified, and set aside as unreadable.
"""

from __future__ import annotations

from chalicelib.channels.base import Channel
from chalicelib.channels.reading.payloads import decode_form
from chalicelib.channels.signatures.url_and_form import UrlAndForm
from chalicelib.channels.twilio.happenings import parse
from chalicelib.channels.twilio.post import CHANNEL
from chalicelib.vocabulary.request import Answer

TWILIO = Channel(
    name=CHANNEL,
    verify=UrlAndForm(
        header="x-twilio-signature",
        settings="x-twilio-webhooks-signature-settings",
        sha1_keys="auth_token",
        sha256_keys="shared_key",
        form=decode_form,
    ),
    parse=parse,
    scope="channel",
    resends=False,
    answer=Answer(status=200, body="<Response/>", content_type="text/xml; charset=utf-8"),
    secrets=("auth_token", "shared_key"),
    either=True,
    settings=("url",),
    setup=(
        "In the Twilio console, at the number or messaging service: enter {url}#rc=5&rp=all with HTTP POST"
        " for incoming messages and calls, {url} as the fallback URL (`Primary handler fails`), and {url} as"
        " status callback of messages and calls. Twilio does not repeat a request that we could not serve:"
        " what follows the `#`, which it neither sends nor signs, has it try up to five times more within 15"
        " seconds, and then comes the fallback URL. `auth_token` is the account's primary (and during"
        " rotation also the secondary) token; `shared_key` is `<key id>=<key>` where webhooks are signed with"
        " a shared key. At least one of the two is needed. If you give Twilio the URL with a query, or not"
        " letter for letter so, put it under the account's settings as `url`, without the `#` and what"
        " follows it. Whoever sends an SMS or calls is kept apart from the phone's holder, because senders"
        " and callers can be forged; if you trust the numbers that your network shows, write"
        " `trusts_claims: true` at the account."
    ),
)
