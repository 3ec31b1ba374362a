"""cedarpy and casbin as contenders.

Both are called as a careful user would call them, and are spared what can be done
beforehand: requests and entities of Cedar are put together before anything is timed.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from .contenders import CASBIN, CEDARPY, Decide, Question, is_installed

#: How far roles may be away from each other in a chain of folders.
_MAX_HIERARCHY = 100


def cedar(
    policies: str,
    questions: Iterable[Question],
    entities: Callable[[t.Any, str, t.Any], list[dict[str, t.Any]]],
) -> dict[str, Decide]:
    """Give cedarpy, if it is installed.

    :param entities: gives what Cedar must know of actor and resource to answer a question.
    """
    if not is_installed(CEDARPY):
        return {}
    import cedarpy

    prepared = {
        question: (_cedar_request(*question), json.dumps(entities(*question)))
        for question in questions
    }
    allow = cedarpy.Decision.Allow

    def decide(actor: t.Any, action: str, resource: t.Any) -> bool:
        request, known = prepared[actor, action, resource]
        return bool(cedarpy.is_authorized(request, policies, known).decision == allow)

    return {CEDARPY: decide}


def _cedar_request(actor: t.Any, action: str, resource: t.Any) -> dict[str, t.Any]:
    return {
        "principal": uid(actor),
        "action": f'Action::"{action}"',
        "resource": uid(resource),
        "context": {},
    }


def uid(thing: t.Any) -> str:
    """Name a thing in Cedar: strings are users and documents called so."""
    if isinstance(thing, str):
        return f'Thing::"{thing}"'
    return f'{type(thing).__name__}::"{thing.name}"'


def entity(
    kind: str, name: str, attributes: Mapping[str, t.Any] | None = None, parents: Sequence[str] = ()
) -> dict[str, t.Any]:
    """Describe something to Cedar; parents are the names of roles."""
    return {
        "uid": {"type": kind, "id": name},
        "attrs": dict(attributes or {}),
        "parents": [{"type": "Role", "id": parent} for parent in parents],
    }


def role(name: str) -> dict[str, t.Any]:
    """Refer to a role in an attribute."""
    return {"__entity": {"type": "Role", "id": name}}


def casbin(
    matcher: str,
    policies: Sequence[Sequence[str]],
    *,
    roles: Sequence[tuple[str, str]] = (),
    by_name: bool = True,
) -> dict[str, Decide]:
    """Give casbin, if it is installed.

    :param matcher: the expression that lets a policy line match a request.
    :param roles: who or which role has which role.
    :param by_name: whether the matcher wants names in place of objects.
    """
    if not is_installed(CASBIN):
        return {}
    enforcer = _enforcer(matcher, is_with_roles=bool(roles))
    enforcer.add_policies([list(line) for line in policies])
    if roles:
        enforcer.add_grouping_policies([list(pair) for pair in roles])
        enforcer.build_role_links()
    if not by_name:
        return {CASBIN: lambda actor, action, resource: enforcer.enforce(actor, resource, action)}
    return {
        CASBIN: lambda actor, action, resource: enforcer.enforce(
            _name(actor), _name(resource), action
        )
    }


def _enforcer(matcher: str, *, is_with_roles: bool) -> t.Any:
    from casbin import Enforcer, Model
    from casbin.rbac.default_role_manager import RoleManager

    model = Model()
    model.add_def("r", "r", "sub, obj, act")
    model.add_def("p", "p", "sub, obj, act")
    if is_with_roles:
        model.add_def("g", "g", "_, _")
    model.add_def("e", "e", "some(where (p.eft == allow))")
    model.add_def("m", "m", matcher)
    enforcer = Enforcer(model)
    if is_with_roles:
        enforcer.set_role_manager(RoleManager(_MAX_HIERARCHY))
    return enforcer


def _name(thing: t.Any) -> str:
    return thing if isinstance(thing, str) else str(thing.name)
