"""What rules are made of: ``or``, ``not``, ``forall``, ``cut``, helper rules, actions."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import typing as t

from .shape import Shape, World, plain
from .values import condition


def _alternatives(size: int) -> tuple[t.Any, t.Any, t.Any]:
    user_cls = plain("User", "kind")
    doc_cls = plain("Doc", *(f"flag{each}" for each in range(size)))
    flags = [False] * size
    return user_cls, doc_cls, [doc_cls(*flags), doc_cls(*flags[:-1], True)]


def _or(size: int) -> World:
    """One rule with so many alternatives."""
    user_cls, doc_cls, docs = _alternatives(size)
    names = [f"flag{each}" for each in range(size)]
    made: dict[str, t.Any] = {}
    exec(f"def may(u, a, d): return a == 'read' and ({' or '.join(f'd.{n}' for n in names)})", made)
    return World(
        f'allow(_: User, "read", doc: Doc) if {" or ".join(f"doc.{each}" for each in names)};',
        (user_cls, doc_cls),
        [(user_cls("a"), "read", doc) for doc in docs],
        made["may"],
    )


def _and_of_or(size: int) -> World:
    """So many alternatives of two, all of which have to hold."""
    user_cls = plain("User", "name")
    names = [(f"a{each}", f"b{each}") for each in range(size)]
    doc_cls = plain("Doc", *(name for pair in names for name in pair))
    ana, ben = user_cls("ana"), user_cls("ben")
    docs = [doc_cls(*[ben, ana] * size), doc_cls(*[ben, ana] * (size - 1), ben, ben)]
    made: dict[str, t.Any] = {}
    written = " and ".join(f"(d.{a} is u or d.{b} is u)" for a, b in names)
    exec(f"def may(u, a, d): return a == 'read' and {written}", made)
    text = " and ".join(f"(doc.{a} = user or doc.{b} = user)" for a, b in names)
    return World(
        f'allow(user: User, "read", doc: Doc) if {text};',
        (user_cls, doc_cls),
        [(ana, "read", doc) for doc in docs],
        made["may"],
    )


def _or_of_loops(size: int) -> World:
    """So many alternatives, each of which goes through the same list."""
    user_cls, doc_cls = plain("User", "roles"), plain("Doc", "name")
    role_cls = plain("Role", "name", "doc")
    doc, other = doc_cls("a"), doc_cls("b")
    names = frozenset(f"role{each}" for each in range(size))
    user = user_cls([role_cls("guest", doc)] * 5 + [role_cls(f"role{size - 1}", doc)])

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        for role in user.roles:
            if role.doc is doc and role.name in names:
                return True
        return False

    text = " or ".join(
        f'(role{each} in user.roles and role{each}.name = "role{each}" and role{each}.doc = doc)'
        for each in range(size)
    )
    return World(
        f'allow(user: User, "read", doc: Doc) if {text};',
        (user_cls, doc_cls, role_cls),
        [(user, "read", doc), (user, "read", other)],
        may,
    )


def _or_not_nil(size: int) -> World:
    """So many owners, each of which may be missing."""
    user_cls = plain("User", "name")
    names = [f"owner{each}" for each in range(size)]
    doc_cls = plain("Doc", *names)
    ana = user_cls("ana")
    docs = [doc_cls(*[None] * size), doc_cls(*[None] * (size - 1), ana)]
    made: dict[str, t.Any] = {}
    written = " or ".join(f"d.{each} is u" for each in names)
    exec(f"def may(u, a, d): return a == 'read' and ({written})", made)
    text = " or ".join(f"(doc.{each} != nil and doc.{each} = user)" for each in names)
    return World(
        f'allow(user: User, "read", doc: Doc) if {text};',
        (user_cls, doc_cls),
        [(ana, "read", doc) for doc in docs],
        made["may"],
    )


def _rules(size: int) -> World:
    """So many rules for one action, each with a condition of its own."""
    user_cls, doc_cls = plain("User", "kind"), plain("Doc", "kind", "level")
    kinds = {f"kind{each}": each for each in range(size)}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        level = kinds.get(doc.kind)
        return action == "read" and level is not None and doc.level <= level

    return World(
        "".join(
            f'allow(_: User, "read", doc: Doc) if doc.kind = "kind{each}" and doc.level <= {each};'
            for each in range(size)
        ),
        (user_cls, doc_cls),
        [(user_cls("a"), "read", doc_cls(f"kind{size - 1}", level)) for level in (0, size)],
        may,
    )


def _rules_by_team(size: int) -> World:
    """So many rules for one action, each about the users of one team."""
    user_cls, doc_cls = plain("User", "team"), plain("Doc", "level")
    levels = {f"team{each}": each for each in range(size)}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        level = levels.get(user.team)
        return action == "read" and level is not None and doc.level <= level

    return World(
        "".join(
            f'allow(user: User, "read", doc: Doc) if user.team = "team{each}"'
            f" and doc.level <= {each};"
            for each in range(size)
        ),
        (user_cls, doc_cls),
        [(user_cls(f"team{size - 1}"), "read", doc_cls(level)) for level in (0, size)],
        may,
    )


def _or_of_equations(size: int) -> World:
    """One value compared with so many."""
    user_cls, doc_cls = plain("User", "role"), plain("Doc", "kind")
    known = frozenset(f"role{each}" for each in range(size))
    text = " or ".join(f'user.role = "role{each}"' for each in range(size))
    return World(
        f'allow(user: User, "read", _: Doc) if {text};',
        (user_cls, doc_cls),
        [(user_cls(each), "read", doc_cls("a")) for each in (f"role{size - 1}", "guest")],
        lambda user, action, doc: action == "read" and user.role in known,
    )


def _any_action(_size: int) -> World:
    user_cls, doc_cls = plain("User", "admin"), plain("Doc", "name")
    doc = doc_cls("a")
    return World(
        "allow(user: User, _, _: Doc) if user.admin;",
        (user_cls, doc_cls),
        [(user_cls(each), action, doc) for each in (True, False) for action in ("read", "drop")],
        lambda user, action, doc: user.admin,
    )


def _any_action_beside_owner(_size: int) -> World:
    user_cls, doc_cls = plain("User", "admin"), plain("Doc", "owner")
    root, ana, ben = user_cls(True), user_cls(False), user_cls(False)
    doc = doc_cls(ana)
    return World(
        "allow(user: User, _, _: Doc) if user.admin;"
        'allow(user: User, "read", doc: Doc) if doc.owner = user;'
        'allow(user: User, "edit", doc: Doc) if doc.owner = user;',
        (user_cls, doc_cls),
        [(user, action, doc) for user in (root, ana, ben) for action in ("edit", "drop")],
        lambda user, action, doc: user.admin or (action in ("read", "edit") and doc.owner is user),
    )


def _actions_of_actor(_size: int) -> World:
    user_cls, doc_cls = plain("User", "scopes"), plain("Doc", "owner")
    user = user_cls(["read", "list"])
    doc = doc_cls(user)
    return World(
        "allow(user: User, action, doc: Doc) if action in user.scopes and doc.owner = user;",
        (user_cls, doc_cls),
        [(user, action, doc) for action in ("list", "drop")],
        lambda user, action, doc: action in user.scopes and doc.owner is user,
    )


def _actions_in_list(_size: int) -> World:
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    user = user_cls("ana")
    doc = doc_cls(user)
    return World(
        'allow(user: User, action, doc: Doc) if action in ["read", "list", "edit"]'
        " and doc.owner = user;",
        (user_cls, doc_cls),
        [(user, action, doc) for action in ("edit", "drop")],
        lambda user, action, doc: action in ("read", "list", "edit") and doc.owner is user,
    )


def _denied(name: str, text: str) -> Shape:
    """Make the shape of a rule that denies, asked for under ``not``."""

    def make(_size: int) -> World:
        user_cls = plain("User", "name", "banned")
        doc_cls = plain("Doc", "owner", "locked")
        ana, ben = user_cls("ana", False), user_cls("ben", True)
        docs = [doc_cls(ana, False), doc_cls(ana, True), doc_cls(ben, False)]

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            return action == "read" and doc.owner is user and not (doc.locked or user.banned)

        return World(
            text,
            (user_cls, doc_cls),
            [(user, "read", doc) for user in (ana, ben) for doc in docs],
            may,
        )

    return Shape(name, make)


def _each(name: str, text: str) -> Shape:
    """Make the shape of a condition that holds for each element of a list."""

    def make(size: int) -> World:
        user_cls, doc_cls = plain("User", "level"), plain("Doc", "parts")
        part_cls = plain("Part", "level")
        docs = [doc_cls([part_cls(1) for _ in range(size)]) for _ in range(2)]
        docs[1].parts[-1].level = 9

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            if action != "read":
                return False
            level = user.level
            for part in doc.parts:
                if part.level > level:
                    return False
            return True

        return World(
            f'allow(user: User, "read", doc: Doc) if {text};',
            (user_cls, doc_cls, part_cls),
            [(user_cls(5), "read", doc) for doc in docs],
            may,
        )

    return Shape(name, make, (10, 100))


def _helpers(size: int) -> World:
    """A helper rule that calls another, so many deep."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    ana, ben = user_cls("ana"), user_cls("ben")
    calls = "".join(
        f"helper{each}(user, doc) if helper{each + 1}(user, doc);" for each in range(size)
    )
    return World(
        'allow(user: User, "read", doc: Doc) if helper0(user, doc);'
        f"{calls}helper{size}(user: User, doc: Doc) if doc.owner = user;",
        (user_cls, doc_cls),
        [(user, "read", doc_cls(ana)) for user in (ana, ben)],
        lambda user, action, doc: action == "read" and doc.owner is user,
    )


def _helper_value(_size: int) -> World:
    """A helper rule that gives a value."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "team")
    team_cls = plain("Team", "lead")
    ana, ben = user_cls("ana"), user_cls("ben")
    return World(
        'allow(user: User, "read", doc: Doc) if lead_of(doc, lead) and lead = user;'
        "lead_of(doc: Doc, lead) if team = doc.team and lead = team.lead;",
        (user_cls, doc_cls, team_cls),
        [(user, "read", doc_cls(team_cls(ana))) for user in (ana, ben)],
        lambda user, action, doc: action == "read" and doc.team.lead is user,
    )


def _list_rest(size: int) -> World:
    """A rule that takes a list apart."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "readers")
    docs = [doc_cls([f"user{each}" for each in range(size)])]
    return World(
        'allow(user: User, "read", doc: Doc) if has(doc.readers, user.name);'
        "has([first, *_], name) if first = name;"
        "has([_, *rest], name) if has(rest, name);",
        (user_cls, doc_cls),
        [(user_cls(f"user{each}"), "read", docs[0]) for each in (size - 1, size)],
        lambda user, action, doc: action == "read" and user.name in doc.readers,
    )


def _unions(name: str, text: str) -> Shape:
    """Make the shape of a rule about all actors, or all resources."""

    def make(_size: int) -> World:
        user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
        page_cls = plain("Page", "owner")
        ana, ben = user_cls("ana"), user_cls("ben")
        return World(
            f"actor User {{}} resource Doc {{}} resource Page {{}} {text}",
            (user_cls, doc_cls, page_cls),
            [(user, "read", cls(ana)) for user in (ana, ben) for cls in (doc_cls, page_cls)],
            lambda user, action, doc: action == "read" and doc.owner is user,
        )

    return Shape(name, make)


def _token(_size: int) -> World:
    """A token that asks for its user."""
    user_cls, doc_cls = plain("User", "blocked"), plain("Doc", "owner")
    token_cls = plain("Token", "user", "scopes")
    ana, ben = user_cls(False), user_cls(False)
    tokens = [token_cls(ana, ["read"]), token_cls(ben, ["read"]), token_cls(ana, ["write"])]
    return World(
        'allow(user: User, "read", doc: Doc) if not user.blocked and doc.owner = user;'
        "allow(token: Token, action, doc) if action in token.scopes"
        " and allow(token.user, action, doc);",
        (user_cls, token_cls, doc_cls),
        [(token, "read", doc_cls(ana)) for token in tokens],
        lambda token, action, doc: (
            action in token.scopes and not token.user.blocked and doc.owner is token.user
        ),
    )


def _groups_of_actors(size: int) -> World:
    """A user who has the roles of so many groups, by the rule that tells those of users."""
    user_cls, group_cls = plain("User", "roles", "groups"), plain("Group", "roles")
    doc_cls, role_cls = plain("Doc", "name"), plain("Role", "name", "doc")
    doc, other = doc_cls("a"), doc_cls("b")
    groups = [group_cls([]) for _ in range(size - 1)]
    groups.append(group_cls([role_cls("reader", doc)]))

    def has_role(actor: t.Any, asked: t.Any) -> bool:
        return any(role.doc is asked and role.name == "reader" for role in actor.roles)

    return World(
        'allow(user: User, "read", doc: Doc) if has_role(user, "reader", doc);'
        "has_role(user: User, name, doc) if"
        " role in user.roles and role.doc = doc and role.name = name;"
        "has_role(user: User, name, doc) if group in user.groups and has_role(group, name, doc);"
        "has_role(group: Group, name, doc) if"
        " role in group.roles and role.doc = doc and role.name = name;",
        (user_cls, group_cls, doc_cls, role_cls),
        [(user_cls([], groups), "read", each) for each in (doc, other)],
        lambda user, action, asked: (
            action == "read"
            and (has_role(user, asked) or any(has_role(group, asked) for group in user.groups))
        ),
    )


_HELD = 'allow(user: User, "read", doc: Doc) if doc.owner = user and '


def _beside(
    name: str, goal: str, holds: t.Callable[[t.Any], bool], helper: str = "", **methods: t.Any
) -> Shape:
    """Make the shape of a goal for which no code is written, in one rule among others.

    The rule is about documents of one kind, and most are of another one.

    :param holds: tells by hand whether the goal holds of a document.
    """

    def make(size: int) -> World:
        user_cls, role_cls = plain("User", "roles", "admin"), plain("Role", "name", "doc")
        doc_cls = plain("Doc", "owner", "kind", "size", "tags", bases=(type("Base", (), methods),))
        ana, ben, root = (user_cls([], each == 2) for each in range(3))
        doc = doc_cls(ana, "note", 2, ["a"])
        ben.roles = [role_cls("reader", doc_cls())] * size + [role_cls("reader", doc)]
        cid = user_cls([role_cls("reader", doc_cls())] * size, False)

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            if action != "read":
                return False
            if doc.owner is user or user.admin or (doc.kind == "poll" and holds(doc)):
                return True
            for role in user.roles:
                if role.name == "reader" and role.doc is doc:
                    return True
            return False

        return World(
            f"""{helper}
            actor User {{}}
            resource Doc {{ permissions = ["read"]; roles = ["reader"]; "read" if "reader"; }}
            has_role(user: User, name: String, doc: Doc) if
              role in user.roles and role.name = name and role.doc = doc;
            allow(_: User, "read", doc: Doc) if doc.kind = "poll" and {goal};
            allow(user: User, "read", doc: Doc) if doc.owner = user;
            allow(user: User, "read", doc: Doc) if has_permission(user, "read", doc);
            allow(user: User, "read", _: Doc) if user.admin;""",
            (user_cls, doc_cls, role_cls),
            [(user, "read", doc) for user in (ana, ben, cid, root)],
            may,
        )

    return Shape(name, make, (1, 10))


SHAPES = (
    _beside("`rem` in one rule among others", "doc.size rem 5 = 3", lambda doc: doc.size % 5 == 3),
    _beside(
        "a helper that commits to a value, in one rule among others",
        'kind_of(doc, kind) and kind = "small"',
        lambda doc: doc.size < 2,
        'kind_of(doc, "small") if doc.size < 2 and cut; kind_of(_, "large");',
    ),
    _beside(
        "two methods in one rule among others",
        "doc.is_open() and doc.is_new()",
        lambda doc: doc.is_open() and doc.is_new(),
        is_open=lambda doc: doc.size > 1,
        is_new=lambda doc: doc.size > 2,
    ),
    _beside(
        "a dictionary in one rule among others",
        "{size: doc.size} matches {size: 3}",
        lambda doc: doc.size == 3,
    ),
    Shape("`or` with 3 and 30 flags", _or, (3, 30)),
    Shape("`or` with 3 and 30 equations", _or_of_equations, (3, 30)),
    Shape("`or` with 3 and 30 loops", _or_of_loops, (3, 30)),
    Shape("`or` with 3 and 30 owners, `!= nil`", _or_not_nil, (3, 30)),
    Shape("`and` of 2 and 8 `or`s", _and_of_or, (2, 8)),
    Shape("a token that asks for its user", _token),
    Shape("roles of 3 and 30 groups, `has_role(group, …)`", _groups_of_actors, (3, 30)),
    Shape("rules for one action, 40 and 400", _rules, (40, 400)),
    Shape("rules for one action by team, 40 and 400", _rules_by_team, (40, 400)),
    condition(
        "`or` in `and`",
        "doc.size < 10 and (doc.public or doc.owner = user)",
        lambda user, doc: doc.size < 10 and (doc.public or doc.owner == user),
        users=({"name": "ana"},),
        docs=tuple(
            {"size": size, "public": public, "owner": None}
            for size in (1, 50)
            for public in (True, False)
        ),
    ),
    Shape("`_` as action", _any_action),
    Shape("`_` as action beside named actions", _any_action_beside_owner),
    Shape("`action in user.scopes`", _actions_of_actor),
    condition(
        "`not` of an equation",
        "not doc.owner = user.name",
        lambda user, doc: doc.owner != user.name,
        users=({"name": "ana"},),
        docs=({"owner": "ana"}, {"owner": "ben"}),
    ),
    Shape("`action in [...]`", _actions_in_list),
    _denied(
        "deny by `not` of a rule",
        f"{_HELD} not is_denied(user, doc);"
        "is_denied(_: User, doc: Doc) if doc.locked; is_denied(user: User, _: Doc) if user.banned;",
    ),
    _denied("deny by `not` of an `or`", f"{_HELD} not (doc.locked or user.banned);"),
    _denied("deny by `not` and `not`", f"{_HELD} not doc.locked and not user.banned;"),
    _denied(
        "deny by `cut`",
        "allow(user: User, action, doc: Doc) if decide(user, action, doc);"
        "decide(user: User, action, doc: Doc) if"
        " (doc.locked or user.banned) and cut and action = nil;"
        'decide(user, "read", doc) if doc.owner = user;',
    ),
    _each("`forall`", "forall(part in doc.parts, part.level <= user.level)"),
    _each(
        "`forall` with two conditions",
        "forall(part in doc.parts, part.level <= user.level and part.level > 0)",
    ),
    _each("`not` of `in`", "not (part in doc.parts and part.level > user.level)"),
    Shape("helper rules, 3 and 12 deep", _helpers, (3, 12)),
    Shape("a helper rule that gives a value", _helper_value),
    Shape("`[first, *rest]`", _list_rest, (5, 50)),
    _unions(
        "`Actor`",
        'allow(user: Actor, "read", doc: Doc) if doc.owner = user;'
        'allow(user: Actor, "read", page: Page) if page.owner = user;',
    ),
    _unions("`Resource`", 'allow(user: User, "read", thing: Resource) if thing.owner = user;'),
    _unions(
        "`Actor` and `Resource`",
        'allow(user: Actor, "read", thing: Resource) if thing.owner = user;',
    ),
)
