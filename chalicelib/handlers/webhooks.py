"""The Lambda functions `webhooks` and `unrepeated`, the front door: `/webhooks/{channel}/{account}`.

API Gateway calls both through `app.app`, with GET and POST: `unrepeated` with what platforms post that never
send again, and `webhooks`, which Chalice calls `APIHandler`, with everything else (`infra/front_door.py`).
The handler turns Chalice's request into ours, and our answer into Chalice's.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from chalice.app import Blueprint, Response

from chalicelib import telemetry
from chalicelib.channels import CHANNELS
from chalicelib.runtime.front import front
from chalicelib.vocabulary.errors import HubError
from chalicelib.vocabulary.request import Request

bp = Blueprint(__name__)

_METHODS = ["GET", "POST"]
_ANYTHING = ["*/*"]


@bp.route("/webhooks/{channel}/{account}", methods=_METHODS, content_types=_ANYTHING)
def webhooks(channel: str, account: str) -> Response:
    """Answer a request that no channel's own route has taken: nearly always with 404."""
    return _answered(channel, account)


def _answered(channel: str, account: str) -> Response:
    channel, account = unquote(channel), unquote(account)
    try:
        answer = front().receive(_request(), channel, account)
    except HubError as error:
        telemetry.count("unserved", channel=channel if channel.isalnum() else "?", reason=error.reason)
        telemetry.log.error("unserved", reason=error.reason, detail=error.detail)
        return Response(body="", status_code=503, headers={"Content-Type": "text/plain", "Retry-After": "5"})
    except Exception as error:  # noqa: BLE001 - a bug: Chalice would log its message, which may quote a customer
        telemetry.log_bug("webhooks", error)
        return Response(body="", status_code=500, headers={"Content-Type": "text/plain"})
    return Response(
        body=answer.body, status_code=answer.status, headers={"Content-Type": answer.content_type}
    )


def _own_route(channel: str) -> None:
    """Give a channel a route of its own: API Gateway throttles by route, so a flood on one stops no other."""

    def own(account: str) -> Response:
        """Answer a request of this channel's platform."""
        return _answered(channel, account)

    bp.route(f"/webhooks/{channel}/{{account}}", name=channel, methods=_METHODS, content_types=_ANYTHING)(own)


for name in CHANNELS:
    _own_route(name)


def _request() -> Request:
    current = bp.current_request
    given = current.query_params
    pairs = [(name, value) for name in given for value in given.getlist(name)] if given else []
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    return Request(
        method=current.method,
        url=_path(current.to_original_event()["path"]) + (f"?{query}" if query else ""),
        query=dict(pairs),
        headers={name.lower(): value for name, value in current.headers.items()},
        body=body.encode() if isinstance(body := current.raw_body, str) else body,
        received_at=front().now(),
    )


def _path(path: str) -> str:
    """The path as the platform wrote it, escapes included, without what a custom domain puts before it.

    Chalice's own `path` is the pattern of the route.
    """
    return "/webhooks/" + path.rpartition("/webhooks/")[2]
