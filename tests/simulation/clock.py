"""One clock, and everything that happens on it: callbacks at their time, and tasks that sleep.

A task is plain synchronous code (a Lambda invocation) in a thread of its own. Exactly one of all threads
runs at any time: the one that has the baton, which it passes on when it sleeps or ends. Whom it goes to is
decided by what is due next and nothing else, so a run is the same whenever it is repeated.
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
        self._due: list[tuple[float, int, Callable[[], None] | Task]] = []
        self._order = itertools.count()
        self._tasks: dict[int, Task] = {}
        self._limit = START
        self._error: BaseException | None = None
        self._main = _taken()

    @property
    def time(self) -> datetime:
        """Now, aware UTC."""
        return datetime.fromtimestamp(self.now, UTC)

    @property
    def busy(self) -> bool:
        """Whether anything is still to happen."""
        return bool(self._due)

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
        heapq.heappush(self._due, (self.now, number, task))
        return task

    def run(self, until: float) -> None:
        """Let everything happen that is due by then. Raises what a callback or a task raised."""
        self._limit = until
        self.drive(None)
        if self._error is not None:
            raise self._error

    def sleep(self, seconds: float) -> None:
        """Let time pass for the task that calls. Raises `Killed` if the task is ended meanwhile."""
        task = self.current
        if task is None:
            raise RuntimeError("only a task can sleep")
        heapq.heappush(self._due, (self.now + seconds, next(self._order), task))
        self.drive(task)
        task.go_on()

    def drive(self, me: Task | None) -> None:
        """Let things happen on the calling thread until it is the turn of its task, or of another.

        me: the task that sleeps or has ended here, None on the thread that called `run`.
        """
        self.current = None
        while self._error is None and self._due and self._due[0][0] <= self._limit:
            when, _, what = heapq.heappop(self._due)
            self.now = max(self.now, when)
            if what is me:
                return
            if isinstance(what, Task):
                what.take_over()
                break
            try:
                what()
            except Exception as error:  # noqa: BLE001 - raised again by `run`, on its own thread
                self._error = error
        else:
            if me is None:
                return
            self._main.release()
        if me is None:
            self._main.acquire()
        elif not me.ended:
            me.await_turn()

    def fail(self, error: BaseException) -> None:
        """Stop, and have `run` raise this."""
        self._error = error

    def close(self) -> None:
        """End every task that still runs, where it sleeps."""
        self._due.clear()
        self._error = None
        for task in list(self._tasks.values()):
            if task.doom():
                self._main.acquire()


class Task:
    """Synchronous code that can be halted wherever it sleeps."""

    def __init__(self, clock: Clock, work: Callable[[], None], forget: Callable[[], object]) -> None:
        self._clock = clock
        self._work = work
        self._forget = forget
        self._turn = _taken()
        self._started = False
        self._doomed = False
        self.ended = False
        self.resumed: Callable[[], None] = lambda: None
        """Called whenever it is this task's turn again, before its code goes on."""

    def take_over(self) -> None:
        """It gets the baton: begins, or will go on."""
        if self._started:
            self._turn.release()
        else:
            self._started = True
            (_idle.pop() if _idle else _Thread()).give(self._body)

    def await_turn(self) -> None:
        """Wait for the baton."""
        self._turn.acquire()

    def go_on(self) -> None:
        """Its code runs again."""
        if self._doomed:
            raise Killed
        self._clock.current = self
        self.resumed()

    def doom(self) -> bool:
        """End it where it sleeps; False if it never began."""
        self._doomed = True
        if self._started:
            self._turn.release()
        else:
            self._forget()
        return self._started

    def _body(self, thread: _Thread) -> None:
        self._clock.current = self
        try:
            self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by `run`, on its own thread
            self._clock.fail(error)
        self.ended = True
        self._forget()
        _idle.append(thread)
        self._clock.drive(self)


class _Thread(threading.Thread):
    """A thread that is used again, because a new one costs more than most tasks do."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ready = _taken()
        self._work: Callable[[_Thread], None] = lambda _: None
        self.start()

    def give(self, work: Callable[[_Thread], None]) -> None:
        self._work = work
        self._ready.release()

    def run(self) -> None:
        while True:
            self._ready.acquire()
            self._work(self)


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


_idle: list[_Thread] = []
