"""Reload policies when their files change, while a developer works on them.

In go the files that ``OSO_POLICIES`` names. A load puts what is new in the place of the old
policy in one step, or nothing changes, and the log and ``OsoState.reload_problem`` say why.

Requests look at the files, a few times a second at most: that needs no thread, goes on
after a fork, and is right under any server. Where ``watchfiles`` is installed a thread looks,
too, as soon as a file is saved. It begins with the first request of a process.

Each request is judged by one policy: a load waits for those that are under way, for a second
at most, and requests that begin meanwhile wait for the load.
"""

from __future__ import annotations

import atexit
import dataclasses
import logging
import os
import threading
import time
import typing as t
import weakref
from collections.abc import Callable, Sequence

from flask import Flask, Request

from .globals import OsoState, this_request
from .oso import Oso
from .policy_files import Look, look_at

#: Seconds between two looks at the files.
INTERVAL = 0.2
#: Seconds for which files have to stay as they are before they are read.
PAUSE = 0.05
#: Seconds for which a load waits for requests that began under the policy in force.
LONGEST_REQUEST = 1.0
#: How often a look waits for that before it leaves them to the next one.
_PATIENCE = 10

_NO_EFFECT = (
    "'OSO_RELOAD' has an effect in debug mode only. The policy files are not watched: restart the"
    " application to load them again."
)
_REFUSED = "The policy files changed and did not load. The policy from before stays in force.\n%s"
_EMPTY = "{path}:1: The file is empty. If that is what you want, put a comment in it."
_NOT_TEXT = "{path}:{line}: The file is not UTF-8. Save it as UTF-8."

Seen = tuple[Look, ...]


def reload_in_requests(app: Flask, state: OsoState, reloader: Reloader) -> None:
    """Have each request of an app look at the policy files first, in debug mode."""

    def begin() -> None:
        if app.debug:
            reloader.begin(this_request(), app.logger)
        elif not reloader.has_explained:
            reloader.has_explained = True
            app.logger.warning(_NO_EFFECT)

    def end(_error: BaseException | None) -> None:
        reloader.end(this_request())

    reloader.add(state)
    app.before_request(begin)
    app.teardown_request(end)


@dataclasses.dataclass(eq=False)
class _Turn:
    """What belongs to one process: a fork copies a lock, and no thread."""

    #: Held by the one that looks.
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    #: Held while a load takes place, and while a request begins or ends.
    gate: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    under_way: weakref.WeakSet[Request] = dataclasses.field(default_factory=weakref.WeakSet)
    #: Since when a load waits for them.
    waits_since: float | None = None
    #: When the next look is due.
    due: float = 0.0
    is_followed: bool = False


class Reloader:
    """Keeps the policy of an Oso as its files are; the apps that share the Oso share it.

    It does not keep the Oso alive.

    :param find: gives the paths of the files as they are now.
    :param seen: how the files were before the policy was loaded.
    """

    def __init__(self, oso: Oso, find: Callable[[], Sequence[str]], seen: Seen) -> None:
        #: Whether the log has it that there is no effect.
        self.has_explained = False
        self._oso = weakref.ref(oso)
        self._find = find
        #: How the files were when they were last read; ``None`` if they changed meanwhile.
        self._seen: Seen | None = seen
        self._in_force = seen
        self._states: tuple[weakref.ref[OsoState], ...] = ()
        self._turns: dict[int, _Turn] = {}

    def add(self, state: OsoState) -> None:
        """Tell an app what becomes of the files, too."""
        self._states = (*self._states, weakref.ref(state))

    def begin(self, request: Request, logger: logging.Logger) -> None:
        """Load the files again if they changed, and keep the policy until the request ends.

        It raises nothing, and does not wait while another thread looks at the files.
        """
        self._look_if_due(logger)
        turn = self._turn()
        with turn.gate:
            turn.under_way.add(request)

    def end(self, request: Request) -> None:
        """Keep the policy no longer for a request; it may not have begun."""
        turn = self._turn()
        with turn.gate:
            turn.under_way.discard(request)

    def _look_if_due(self, logger: logging.Logger) -> None:
        turn = self._turn()
        if time.monotonic() >= turn.due:
            self._take(turn, logger)
        if not turn.is_followed:
            turn.is_followed = True
            _follow(self, logger)

    def look(self, logger: logging.Logger) -> None:
        """Load the files again if they changed, whenever the last look was."""
        self._take(self._turn(), logger)

    def directories(self) -> set[str]:
        """Give the directories in which something may change."""
        return {os.path.dirname(os.path.abspath(path)) for path in self._find()}

    def _turn(self) -> _Turn:
        return self._turns.setdefault(os.getpid(), _Turn())

    def _take(self, turn: _Turn, logger: logging.Logger) -> None:
        if not turn.lock.acquire(blocking=False):
            return
        try:
            self._load_if_changed(turn, logger)
            turn.due = time.monotonic() + INTERVAL
        finally:
            turn.lock.release()

    def _load_if_changed(self, turn: _Turn, logger: logging.Logger) -> None:
        oso = self._oso()
        # An app may have been given another Oso since.
        states = [
            state for ref in self._states if (state := ref()) is not None and state.oso is oso
        ]
        if oso is None or not states or look_at(self._find()) == self._seen:
            return
        seen = _wait_until_still(self._find)
        if seen is None or seen == self._seen:
            return
        with turn.gate:
            if _has_to_wait(turn):
                return
            problem = self._load(oso, seen)
        # What was written while the files were read is read by the next look.
        self._seen = seen if look_at(self._find()) == seen else None
        for state in states:
            state.reload_problem = problem
        if problem is not None:
            logger.error(_REFUSED, problem)
            return
        self._in_force = seen
        logger.info("The policy was loaded again: %s.", ", ".join(look.path for look in seen))

    def _load(self, oso: Oso, seen: Seen) -> str | None:
        """Load the files; give the problem if they are not in force then."""
        emptied = _emptied(seen, self._in_force)
        if emptied is not None:
            return _EMPTY.format(path=emptied)
        paths = [look.path for look in seen]
        try:
            oso.load_files(paths, replace=True)
        # Inline queries run the application's code, which may raise anything. No decision
        # depends on it: that is the policy's from before.
        except Exception as error:
            return _describe(error, paths)
        return None


def _has_to_wait(turn: _Turn) -> bool:
    """Tell whether requests are under way for which a load can wait."""
    since, now = turn.waits_since, time.monotonic()
    if turn.under_way and (since is None or now - since < LONGEST_REQUEST):
        turn.waits_since = now if since is None else since
        return True
    turn.waits_since = None
    return False


def _wait_until_still(find: Callable[[], Sequence[str]]) -> Seen | None:
    """Give how the files are once nothing is written or renamed; ``None`` if it does not end."""
    before = look_at(find())
    for _ in range(_PATIENCE):
        time.sleep(PAUSE)
        now = look_at(find())
        if now == before:
            return now
        before = now
    return None


def _emptied(seen: Seen, in_force: Seen) -> str | None:
    """Give the path of a file that had something in it and has nothing now.

    It is what a file looks like while an editor, or a full disk, is about to write it.
    """
    had_text = {look.path for look in in_force if not look.is_empty}
    return next((look.path for look in seen if look.is_empty and look.path in had_text), None)


def _describe(error: Exception, paths: Sequence[str]) -> str:
    if isinstance(error, UnicodeDecodeError):
        return next(filter(None, map(_undecodable, paths)), str(error))
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fspath(error.filename)}: {error.strerror}."
    return str(error) or type(error).__name__


def _undecodable(path: str) -> str | None:
    """Say where a file is not text, if it is not."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        text.decode()
    except UnicodeDecodeError as error:
        return _NOT_TEXT.format(path=path, line=text.count(b"\n", 0, error.start) + 1)
    except OSError:
        return None
    return None


def _follow(reloader: Reloader, logger: logging.Logger) -> None:
    """Begin a thread that looks as soon as something is saved, if ``watchfiles`` is there."""
    try:
        import watchfiles  # noqa: F401  # whether it is there
    except ImportError:
        return
    stop = threading.Event()
    thread = threading.Thread(
        target=_look_on_changes,
        args=(weakref.ref(reloader, lambda _: stop.set()), logger, stop),
        name="flask_oso.reloading",
        daemon=True,
    )
    try:
        thread.start()
    except RuntimeError as error:  # There are too many; requests still look.
        logger.debug("No thread watches the policy files: %s", error)
        return
    # The thread waits outside of Python, and must be back before Python ends.
    atexit.register(_end, weakref.ref(thread), stop)


def _end(thread: weakref.ref[threading.Thread], stop: threading.Event) -> None:
    stop.set()
    running = thread()
    if running is not None:
        running.join(timeout=2)


def _look_on_changes(
    followed: weakref.ref[Reloader], logger: logging.Logger, stop: threading.Event
) -> None:
    while not stop.is_set():
        reloader = followed()
        if reloader is None:
            return
        directories = reloader.directories()
        del reloader
        try:
            _look_while_in(directories, followed, logger, stop)
        except (OSError, RuntimeError) as error:
            # A directory is gone, or the system watches no more of them; requests still look.
            logger.debug("The policy files are not watched any more: %s", error)
            return


def _look_while_in(
    directories: set[str],
    followed: weakref.ref[Reloader],
    logger: logging.Logger,
    stop: threading.Event,
) -> None:
    """Look at each change in some directories, until others are to be watched."""
    import watchfiles

    changes = watchfiles.watch(
        *directories,
        watch_filter=_is_policy,
        debounce=100,
        step=20,
        stop_event=stop,
        rust_timeout=500,
        yield_on_timeout=True,
        recursive=False,
    )
    for _ in changes:
        reloader = followed()
        if reloader is None:
            return
        # Now and then without a change, too: one may have come before the watch began.
        reloader.look(logger)
        if reloader.directories() != directories:
            return
        del reloader


def _is_policy(_change: t.Any, path: str) -> bool:
    return path.endswith(".polar")
