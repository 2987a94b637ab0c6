"""Lambda: containers that stay warm, invocations that are killed, and the mappings that feed them.

Each container has a `Front` or `Workers` of its own, as each Lambda container has a process of its own: what
one has cached another may not know yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.handlers import deliver, process, relay, tick, webhooks
from chalicelib.runtime.front import Front
from chalicelib.runtime.workers import Workers
from infra.names import chalice_config
from tests.simulation.clock import Clock, Killed, Task
from tests.simulation.fifo import Fifo, Message

MODULES: dict[str, Any] = {
    "webhooks": webhooks,
    "process": process,
    "relay": relay,
    "deliver": deliver,
    "tick": tick,
}

_SETTINGS = chalice_config()["lambda_functions"]
TIMEOUTS = {
    name: _SETTINGS["api_handler" if name == "webhooks" else name]["lambda_timeout"] for name in MODULES
}

# Not documented; long enough for what is cached to be old.
_KEPT_WARM = 2700.0

Container = Front | Workers
"""What one container has built."""


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One run of a function."""

    function: str
    deadline: float
    container: Container
    why: str = ""
    kept_back: bool = False


def install(function: str, container: Container) -> None:
    """What the function's handler takes for its container from now on."""
    name = "front" if isinstance(container, Front) else "workers"
    setattr(MODULES[function], name, lambda: container)


Done = Callable[[Any, bool], None]
"""The function's answer, and whether it gave one."""


@dataclass(slots=True, kw_only=True)
class Lambdas:
    """All functions.

    cold: a fresh container of a function. told: hears what was killed, and why.
    """

    clock: Clock
    cold: Callable[[str], Container]
    told: Callable[[str], None]
    entries: dict[str, Callable[[Any, Any], Any]]
    running: dict[int, Invocation] = field(default_factory=dict)
    crashes: list[tuple[str, str]] = field(default_factory=list)
    closing: bool = False
    kept_back: bool = False
    """Whether the invocation that ended last put a message aside for the clock to feed in."""
    _warm: dict[str, list[tuple[float, Container]]] = field(default_factory=dict)

    def invoke(self, function: str, event: Any, done: Done) -> None:
        """Run it, beginning now."""
        task: Task | None = None

        def work() -> None:
            assert task is not None
            container = self._warmed(function) or self.cold(function)
            invocation = Invocation(
                function=function, deadline=self.clock.now + TIMEOUTS[function], container=container
            )
            self.running[id(task)] = invocation

            def resumed() -> None:
                install(function, container)

            task.resumed = resumed
            resumed()
            answer, fine = None, False
            try:
                answer = self.entries[function](event, Context(self.clock, invocation))
                fine = True
            except Killed:
                if self.closing:
                    raise
                self.told(f"{function} was killed {invocation.why}")
            except Exception as error:  # noqa: BLE001 - Lambda reports it and goes on
                self.told(f"{function} raised {type(error).__name__}: {error}")
                self.crashes.append((function, f"{type(error).__name__}: {error}"))
                self._rests(function, container)
            else:
                self._rests(function, container)
            finally:
                del self.running[id(task)]
            self.kept_back = invocation.kept_back
            done(answer, fine)

        task = self.clock.spawn(work)

    def invocation(self) -> Invocation | None:
        """The one whose code is running now."""
        return self.running.get(id(self.clock.current))

    def pause(self, seconds: float) -> None:
        """Let time pass for the running invocation, which its time limit may end."""
        invocation = self.invocation()
        if invocation is not None and self.clock.now + seconds >= invocation.deadline:
            self.clock.sleep(max(0.0, invocation.deadline - self.clock.now))
            invocation.why = "at its time limit"
            raise Killed
        self.clock.sleep(seconds)

    def kill(self, why: str) -> None:
        """End the running invocation here and now."""
        invocation = self.invocation()
        if invocation is not None:
            invocation.why = why
            raise Killed

    def _warmed(self, function: str) -> Container | None:
        """The container that was used last, unless it was idle so long that Lambda has taken it down."""
        resting = self._warm.setdefault(function, [])
        resting[:] = [
            (since, container) for since, container in resting if self.clock.now - since < _KEPT_WARM
        ]
        return resting.pop()[1] if resting else None

    def _rests(self, function: str, container: Container) -> None:
        self._warm[function].append((self.clock.now, container))


@dataclass(slots=True)
class Context:
    """What Lambda hands over beside the event."""

    clock: Clock
    invocation: Invocation

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.invocation.deadline - self.clock.now) * 1000))


@dataclass(slots=True, kw_only=True)
class Mapping:
    """From a FIFO queue to a function, with `ReportBatchItemFailures` and a maximum concurrency.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html: what is named as failed
    stays on the queue; what is not is deleted; an invocation that fails leaves all of it. A mapping that is
    switched off lets the batches in flight finish, and an update takes a while:
    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html.
    """

    uuid: str
    queue: Fifo
    function: str
    concurrency: int
    clock: Clock
    lambdas: Lambdas
    slip: Callable[[], bool]
    """Whether this delete is lost: the message then comes again."""
    held: Callable[[], float]
    """Seconds until Lambda has room for this batch; after its visibility it is dropped, and comes again."""
    rewritten: Callable[[str], str] = lambda body: body
    enabled: bool = True
    changing: bool = False
    _flying: int = 0
    _poll_at: float = field(default=float("inf"))

    def switch(self, enabled: bool, delay: float) -> bool:
        """Begin to switch it; False while an earlier change is under way."""
        if self.changing:
            return False
        self.changing = True

        def now() -> None:
            self.enabled, self.changing = enabled, False
            self.nudge(self.clock.now)

        self.clock.after(delay, now)
        return True

    def nudge(self, when: float) -> None:
        """Look at the queue at that time."""
        when = max(when, self.clock.now) + 0.02
        if when < self._poll_at:
            self._poll_at = when
            self.clock.at(when, self._poll)

    def _poll(self) -> None:
        if self.clock.now < self._poll_at:
            return
        self._poll_at = float("inf")
        while self.enabled and self._flying < self.concurrency:
            taken = self.queue.receive()
            if not taken:
                break
            held = self.held()
            if not held:
                self._flying += 1
                self._run(taken)
            elif held < self.queue.visibility:
                self._flying += 1
                self.clock.after(held, partial(self._run, taken))
        due = self.queue.next_visible()
        if self.enabled and due is not None:
            self.nudge(due)

    def _run(self, taken: list[Message]) -> None:
        receipts = {message.id: message.receipt for message in taken}

        def done(answer: Any, fine: bool) -> None:
            self._flying -= 1
            if fine:
                failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
                for name, receipt in receipts.items():
                    if name not in failed and not self.slip():
                        self._delete(receipt)
            self.nudge(self.clock.now)

        self.lambdas.invoke(self.function, {"Records": [self._record(m) for m in taken]}, done)

    def _delete(self, receipt: str) -> None:
        try:
            self.queue.delete(receipt)
        except Exception as error:  # noqa: BLE001 - the poller's own call: it goes on
            self.lambdas.told(f"{self.queue.name} refused the deletion of a message: {error}")

    def _record(self, message: Message) -> dict[str, Any]:
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": self.rewritten(message.body),
            "attributes": {
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.dedup,
                "ApproximateReceiveCount": str(message.receives),
            },
            "eventSourceARN": self.queue.arn,
        }
