"""Applications of one test run that share what is made of a policy.

A test suite that makes an application for each test would otherwise load and compile the policy for
each of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..polar.polar import Polar
from .shared_engines import CheckedEngine, SharedEngines


@contextlib.contextmanager
def shared_policies() -> Iterator[None]:
    """Share what is made of policies between applications that are made within.

    Two share it that load the same texts for the same registered classes and constants. Classes are
    looked at before each question, which takes a tenth of a millisecond: one in which a test has
    replaced something is seen as it is. Nothing is shared where a registered class, or the class of
    a constant, is no global one of a module, where a constant is a list or a dictionary, and where
    an adapter reads rows.

    ``oso_share_policies = true`` in the configuration of pytest does so for all tests.
    """
    if Polar._shared_engines is not None:
        yield
        return
    Polar._shared_engines = SharedEngines()
    # On the class, so that programs which share nothing read an attribute, and no more.
    attribute = "_engine"
    setattr(Polar, attribute, CheckedEngine())
    try:
        yield
    finally:
        Polar._shared_engines = None
        delattr(Polar, attribute)
