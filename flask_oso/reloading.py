"""Reload policies when their files change, while a developer works on them.

In go the files that ``OSO_POLICIES`` names. A load puts what is new in the place of the old
policy in one step, or nothing changes, and the log and ``AppState.reload_problem`` say why.
So it is with a file that lost its text, and with one that a pattern found and finds no more,
until a second look agrees: an editor may be about to write it again.

Requests look at the files, a few times a second at most: that needs no thread, goes on
after a fork, and is right under any server. Where ``watchfiles`` is installed a thread looks,
too, as soon as a file is saved. It begins with the first request of a process.

Each request is judged by one policy: a load waits for those that are under way, for a second
at most, and requests that begin meanwhile wait for the load.
"""

from __future__ import annotations

import atexit
import codecs
import dataclasses
import functools
import logging
import os
import threading
import time
import typing as t
import weakref
from collections.abc import Callable, Sequence

from flask import Flask, Request

from .app_state import AppState, PolicyBinder
from .config import Config, Look, find_files, look_at
from .oso import Oso
from .request_state import this_request

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
_GONE = (
    "{path}: The file is gone. If it is still gone at the next look, its rules go with it; to keep"
    " them, put it back."
)
_WITHOUT = "The policy was loaded again, without the rules of files that are gone: %s."
_RESTLESS = (
    "{path}: The file keeps changing, and is loaded once it stays as it is. In force is the policy"
    " {named}."
)
_NOT_TEXT = "{path}:{line}: The file is not UTF-8. Save it as UTF-8."

_WHITE_SPACE = b" \t\n\v\f\r\0"

Seen = tuple[Look, ...]


def follow_files(app: Flask, state: AppState, config: Config, binder: PolicyBinder) -> None:
    """Keep the policy of an app as its files are; see ``OSO_RELOAD``."""
    oso = t.cast(Oso, state.oso)
    find = functools.partial(find_files, app.root_path, config.values["OSO_POLICIES"])
    with binder.lock:
        reloader = binder.reloaders.setdefault(oso, Reloader(oso, find, config.seen))
    reload_in_requests(app, state, reloader)


def reload_in_requests(app: Flask, state: AppState, reloader: Reloader) -> None:
    """Have each request of an app look at the policy files first, in debug mode."""

    def begin() -> None:
        # It may be switched off, too, while the application serves.
        if app.debug:
            reloader.begin(this_request(), app.logger)
        elif not reloader.has_explained:
            reloader.has_explained = True
            app.logger.warning(_NO_EFFECT)

    def end(_error: BaseException | None) -> None:
        reloader.end(this_request())

    reloader.add(app, state)
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
        #: Why these are not in force.
        self._problem: str | None = None
        self._in_force = seen
        self._blank = _blank_among(seen)
        #: The files that are gone, and when a look missed them first.
        self._missed: dict[str, float] = {}
        self._reported: str | None = None
        self._apps: tuple[tuple[weakref.ref[Flask], weakref.ref[AppState]], ...] = ()
        self._turns: dict[int, _Turn] = {}

    def add(self, app: Flask, state: AppState) -> None:
        """Tell an app what becomes of the files, too."""
        self._apps = (*self._apps, (weakref.ref(app), weakref.ref(state)))

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
        states = self._states_with(oso)
        if oso is None or not states:
            return
        seen, problem = self._changed(oso)
        if seen is None:
            self._report(problem, states, logger)
            return
        with turn.gate:
            if _has_to_wait(turn):
                return
            missed = self._newly_missed(seen)
            if missed:
                self._report(_GONE.format(path=", ".join(sorted(missed))), states, logger)
                return
            problem = self._load(oso, seen)
        # What was written while the files were read is read by the next look.
        self._seen = seen if look_at(self._find()) == seen else None
        self._problem, self._reported = problem, None
        self._report(problem, states, logger)
        if problem is None:
            _tell(seen, _gone(self._in_force, seen), logger)
            self._in_force, self._blank = seen, _blank_among(seen)

    def _changed(self, oso: Oso) -> tuple[Seen | None, str | None]:
        """Give how the files are if they are to be loaded, or else the problem with them."""
        if look_at(self._find()) == self._seen:
            return None, self._problem
        seen, restless = _wait_until_still(self._find)
        if restless is not None:
            return None, _RESTLESS.format(path=restless, named=_named(oso, self._in_force))
        return (None, self._problem) if seen == self._seen else (seen, None)

    def _states_with(self, oso: Oso | None) -> list[AppState]:
        """Give the states of apps that have this Oso; none if no app is in debug mode any more."""
        known = [(app(), state()) for app, state in self._apps]
        # An app may have been given another Oso since.
        having = [(app, state) for app, state in known if state is not None and state.oso is oso]
        is_wanted = any(app is not None and app.debug for app, _ in having)
        return [state for _, state in having] if is_wanted else []

    def _newly_missed(self, seen: Seen) -> frozenset[str]:
        """Give the files in force that are gone, and were not at a look some time before."""
        gone, now = _gone(self._in_force, seen), time.monotonic()
        since = {path: self._missed.get(path, now) for path in gone}
        is_first = {path for path in gone if path not in self._missed}
        self._missed = since
        # A thread may look twice while an editor writes once.
        return frozenset(path for path in gone if path in is_first or now - since[path] < INTERVAL)

    def _report(
        self, problem: str | None, states: Sequence[AppState], logger: logging.Logger
    ) -> None:
        """Tell the apps what keeps the files from being in force, and the log once."""
        for state in states:
            state.reload_problem = problem
        if problem is not None and problem != self._reported:
            logger.error(_REFUSED, problem)
        self._reported = problem

    def _load(self, oso: Oso, seen: Seen) -> str | None:
        """Load the files; give the problem if they are not in force then."""
        emptied = _emptied(seen, self._in_force, self._blank)
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


def _named(oso: Oso, files: Seen) -> str:
    """Name a policy as the decision log does, with its files."""
    return f"{oso.engine.policy.digest} of {', '.join(look.path for look in files)}"


def _tell(seen: Seen, gone: frozenset[str], logger: logging.Logger) -> None:
    logger.info("The policy was loaded again: %s.", ", ".join(look.path for look in seen))
    if gone:
        logger.warning(_WITHOUT, ", ".join(sorted(gone)))


def _gone(in_force: Seen, seen: Seen) -> frozenset[str]:
    """Give the paths of files that a pattern found, and finds no more."""
    found = {look.path for look in seen}
    return frozenset(
        look.path for look in in_force if look.traits is not None and look.path not in found
    )


def _has_to_wait(turn: _Turn) -> bool:
    """Tell whether requests are under way for which a load can wait."""
    since, now = turn.waits_since, time.monotonic()
    if turn.under_way and (since is None or now - since < LONGEST_REQUEST):
        turn.waits_since = now if since is None else since
        return True
    turn.waits_since = None
    return False


def _wait_until_still(find: Callable[[], Sequence[str]]) -> tuple[Seen, str | None]:
    """Give how the files are once nothing is written or renamed.

    :return: besides, the path of a file that is still being written when patience ends.
    """
    before = look_at(find())
    changed: str | None = None
    for _ in range(_PATIENCE):
        time.sleep(PAUSE)
        now = look_at(find())
        if now == before:
            return now, None
        changed = min(look.path for look in {*now} ^ {*before})
        before = now
    return before, changed


def _emptied(seen: Seen, in_force: Seen, were_blank: frozenset[str]) -> str | None:
    """Give the path of a file that had something in it and has nothing now.

    It is what a file looks like while an editor, or a full disk, is about to write it.
    """
    had_text = {look.path for look in in_force if look.traits is not None} - were_blank
    return next((path for path in sorted(_blank_among(seen)) if path in had_text), None)


def _blank_among(seen: Seen) -> frozenset[str]:
    """Give the paths of files with nothing in them, or nothing but white space."""
    return frozenset(look.path for look in seen if look.is_empty or _is_blank(look))


def _is_blank(look: Look) -> bool:
    if look.traits is None:
        return False
    try:
        with open(look.path, "rb") as file:
            text = file.read()
    except OSError:
        return False
    # A byte order mark, and what a disk has where nothing was written, are no text.
    return not text.removeprefix(codecs.BOM_UTF8).strip(_WHITE_SPACE)


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
