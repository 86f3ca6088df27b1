"""Calls made by a second thread: in their order, none lost, and what they raise reaches who gave them."""

from __future__ import annotations

import threading

import pytest

from pipeline.runs.background_writer import Behind


def fail() -> None:
    raise ValueError("this one")


def give_for_ever(behind: Behind) -> None:
    while True:
        behind.do(len, "")


def test_calls_are_made_in_order_by_another_thread_and_all_are_made_at_the_end() -> None:
    made: list[tuple[int, bool]] = []
    here = threading.get_ident()
    with Behind() as behind:
        for number in range(100):
            behind.do(lambda one: made.append((one, threading.get_ident() == here)), number)
    assert made == [(number, False) for number in range(100)]


def test_the_caller_goes_on_meanwhile_and_waits_when_it_says_so() -> None:
    gate, made = threading.Event(), []
    with Behind() as behind:
        behind.do(gate.wait)
        behind.do(made.append, 1)
        assert made == []
        gate.set()
        behind.wait()
        assert made == [1]


def test_what_a_call_raises_is_raised_by_the_next_one() -> None:
    with Behind() as behind:
        behind.do(fail)
        with pytest.raises(ValueError, match="this one"):
            give_for_ever(behind)


def test_what_a_call_raises_is_raised_by_waiting() -> None:
    with Behind() as behind:
        behind.do(fail)
        with pytest.raises(ValueError, match="this one"):
            behind.wait()


def test_left_by_an_exception_it_ends_the_call_under_way_and_begins_no_other() -> None:
    gate, begun, made = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        gate.wait()
        made.append("slow")

    def leave(behind: Behind) -> None:
        behind.do(slow)
        behind.do(made.append, "never")
        begun.wait()
        threading.Timer(0.1, gate.set).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Behind() as behind:
        leave(behind)
    assert made == ["slow"]
