"""Methods of dates, times and spans of time, which read them and nothing else.

In goes a value of any class and the name of a method without arguments; out comes the region where
the value is of a class that has it, and the result. A date does not change, and none of these asks
its zone, so it does not matter when they are called.
"""

from __future__ import annotations

import datetime

from ....sources import Span
from ....value_objects import Record
from ...snippets import any_of, is_type, load, method_call
from ..guards import Guards
from ..regions import Known, Region


class _Method(Record):
    """A method of some classes.

    :param made: the class of its result; ``None`` for a number.
    """

    owners: tuple[type, ...]
    made: type | None = None


_DATES = datetime.datetime, datetime.date
_METHODS = {
    "date": _Method((datetime.datetime,), datetime.date),
    "time": _Method((datetime.datetime,), datetime.time),
    "weekday": _Method(_DATES),
    "isoweekday": _Method(_DATES),
    "toordinal": _Method(_DATES),
    "total_seconds": _Method((datetime.timedelta,)),
}
#: Of the current time alone: that of a date may ask its zone, or be an error of the platform.
_OF_NOW = {**_METHODS, "timestamp": _Method((datetime.datetime,))}
#: What reads the clock of the process. All calls of one class get one moment.
_CLOCKS = {datetime.datetime: ("now", "today"), datetime.date: ("today",)}


def is_clock(owner: Known, name: str) -> bool:
    """Tell whether a method without arguments of a constant is the current time, or the day."""
    return any(owner.constant is cls and name in names for cls, names in _CLOCKS.items())


def method_of_moment(
    guards: Guards, region: Region, owner: Known, name: str, span: Span | None
) -> tuple[Region, Known] | None:
    """Write the call of such a method; ``None`` if the value is known to have none of them.

    The function gives up for a value of another class.
    """
    method = (_OF_NOW if guards.is_now(owner) else _METHODS).get(name)
    is_known = owner.exact is not None
    if method is None or (is_known and owner.exact not in method.owners):
        return None
    if owner.is_literal or owner.expected is not None:
        return None
    if not is_known:
        kinds = [is_type(owner.name, guards.names.constant(kind)) for kind in method.owners]
        fact = ("moment", owner.name, method.owners)
        region = guards.guard(region, fact, any_of(kinds), [owner], span)
    called = method_call(load(owner.name), name)
    made = guards.computed(region, called, ("method", owner.name, name), span)
    region.note_checked(made)
    if method.made is None:
        region.known["number", made.name] = made
    return region, made.replaced(exact=method.made)
