"""The roles of oso 0.15, for policies that need ``enable_roles``.

In goes a policy whose ``resource/4`` rules configure roles; out come one with the rules
``role_allows`` and ``actor_can_assume_role`` added, and the problems of the configuration. Unlike
oso's, these rules terminate if roles or resources form a cycle.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..exceptions import RolesValidationError
from ..host import terms
from ..host.registry import Host
from ..nodes import Pattern, Rule
from ..sources import Source, located
from ..spelling import nearest
from ..syntax.desugar import rewrite_rule
from ..syntax.parser import parse_policy
from ..value_objects import Record
from .policy import Policy, by_name

#: The rules that a policy may call before roles are enabled.
ROLE_RULE_NAMES = ("role_allows", "actor_can_assume_role")

#: The rule that goes from a resource to those that it lies in, and notes the path.
ABOVE_RULE = "roles::above"

#: The built-in rules. ``_seen`` is the path so far; no step returns to it.
ROLE_RULES = """
role_allows(_actor, _action, _thing) if
    resource(_thing, _namespace, _actions, _) and
    roles::lists(_actions, _action) and
    roles::grants(_role, _place, _action, _namespace, _thing) and
    actor_can_assume_role(_actor, _role, _place);

actor_can_assume_role(_actor, _role, _thing) if
    roles::includes(_held, _place, _role, _thing, [[_role, _thing]]) and
    actor_has_role_for_resource(_actor, _held, _place);

# Actions that are left unbound are all there are.
roles::lists(_actions, _action) if List.__instancecheck__(_actions) and _action in _actions;
roles::lists(_actions, _) if not List.__instancecheck__(_actions);

# A role of the thing itself has the permission, or a role of something above it has it
# under the namespace of the thing. Where roles are left unbound any role has it: what is
# unbound is also equal to a text that is no configuration.
roles::grants(_role, _thing, _action, _namespace, _thing) if
    roles::configured(_role, _config, _namespace, _thing) and
    _action in _config.permissions;
roles::grants(_, _thing, _, _namespace, _thing) if
    resource(_thing, _namespace, _, "anything");
roles::grants(_role, _place, _action, _namespace, _thing) if
    roles::above(_place, _thing, [_thing]) and
    roles::configured(_role, _config, _, _place) and
    ":".join([_namespace, _action]) in _config.permissions;

# Who holds one role holds the other: the same role, or one that leads to it.
roles::includes(_role, _thing, _role, _thing, _);
roles::includes(_held, _place, _role, _thing, _seen) if
    roles::implied_by(_next, _where, _role, _thing) and
    not [_next, _where] in _seen and
    roles::includes(_held, _place, _next, _where, [[_next, _where], *_seen]);

roles::implied_by(_next, _thing, _role, _thing) if
    roles::configured(_next, _config, _, _thing) and
    _role in _config.implies;
roles::implied_by(_next, _place, _role, _thing) if
    resource(_thing, _namespace, _, _) and
    roles::above(_place, _thing, [_thing]) and
    roles::configured(_next, _config, _, _place) and
    ":".join([_namespace, _role]) in _config.implies;

roles::configured(_role, _config, _namespace, _thing) if
    resource(_thing, _namespace, _, _roles) and
    Dictionary.__instancecheck__(_roles) and
    [_role, _config] in _roles;

roles::above(_place, _thing, _seen) if
    parent_child(_parent, _thing) and
    not _parent in _seen and
    roles::up_from(_place, _parent, [_parent, *_seen]);
roles::up_from(_place, _place, _);
roles::up_from(_place, _thing, _seen) if roles::above(_place, _thing, _seen);
"""
_ROLES_ALONE = f"{ROLE_RULES}\nparent_child(_, _) if false;"

_MISSING_ASSIGNMENTS = """\
Need to define `actor_has_role_for_resource(actor, role_name, resource)` predicate to use Oso Roles.
    Make sure to load policy before calling Oso.enable_roles()."""
_MISSING_RESOURCES = (
    "Need to define at least one `resource(type, name, actions, roles)` predicate to use Oso Roles."
)


class Queries(t.Protocol):
    """The part of an engine that the check uses."""

    @property
    def policy(self) -> Policy:
        """The policy that is asked."""

    def query_rule(
        self, name: str, args: Sequence[t.Any], **options: t.Any
    ) -> Iterator[dict[str, t.Any]]:
        """Give the solutions of a rule call, as ``Polar.query_rule`` does."""


def with_role_rules(policy: Policy, host: Host) -> Policy:
    """Add the built-in rules to a policy.

    A policy without ``parent_child/2`` gets one that never holds.
    """
    rules = [rule for group in policy.rules.values() for rule in group]
    source = Source(ROLE_RULES if _has_rule(policy, "parent_child", 2) else _ROLES_ALONE)
    return policy.replaced(rules=by_name([*rules, *_parse_rules(source, host)]))


def _parse_rules(source: Source, host: Host) -> list[Rule]:
    # INVARIANT: no variable has the name of a constant, which would replace it.
    prefix = "_"
    while any(name.startswith(prefix) for name in host.constants):
        prefix += "_"
    renamed = Source(re.sub(r"\b_(?=[a-z])", prefix, source.text), source.name)
    statements = parse_policy(renamed).statements
    return [rewrite_rule(rule) for rule in statements if isinstance(rule, Rule)]


def _has_rule(policy: Policy, name: str, arity: int) -> bool:
    return any(len(rule.parameters) == arity for rule in policy.rules.get(name, ()))


# -- the configuration ---------------------------------------------------------------


def check_roles(engine: Queries) -> tuple[str, ...]:
    """Check the configuration of roles; give warnings.

    :raises RolesValidationError: for the first problem, in the order of oso 0.15.
    """
    policy = engine.policy
    if not _has_rule(policy, "actor_has_role_for_resource", 3):
        raise RolesValidationError(_MISSING_ASSIGNMENTS)
    results = _query_resources(engine) if _has_rule(policy, "resource", 4) else []
    if not results:
        raise RolesValidationError(_MISSING_RESOURCES)
    definitions: dict[str, _Definition] = {}
    for result in results:
        definition = _read_definition(result)
        if definition.name in definitions:
            raise RolesValidationError(f"Duplicate resource name {definition.name}.")
        definitions[definition.name] = definition
    return tuple(_Warnings(policy, definitions).all())


def _query_resources(engine: Queries) -> list[dict[str, t.Any]]:
    variables = [terms.Variable(name) for name in ("type", "name", "actions", "roles")]
    return list(engine.query_rule("resource", variables, accept_expression=True))


class _Role(Record):
    permissions: Sequence[str]
    implies: Sequence[str]


class _Definition(Record):
    """The configuration of one ``resource`` rule; ``None`` for what it leaves unbound."""

    class_name: str
    name: str
    actions: Sequence[str] | None
    roles: Mapping[str, _Role] | None


def _read_definition(result: Mapping[str, t.Any]) -> _Definition:
    class_name = _class_of(result.get("type"))
    name = result.get("name")
    if type(name) is not str:
        raise RolesValidationError("Invalid resource, name is not a string.")
    actions = _read_actions(result.get("actions"), class_name)
    roles = _read_roles(result.get("roles"))
    if not actions and not roles:
        raise RolesValidationError("Must define actions or roles.")
    return _Definition(class_name, name, actions, roles)


def _class_of(value: t.Any) -> str:
    """Give the class of the resource, if the result constrains it to a class alone."""
    match value:
        case terms.Expression(operator="And", args=[terms.Expression(operator="Isa", args=args)]):
            pattern = args[1]
            if isinstance(pattern, terms.Pattern) and pattern.tag and not pattern.fields:
                return pattern.tag
    raise RolesValidationError("Invalid resource, no type specializer.")


def _read_actions(value: t.Any, class_name: str) -> Sequence[str] | None:
    if _is_open(value):
        return None
    if not isinstance(value, list):
        raise RolesValidationError("Invalid actions.")
    for index, action in enumerate(value):
        if type(action) is not str:
            raise RolesValidationError("Invalid action, not a string.")
        if action in value[:index]:
            raise RolesValidationError(f"Duplicate action {action} for {class_name}.")
    return value


def _read_roles(value: t.Any) -> Mapping[str, _Role] | None:
    if _is_open(value) or isinstance(value, terms.Expression):
        return None
    if not isinstance(value, dict):
        return {}
    return {name: _read_role(name, role) for name, role in value.items()}


def _read_role(name: str, role: t.Any) -> _Role:
    if not isinstance(role, dict):
        raise RolesValidationError("Invalid role definitions")
    for key in role:
        if key not in ("permissions", "implies"):
            raise RolesValidationError(f"Role definition contains invalid key: {key}")
    permissions = _read_strings(role.get("permissions", []), f"Invalid actions for role {name}")
    implies = _read_strings(role.get("implies", []), f"Invalid implies for role {name}")
    if not permissions and not implies:
        raise RolesValidationError("Must define actions or implications for a role.")
    return _Role(permissions, implies)


def _read_strings(value: t.Any, problem: str) -> Sequence[str]:
    if not isinstance(value, list):
        raise RolesValidationError(problem)
    if any(type(item) is not str for item in value):
        raise RolesValidationError(f"{problem}, must be a string.")
    return value


def _is_open(value: t.Any) -> bool:
    return value is None or isinstance(value, terms.Variable)


# -- misspelt names ------------------------------------------------------------------


class _Warnings(Record):
    """Finds undeclared names in a configuration. They are legal but have no effect."""

    policy: Policy
    definitions: Mapping[str, _Definition]

    def all(self) -> Iterator[str]:
        """Give the warnings in the order of the definitions."""
        for definition in self.definitions.values():
            if definition.roles is None:
                yield self._located(
                    f'The roles of resource "{definition.name}" are unbound: '
                    "whoever has any role there may do everything that is declared",
                    definition,
                )
            for name, role in (definition.roles or {}).items():
                for implied in role.implies:
                    yield from self._check(definition, name, "role", implied)
                for permission in role.permissions:
                    yield from self._check(definition, name, "permission", permission)

    def _check(self, definition: _Definition, role: str, kind: str, entry: str) -> Iterator[str]:
        namespace, colon, name = entry.rpartition(":")
        says = f'Role "{role}" of resource "{definition.name}"'
        says += " implies the role" if kind == "role" else " has the permission"
        says += f' "{entry}", '
        if colon and namespace not in self.definitions:
            meant = _did_you_mean(namespace, self.definitions)
            yield self._located(f'{says}but there is no resource "{namespace}"{meant}', definition)
            return
        target = self.definitions[namespace] if colon else definition
        declared = self._declared(target, kind)
        if declared is None or name in declared:
            return
        others = [known for known in declared if colon or kind != "role" or known != role]
        place = f' in resource "{namespace}"' if colon else ""
        yield self._located(
            f"{says}which is not declared{place}{_did_you_mean(name, others)}", definition
        )

    def _declared(self, target: _Definition, kind: str) -> list[str] | None:
        """Give the declared names of a class; ``None`` if a definition leaves them unbound."""
        declared: list[str] = []
        for definition in self.definitions.values():
            if definition.class_name == target.class_name:
                names = definition.roles if kind == "role" else definition.actions
                if names is None:
                    return None
                declared.extend(names)
        return declared

    def _located(self, message: str, definition: _Definition) -> str:
        for rule in self.policy.rules["resource"]:
            first = rule.parameters[0].specializer if rule.parameters else None
            if isinstance(first, Pattern) and first.tag == definition.class_name:
                return located(message, rule.span)
        return message


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the most similar known word, or all of them if none is similar."""
    candidates = list(known)
    found = nearest(word, candidates)
    meant = [found] if found is not None else candidates
    if not meant:
        return ""
    return ", did you mean " + " or ".join(f'"{name}"' for name in meant) + "?"
