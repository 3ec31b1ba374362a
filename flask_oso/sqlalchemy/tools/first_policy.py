"""A first policy for mapped classes: blocks, relations from foreign keys, and an owner's rule.

In goes a declarative base; out comes the text of a policy that loads, grants little, and says in
its comments what to decide next.
"""

from __future__ import annotations

import enum
import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.exceptions import OsoError
from ...polar.syntax.diagnostics import KEYWORDS
from ..mapped.mapping import mapped_classes

#: The names by which programs usually call who acts, in the order of preference.
_ACTORS = ("User", "Account", "Person", "Member", "Customer")
#: The relations that usually lead to who owns a row, in the order of preference.
_OWNERS = ("owner", "author", "user", "creator", "created_by", "customer", "account", "writer")
_ACTIONS = ("read", "edit", "delete")
_ROLE_NAMES = ("role", "role_name", "kind", "name")
#: Of these, the columns that are a role wherever they stand beside somebody and something.
_CLEAR_ROLE_NAMES = ("role", "role_name")
#: The role of rows that link somebody with something, and name none.
_MEMBER = "member"


@dataclass
class _Outline:
    """The part of a policy about one class.

    :param acting: the class of who acts.
    :param relations: the to-one relations, by name, to other resources.
    :param people: the names of the to-one relations to who acts.
    """

    cls: type
    acting: type
    relations: dict[str, type] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    membership: _Membership | None = None

    @property
    def name(self) -> str:
        return self.cls.__name__

    @property
    def owner(self) -> str | None:
        """The relation to the owner, if one has a usual name.

        Any other may be to somebody who must not even read the row: who approves it, who is
        reported by it. The policy asks then, and grants nothing.
        """
        usual = (*_OWNERS, _variable(self.acting.__name__))
        return next((name for name in usual if name in self.people), None)


@dataclass(frozen=True)
class _Membership:
    """A class whose rows give somebody a role on something.

    :param from_actor: the relation from who acts to these rows, if there is one.
    :param from_resource: the relation from what the role is on.
    :param role: the column with the role; ``None`` if the rows name none.
    :param roles: the roles, if the column is an enumeration, or if there is none.
    :param text: the attribute of a member of the enumeration that is the role; empty for a text.
    """

    cls: type
    to_actor: str
    to_resource: str
    from_actor: str | None
    from_resource: str | None
    role: str | None
    roles: tuple[str, ...]
    text: str

    @property
    def is_reached(self) -> bool:
        """Whether a rule can find the rows."""
        return self.from_actor is not None or self.from_resource is not None


def draft_policy(models: t.Any, actor: str | None = None) -> str:
    """Write a first policy for mapped classes.

    :param models: a declarative base, a registry or a list of mapped classes.
    :param actor: the name of the class of who acts; by default one of the usual names, or the
        class of Flask-Login's users.
    :raises OsoError: no class is mapped, or none of them acts.
    """
    classes = [cls for cls in mapped_classes(models) if _is_base(cls)]
    if not classes:
        raise OsoError("No class is mapped yet. Import the models first.")
    acting = _actor_of(classes, actor)
    outlines = [_outlined(cls, acting, classes) for cls in classes if cls is not acting]
    members = [found for each in outlines if (found := _membership(each, acting)) is not None]
    links = {member.cls for member in members}
    resources = [each for each in outlines if each.cls not in links]
    for each in resources:
        each.membership = next((m for m in members if _target(m) is each.cls), None)
    return "\n".join([*_head(acting), *_blocks(resources, acting)]) + "\n"


# -- what is there ----------------------------------------------------------------------------


def _is_base(cls: type) -> bool:
    """Tell whether a class is no subclass of another mapped one, whose rules it shares."""
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    return (
        mapper.inherits is None
        and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", cls.__name__) is not None
    )


def _actor_of(classes: Sequence[type], wanted: str | None) -> type:
    by_name = {cls.__name__: cls for cls in classes}
    if wanted is not None:
        if wanted not in by_name:
            raise OsoError(
                f"No mapped class is named {wanted!r}. There are {', '.join(sorted(by_name))}."
            )
        return by_name[wanted]
    for name in _ACTORS:
        if name in by_name:
            return by_name[name]
    logging_in = [cls for cls in classes if any(b.__name__ == "UserMixin" for b in cls.__mro__)]
    if len(logging_in) == 1:
        return logging_in[0]
    raise OsoError(
        "Which class acts is not clear. Name it with '--actor', one of"
        f" {', '.join(sorted(by_name))}."
    )


def _outlined(cls: type, acting: type, classes: Sequence[type]) -> _Outline:
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    outline = _Outline(cls, acting)
    for relation in mapper.relationships:
        target = relation.mapper.class_
        if relation.direction is not orm.interfaces.MANYTOONE or not _is_name(relation.key):
            continue
        if issubclass(target, acting):
            outline.people.append(relation.key)
        elif target in classes:
            outline.relations[relation.key] = target
    return outline


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not name.startswith("_")


def _membership(outline: _Outline, acting: type) -> _Membership | None:
    """Return the roles that rows of a class give, if they link a user with something else."""
    mapper: orm.Mapper[t.Any] = sa.inspect(outline.cls)
    if len(outline.people) != 1 or len(outline.relations) != 1:
        return None
    (to_actor,), ((to_resource, resource),) = outline.people, outline.relations.items()
    column = _role_column(mapper)
    from_actor = _way_back(acting, outline.cls, to_actor)
    from_resource = _way_back(resource, outline.cls, to_resource)
    is_clear = _is_link(mapper) or column in _CLEAR_ROLE_NAMES
    if not is_clear and (column is None or from_actor is None):
        return None
    roles, text = ((_MEMBER,), "") if column is None else _roles_of(_type_of(mapper, column))
    return _Membership(
        *(outline.cls, to_actor, to_resource, from_actor, from_resource, column, roles, text)
    )


def _role_column(mapper: orm.Mapper[t.Any]) -> str | None:
    names = (name for name in _ROLE_NAMES if name in mapper.column_attrs)
    return next((n for n in names if isinstance(_type_of(mapper, n), sa.String | sa.Enum)), None)


def _type_of(mapper: orm.Mapper[t.Any], column: str) -> t.Any:
    return mapper.column_attrs[column].columns[0].type


def _is_link(mapper: orm.Mapper[t.Any]) -> bool:
    """Tell whether the foreign keys of a row are its identity."""
    keys = mapper.primary_key
    return len(keys) > 1 and all(column.foreign_keys for column in keys)


def _way_back(cls: type, link: type, name: str) -> str | None:
    """Return the relation of a class that is the way back of a relation of the link."""
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    for relation in mapper.relationships:
        if relation.mapper.class_ is link and name in {
            each.key for each in relation._reverse_property
        }:
            return relation.key
    return None


def _roles_of(kind: t.Any) -> tuple[tuple[str, ...], str]:
    """Return the roles of a column, and the attribute by which a member of it is a text."""
    if not isinstance(kind, sa.Enum):
        return (), ""
    if kind.enum_class is None:
        return tuple(kind.enums), ""
    members: list[enum.Enum] = list(kind.enum_class)
    text = "value" if all(isinstance(each.value, str) for each in members) else "name"
    return tuple(getattr(each, text) for each in members), text


def _target(member: _Membership) -> type:
    mapper: orm.Mapper[t.Any] = sa.inspect(member.cls)
    return t.cast(type, mapper.relationships[member.to_resource].mapper.class_)


# -- the text ---------------------------------------------------------------------------------


def _head(acting: type) -> list[str]:
    name = acting.__name__
    return [
        "# Who may do what. What no rule allows is denied.",
        "#",
        f"# Objects of {name} act: the current user of a request, for example.",
        f"actor {name} {{}}",
        "",
        "# The application asks allow(actor, action, resource). The blocks below answer.",
        "allow(actor, action, resource) if",
        "  has_permission(actor, action, resource);",
    ]


def _blocks(outlines: Sequence[_Outline], acting: type) -> list[str]:
    lines: list[str] = []
    for each in outlines:
        lines += ["", *_block(each), *_rules(each, acting)]
        if each.membership is not None:
            lines += ["", *_warn_of(each.membership, each)]
    return lines


def _warn_of(member: _Membership, outline: _Outline) -> list[str]:
    """Say why there is no block for the rows that give roles."""
    name = member.cls.__name__
    return [
        f"# Whoever may change a {name} gives roles on a {outline.name}, so it has no block: the",
        f"# views that change it ask for a permission on the {outline.name}.",
    ]


def _block(outline: _Outline) -> list[str]:
    granted, roles = _grants(outline)
    lines = [f"resource {outline.name} {{", f"  permissions = {_list(_ACTIONS)};"]
    lines += _about_roles(outline)
    if roles:
        lines.append(f"  roles = {_list(roles)};")
    if outline.relations:
        pairs = (f"{name}: {cls.__name__}" for name, cls in sorted(outline.relations.items()))
        lines.append(f"  relations = {{ {', '.join(pairs)} }};")
    if granted:
        lines += ["", *(f'  "{action}" if "{role}";' for action, role in granted)]
    else:
        lines += ["", f"  # Nobody may do anything with a {outline.name} yet."]
    for name, cls in sorted(outline.relations.items()):
        lines += [
            f"  # Remove the '#' if whoever may read the {cls.__name__} may read this, too.",
            f'  # "read" if "read" on "{name}";',
        ]
    return [*lines, "}"]


def _grants(outline: _Outline) -> tuple[list[tuple[str, str]], list[str]]:
    """Return which role gives which permission, and all roles."""
    granted, roles = [], []
    if outline.owner is not None:
        roles.append("owner")
        granted += [(action, "owner") for action in _ACTIONS]
    member = outline.membership
    for role in (member.roles or (_MEMBER,)) if member is not None and member.is_reached else ():
        if role not in roles:
            roles.append(role)
            granted.append(("read", role))
    return granted, roles


def _about_roles(outline: _Outline) -> list[str]:
    """Ask for the roles, where the table does not name them."""
    member = outline.membership
    if member is None or not member.is_reached or member.roles or member.role is None:
        return []
    where = f"{member.cls.__name__}.{member.role}"
    return [f"  # Write the roles that stand in {where} here, and what each of them may do."]


def _rules(outline: _Outline, acting: type) -> list[str]:
    it, actor = _variable(outline.name), _variable(acting.__name__)
    lines: list[str] = []
    if outline.owner is not None:
        lines += [
            "",
            f'has_role({actor}: {acting.__name__}, "owner", {it}: {outline.name}) if',
            f"  {it}.{outline.owner} = {actor};",
        ]
    elif outline.people:
        lines += [
            "",
            _which_owner(outline.people),
            f'# has_role({actor}: {acting.__name__}, "owner", {it}: {outline.name}) if',
            f"#   {it}.{outline.people[0]} = {actor};",
        ]
    if outline.membership is not None:
        lines += ["", *_membership_rule(outline.membership, outline, acting)]
    for name, cls in sorted(outline.relations.items()):
        other = _variable(cls.__name__)
        other = other if other != it else f"other_{other}"
        lines += [
            "",
            f'has_relation({other}: {cls.__name__}, "{name}", {it}: {outline.name}) if',
            f"  {it}.{name} = {other};",
        ]
    return lines


def _which_owner(people: Sequence[str]) -> str:
    if len(people) == 1:
        return f"# One relation leads to people: {people[0]}. Is that the owner?"
    return f"# Several relations lead to people: {', '.join(people)}. Which is the owner?"


def _membership_rule(member: _Membership, outline: _Outline, acting: type) -> list[str]:
    it, actor = _variable(outline.name), _variable(acting.__name__)
    link = _variable(member.cls.__name__)
    role = _quoted(_MEMBER) if member.role is None else "name: String"
    head = f"has_role({actor}: {acting.__name__}, {role}, {it}: {outline.name}) if"
    if member.from_actor is not None:
        goals = [f"{link} in {actor}.{member.from_actor}", f"{link}.{member.to_resource} = {it}"]
    elif member.from_resource is not None:
        goals = [f"{link} in {it}.{member.from_resource}", f"{link}.{member.to_actor} = {actor}"]
    else:
        return _without_way(member, outline, acting, head)
    if member.role is not None:
        goals.append(f"{'.'.join(filter(None, [link, member.role, member.text]))} = name")
    return [head, *(f"  {goal} and" for goal in goals[:-1]), f"  {goals[-1]};"]


def _without_way(member: _Membership, outline: _Outline, acting: type, head: str) -> list[str]:
    """Say what the models lack for a rule about roles, and write it as a comment."""
    it, name, link = _variable(outline.name), member.cls.__name__, _variable(member.cls.__name__)
    role = "" if member.role is None else f" and {link}.{member.role} = name"
    return [
        f"# {name} says who has a role on a {outline.name}, and no relation leads to its rows.",
        f"# Add 'memberships = relationship({name}, viewonly=True)' to {outline.name}, and here",
        "# the roles and this rule:",
        f"# {head}",
        f"#   {link} in {it}.memberships and",
        f"#   {link}.{member.to_actor} = {_variable(acting.__name__)}{role};",
    ]


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _variable(name: str) -> str:
    """Return a variable for objects of a class: ``issue_label`` for ``IssueLabel``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return f"{words}_" if words in KEYWORDS or words in _TAKEN else words


#: Variables that the rules use for something else.
_TAKEN = frozenset({"name", "actor", "action", "resource"})
