"""Programs of resource blocks, with roles, permissions, relations and role data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .writer import Writer

_PERMISSIONS = ("read", "push", "list")
_ROLES = ("owner", "member", "writer")
_ACTORS = ("ann", "bob", "eve")
#: A chain of three repositories, so that what is inherited has more than one level to go.
_ABOVE = (
    "above",
    "Repo",
    'has_relation(r: Repo, "above", s: Repo) if [r, s] in [[tools, loner], [loner, deep]];',
)
#: Roles of which one is inherited through all levels of ``above`` and another through one.
_UNEQUAL = (
    ('"member" if "member" on "above";', '"read" if "member";', '"read" if "owner" on "above";'),
    ('"owner" if "owner" on "above";', '"push" if "owner";', '"push" if "member" on "above";'),
    ('"member" if "member" on "above";', '"member" if "owner" on "above";', '"read" if "member";'),
    ('"read" if "read" on "above";', '"read" if "member";', '"read" if "owner" on "above";'),
    ('"writer" if "owner" on "above";', '"read" if "writer" on "above";', '"read" if "writer";'),
)
#: The relation of each class: its name, the other class and the rule that gives it.
_RELATIONS = {
    "Repo": (
        ("parent", "Org", 'has_relation(o: Org, "parent", r: Repo) if o = r.org;'),
        ("keeper", "User", 'has_relation(u: User, "keeper", _: Repo) if u in [ann, bob];'),
        _ABOVE,
    ),
    "Org": (("head", "User", 'has_relation(u: User, "head", o: Org) if u = ann and o = acme;'),),
    "User": (),
}


@dataclass
class _Block:
    keyword: str
    name: str
    permissions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    def write(self) -> str:
        parts = []
        if self.permissions:
            parts.append(f"permissions = {_strings(self.permissions)};")
        if self.roles:
            parts.append(f"roles = {_strings(self.roles)};")
        if self.relations:
            pairs = ", ".join(f"{name}: {cls}" for name, cls, _ in self.relations)
            parts.append(f"relations = {{ {pairs} }};")
        body = " ".join([*parts, *self.rules])
        return (
            f"{self.keyword} {self.name} {{ {body} }}"
            if body
            else f"{self.keyword} {self.name} {{}}"
        )


def _strings(names: t.Sequence[str]) -> str:
    return f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"


def write_blocks(w: Writer) -> tuple[list[str], list[dict[str, t.Any]]]:
    """Write a policy with blocks, and decisions and queries about it."""
    blocks = _declare(w)
    for block in blocks:
        block.rules = _shorthand(w, block, {it.name: it for it in blocks})
        if block.name == "Repo" and w.often(30):
            _inherit_unequally(w, block)
    rules = [block.write() for block in blocks]
    if w.often(4):
        rules.append(_broken(w))
    rules.extend(_data(w, blocks))
    rules.extend(_top(w))
    return rules, [_query(w) for _ in w.several(4, 10)]


def _declare(w: Writer) -> list[_Block]:
    user = _Block("actor", "User", roles=_some(w, _ROLES[:1], 10))
    org = _Block("resource", "Org", _some(w, _PERMISSIONS, 70), _some(w, _ROLES, 85))
    repo = _Block("resource", "Repo", _some(w, _PERMISSIONS, 90), _some(w, _ROLES, 70))
    blocks = [user, org, repo]
    for block in blocks:
        block.relations = [it for it in _RELATIONS[block.name] if w.often(60)]
    if w.often(6):
        blocks.remove(w.pick((user, org, repo)))
    if w.often(8):
        blocks.append(_Block(w.pick(("actor", "resource")), "Dog"))
    return blocks


def _some(w: Writer, names: tuple[str, ...], percent: int) -> tuple[str, ...]:
    if not w.often(percent):
        return ()
    count = len(names) - w.below(len(names))
    return names[:count]


def _shorthand(w: Writer, block: _Block, blocks: dict[str, _Block]) -> list[str]:
    heads = (*block.permissions, *block.roles)
    if not heads:
        return []
    return [_one_shorthand(w, block, blocks, heads) for _ in w.several(0, 4)]


def _one_shorthand(
    w: Writer, block: _Block, blocks: dict[str, _Block], heads: tuple[str, ...]
) -> str:
    head = w.pick(heads)
    if block.relations and w.often(45):
        relation, other, _ = w.pick(block.relations)
        related = blocks.get(other)
        known = (*related.permissions, *related.roles) if related else ()
        if known or w.often(3):
            return f'"{head}" if "{w.pick(known or ("owner",))}" on "{relation}";'
    # A condition that stands after its head in one order, so that nothing goes in circles.
    rest = heads[heads.index(head) + 1 :]
    names = (*rest, *(name for name, cls, _ in block.relations if cls == "User"))
    if not names or w.often(3):
        return f'"{head}" if "{w.pick(("nothing", "owner"))}";' if names else ""
    return f'"{head}" if "{w.pick(names)}";'


def _inherit_unequally(w: Writer, block: _Block) -> None:
    """Have one role reach one level, and another all of them."""
    block.permissions, block.roles = _PERMISSIONS, _ROLES
    if _ABOVE not in block.relations:
        block.relations.append(_ABOVE)
    block.rules = [*w.pick(_UNEQUAL), *(block.rules if w.often(40) else ())]


def _data(w: Writer, blocks: list[_Block]) -> list[str]:
    """Write where roles and relations come from."""
    rules = [rule for block in blocks for _, _, rule in block.relations if not w.often(4)]
    if any(block.roles for block in blocks) and not w.often(4):
        rules.extend(w.pick(_ROLE_DATA) for _ in w.several(1, 2))
    if w.often(25):
        rules.append(w.pick(_EXTRA))
    if not w.often(2):
        rules.append(w.pick(_EXTRA[:3]))
    return rules


_ROLE_DATA = (
    "has_role(user: User, name: String, on: Resource) if role in user.roles and"
    " role.name = name and role.on = on;",
    "has_role(user: User, name: String, org: Org) if role in user.roles and"
    " name = role.name and org = role.on;",
    'has_role(_: User{name: "bob"}, "member", _: Org);',
    'has_role(_: User{name: "ann"}, "owner", repo: Repo) if repo = tools;',
    "has_role(user: User, name: String, repo: Repo) if"
    ' user = bob and [name, repo] in [["owner", loner], ["member", tools]];',
    'has_role(user: User, "owner", repo: Repo) if user.name = "ann" and repo.org = acme;',
    'has_role(user: User, "writer", _: Resource{name: "tools"}) if user in [bob, eve];',
    'has_role(user: Actor, name: String, _: Repo) if user = eve and name in ["owner", "writer"];',
)
_EXTRA = (
    'has_permission(_: User{name: "eve"}, "read", _: Repo);',
    'has_permission(user: User, "list", repo: Repo) if not has_role(user, "owner", repo);',
    'has_permission(_: Actor, "push", repo: Resource) if repo.name = "tools";',
    'has_permission(_user, "push", _: Org);',
    'has_permission(_: User, action: String, _: Org) if action in [1, "list"];',
    'has_role(ann, "owner", acme);',
    'type extra(_: Actor, name: String); extra(_: User, "a");',
    'type extra(_: Actor, name: String); extra(_: Org, "a");',
)


def _broken(w: Writer) -> str:
    """Write a block that is refused."""
    return w.pick(
        (
            "resource Nobody {}",
            'resource Org { roles = ["owner", "owner"]; }',
            "thing Org {}",
            'resource Cat { "read" if "owner"; }',
            'resource Cat { permissions = ["read"]; roles = { a: Org }; }',
            "resource Cat { relations = { up: Nobody }; }",
            'resource Cat { permissions = ["read"]; "read" if "owner" on "up"; }',
            'resource Cat { things = ["read"]; }',
        )
    )


def _top(w: Writer) -> list[str]:
    usual = "allow(actor, action, resource) if has_permission(actor, action, resource);"
    return w.weighted(
        (10, [usual]),
        (2, [usual, 'allow(user: User, "read", user);']),
        (2, [usual, 'allow(_: User{name: "ann"}, _, _: Org);']),
        (
            2,
            [
                "allow(actor: Actor, action, resource: Resource) if"
                " has_permission(actor, action, resource);"
            ],
        ),
        (
            1,
            [
                usual,
                'allow(_, "list", x) if forall(u in [ann, bob], has_permission(u, "read", x));',
            ],
        ),
        (1, []),
    )


def _query(w: Writer) -> dict[str, t.Any]:
    actor = w.pick(_ACTORS)
    resource = w.weighted(
        (2, "acme"), (5, "tools"), (2, "loner"), (2, "deep"), (1, "ann"), (1, "rex")
    )
    action = w.pick((*_PERMISSIONS, *_ROLES[:1]))
    if w.often(45):
        return {"decide": [actor, action, resource]}
    name, words = w.weighted(
        (5, ("allow", _PERMISSIONS)),
        (3, ("has_permission", _PERMISSIONS)),
        (3, ("has_role", _ROLES)),
        (1, ("has_relation", ("parent", "keeper", "head", "above"))),
    )
    first = "x" if w.often(15) else (resource if name == "has_relation" else actor)
    word = "y" if w.often(45) else f'"{w.pick(words)}"'
    third = "z" if w.often(20) else resource
    return {"text": f"{name}({first}, {word}, {third})", "partial": w.often(60)}
