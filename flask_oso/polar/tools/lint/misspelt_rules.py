"""Rules that nobody asks for, since their names are misspelt.

In goes a policy; out come rules, each with the name that is meant. A rule that another one calls is
a helper, whatever it is called, and so is one whose shape the policy declares.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ...nodes import Rule
from ...policy.policy import Policy
from ...spelling import nearest

#: The rules that the library and resource blocks ask for, with the numbers of their parameters.
_ASKED: t.Final = {
    "allow": (3,),
    "allow_field": (4,),
    "allow_request": (2,),
    "denial_reason": (4, 5),
    "has_permission": (3,),
    "has_relation": (3,),
    "has_role": (3,),
}
#: `alow` is as near as that to `allow`; `allowed` and `allow_all` are not.
_NEARNESS = 0.85


def misspelt_rules(policy: Policy) -> Iterator[tuple[Rule, str]]:
    """Give the first rule of each name that is misspelt, and the name that is meant."""
    known = {call.name for call in policy.calls} | {*_ASKED, *policy.types, *policy.declared}
    for name in policy.rules:
        meant = None if name in known else nearest(name, _ASKED, _NEARNESS)
        if meant is None:
            continue
        rules = [each for each in policy.rules[name] if len(each.parameters) in _ASKED[meant]]
        if rules:
            yield rules[0], meant
