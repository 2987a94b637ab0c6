"""One batch of a FIFO queue: who fails with whom, what comes back when, and what the log may say of it."""

import json
import math
from dataclasses import dataclass, field

import pytest

from chalicelib.aws.clients import WORKER
from chalicelib.handlers import batch, deliver, process
from chalicelib.store.packing import pack, text
from chalicelib.vocabulary.errors import Misconfigured, Permanent, Throttled, Transient
from chalicelib.vocabulary.messages import Change, Intake
from tests.handlers import shelf
from tests.handlers.alone import Context
from tests.pipeline.world import message

TEXT = "سلام، شماره من ۰۹۱۲۰۰۰۰۰۰۱ است"


class Batch:
    """A batch whose records' bodies say what becomes of them: an error of `errors`, or nothing."""

    def __init__(self, **errors):
        self.errors = errors
        self.worked = []
        self.hidden = {}
        self.read_ahead = []
        self.given = []
        self.unreadable = None
        self.unhideable = None
        self.left = 60.0
        self.costs = 0.0

    def work(self, body, ahead):
        self.worked.append(body)
        self.given.append(ahead)
        self.left -= self.costs
        if body in self.errors:
            raise self.errors[body]
        return {"events": [body]}

    def ahead(self, bodies):
        self.read_ahead.append(list(bodies))
        if self.unreadable:
            raise self.unreadable
        return f"read for {len(bodies)}"

    def visibility(self, arn, receipt, seconds):
        if self.unhideable:
            raise self.unhideable
        assert arn.startswith("arn:aws:sqs:")
        self.hidden[int(receipt.removeprefix("receipt-"))] = seconds

    def __call__(self, *sent):
        answer = batch.run(
            "process",
            shelf.from_queue(*sent),
            work=self.work,
            ahead=self.ahead,
            visibility=self.visibility,
            wait=lambda named, received: 2**received if named is None else named,
            time_left=lambda: self.left,
            enough=8.0,
        )
        assert list(answer) == ["batchItemFailures"]
        assert all(list(one) == ["itemIdentifier"] for one in answer["batchItemFailures"])
        return [int(one["itemIdentifier"].rpartition("-")[2]) for one in answer["batchItemFailures"]]


def test_the_first_of_each_group_is_read_for_ahead():
    one = Batch()
    one(("a", "1"), ("a", "2"), ("b", "3"))
    assert one.read_ahead == [["1", "3"]]
    assert one.given == ["read for 2"] * 3
    one(("a", "4"), ("a", "5"))
    assert len(one.read_ahead) == 1, "nothing is gained for one group"
    assert one.given[-2:] == [None, None], "what was read for an earlier batch is not handed on"


def test_what_cannot_be_read_ahead_is_worked_on_all_the_same():
    one = Batch()
    one.unreadable = Transient("table_busy")
    assert one(("a", "1"), ("b", "2")) == []
    assert one.worked == ["1", "2"]


def test_all_well():
    one = Batch()
    assert one(("a", "1"), ("b", "2")) == []
    assert one.hidden == {}


def test_a_record_that_waits_keeps_its_group_s_later_ones_back_and_nobody_else_s():
    one = Batch(bad=Transient("busy", retry_after=30))
    assert one(("a", "1"), ("b", "bad"), ("a", "2"), ("b", "3"), ("c", "4"), ("b", "5")) == [1, 3, 5]
    assert one.worked == ["1", "bad", "2", "4"]
    assert one.hidden == {1: 30, 3: 0, 5: 0}


def test_three_records_of_two_groups_the_middle_one_bad():
    one = Batch(bad=Transient("busy", retry_after=2.1))
    assert one(("a", "1"), ("b", "bad"), ("a", "2")) == [1]
    assert one.hidden == {1: 3}, "whole seconds, never sooner than asked"


@pytest.mark.parametrize(
    "error",
    [
        ValueError(TEXT), KeyError(TEXT), RecursionError(TEXT), MemoryError(), Permanent("odd", TEXT),
        Misconfigured("no_queue", "deploy the stage"), AssertionError(TEXT),
    ],
)  # fmt: skip
def test_a_bug_or_a_bad_configuration_waits_ever_longer_and_others_go_on(error, capsys):
    one = Batch(bad=error)
    assert one(("a", "bad"), ("a", "1"), ("b", "2")) == [0, 1]
    assert one.worked == ["bad", "2"]
    assert one.hidden == {0: 2, 1: 0}, "the failed one is not tried in a circle"
    printed = "".join(capsys.readouterr())
    assert TEXT not in printed
    assert json.dumps(TEXT)[1:-1] not in printed


def test_a_bug_is_logged_once_with_its_frames_and_without_its_message(capsys):
    Batch(bad=ValueError(TEXT))(("a", "bad"))
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["level"], line["message"], line["reason"]) == ("ERROR", "bug", "ValueError")
    assert any("raise self.errors[body]" in frame for frame in line["frames"])
    assert "exception" not in line


def test_what_waits_says_so_in_the_log(capsys):
    Batch(bad=Throttled("throttled", "HTTP 429", retry_after=7))(("a", "bad"), ("b", "1"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["outcome"], line.get("reason"), line["received"]) for line in lines] == [
        ("waits", "throttled", 1),
        ("done", None, 1),
    ]


def test_without_time_left_the_rest_is_the_next_worker_s_at_once():
    one = Batch()
    one.costs = 20
    one.left = 45
    assert one(("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")) == [2, 3]
    assert one.worked == ["1", "2"]
    assert one.hidden == {2: 0, 3: 0}


@pytest.mark.parametrize(
    "error", [Transient("aws_busy", "InvalidParameterValue"), Misconfigured("aws_refused")]
)
def test_a_visibility_that_cannot_be_changed_loses_nothing(error):
    one = Batch(bad=Transient("busy", retry_after=30))
    one.unhideable = error
    assert one(("a", "bad"), ("a", "1"), ("b", "2")) == [0, 1]
    assert one.worked == ["bad", "2"]


def test_all_of_them_may_fail():
    one = Batch(**{str(n): Transient("busy", retry_after=5) for n in range(10)})
    assert one(*[(f"group{n}", str(n)) for n in range(10)]) == list(range(10))


def test_a_wait_beyond_what_the_queue_allows_is_cut():
    one = Batch(bad=Transient("busy", retry_after=10**9))
    one(("a", "bad"))
    assert one.hidden == {0: 43_200}


@dataclass
class FailingWorkers:
    """Workers whose steps all raise `error`; they keep whom they hide, and for how long."""

    error: type[BaseException] | BaseException = AssertionError
    hidden: dict[str, int] = field(default_factory=dict)

    def __call__(self, *_):
        raise self.error

    @property
    def process(self):
        return self

    @property
    def deliver(self):
        return self

    def ahead(self, asked):
        assert asked is not None

    def hide(self, arn, receipt, seconds):
        self.hidden[receipt] = seconds

    def chance(self):
        return 0.5


@pytest.fixture
def failing(monkeypatch):
    workers = FailingWorkers()
    for module in (process, deliver):
        monkeypatch.setattr(module, "workers", lambda: workers)
    return workers


@pytest.mark.parametrize(("received", "least", "most"), [(1, 1, 3), (4, 8, 24), (50, 60, 180)])
def test_process_has_what_failed_come_back_later_each_time(received, least, most, failing):
    failing.error = Transient("conflict")
    bodies = [text(pack(Intake(customer=message().customer, events=(message(n),)))) for n in range(10)]
    sent = [(str(number), body) for number, body in enumerate(bodies)]
    answer = process.process(shelf.from_queue(*sent, received=received), Context())
    assert len(answer["batchItemFailures"]) == 10
    assert len(failing.hidden) == 10
    assert all(least <= seconds <= most for seconds in failing.hidden.values())


def test_deliver_has_what_waits_come_back_when_the_ledger_says(failing):
    failing.error = Transient("no_connection", retry_after=330)
    body = text(pack(Change(target="crm", profile="p1", seq=1, events=("e",))))
    deliver.deliver(
        shelf.from_queue(("p1", body), ("p1", body), queue="switchboard-local-target-crm.fifo"), Roomy()
    )
    assert failing.hidden == {"receipt-0": 330, "receipt-1": 0}


class Roomy(Context):
    def get_remaining_time_in_millis(self):
        return 60_000


@pytest.mark.parametrize(("received", "seconds"), [(1, 2.5), (4, 20), (500, 375)])
def test_deliver_comes_back_soon_when_the_table_was_busy(received, seconds, failing):
    failing.error = Transient("table_busy")
    body = text(pack(Change(target="crm", profile="p1", seq=1, events=("e",))))
    queue = "switchboard-local-target-crm.fifo"
    deliver.deliver(shelf.from_queue(("p1", body), queue=queue, received=received), Roomy())
    assert failing.hidden == {"receipt-0": math.ceil(seconds)}


@pytest.mark.parametrize(("handler", "body"), [(process.process, "!"), (deliver.deliver, "AQ==")])
def test_a_message_that_is_none_of_ours_waits_and_is_seen(handler, body, failing, capsys):
    answer = handler(shelf.from_queue(("a", body)), Roomy())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "00000000-0000-4000-8000-000000000000"}]}
    assert 2 <= failing.hidden["receipt-0"] <= 3
    assert '"unreadable_message"' in capsys.readouterr().out


def test_a_message_of_newer_code_waits_for_it(failing):
    answer = process.process(shelf.from_queue(("a", text(bytes([pack(0)[0] + 1]) + b"whatever"))), Context())
    assert len(answer["batchItemFailures"]) == 1
    assert 1 <= failing.hidden["receipt-0"] <= 5


def test_the_runtime_finds_the_queue_by_its_arn(front):
    url = front.environment["HUB_EVENTS_QUEUE"]
    sqs = front.clients("sqs", WORKER)
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a", MessageDeduplicationId="1")
    [received] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
    arn = "arn:aws:sqs:eu-central-1:123456789012:switchboard-local-events.fifo"
    front.workers.hide(arn, received["ReceiptHandle"], 0)
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    with pytest.raises(Misconfigured):
        front.workers.hide("arn:aws:sqs:eu-central-1:123456789012:other.fifo", received["ReceiptHandle"], 0)


def test_the_runtime_s_errors_say_what_happens_next(front):
    front.lose_table()
    with pytest.raises(Misconfigured, match="ResourceNotFoundException"):
        front.workers.configuration()
    with pytest.raises(Misconfigured, match="ParameterNotFound"):
        front.front.secrets.get("nobody")


def test_a_bug_in_reading_ahead_stops_nobody():
    one = Batch()
    one.unreadable = ValueError("Invalid value 'Sara'")
    assert one(("a", "1"), ("b", "2")) == []
    assert one.worked == ["1", "2"]
