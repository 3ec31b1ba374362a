"""Classes that others may be registered as subclasses of, as ``abc`` allows it at any time.

In go two classes of which one is no subclass of the other, when a function relies on that; out
comes whether it is still so. ``abc`` counts all registrations: while none is made, one comparison
tells it.
"""

from __future__ import annotations

import abc
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
        self._apart: weakref.WeakKeyDictionary[type, set[type]] = weakref.WeakKeyDictionary()

    def are_apart(self, cls: type, abstract: type) -> bool:
        """Note that a function relies on a class being registered as no subclass of another.

        :returns: whether it is none now.
        """
        if issubclass(cls, abstract):
            return False
        self._apart.setdefault(cls, set()).add(abstract)
        return True

    def hold(self) -> bool:
        """Tell whether none of these classes was registered as a subclass since."""
        token = abc.get_cache_token()
        for cls, others in [*self._apart.items()]:
            if any(issubclass(cls, each) for each in [*others]):
                return False
        self.token = token
        return True
