"""The platforms we understand, by name: the only list of them."""

from chalicelib.channels.base import Channel
from chalicelib.channels.telegram import TELEGRAM
from chalicelib.channels.twilio import TWILIO
from chalicelib.channels.whatsapp import WHATSAPP

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in (WHATSAPP, TELEGRAM, TWILIO)}
