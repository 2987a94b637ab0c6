"""Stores what the stand-in CRM received in SQLite: one row per `webhook-id`, in the order of arrival."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    sequence TEXT NOT NULL,
    body TEXT NOT NULL,
    posts INTEGER NOT NULL DEFAULT 1,
    altered INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event as it arrived.

    posts: how often it was posted.
    altered: whether a repetition had another body.
    """

    arrival: int
    id: str
    subject: str
    sequence: str
    event: dict[str, Any]
    posts: int
    altered: bool

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__}


class Store:
    """What has come, in SQLite; safe to use from several threads."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(_SCHEMA)

    def put(self, message_id: str, event: dict[str, Any], body: bytes) -> None:
        """Keep an event, or count it if its id is known."""
        row = (message_id, str(event["subject"]), str(event.get("sequence", "")), body.decode())
        with self._lock:
            self._connection.execute(
                "INSERT INTO events (id, subject, sequence, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET posts = posts + 1,"
                " altered = altered OR body != excluded.body",
                row,
            )

    def events(self) -> list[Arrival]:
        """Everything, in the order it came."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT arrival, id, subject, sequence, body, posts, altered FROM events ORDER BY arrival"
            ).fetchall()
        return [
            Arrival(arrival, message_id, subject, sequence, json.loads(body), posts, bool(altered))
            for arrival, message_id, subject, sequence, body, posts, altered in rows
        ]

    def customers(self) -> list[dict[str, Any]]:
        """One entry per customer with what they did; who was heard of last comes first."""
        journeys: dict[str, list[Arrival]] = {}
        for arrival in self.events():
            journeys.setdefault(arrival.subject, []).append(arrival)
        customers = [_customer(subject, journey) for subject, journey in journeys.items()]
        return sorted(customers, key=lambda customer: -customer["events"][-1]["arrival"])

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def _customer(subject: str, journey: list[Arrival]) -> dict[str, Any]:
    last = journey[-1].event["data"]
    conversation = last.get("conversation") or {}
    sequences = [arrival.sequence for arrival in journey]
    return {
        "id": subject,
        "name": last["profile"].get("name") or "",
        "phones": last["profile"].get("phones", []),
        "owner": conversation.get("owner_name") or conversation.get("owner") or "",
        "in_order": sequences == sorted(sequences),
        "events": [arrival.as_json() for arrival in journey],
    }
