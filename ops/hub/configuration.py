"""Reads a stage's stored configuration: the current version, and the names of all versions."""

from __future__ import annotations

from chalicelib.configuration.stage import Configuration, decode
from chalicelib.store.rows import ConfigRow
from ops.hub.exits import Code, Stop
from ops.hub.site import Site

PARTITION = "CONFIG"
CURRENT = "CURRENT"


def current(site: Site) -> Configuration:
    """The configuration that the functions read now. Raises `Stop` if there is none."""
    row = stored(site)
    if row is None:
        line = f"nothing was pushed to {site.stage} yet: ./hub push --stage {site.stage}"
        raise Stop(Code.USAGE, line)
    return decode(sections(row))


def versions(site: Site) -> list[tuple[str, bool]]:
    """Names of all stored versions, newest first, and whether it is the current one."""
    rows = {str(row.sk): row for row in site.table.partition(PARTITION) if isinstance(row, ConfigRow)}
    now = rows.pop(CURRENT, None)
    return [(name, now is not None and name == now.version) for name in sorted(rows, reverse=True)]


def stored(site: Site, name: str = CURRENT) -> ConfigRow | None:
    """The row of a version; without a name that of the current one."""
    return site.table.get(ConfigRow, (PARTITION, name))


def sections(row: ConfigRow) -> dict[str, bytes]:
    """The four parts of a version, as they are encoded."""
    return {name: getattr(row, name) for name in ("accounts", "people", "routing", "crms")}
