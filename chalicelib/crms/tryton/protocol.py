"""Tryton's REST protocol: builds requests to a database, and reads its answers.

Seen on a running 8.2.1 (2026-11) and in its source `trytond/protocols/rest.py`:
- a search goes in the query, the domain as base64url of JSON; archived records come only if asked for;
- 400 is a refusal with a reason in JSON, or in HTML if the body was not JSON; 401 and 404 are HTML; an
  unknown model or field, or a value of the wrong type, is 500 in HTML, for ever;
- records of a company need the company in the context, else 400.
"""

from __future__ import annotations

import base64
import json

from chalicelib.crms.base import Credentials
from chalicelib.crms.http.replies import classify
from chalicelib.crms.http.texts import to_json
from chalicelib.vocabulary.delivery import Call, Reply, Target
from chalicelib.vocabulary.errors import Misconfigured, Unknown


class Server:
    """Builds requests to one Tryton database. Raises `Misconfigured` if its key or company is unusable."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        keys = credentials.get("application_key", ())
        company = target.settings.get("company") or "1"
        if not keys:
            raise Misconfigured("no_secret", "the target has no application_key")
        if not (company.isascii() and company.isdecimal()):
            raise Misconfigured("bad_setting", "company is the number of the company in Tryton")
        self.company = int(company)
        self._url = f"{target.url.rstrip('/')}/rest/model/"
        self._headers = {
            "Authorization": f"bearer {keys[0]}",
            "X-Tryton-Context": _packed({"company": self.company}),
            # `read` tells refusals apart by their English words.
            "Accept-Language": "en",
        }

    def write(self, method: str, path: str, values: dict[str, object]) -> Call:
        """Create (POST, a model) or change (PUT, model/number) one record."""
        headers = {**self._headers, "Content-Type": "application/json"}
        return Call(method=method, url=f"{self._url}{path}?f=id", headers=headers, body=to_json(values))

    def search(self, model: str, domain: list[object], *fields: str, limit: int = 1) -> Call:
        """Search for records that fit a domain, oldest first."""
        more = "".join(f"&f={field}" for field in fields)
        order = _packed([["id", "ASC"]])
        query = f"f=id{more}&s={limit}&o={order}&d={_packed(domain)}"
        return Call(method="GET", url=f"{self._url}{model}?{query}", headers=self._headers)


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(to_json(value)).decode()


def read(reply: Reply) -> None:
    """Judge a reply by its status, and a success also by whether its body is JSON."""
    body = _json(reply)
    message = body.get("message", "") if isinstance(body, dict) else ""
    if reply.status == 400 and "must be unique" in str(message):
        raise Unknown("duplicate", "a record with this code is there already")
    classify(reply, str(message))
    if body is None:
        raise Unknown("unreadable_answer", f"HTTP {reply.status} without JSON")


def _json(reply: Reply) -> object:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def written(reply: Reply) -> str:
    """The number of the record that was created or changed. Raises as `read` does."""
    read(reply)
    return _number(_json(reply))


def found(reply: Reply) -> str | None:
    """The number of the first record that a search found. Raises as `read` does."""
    read(reply)
    records = _json(reply)
    if not isinstance(records, list):
        raise Unknown("unreadable_answer", "a search did not answer with a list")
    return _number(records[0]) if records else None


def _number(record: object) -> str:
    """A record's id, or the id of the party by which staff have replaced it."""
    if isinstance(record, dict):
        number = record.get("replaced_by") or record.get("id")
        if isinstance(number, int):
            return str(number)
    raise Unknown("unreadable_answer", "the answer holds no record")
