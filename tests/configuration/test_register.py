"""Finding accounts: at once when they are pushed, and without a read for each stranger."""

from dataclasses import dataclass, field

import pytest

from chalicelib.configuration.accounts import Accounts, Register
from chalicelib.configuration.cached import Cached
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Transient

BOT = Account(channel="telegram", id="bot", secret="telegram")
NEW = Account(channel="telegram", id="new", secret="telegram")


@dataclass
class Shelf:
    """Where the accounts are stored, with a clock and a switch for outages."""

    accounts: tuple[Account, ...] = (BOT,)
    now: float = 1000.0
    reads: int = 0
    failure: Transient | None = None
    register: Register = field(init=False)

    def __post_init__(self) -> None:
        cached = Cached(read=self.read, clock=lambda: self.now, max_age=60)
        self.register = Register(cached, lambda: self.now)

    def read(self) -> Accounts:
        self.reads += 1
        if self.failure:
            raise self.failure
        return Accounts(version="1", public_url="https://hub.example.org", accounts=self.accounts)


def test_a_known_account_is_found_without_another_read() -> None:
    shelf = Shelf()
    assert [shelf.register.find("telegram", "bot") for _ in range(9)] == [BOT] * 9
    assert shelf.reads == 1


def test_an_account_that_was_pushed_a_moment_ago_is_found() -> None:
    shelf = Shelf()
    shelf.register.current()
    shelf.now += 1
    shelf.accounts = (BOT, NEW)
    assert shelf.register.find("telegram", "new") == NEW


def test_many_strangers_cost_one_read_a_second() -> None:
    shelf = Shelf()
    shelf.register.current()
    for number in range(1000):
        assert shelf.register.find("telegram", f"nobody {number}") is None
        shelf.now += 0.01
    assert shelf.reads <= 11


def test_one_stranger_who_comes_again_costs_one_read_in_ten_seconds() -> None:
    shelf = Shelf()
    for _ in range(59):
        assert shelf.register.find("telegram", "nobody") is None
        shelf.now += 1
    assert shelf.reads == 6


def test_a_stranger_who_is_pushed_is_known_within_ten_seconds_of_the_last_look() -> None:
    shelf = Shelf()
    shelf.register.current()
    shelf.now += 0.9
    assert shelf.register.find("telegram", "new") is None
    assert shelf.reads == 1, "too early for another look"
    shelf.accounts = (BOT, NEW)
    shelf.now += 9
    assert shelf.register.find("telegram", "new") is None
    shelf.now += 0.2
    assert shelf.register.find("telegram", "new") == NEW


def test_whoever_cannot_be_looked_up_is_not_taken_for_a_stranger() -> None:
    shelf = Shelf()
    shelf.register.current()
    shelf.failure = Transient("table_down")
    for _ in range(3):
        shelf.now += 2
        with pytest.raises(Transient, match="table_down"):
            shelf.register.find("telegram", "new")
    shelf.failure, shelf.accounts = None, (BOT, NEW)
    shelf.now += 2
    assert shelf.register.find("telegram", "new") == NEW


def test_a_clock_that_was_set_back_hides_nobody_for_ever() -> None:
    shelf = Shelf()
    assert shelf.register.find("telegram", "new") is None
    shelf.now, shelf.accounts = 0.0, (BOT, NEW)
    assert shelf.register.find("telegram", "new") == NEW
