"""A Tryton in memory: parties, their mechanisms, notes and leads, over the REST protocol's requests.

It does what `chalicelib/crms/tryton/` saw a running 8.2.1 do: a unique code is refused with a
400 that says so, a domain is base64url of JSON, an unknown key is a 401 in HTML.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.vocabulary.delivery import Call, Reply

Record = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Tryton:
    """The database. keys: the application keys it accepts now."""

    keys: set[str]
    now: Callable[[], float]
    tables: dict[str, list[Record]] = field(
        default_factory=lambda: {
            "party.party": [],
            "party.contact_mechanism": [],
            "ir.note": [],
            "sale.opportunity": [],
        }
    )

    def answer(self, call: Call) -> Reply:
        """One request."""
        if call.headers["Authorization"].removeprefix("bearer ") not in self.keys:
            return Reply(status=401, body=b"<html>Unauthorized</html>")
        parts = urlsplit(call.url)
        model, _, number = parts.path.partition("/model/")[2].partition("/")
        if call.method == "GET":
            query = parse_qs(parts.query)
            domain = json.loads(base64.urlsafe_b64decode(query["d"][0]))
            found = [r for r in self.tables[model] if all(self._fits(r, clause) for clause in domain)]
            return _json([{"id": r["id"], "replaced_by": None} for r in found[: int(query["s"][0])]])
        values = json.loads(call.body)
        if call.method == "PUT":
            record = self.tables[model][int(number) - 1]
            record.update(values)
            return _json({"id": record["id"]})
        return self._create(model, values)

    def create(self, model: str, **values: Any) -> int:
        """Something that staff enters by hand."""
        return int(json.loads(self._create(model, values).body)["id"])

    def _create(self, model: str, values: Record) -> Reply:
        table = self.tables[model]
        if model == "party.party" and any(r.get("code") == values["code"] for r in table):
            return _json({"message": "The code of the party must be unique."}, 400)
        if model == "party.contact_mechanism" and not self._valid(values):
            return _json({"message": "The phone number is not valid."}, 400)
        mechanisms = [m for _, created in values.pop("contact_mechanisms", []) for m in created]
        if not all(map(self._valid, mechanisms)):
            return _json({"message": "The phone number is not valid."}, 400)
        record = {**values, "id": len(table) + 1, "at": self.now()}
        table.append(record)
        for mechanism in mechanisms:
            self._create("party.contact_mechanism", {**mechanism, "party": record["id"]})
        return _json({"id": record["id"]})

    def _valid(self, mechanism: Record) -> bool:
        # Numbers of this block stand for those that Tryton's own library does not know.
        return mechanism["type"] == "other" or not mechanism["value"].startswith("+98999")

    def _fits(self, record: Record, clause: list[Any]) -> bool:
        name, operator, wanted = clause
        if name == "active":
            return True
        if name == "contact_mechanisms.value_compact":
            return any(
                m["party"] == record["id"] and _compact(m["value"]) in wanted
                for m in self.tables["party.contact_mechanism"]
            )
        value = _compact(record["value"]) if name == "value_compact" else record.get(name)
        if operator == "=":
            return bool(value == wanted)
        if operator == "in":
            return value in wanted
        if operator == "like":
            text = wanted.strip("%")
            assert isinstance(value, str)
            return value.endswith(text) if not wanted.endswith("%") else text in value
        raise NotImplementedError(operator)


def _compact(value: str) -> str:
    return value.replace(" ", "")


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(value).encode())
