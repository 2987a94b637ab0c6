"""The platforms we understand, by name: the only list of them."""

from chalicelib.channels.base import Channel
from chalicelib.channels.meta.whatsapp import WHATSAPP
from chalicelib.channels.telegram import TELEGRAM
from chalicelib.channels.twilio import TWILIO

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in (WHATSAPP, TELEGRAM, TWILIO)}
