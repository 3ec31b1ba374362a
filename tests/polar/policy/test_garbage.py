"""The search for cycles is kept away from what makes no cycles."""

from __future__ import annotations

import gc
import os
import sys
import threading
import typing as t
import weakref
from collections.abc import Iterator

import pytest

from flask_oso.polar.policy import garbage
from flask_oso.polar.policy.garbage import without_collector

#: Without the global interpreter lock, all objects are of one generation.
has_generations = pytest.mark.skipif(
    "free-threading" in sys.version, reason="This Python has no generations of objects."
)
has_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")


def is_old(made: object) -> bool:
    return any(each is made for each in gc.get_objects(generation=2))


@pytest.fixture(autouse=True, scope="module")
def _unfrozen() -> Iterator[None]:
    """Let the collector see what the tests froze, for a program that froze nothing."""
    gc.unfreeze()
    gc.collect()
    yield
    gc.freeze()


@pytest.fixture(autouse=True)
def _new_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget that the tests have frozen objects."""
    monkeypatch.setattr(garbage, "_aside", garbage._Aside())


def test_collector_is_off_meanwhile() -> None:
    """What is made meanwhile is not looked through again and again."""
    with without_collector():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_collector_that_was_off_stays_off() -> None:
    """Who switched it off has a reason."""
    gc.disable()
    try:
        with without_collector():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


def has_collector_in_child() -> bool:
    """Fork, and return whether the collector is on in the child."""
    if (child := os.fork()) == 0:
        os._exit(0 if gc.isenabled() else 1)
    return os.waitpid(child, 0)[1] == 0


@has_fork
def test_collector_is_on_in_a_process_that_is_forked_meanwhile() -> None:
    """The thread that would switch it on is not there."""
    is_off, may_end = threading.Event(), threading.Event()

    def pause() -> None:
        with without_collector():
            is_off.set()
            may_end.wait()

    thread = threading.Thread(target=pause)
    thread.start()
    try:
        is_off.wait()

        assert not gc.isenabled()
        assert has_collector_in_child()
    finally:
        may_end.set()
        thread.join()


@has_fork
def test_collector_that_the_program_switched_off_stays_off_in_a_child() -> None:
    """Servers switch it off before they fork."""
    with without_collector():
        pass
    gc.disable()
    try:
        assert not has_collector_in_child()
    finally:
        gc.enable()


@has_generations
def test_collector_is_on_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may raise while new objects are put aside, which takes long."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(garbage, "_put_aside", interrupt)
    with pytest.raises(KeyboardInterrupt), without_collector():
        pass

    assert gc.isenabled()


def test_many_new_objects_count_as_old() -> None:
    """Many new objects of a load count as old, so Python does not search them for garbage."""
    with without_collector():
        made: list[t.Any] = [[] for _ in range(garbage._MANY + 1)]

    assert is_old(made)


@has_generations
def test_few_new_objects_stay_new() -> None:
    """Objects of the program that are garbage soon are among them."""
    with without_collector():
        made: list[t.Any] = [[] for _ in range(10)]

    assert not is_old(made)


@has_generations
def test_objects_that_the_program_froze_stay_frozen() -> None:
    """A server that froze them before it forked wants its processes to share them."""
    kept: list[t.Any] = [[] for _ in range(garbage._FROZEN_BY_PYTHON)]
    gc.freeze()
    try:
        with without_collector():
            made: list[t.Any] = [[] for _ in range(garbage._MANY + 1)]

        assert gc.get_freeze_count() >= len(kept)
        assert not is_old(made)
    finally:
        gc.unfreeze()


@has_generations
def test_frozen_objects_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting them takes longer than many a load."""
    counts: list[int] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: counts.append(1) or 10**6)

    for _ in range(3):
        with without_collector():
            made: list[t.Any] = [[] for _ in range(garbage._MANY + 1)]
        assert not is_old(made)

    assert counts == [1]


def test_nothing_is_put_aside_without_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freezing stops all threads there, and helps nothing."""
    frozen: list[int] = []
    monkeypatch.setattr(garbage, "_HAS_GENERATIONS", False)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))

    with without_collector():
        made: list[t.Any] = [[] for _ in range(garbage._MANY + 1)]

    assert made
    assert frozen == []


@has_generations
def test_a_large_load_is_not_searched_because_others_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the policy in force: all that follows in a process that has just loaded it is small."""
    monkeypatch.setattr(garbage, "_MOST_ASIDE", 3 * garbage._MANY)
    monkeypatch.setattr(garbage, "_aside", garbage._Aside())
    # An empty heap, so that a quarter of it is little.
    monkeypatch.setattr(gc, "get_objects", lambda **_: [])
    before = garbage._searches()

    kept: list[t.Any] = []
    for size in (10, 1, 1):
        with without_collector():
            kept += [[] for _ in range(size * garbage._MANY + 1)]

    assert garbage._searches() == before


class Ring:
    """What only a search for garbage frees."""

    def __init__(self) -> None:
        self.ring = self


@pytest.mark.full
@has_generations
def test_garbage_of_many_loads_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Putting objects aside lets Python forget to search the oldest ones: loads see to it."""
    monkeypatch.setattr(garbage, "_MOST_ASIDE", 5 * garbage._MANY)
    monkeypatch.setattr(garbage, "_aside", garbage._Aside())
    gc.collect()
    # The objects of so many loads are a quarter of the old ones, and some more.
    loads = len(gc.get_objects(generation=2)) // (8 * garbage._MANY) + 10
    rings = []
    for _ in range(loads):
        with without_collector():
            rings.append(weakref.ref(Ring()))
            # These are alive until the end of the load.
            made: list[t.Any] = [[] for _ in range(2 * garbage._MANY)]
        del made

    assert sum(ring() is not None for ring in rings) < len(rings)
