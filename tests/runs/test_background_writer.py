"""Calls made by a second thread: in their order, none lost, and what they raise reaches who gave them."""

from __future__ import annotations

import threading

import pytest

from pipeline.runs.background_writer import BackgroundWriter


def fail() -> None:
    raise ValueError("this one")


def give_for_ever(writer: BackgroundWriter) -> None:
    while True:
        writer.do(len, "")


def test_calls_are_made_in_order_by_another_thread_and_all_are_made_at_the_end() -> None:
    calls: list[tuple[int, bool]] = []
    here = threading.get_ident()
    with BackgroundWriter() as writer:
        for number in range(100):
            writer.do(lambda argument: calls.append((argument, threading.get_ident() == here)), number)
    assert calls == [(number, False) for number in range(100)]


def test_the_caller_goes_on_meanwhile_and_waits_when_it_says_so() -> None:
    gate, calls = threading.Event(), []
    with BackgroundWriter() as writer:
        writer.do(gate.wait)
        writer.do(calls.append, 1)
        assert calls == []
        gate.set()
        writer.wait()
        assert calls == [1]


def test_what_a_call_raises_is_raised_by_the_next_one() -> None:
    with BackgroundWriter() as writer:
        writer.do(fail)
        with pytest.raises(ValueError, match="this one"):
            give_for_ever(writer)


def test_what_a_call_raises_is_raised_by_waiting() -> None:
    with BackgroundWriter() as writer:
        writer.do(fail)
        with pytest.raises(ValueError, match="this one"):
            writer.wait()


def test_left_by_an_exception_it_ends_the_call_under_way_and_begins_no_other() -> None:
    gate, begun, calls = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        gate.wait()
        calls.append("slow")

    def leave(writer: BackgroundWriter) -> None:
        writer.do(slow)
        writer.do(calls.append, "never")
        begun.wait()
        threading.Timer(0.1, gate.set).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), BackgroundWriter() as writer:
        leave(writer)
    assert calls == ["slow"]
