"""Reads of the lake: one for all who ask for the same, so many a user, and the truth about why not."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User

from config.errors import TooManyError, UnavailableError
from lakes import reads
from lakes.reads import Reads

ADA, GRACE = User(pk=1), User(pk=2)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_forty_who_ask_for_the_same_share_one_read(gate: threading.Event) -> None:
    asked, begun = Reads(waiting=40), []

    def read() -> int:
        begun.append(1)
        gate.wait(30)
        return len(begun)

    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(asked.ask, ADA, "tables", read) for _ in range(40)]
        while asked._waits[1] < 40:
            pass
        gate.set()
        assert [answer.result() for answer in answers] == [1] * 40
    assert asked.ask(ADA, "tables", read) == 2


def test_a_user_who_asks_for_too_many_things_is_told_so_and_others_are_served(gate: threading.Event) -> None:
    asked = Reads(each=2)
    hanging = [asked.begin(ADA, lambda: gate.wait(30)) for _ in range(2)]
    with pytest.raises(TooManyError) as refused:
        asked.ask(ADA, "another", lambda: 1)
    assert "2 reads" in str(refused.value.detail)
    assert asked.ask(GRACE, "another", lambda: 1) == 1
    gate.set()
    assert all(future.result() for future in hanging)
    assert asked.ask(ADA, "another", lambda: 1) == 1


def test_a_full_house_is_no_word_about_the_lake(gate: threading.Event) -> None:
    asked = Reads(most=1)
    asked.begin(ADA, lambda: gate.wait(30))
    with pytest.raises(UnavailableError) as refused:
        asked.ask(GRACE, "a", lambda: 1)
    assert "lake cannot" not in str(refused.value.detail)


def test_what_was_taken_for_a_read_is_given_back_where_it_does_not_begin(gate: threading.Event) -> None:
    asked, given_back = Reads(each=1), threading.Event()
    asked.begin(ADA, lambda: gate.wait(30))
    with pytest.raises(TooManyError):
        asked.begin(ADA, lambda: 1, finished=given_back.set)
    assert given_back.is_set()


def test_behind_a_read_that_hangs_the_lake_is_away(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "SECONDS", 0.01)
    asked = Reads(each=1)
    # Who waits for the read is told that it is slow, and who would begin another that the lake is away.
    for key, said in (("a", "has not answered"), ("a", "has not answered"), ("b", "cannot be read")):
        with pytest.raises(UnavailableError) as refused:
            asked.ask(ADA, key, lambda: gate.wait(30))
        assert said in str(refused.value.detail)
