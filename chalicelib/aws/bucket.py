"""The stage's one bucket: it keeps what is too large for a queue, quarantined, or refused by a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The bucket of one stage. Every method raises `Transient` or `Misconfigured`.

    name: the bucket's name.
    client: gives S3's client.
    """

    name: str
    client: Callable[[], Any]

    def store(self, key: str, body: bytes) -> None:
        """Put bytes under a key."""
        aws(lambda: self.client().put_object(Bucket=self.name, Key=key, Body=body))

    def fetch(self, key: str) -> bytes:
        """The bytes under a key."""
        answer = aws(lambda: self.client().get_object(Bucket=self.name, Key=key))
        return aws(lambda: bytes(answer["Body"].read()))

    def delete(self, key: str) -> None:
        """Delete what lies under a key."""
        aws(lambda: self.client().delete_object(Bucket=self.name, Key=key))

    def below(self, prefix: str) -> Iterator[str]:
        """Keys that begin with `prefix`, in their order; a thousand are asked for at a time."""
        paginator = self.client().get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self.name, Prefix=prefix))
        while (page := aws(lambda: next(pages, None))) is not None:
            for entry in page.get("Contents", []):
                yield entry["Key"]
