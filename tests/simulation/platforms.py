"""Platforms as they behave: they post, wait so long for an answer, and post again when it was a bad one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ops.platforms import Post
from ops.platforms.whatsapp import sign_whatsapp
from tests.handlers.shelf import from_api
from tests.simulation.clock import Clock
from tests.simulation.lambdas import Lambdas
from tests.simulation.posts import Posted

_PATIENCE = {"whatsapp": 10.0, "telegram": 60.0, "twilio": 15.0}
_RESENDS = (5.0, 30.0, 300.0, 1800.0, 7200.0, 21_600.0, 43_200.0)


@dataclass(slots=True, kw_only=True)
class Answered:
    """One request and what came of it. late: some of it took the way by the bucket."""

    posted: Posted
    sent_at: float
    status: int = 0
    answered_at: float = 0.0
    late: bool = False
    attempts: int = 1
    body: str = ""


@dataclass(slots=True, kw_only=True)
class Platforms:
    """All of a world's platforms.

    answers: each request, and what came of it. told: a line of the story.
    meta_secret: what Meta signs with by now, if it is not what it has always been.
    """

    clock: Clock
    lambdas: Lambdas
    told: Callable[[str], None]
    answers: list[Answered] = field(default_factory=list)
    meta_secret: str = ""

    def post(self, posted: Posted) -> None:
        """Post it now."""
        self._send(Answered(posted=posted, sent_at=self.clock.now))

    def _send(self, answered: Answered) -> None:
        posted = answered.posted
        self.answers.append(answered)
        self.told(f"{posted.channel} posts {posted.words}" + (" (resent)" * (answered.attempts > 1)))

        def done(answer: Any, fine: bool) -> None:
            # API Gateway answers 502 for a function that gave no answer, and the platform waits so long.
            answered.status = answer["statusCode"] if fine else 502
            answered.body = answer["body"] if fine else ""
            if self.clock.now - answered.sent_at > _PATIENCE[posted.channel]:
                answered.status = 504
            answered.answered_at = self.clock.now
            answered.late = self.lambdas.kept_back
            self.told(f"answered {answered.status}: {posted.words}")
            if (
                answered.status >= 500
                and posted.channel != "twilio"
                and posted.post.method == "POST"
                and answered.attempts <= len(_RESENDS)
            ):
                again = Answered(posted=posted, sent_at=0.0, attempts=answered.attempts + 1)

                def resend() -> None:
                    again.sent_at = self.clock.now
                    self._send(again)

                self.clock.after(_RESENDS[answered.attempts - 1], resend)

        self.lambdas.invoke("webhooks", from_api(self._signed(posted)), done)

    def _signed(self, posted: Posted) -> Post:
        if self.meta_secret and posted.channel == "whatsapp" and not posted.forged and not posted.challenge:
            return sign_whatsapp(posted.post, {"app_secret": (self.meta_secret,)})
        return posted.post
