"""WhatsApp Cloud API: Meta's webhooks of the object `whatsapp_business_account`.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
(read on 2026-11-23). One request holds up to 1000 updates of several numbers of one Meta app:
`entry[].changes[].value.metadata.phone_number_id` names the account of each.

A person has a business-scoped user id (BSUID: `IR.` and up to 128 characters) and, unless they withhold
it, a phone. `from` and `wa_id` may be absent or hold the BSUID; only digits are a phone there. The BSUID
is the identity where one is given, and the phone a contact key, so that the person stays the same when the
phone is withheld later. Whoever changes their number gets a new BSUID.

Unconfirmed: that `origin: contact_request` marks the card of the sender's own phone (a reseller says so of
the first card), so the phone counts as verified only if the card names the sender; that `wa_id` is the
phone in Mexico, Brazil and Argentina. Meta says (2026-08-11) that `user_id_update` is no field of its own;
two resellers show it, so it is read. The fields `calls`, `history` and `standby` are not read.
"""

from __future__ import annotations

from chalicelib.channels.base import Channel
from chalicelib.channels.meta.handshake import handshake
from chalicelib.channels.meta.whatsapp.changes import parse
from chalicelib.channels.meta.whatsapp.scene import CHANNEL
from chalicelib.channels.signatures.header_hmac import Hmac

WHATSAPP = Channel(
    name=CHANNEL,
    verify=Hmac(header="x-hub-signature-256", keys="app_secret", prefix="sha256="),
    parse=parse,
    scope="channel",
    handshake=handshake,
    secrets=("app_secret", "verify_token"),
    setup=(
        "In the Meta app: WhatsApp > Configuration > Webhook. Enter {url} as callback URL and the"
        " `verify_token` of the account, then subscribe to `messages`, `smb_message_echoes`,"
        " `user_preferences` and `account_update`. `app_secret` stands under App settings > Basic."
        " One URL serves all numbers of the app; register every number under the same secret."
    ),
)
