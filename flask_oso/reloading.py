"""Reload policies when their files change, while a developer works on them.

In go the files that ``OSO_POLICIES`` names. A load puts what is new in the place of the old
policy in one step, or nothing changes, and the log and ``AppState.reload_problem`` say why.
So it is with a file that lost its text, and with one that a pattern found and finds no more,
until a second look agrees: an editor may be about to write it again.

Requests look at the files, a few times a second at most: that needs no thread, goes on
after a fork, and is right under any server. Where ``watchfiles`` is installed a thread looks,
too, as soon as a file is saved. It begins with the first request of a process. Werkzeug's own
reloader would start the process again, with the policy that may not load.

Each request is judged by one policy: a load waits for those that are under way, for a second
at most. In the second half of that time requests that begin wait for the load, so that it comes
between two requests though there are some all the time.
"""

from __future__ import annotations

import atexit
import codecs
import contextvars
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
from .config import Config, Texts, find_files, policy_names, read_texts
from .oso import Oso
from .request_state import this_request

#: Seconds between two looks at the files.
INTERVAL = 0.2
#: Seconds for which files have to stay as they are before they are read.
PAUSE = 0.05
#: Seconds for which a load waits for requests that began under the policy in force.
LONGEST_REQUEST = 1.0
#: How often a look waits for files to stay as they are before it leaves them to the next one.
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
    " {digest} of {files}."
)


def follow_files(app: Flask, state: AppState, config: Config, binder: PolicyBinder) -> None:
    """Have each request of an app look at its policy files first, in debug mode."""
    oso = t.cast(Oso, state.oso)
    find = functools.partial(find_files, app.root_path, policy_names(app))
    with binder.lock:
        reloader = binder.reloaders.setdefault(oso, Reloader(oso, find, config.seen))
    reloader.apps.append((weakref.ref(app), weakref.ref(state)))

    @app.before_request
    def begin() -> None:
        # It may be switched off, too, while the application serves.
        if app.debug:
            reloader.begin(this_request(), app.logger)
        elif app.config["OSO_RELOAD"] and not reloader.has_explained:
            reloader.has_explained = True
            app.logger.warning(_NO_EFFECT)

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        reloader.end(this_request())


@dataclasses.dataclass(eq=False)
class _Turn:
    """What belongs to one process: a fork copies a lock, and no thread."""

    #: Held by the one that looks.
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    #: Held while a load takes place, and while a request begins or ends.
    gate: threading.Condition = dataclasses.field(default_factory=threading.Condition)
    #: With the threads that answer them.
    under_way: weakref.WeakKeyDictionary[Request, int] = dataclasses.field(
        default_factory=weakref.WeakKeyDictionary
    )
    #: Since when a load waits for them.
    waits_since: float | None = None
    #: When the next look is due.
    due: float = 0.0
    is_followed: bool = False

    def has_to_wait(self) -> bool:
        """Tell whether requests are under way for which a load can wait."""
        now = time.monotonic()
        since = now if self.waits_since is None else self.waits_since
        waits = bool(self.under_way) and (since == now or now - since < LONGEST_REQUEST)
        self.waits_since = since if waits else None
        return waits

    def is_waiting(self) -> bool:
        """Tell whether a load has waited for so long that no other request may begin.

        That is for the second half of the time: where requests come all the time, the load would
        find some under way whenever it looks.
        """
        if self.waits_since is None or threading.get_ident() in self.under_way.values():
            return False
        waited = time.monotonic() - self.waits_since
        return LONGEST_REQUEST / 2 <= waited < LONGEST_REQUEST


class Reloader:
    """Keeps the policy of an Oso as its files are; the apps that share the Oso share it.

    It does not keep the Oso alive.

    :param find: gives the paths of the files as they are now.
    :param seen: the texts of the files before the policy was loaded.
    """

    def __init__(self, oso: Oso, find: Callable[[], Sequence[str]], seen: Texts) -> None:
        #: Whether the log has it that there is no effect.
        self.has_explained = False
        #: Who is told what becomes of the files.
        self.apps: list[tuple[weakref.ref[Flask], weakref.ref[AppState]]] = []
        self._oso = weakref.ref(oso)
        self._find = find
        #: What was last loaded or refused; ``None`` if it changed meanwhile.
        self._seen: Texts | None = seen
        #: Why that is not in force.
        self._problem: str | None = None
        self._in_force = seen
        #: The files that are gone, and when a look missed them first.
        self._missed: dict[str, float] = {}
        self._reported: str | None = None
        self._turns: dict[int, _Turn] = {}

    def begin(self, request: Request, logger: logging.Logger) -> None:
        """Load the files again if they changed, and keep the policy until the request ends.

        It raises nothing, and does not wait while another thread looks at the files.
        """
        turn = self._turn()
        if not turn.is_followed:
            turn.is_followed = True
            _follow(self, logger)
        if time.monotonic() >= turn.due:
            self.look(logger)
        while not self._has_begun(turn, request):
            self.look(logger)

    def _has_begun(self, turn: _Turn, request: Request) -> bool:
        """Note that a request begins, unless a load waits for others to end; then wait a moment."""
        with turn.gate:
            if turn.is_waiting():
                turn.gate.wait(PAUSE)
                return False
            turn.under_way[request] = threading.get_ident()
            return True

    def end(self, request: Request) -> None:
        """Keep the policy no longer for a request; it may not have begun."""
        turn = self._turn()
        with turn.gate:
            turn.under_way.pop(request, None)
            if not turn.under_way:
                turn.gate.notify_all()

    def look(self, logger: logging.Logger) -> None:
        """Load the files again if they changed, whenever the last look was."""
        turn = self._turn()
        if not turn.lock.acquire(blocking=False):
            return
        try:
            self._load_if_changed(turn, logger)
            turn.due = time.monotonic() + INTERVAL
        finally:
            turn.lock.release()

    def directories(self) -> set[str]:
        """Give the directories in which something may change."""
        return {os.path.dirname(os.path.abspath(path)) for path in self._find()}

    def _turn(self) -> _Turn:
        return self._turns.setdefault(os.getpid(), _Turn())

    def _load_if_changed(self, turn: _Turn, logger: logging.Logger) -> None:
        oso = self._oso()
        # An app may have been given another Oso since.
        known = [(app(), state()) for app, state in self.apps]
        having = [(app, state) for app, state in known if state is not None and state.oso is oso]
        if oso is None or not any(app is not None and app.debug for app, _ in having):
            return
        report = functools.partial(self._report, [state for _, state in having], logger)
        texts, restless = self._texts_at_rest()
        if restless is not None:
            digest, files = oso.engine.policy.digest, ", ".join(self._in_force)
            report(_RESTLESS.format(path=restless, digest=digest, files=files))
            return
        if texts == self._seen:
            turn.waits_since = None
            report(self._problem)
            return
        gone = [
            path for path, text in self._in_force.items() if text is not None and path not in texts
        ]
        with turn.gate:
            if turn.has_to_wait():
                return
            missed = self._newly_missed(gone)
            if missed:
                report(_GONE.format(path=", ".join(sorted(missed))))
                return
            self._problem, self._reported = self._load(oso, texts), None
        # What was written while the files were read is read by the next look.
        self._seen = texts if read_texts(self._find()) == texts else None
        report(self._problem)
        if self._problem is None:
            self._in_force = texts
            logger.info("The policy was loaded again: %s.", ", ".join(texts))
            if gone:
                logger.warning(_WITHOUT, ", ".join(sorted(gone)))

    def _texts_at_rest(self) -> tuple[Texts, str | None]:
        """Give the texts of the files once nothing is written or renamed.

        :return: besides, the path of a file that is still being written when patience ends.
        """
        before, changed = read_texts(self._find()), None
        if before == self._seen:
            return before, None
        for _ in range(_PATIENCE):
            time.sleep(PAUSE)
            now = read_texts(self._find())
            if now == before:
                return now, None
            changed = min(path for path, _ in {*now.items()} ^ {*before.items()})
            before = now
        return before, changed

    def _newly_missed(self, gone: Sequence[str]) -> list[str]:
        """Give the files that are gone, and were not at a look some time before."""
        before, now = self._missed, time.monotonic()
        self._missed = {path: before.get(path, now) for path in gone}
        # A thread may look twice while an editor writes once.
        return [path for path in gone if path not in before or now - before[path] < INTERVAL]

    def _load(self, oso: Oso, texts: Texts) -> str | None:
        """Load the files; give the problem if they are not in force then."""
        # So a file looks while an editor, or a full disk, is about to write it.
        emptied = [path for path in texts if _is_blank(texts[path]) and self._had_text(path)]
        if emptied:
            return _EMPTY.format(path=min(emptied))
        try:
            oso.load_files(list(texts), replace=True)
        # Inline queries run the application's code, which may raise anything. No decision
        # depends on it: that is the policy's from before.
        except Exception as error:
            return str(error) or type(error).__name__
        return None

    def _had_text(self, path: str) -> bool:
        text = self._in_force.get(path)
        return text is not None and not _is_blank(text)

    def _report(
        self, states: Sequence[AppState], logger: logging.Logger, problem: str | None
    ) -> None:
        """Tell the apps what keeps the files from being in force, and the log once."""
        for state in states:
            state.reload_problem = problem
        if problem is not None and problem != self._reported:
            logger.error(_REFUSED, problem)
        self._reported = problem


def _is_blank(text: bytes | None) -> bool:
    """Tell whether there is a file, and nothing in it but white space.

    A byte order mark, and what a disk has where nothing was written, are no text.
    """
    return text is not None and not text.removeprefix(codecs.BOM_UTF8).strip(b" \t\n\v\f\r\0")


# -- the thread ------------------------------------------------------------------------


def _follow(reloader: Reloader, logger: logging.Logger) -> None:
    """Begin a thread that looks as soon as something is saved, if ``watchfiles`` is there."""
    try:
        import watchfiles
    except ImportError:
        return
    stop = threading.Event()
    followed = weakref.ref(reloader, lambda _: stop.set())
    watch = functools.partial(
        watchfiles.watch,
        watch_filter=lambda _, path: path.endswith(".polar"),
        debounce=100,
        step=20,
        stop_event=stop,
        rust_timeout=500,
        yield_on_timeout=True,
        recursive=False,
    )
    thread = threading.Thread(
        target=_look_on_changes,
        args=(followed, logger, watch),
        name="flask_oso.reloading",
        daemon=True,
    )
    try:
        # In a context of its own: without the global interpreter lock, a thread runs in a copy of
        # that in which it is started, and keeps it. That of the request has the application.
        contextvars.Context().run(thread.start)
    except RuntimeError as error:  # There are too many; requests still look.
        logger.debug("No thread watches the policy files: %s", error)
        return

    # The thread waits outside of Python, and must be back before Python ends.
    @atexit.register
    def end() -> None:
        stop.set()
        thread.join(timeout=2)


def _look_on_changes(
    followed: weakref.ref[Reloader], logger: logging.Logger, watch: Callable[..., t.Any]
) -> None:
    directories: set[str] = set()
    changes: t.Iterator[object] = iter(())
    while (reloader := followed()) is not None:
        try:
            # Now and then without a change, too: one may have come before the watch began.
            reloader.look(logger)
            if reloader.directories() != directories:
                directories = reloader.directories()
                changes = watch(*directories)
            del reloader
            next(changes)
        except (OSError, RuntimeError, StopIteration) as error:
            # A directory is gone, or the system watches no more of them; requests still look.
            logger.debug("The policy files are not watched any more: %s", error)
            return
