"""The shelf of Lambda events, as AWS sends them, and ways to put our own content into them.

The REST API's events follow what was recorded at AWS by others (an API's `path` and `pathParameters` keep
their escapes, its query is decoded); every name and number in them is invented.
"""

import base64
import copy
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from chalicelib.channels import CHANNELS
from ops.platforms import Post

FOLDER = Path(__file__).parent.parent / "fixtures" / "aws"
ROUTES = {name: f"/webhooks/{name}/{{account}}" for name in CHANNELS}
ANY_ROUTE = "/webhooks/{channel}/{account}"
"""The app's, of which API Gateway takes the one that names the channel, if there is one."""


def load(name: str) -> Any:
    """The event of that name, a copy of its own."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def from_api(
    post: Post, *, encoding: str = "base64", accept: str | None = "*/*", stage: str = "hub"
) -> dict[str, Any]:
    """A platform's request as the REST API hands it to the front door.

    encoding: `base64` as with every type binary, or `text`. accept: None for a request without it.
    """
    event: dict[str, Any] = load("api_binary_body")
    parts = urlsplit(post.url)
    path = parts.path.removeprefix(f"/{stage}")
    _, _, channel, account = path.split("/")
    headers = {"Host": parts.netloc, "User-Agent": "platform/1.0", "X-Forwarded-Proto": "https"}
    headers |= {name.title(): value for name, value in post.headers.items()}
    if accept is not None:
        headers["Accept"] = accept
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    event |= {
        "path": path,
        "httpMethod": post.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"account": account} | ({} if channel in ROUTES else {"channel": channel}),
        **_body(post.body, encoding),
    }
    event["resource"] = ROUTES.get(channel, ANY_ROUTE)
    event["requestContext"] |= {
        "path": f"/{stage}{path}",
        "resourcePath": event["resource"],
        "httpMethod": post.method,
    }
    return event


def _body(body: bytes, encoding: str) -> dict[str, Any]:
    if not body:
        return {"body": None, "isBase64Encoded": False}
    if encoding == "text":
        return {"body": body.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def from_queue(
    *sent: tuple[str, str], queue: str = "switchboard-local-events.fifo", received: int = 1
) -> dict[str, Any]:
    """A FIFO queue's batch: `(group, body)` each."""
    [pattern] = load("sqs_fifo_one")["Records"]
    records = []
    for number, (group, body) in enumerate(sent):
        record = copy.deepcopy(pattern)
        record["messageId"] = f"00000000-0000-4000-8000-{number:012d}"
        record["receiptHandle"] = f"receipt-{number}"
        record["body"] = body
        record["md5OfBody"] = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        record["attributes"] |= {
            "MessageGroupId": group,
            "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest(),
            "ApproximateReceiveCount": str(received),
            "SequenceNumber": f"{18_890_000_000_000_000_000 + number}",
        }
        record["eventSourceARN"] = f"arn:aws:sqs:eu-central-1:123456789012:{queue}"
        records.append(record)
    return {"Records": records}


def from_stream(*images: dict[str, Any], name: str = "MODIFY") -> dict[str, Any]:
    """The table's stream: one record per new image, as DynamoDB JSON."""
    pattern = load("dynamodb_stream")["Records"][0]
    records = []
    for number, image in enumerate(images):
        record = copy.deepcopy(pattern)
        record["eventID"] = f"{number:032x}"
        record["eventName"] = name
        record["dynamodb"] |= {
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SequenceNumber": f"{100_000_000_000_000_000_000 + number}",
        }
        records.append(record)
    return {"Records": records}


def webhook_url(channel: str, account: str, public_url: str = "https://hub.example.org") -> str:
    """What the platform was told, the account escaped as a careful operator would enter it."""
    return f"{public_url}/webhooks/{channel}/{quote(account, safe='')}"
