"""Builds what platforms post: realistic webhook requests of fictional people, signed as each platform signs.

For `hub simulate`, the local run and the tests. Pure: time, ids and secrets are passed in. The signatures
are computed here from the platforms' documents and not by `chalicelib.channels.signatures`, so that the two
prove each other.

Each module here that has `KINDS` plays the channel of its own name: adding a platform is adding its file.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from ops.platforms.scene import OMID, SARA, Builder, Person, Post, Scene, SecretValues, somebody

__all__ = ["KINDS", "OMID", "SARA", "Builder", "Person", "Post", "Scene", "SecretValues", "somebody"]


def _found() -> dict[str, dict[str, Builder]]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = {name: import_module(f"{__name__}.{name}") for name in names}
    return {name: module.KINDS for name, module in modules.items() if hasattr(module, "KINDS")}


KINDS = _found()
"""`KINDS[channel][kind](**options)`: the signed request; the options are the fields of `Scene`."""
