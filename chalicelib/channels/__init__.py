"""The channels by name: the only list of the platforms that the hub understands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from chalicelib.channels.base import Channel

MODULES = {
    "whatsapp": "meta.whatsapp",
    "telegram": "telegram",
    "twilio": "twilio",
}
"""A channel's name to its module, which declares it under that name in capitals."""


class _Channels(Mapping[str, Channel]):
    """Imports each channel when it is first asked for: the front door pays only for those it serves."""

    def __getitem__(self, name: str) -> Channel:
        channel: Channel = getattr(import_module(f"{__name__}.{MODULES[name]}"), name.upper())
        return channel

    def __contains__(self, name: object) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


CHANNELS: Mapping[str, Channel] = _Channels()
