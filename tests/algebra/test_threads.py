"""Work shared among threads: the order of results, what nests, and what is left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event, current_thread

import pytest
from threadpoolctl import threadpool_info

from qsb.algebra.kernels import threads


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two threads, whatever the machine and its environment."""
    monkeypatch.setattr(threads, "count", lambda: 2)
    threads._workers.cache_clear()
    yield
    threads._workers.cache_clear()


def _blas() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.usefixtures("two")
def test_results_come_in_order_from_several_threads() -> None:
    seen = set()

    def work(k: int) -> int:
        seen.add(current_thread().name)
        time.sleep(0.002 * (5 - k % 5))
        return k * k

    assert list(threads.each(work, range(20))) == [k * k for k in range(20)]
    assert len(seen) == 2
    assert all(name.startswith("qsb-each") for name in seen)


@pytest.mark.usefixtures("two")
def test_calls_within_calls_do_not_wait_for_themselves() -> None:
    def outer(k: int) -> int:
        return sum(threads.each(lambda j: j * k, range(4)))

    assert list(threads.each(outer, range(6))) == [6 * k for k in range(6)]


@pytest.mark.usefixtures("two")
def test_what_fails_is_told_and_nothing_goes_on() -> None:
    done = []

    def work(k: int) -> int:
        if k == 1:
            raise ValueError("the second")
        time.sleep(0.01)
        done.append(k)
        return k

    with pytest.raises(ValueError, match="the second"):
        list(threads.each(work, range(50)))
    held = len(done)
    time.sleep(0.05)
    assert len(done) == held < 50


def test_blas_gets_its_threads_back_in_whatever_order_they_are_left() -> None:
    before = _blas()
    first, second = threads.one_blas_thread(), threads.one_blas_thread()
    first.__enter__()
    second.__enter__()
    assert all(n == 1 for n in _blas())
    first.__exit__(None, None, None)
    assert all(n == 1 for n in _blas())
    second.__exit__(None, None, None)
    assert _blas() == before


def test_the_next_item_is_made_while_one_is_in_use() -> None:
    made = [Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for k in range(4):
            made[k].set()
            yield k

    run = threads.ahead(items())
    assert next(run) == 0
    assert made[1].wait(5.0)
    assert not made[2].is_set()
    assert list(run) == [1, 2, 3]


def test_an_error_ahead_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third")

    run = threads.ahead(items())
    assert [next(run), next(run)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(run)
