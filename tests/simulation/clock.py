"""One clock, and everything that happens on it: callbacks at their time, and tasks that sleep.

A task is plain synchronous code (a Lambda invocation) in a thread of its own; exactly one of all threads
runs at any time, and which one is decided here alone, so a run is the same whenever it is repeated. A
sleep during which nothing else is due costs no change of threads.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime

START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC).timestamp()


class Killed(BaseException):
    """The process that runs this task has ended at this instant: nothing in it may catch this."""


class Clock:
    """The time, in Unix seconds, and what is due."""

    def __init__(self) -> None:
        self.now = START
        self.current: Task | None = None
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._tasks: dict[int, Task] = {}
        self._limit = START
        self.back = threading.Lock()
        self.back.acquire()

    @property
    def time(self) -> datetime:
        """Now, aware UTC."""
        return datetime.fromtimestamp(self.now, UTC)

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Call `what` at that time, or next if it has passed."""
        heapq.heappush(self._due, (max(when, self.now), next(self._order), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Call `what` in so many seconds."""
        self.at(self.now + seconds, what)

    def spawn(self, work: Callable[[], None]) -> Task:
        """Run `work` as a task, beginning now."""
        number = next(self._order)
        task = self._tasks[number] = Task(self, work, lambda: self._tasks.pop(number))
        self.at(self.now, task.go_on)
        return task

    def run(self, until: float) -> None:
        """Let everything happen that is due by then."""
        self._limit = until
        while self._due and self._due[0][0] <= until:
            when, _, what = heapq.heappop(self._due)
            self.now = max(self.now, when)
            what()
        self.now = max(self.now, until)

    def next_due(self) -> float | None:
        """When something happens next."""
        return self._due[0][0] if self._due else None

    def sleep(self, seconds: float) -> None:
        """Let time pass for the task that calls. Raises `Killed` if the task ends meanwhile."""
        when = self.now + seconds
        if when <= self._limit and (not self._due or self._due[0][0] > when):
            self.now = when
            return
        task = self.current
        if task is None:
            raise RuntimeError("only a task can sleep")
        self.at(when, task.go_on)
        task.pause()

    def close(self) -> None:
        """End every task that still runs."""
        self._due.clear()
        for task in list(self._tasks.values()):
            task.end()


class Task:
    """Synchronous code that can be halted wherever it sleeps."""

    def __init__(self, clock: Clock, work: Callable[[], None], ended: Callable[[], object]) -> None:
        self._clock = clock
        self._work = work
        self._ended = ended
        self._doomed = False
        self._turn = threading.Lock()
        self._turn.acquire()
        self._started = False
        self.error: BaseException | None = None
        self.resumed: Callable[[], None] = lambda: None
        """Called whenever it is this task's turn again, before its code goes on."""

    def go_on(self) -> None:
        """Run until it sleeps or ends; what it raised, beside its own end, is raised here."""
        self._clock.current = self
        if self._started:
            self._turn.release()
        else:
            self._started = True
            (_idle.pop() if _idle else _Thread()).give(self._body)
        self._clock.back.acquire()
        self._clock.current = None
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def pause(self) -> None:
        """Give the turn back, and wait for the next one."""
        self._clock.back.release()
        self._turn.acquire()
        if self._doomed:
            raise Killed
        self.resumed()

    def end(self) -> None:
        """Unwind it where it sleeps."""
        self._doomed = True
        if self._started:
            self.go_on()
        else:
            self._ended()

    def _body(self, thread: _Thread) -> None:
        try:
            self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again on the clock's own thread
            self.error = error
        self._ended()
        _idle.append(thread)
        self._clock.back.release()


class _Thread(threading.Thread):
    """A thread that is used again, because a new one costs more than most tasks do."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ready = threading.Lock()
        self._ready.acquire()
        self._work: Callable[[_Thread], None] = lambda _: None
        self.start()

    def give(self, work: Callable[[_Thread], None]) -> None:
        self._work = work
        self._ready.release()

    def run(self) -> None:
        while True:
            self._ready.acquire()
            self._work(self)


_idle: list[_Thread] = []
