"""Share compiled loops that release the interpreter's lock among threads that sleep when there is nothing to do.

OpenMP's threads spin between loops and fight with those of BLAS; these do not, and one compiled variant of each loop
serves both one thread and several.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import pairwise
from threading import Lock, current_thread
from typing import Any, TypeVar, cast

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def count() -> int:
    """How many threads to use: the cores of this process, or fewer where the environment says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = [os.environ.get(name, "") for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")]
    return max(1, min([cores, *(int(text) for text in asked if text.isdigit())]))


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """One pool a process: a fork inherits no threads, so its own id asks for a new one."""
    return ThreadPoolExecutor(max(1, count() - 1), thread_name_prefix="qsb")


def spread(loop: Callable[..., Any], items: int, work: float, *args: Any) -> None:
    """Call ``loop(first, last, *args)`` over `items`, in several threads where `work` operations are worth it."""
    parts = min(count(), items) if work >= WORTH else 1
    if parts == 1:
        loop(0, items, *args)
        return
    edges = [items * k // parts for k in range(parts + 1)]
    pool = _pool(os.getpid())
    others = [pool.submit(loop, a, b, *args) for a, b in pairwise(edges[1:])]
    loop(edges[0], edges[1], *args)
    for other in others:
        other.result()


@cache
def _libraries() -> ThreadpoolController:
    """The thread pools of BLAS, looked up once: that takes milliseconds."""
    return ThreadpoolController()


class _Calm:
    """How many hold BLAS to one thread, in whatever order they come and go."""

    def __init__(self) -> None:
        """Nobody does."""
        self.lock, self.holders, self.limit = Lock(), 0, ExitStack()

    def enter(self) -> None:
        """The first one sets the limit."""
        with self.lock:
            if not self.holders:
                self.limit.enter_context(_libraries().limit(limits=1, user_api="blas"))
            self.holders += 1

    def leave(self) -> None:
        """The last one takes it away."""
        with self.lock:
            self.holders -= 1
            if not self.holders:
                self.limit.close()


_calm = _Calm()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: small products gain nothing from two, and threads that wait for each other lose."""
    _calm.enter()
    try:
        yield
    finally:
        _calm.leave()


@cache
def _workers(process: int) -> ThreadPoolExecutor:
    """The pool of `each`, one a process; apart from the one of `spread`, which such calls may use in their turn."""
    return ThreadPoolExecutor(count(), thread_name_prefix=_EACH)


def each(work: Callable[[Item], Result], items: Sequence[Item], *, large: bool = True) -> Iterator[Result]:
    """Results of calls that release the lock (LAPACK, compiled loops), in order; side by side where each is large."""
    # a call made by one of these threads would wait for itself
    if min(count(), len(items)) < 2 or not large or current_thread().name.startswith(_EACH):
        yield from map(work, items)
        return
    with one_blas_thread():
        running = [_workers(os.getpid()).submit(work, item) for item in items]
        try:
            for one in running:
                yield one.result()
        finally:
            for one in running:
                one.cancel()
            wait(running)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items of an iterator, each made in another thread while the one before it is in use."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="qsb-ahead") as pool:
        following = pool.submit(next, items, end)
        while (item := following.result()) is not end:
            following = pool.submit(next, items, end)
            yield cast("Item", item)


#: name of the threads of `each`
_EACH = "qsb-each"
#: multiply-adds from which a second thread pays for waking it
WORTH = 1_000_000
