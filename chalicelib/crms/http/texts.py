"""Makes texts and JSON that any receiver can parse and store."""

from __future__ import annotations

import json
import math


def to_json(value: object) -> bytes:
    """JSON that any receiver can parse and store: UTF-8, without lone surrogates, U+0000 and NaN.

    The first two are legal escapes in JSON, but databases behind the receiver fail on them.
    """
    return json.dumps(_storable(value), ensure_ascii=False, separators=(",", ":")).encode()


def storable(text: str) -> str:
    """Text with each lone surrogate and U+0000 replaced by U+FFFD; surrogate pairs become one character."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
