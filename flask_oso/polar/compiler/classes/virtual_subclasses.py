"""Classes that others may be registered as subclasses of, as ``abc`` allows it at any time.

In go two classes of which one is no subclass of the other, when a function relies on that; out
comes whether it is still so. ``abc`` counts all registrations: while none is made, one comparison
tells it.
"""

from __future__ import annotations

import abc
import threading
import weakref
from collections.abc import Iterable

from ...solver.class_tests import is_abstract


class VirtualSubclasses:
    """What the functions of one program rely on.

    :param classes: the registered classes.
    """

    def __init__(self, classes: Iterable[type]) -> None:
        #: Whether there are such classes.
        self.are_needed = any(map(is_abstract, classes))
        #: How many registrations there were when this was last looked at.
        self.token = abc.get_cache_token()
        # Pairs of classes; the first may go. Functions are made in several threads.
        self._apart: frozenset[tuple[weakref.ref[type], type]] = frozenset()
        self._noting = threading.RLock()

    def are_apart(self, cls: type, abstract: type) -> bool:
        """Note that a function relies on a class being registered as no subclass of another.

        :returns: whether it is none now.
        """
        pair = weakref.ref(cls), abstract
        with self._noting:
            is_new = pair not in self._apart
            # Noted first: what is registered from here on, another thread finds out.
            self._apart |= {pair}
            if not issubclass(cls, abstract):
                return True
            # Functions that were made before may rely on it. What the test has noted stays.
            if is_new:
                self._apart -= {pair}
        return False

    def hold(self) -> bool:
        """Tell whether none of these classes was registered as a subclass since."""
        token = abc.get_cache_token()
        for found, abstract in self._apart:
            cls = found()
            if cls is not None and issubclass(cls, abstract):
                return False
        self.token = token
        return True
