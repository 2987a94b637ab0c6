"""Words a schema's complaints so that an operator can act on them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from jsonschema import ValidationError

_SECRETIVE = re.compile(r"secret|token|passw|api_?key|private_?key|credential|signing_?key", re.IGNORECASE)
_KINDS = {
    "array": "a list",
    "object": "a mapping",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}

Complaint = tuple[tuple[str, ...], str, str]
"""Where below the value, the problem, the remedy."""


def worded(error: ValidationError) -> Iterator[Complaint]:
    """The complaint in words; several if one of the schema's words covers several."""
    name = _name(error)
    expected = error.schema.get("description", "see the schema in infra/schema")
    if error.validator == "additionalProperties":
        for key in error.instance:
            if key not in error.schema["properties"]:
                yield (key,), *unknown_key(key, error.schema["properties"])
    elif error.validator == "required":
        # There is one such error per missing key, and it does not say which in a field of its own.
        for key in error.validator_value:
            if error.message.startswith(f"{key!r} "):
                about = error.schema["properties"][key].get("description", "")
                yield (), f"{name} has no {key}", f"add {key}: {about}" if about else f"add {key}"
    elif error.validator == "type":
        found = "nothing" if error.instance in ("", None) else _shown(error)
        wanted = _KINDS[error.validator_value]
        yield (), f"{name} should be {wanted}, not {found}", _remedy(error, wanted, expected)
    elif error.validator == "enum":
        yield (), f"{name} is {_shown(error)}", one_of(str(error.instance), error.validator_value)
    elif error.parent is None and "propertyNames" in error.absolute_schema_path:
        yield (str(error.instance),), f"{error.instance!r} cannot be a name here", f"write {expected}"
    elif error.validator in ("minItems", "minLength", "minProperties"):
        yield (), f"{name} is empty", f"write {expected}"
    else:
        yield (), f"{name} is {_shown(error)}", f"write {expected}"


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """The problem and the remedy of a key that nothing reads."""
    if _SECRETIVE.search(key):
        return secret_here(key)
    return f"{key} is not known here", one_of(key, known)


def looks_secret(key: str) -> bool:
    """Whether a key's name says that its value should not be in a file."""
    return _SECRETIVE.search(key) is not None


def secret_here(key: str) -> tuple[str, str]:
    """The problem and the remedy of a secret in a file."""
    remedy = "store it as an SSM SecureString under the stage's path and name that parameter in secret:"
    return f"{key} looks like a secret, and secrets are never in files", remedy


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a word that names nothing: the one meant, or `otherwise`."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else otherwise


def one_of(word: str, known: Iterable[str]) -> str:
    """The remedy for a word that is none of a few."""
    return nearest(word, known, f"use one of {', '.join(known)}")


def _remedy(error: ValidationError, wanted: str, expected: str) -> str:
    if not error.absolute_path:
        return "infra/stages/example shows what belongs there"
    return f"write {wanted}" if error.validator_value == "boolean" else f"write {expected}"


def _name(error: ValidationError) -> str:
    """`hours of people[2]` of the path people, 2, hours."""
    path = list(error.absolute_path)
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"{path[-2]}[{path[-1]}]" if len(path) > 1 else f"[{path[-1]}]"
    return str(path[-1])


def _shown(error: ValidationError) -> str:
    if isinstance(error.instance, list):
        return "a list"
    if isinstance(error.instance, dict):
        return "a mapping"
    if "secret" in error.absolute_path:
        # It may be the secret itself, put in the wrong place.
        return "what it is"
    return repr(error.instance)
