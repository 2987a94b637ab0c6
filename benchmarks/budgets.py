"""The limits that a figure is measured against."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. limit: what it may be at most; None where nothing was promised."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    about: str = ""

    @property
    def kept(self) -> bool:
        """Whether the figure is within its limit."""
        return self.limit is None or self.value <= self.limit

    def as_json(self) -> dict[str, object]:
        """The figure as it is written to a file."""
        return {**asdict(self), "kept": self.kept}


IMPORT_RATIO = 1.3
ACKNOWLEDGE_MICROSECONDS = 300.0
ZIP_MEGABYTES = 12.0
CALLS_SINGLE = 8.0
CALLS_FULL = 4.0
DOLLARS_PER_MILLION = 20.0
