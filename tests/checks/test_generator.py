"""Requests leave when they are planned, whatever the answers do, and time counts from there."""

import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.checks.generator import arrivals, generate


@settings(max_examples=20)
@given(per_minute=st.floats(60, 6000), seconds=st.floats(1, 30), seed=st.integers(0, 99))
def test_moments_ascend_and_end_in_time(per_minute: float, seconds: float, seed: int) -> None:
    moments = list(arrivals(per_minute=per_minute, seconds=seconds, seed=seed))

    assert moments == sorted(moments)
    assert all(0 < moment < seconds for moment in moments)


def test_the_rate_is_the_one_that_was_asked_for() -> None:
    moments = list(arrivals(per_minute=600, seconds=600, seed=1))

    assert len(moments) == pytest.approx(6000, rel=0.05)


def test_a_slow_answer_delays_no_other_request() -> None:
    all_left = threading.Barrier(4)

    def answered_once_all_left(_: int) -> str | None:
        try:
            all_left.wait(timeout=60)
        except threading.BrokenBarrierError:
            return "another request waited for this answer"
        return None

    moments = iter([0.0, 0.05, 0.1, 0.15])
    ledger = generate(answered_once_all_left, moments, threads=4, grace_seconds=60)

    assert [sent.error for sent in ledger] == [None] * 4


def test_the_time_of_a_request_counts_up_to_its_answer() -> None:
    def slow(_: int) -> None:
        time.sleep(0.2)

    (sent,) = generate(slow, iter([0.0]), threads=1, grace_seconds=60)

    assert sent.service_seconds >= 0.2


def test_a_wait_for_a_thread_counts_into_the_time_of_a_request() -> None:
    def first_is_slow(number: int) -> None:
        time.sleep(0.3 if number == 0 else 0)

    _, second = generate(first_is_slow, iter([0.0, 0.01]), threads=1, grace_seconds=5)

    assert second.seconds >= 0.25
    assert second.lag >= 0.25
    assert second.service_seconds < second.lag


def test_what_cannot_leave_within_the_grace_is_not_sent_and_stays_in_the_ledger(
    clock: Any,
) -> None:
    sent: list[int] = []

    def stuck(number: int) -> None:
        sent.append(number)
        clock.sleep(0.4)

    ledger = generate(stuck, iter([0.0, 0.01, 0.02]), threads=1, grace_seconds=0.1)

    assert sent == [0]
    assert [one.error for one in ledger[1:]] == ["not sent: no thread was free in time"] * 2


def test_no_more_threads_than_allowed_send_at_once() -> None:
    running, most, lock, three = 0, 0, threading.Lock(), threading.Barrier(3)

    def count(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        three.wait(timeout=60)
        with lock:
            running -= 1

    generate(count, iter([0.0] * 21), threads=3, grace_seconds=60)

    assert most == 3


def test_what_went_wrong_is_kept() -> None:
    (sent,) = generate(lambda _: "503", iter([0.0]), threads=1, grace_seconds=1)

    assert sent.error == "503"
