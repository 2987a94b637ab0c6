"""The channels by name: the only list of the platforms that the hub understands."""

from chalicelib.channels.base import Channel
from chalicelib.channels.meta.whatsapp import WHATSAPP
from chalicelib.channels.telegram import TELEGRAM
from chalicelib.channels.twilio import TWILIO

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in (WHATSAPP, TELEGRAM, TWILIO)}
