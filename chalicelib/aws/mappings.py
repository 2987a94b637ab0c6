"""Switches a target off and on: whether Lambda takes messages from its queue."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.errors import aws


def switch(lambdas: Any, queue_url: str, enabled: bool) -> None:  # noqa: ANN401 - botocore's clients have no types
    """Enable or disable the mapping that empties a queue. Raises `Transient` or `Misconfigured`."""
    account, name = queue_url.split("/")[-2:]
    arn = f"arn:{lambdas.meta.partition}:sqs:{lambdas.meta.region_name}:{account}:{name}"
    answer = aws(lambda: lambdas.list_event_source_mappings(EventSourceArn=arn))
    for mapping in answer["EventSourceMappings"]:
        uuid = mapping["UUID"]
        aws(lambda uuid=uuid: lambdas.update_event_source_mapping(UUID=uuid, Enabled=enabled))  # type: ignore[misc]
