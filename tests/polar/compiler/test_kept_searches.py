"""What several actions ask of the same objects is searched for once, as the roles of a user."""

from __future__ import annotations

import ast
import itertools
import random
import typing as t

import pytest

from flask_oso import Limits, Oso, OsoError
from flask_oso.polar.compiler.programs import CompiledProgram
from tests.support.answers import program_of, strings_at_once
from tests.support.models.people import Doc, Folder, Role, User
from tests.support.policies import make_oso
from tests.support.sizes import part_of

BLOCKS = """
actor User {}
resource Folder {
  permissions = ["open"]; roles = ["guest", "member", "admin"]; relations = {up: Folder};
  "guest" if "member"; "member" if "admin"; "admin" if "admin" on "up"; "open" if "guest";
}
resource Doc {
  permissions = ["read", "edit", "share", "lock", "drop"];
  roles = ["reader", "writer", "owner"]; relations = {folder: Folder, parent: Doc};
  "reader" if "writer"; "writer" if "owner"; "owner" if "admin" on "folder";
  "reader" if "guest" on "folder";
  "read" if "reader"; "read" if "read" on "parent"; "edit" if "writer" and not resource.locked;
  "share" if "owner" and resource.open; "lock" if "owner" and not resource.locked;
  "drop" if "owner"; "drop" if "open" on "folder" and resource.locked;
}
allow(user, action, resource) if has_permission(user, action, resource);
has_role(user: User, name: String, doc: Doc) if
  role in doc.roles and role.name = name and role.user = user;
has_role(user: User, name: String, folder: Folder) if
  role in user.roles and role.of = folder and role.name = name;
has_relation(above: Folder, "up", folder: Folder) if above = folder.up;
has_relation(folder: Folder, "folder", doc: Doc) if folder = doc.folder;
has_relation(above: Doc, "parent", doc: Doc) if above = doc.parent;
"""


def both(policy: str) -> tuple[Oso, Oso]:
    return (
        make_oso(policy, User, Doc, Folder, compiled=True),
        make_oso(policy, User, Doc, Folder, compiled=False),
    )


def doc(folder: Folder, *roles: tuple[User, str], **given: t.Any) -> Doc:
    """Make a document in a folder, with roles."""
    listed = [Role(user=user, name=name) for user, name in roles]
    return Doc(folder=folder, parent=None, locked=False, open=True, roles=listed, **given)


def kept(oso: Oso, rule: str = "has_role") -> list[set[str]]:
    """Give the strings of the searches of a rule that others share."""
    known = program_of(oso).specializations_at(rule, 3, 1)
    return [] if known is None else [set(texts) for _, texts in known.search_maker._shared]


def test_roles_are_searched_for_once_for_all_actions() -> None:
    """One search finds those of the document, and one those of its folder."""
    oso, _ = both(BLOCKS)
    user = User(roles=[])

    oso.authorized_actions(user, doc(Folder(up=None), (user, "writer")))

    searched = [texts for texts in kept(oso) if "owner" in texts]
    assert searched == [{"reader", "writer", "owner"}]


FOLDERS = """
actor User {}
resource Folder {
  permissions = ["open", "name", "drop"]; roles = ["guest", "member", "admin"];
  "open" if "guest"; "name" if "member"; "drop" if "admin";
}
has_role(user: User, name: String, folder: Folder) if
  role in user.roles and role.of = folder and role.name = name;
allow(user, action, folder) if has_permission(user, action, folder)"""


@pytest.mark.parametrize(
    ("end", "searched"),
    [
        (" and not folder.locked;", [{"guest", "member", "admin"}]),
        # One test finds all actions, with one look at each role.
        (";", []),
    ],
    ids=["a condition", "none"],
)
def test_roles_that_many_actions_need_are_one_search(end: str, searched: list[set[str]]) -> None:
    """Also if each needs another one, where more is asked of each action."""
    oso = make_oso(FOLDERS + end, User, Folder, compiled=True)
    folder = Folder(locked=False)
    user = User(roles=[Role(of=folder, name="member")])

    assert oso.authorized_actions(user, folder) == {"name"}
    assert kept(oso) == searched


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("reader", {"read"}),
        ("writer", {"read", "edit"}),
        ("owner", {"read", "edit", "share", "lock", "drop"}),
        ("other", set()),
    ],
)
def test_role_gives_what_it_implies_and_no_more(name: str, allowed: set[str]) -> None:
    """A search comes to "writer" where it has found "owner"."""
    oso, solver = both(BLOCKS)
    user = User(roles=[])
    asked = doc(Folder(up=None), (User(), "owner"), (user, name))

    assert oso.authorized_actions(user, asked) == solver.authorized_actions(user, asked) == allowed
    assert strings_at_once(oso, "allow", 1, user, None, asked) == allowed


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_role_on_each_object_of_a_chain_is_that_of_the_object(level: int) -> None:
    """What was found for one parent does not count for the next one."""
    oso, solver = both(BLOCKS)
    user, folder = User(roles=[]), Folder(up=None)
    docs = [doc(folder) for _ in range(4)]
    for one, above in itertools.pairwise(docs):
        vars(one)["parent"] = above
    vars(docs[level])["roles"] = [Role(user=user, name="reader")]

    for at, asked in enumerate(docs):
        allowed = {"read"} if at <= level else set()
        assert oso.authorized_actions(user, asked) == allowed
        assert solver.authorized_actions(user, asked) == allowed


def test_roles_on_two_objects_are_kept_apart() -> None:
    """The folder and what it is in have one class, and different roles."""
    policy = BLOCKS + (
        'has_permission(u: User, "share", d: Doc) if has_role(u, "admin", d.folder) and d.open;'
        'has_permission(u: User, "lock", d: Doc) if has_role(u, "admin", d.above) and d.open;'
        'has_permission(u: User, "edit", d: Doc) if has_role(u, "admin", d.above) and d.open;'
        'has_permission(u: User, "drop", d: Doc) if has_role(u, "admin", d.folder) and d.open;'
    ).replace("d.open;", "not d.locked;")
    policy = policy.replace('"owner" if "admin" on "folder";', "")
    oso, solver = both(policy)
    folder, above = Folder(up=None), Folder(up=None)
    user = User(roles=[Role(of=above, name="admin")])

    asked = doc(folder, above=above)

    assert oso.authorized_actions(user, asked) == {"lock", "edit"}
    assert solver.authorized_actions(user, asked) == {"lock", "edit"}
    assert strings_at_once(oso, "allow", 1, user, None, asked) == {"lock", "edit"}


@pytest.mark.parametrize("gone", ["roles", "locked", "folder"])
def test_object_without_what_rules_read_is_answered_as_by_the_solver(gone: str) -> None:
    """A search gives up, and the rules are asked."""
    oso, solver = both(BLOCKS)
    user = User(roles=[])
    asked = doc(Folder(up=None), (user, "writer"))
    oso.authorized_actions(user, asked)
    delattr(asked, gone)

    assert outcome(oso, user, asked) == outcome(solver, user, asked)


@pytest.mark.full
def test_circle_of_roles_is_the_error_of_the_solver() -> None:
    """No search waits for what it would find itself."""
    policy = BLOCKS + 'has_role(u: User, "owner", d: Doc) if has_role(u, "reader", d) and d.open;'
    oso = make_oso(policy, User, Doc, Folder, compiled=True)
    user = User(roles=[])

    assert outcome(oso, user, doc(Folder(up=None), (user, "writer"))) is None


def test_texts_of_the_policy_are_compared_while_code_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As an action that is known with one that a rule names."""
    policy = (
        'allow(u: User, a, d: Doc) if a in ["read", "edit"] and u.ok and not refused(a, d);'
        'refused(a, d) if d.locked and a != "read";'
    )
    names: list[str] = []
    monkeypatch.setattr(CompiledProgram, "compiled_specialization", noting(names))
    oso = make_oso(policy, User, Doc, compiled=True)

    assert oso.authorized_actions(User(ok=True), Doc(locked=True)) == {"read"}
    assert not [each for each in names if "!=" in each]


def noting(sources: list[str]) -> t.Any:
    """Make the method that compiles a function, which notes the comparisons of constants."""
    compiled = CompiledProgram.compiled_specialization

    def compile_noted(program: CompiledProgram, function: ast.FunctionDef, rule: str) -> t.Any:
        sources.extend(
            ast.unparse(each)
            for each in ast.walk(function)
            if isinstance(each, ast.Compare) and isinstance(each.left, ast.Constant)
        )
        return compiled(program, function, rule)

    return compile_noted


def outcome(oso: Oso, user: User, asked: t.Any) -> t.Any:
    """Give the actions, or ``None`` for an error."""
    try:
        return oso.authorized_actions(user, asked)
    except OsoError:
        return None


# -- at random ----------------------------------------------------------------------------

ROLES = ["reader", "writer", "owner"]
IN_FOLDER = ["guest", "member", "admin"]
ACTIONS = ["read", "edit", "share", "lock"]
TESTS = ["", "", " and resource.open", " and not resource.locked", " and resource.parent != nil"]
#: How a user has a role.
HOLDERS = [
    "r in x.roles and r.name = name and r.user = u",
    "r in x.roles and r.user = u and r.name = name and x.open",
    'x.owner = u and name = "owner"',
    "r in u.roles and r.of = x and r.name = name",
    "r in x.roles and r.name = name and r.team != nil and r.team in u.teams",
]
#: Rules that are in some policies.
OTHERS = [
    'has_role(u: User, "owner", x: Doc) if has_role(u, "admin", x.folder) and x.open;',
    'has_permission(u: User, "edit", x: Doc) if has_permission(u, "open", x.folder);',
    'has_permission(u: User, "lock", x: Doc) if y = x.parent and y != nil and'
    ' has_role(u, "owner", y);',
    'has_permission(u: User, "share", x: Doc) if y in x.near and has_role(u, "owner", y);',
    'has_permission(u: User, "share", x: Doc) if not has_role(u, "writer", x) and x.open;',
    'has_role(u: User, "reader", x: Doc) if has_permission(u, "open", x.folder) and x.open;',
    'has_role(u: User, "writer", x: Doc) if x.open and not has_role(u, "owner", x);',
]
ALLOWED = [
    "allow(u, a, x) if has_permission(u, a, x);",
    "allow(u: User, a: String, x) if has_permission(u, a, x) and not refused(u, a, x);"
    'refused(_, a, x: Doc) if x.locked and a != "read";'
    'refused(u, a, x: Doc) if not x.open and a in ["edit", "share"] and not has_role(u, "owner",'
    " x);"
    "refused(u, _, x: Folder) if x.locked and not u.ok;",
]


def block(choose: random.Random, name: str, roles: list[str], actions: list[str]) -> str:
    """Make the block of a class: roles that imply others, on parents too, and actions."""
    relations = [("up", IN_FOLDER)]
    if name == "Doc":
        relations = [("folder", IN_FOLDER), ("parent", ROLES), ("parent", ["reader", "read"])]
    rules = []
    for at, role in enumerate(roles):
        if at + 1 < len(roles) and choose.random() < 0.6:
            rules.append(f'"{role}" if "{choose.choice(roles[at + 1 :])}";')
        if choose.random() < 0.4:
            relation, above = choose.choice(relations)
            rules.append(f'"{role}" if "{choose.choice(above)}" on "{relation}";')
    for action in actions:
        for _ in range(choose.choice([1, 1, 2])):
            rules.append(f'"{action}" if "{choose.choice(roles)}"{choose.choice(TESTS)};')
        if choose.random() < 0.2:
            relation, above = choose.choice(relations)
            rules.append(f'"{action}" if "{choose.choice(above)}" on "{relation}";')
    choose.shuffle(rules)
    declared = "{up: Folder}" if name == "Folder" else "{folder: Folder, parent: Doc}"
    names = [", ".join(f'"{each}"' for each in part) for part in (actions, roles)]
    return (
        f"resource {name} {{ permissions = [{names[0]}]; roles = [{names[1]}];"
        f" relations = {declared}; {' '.join(dict.fromkeys(rules))} }}\n"
    )


def policy_of(seed: int) -> str:
    """Make a policy of two blocks."""
    choose = random.Random(seed)
    rules = [choose.choice(ALLOWED)]
    rules += [each for each in OTHERS if choose.random() < 0.15]
    for cls in ("Doc", "Folder"):
        for holder in choose.sample(HOLDERS, choose.choice([1, 1, 2])):
            rules.append(f"has_role(u: User, name: String, x: {cls}) if {holder};")
    rules += [
        'has_relation(y: Folder, "up", x: Folder) if y = x.up;',
        'has_relation(y: Folder, "folder", x: Doc) if y = x.folder;',
        'has_relation(y: Doc, "parent", x: Doc) if y = x.parent;',
    ]
    choose.shuffle(rules)
    folders = block(choose, "Folder", IN_FOLDER, ["open"])
    docs = block(choose, "Doc", ROLES, ACTIONS)
    return "actor User {}\n" + folders + docs + "\n".join(rules)


def objects_of(seed: int) -> tuple[list[User], list[t.Any]]:
    """Make users, folders and documents, of which one may lack something."""
    choose = random.Random(seed)
    teams = [Role(), Role()]
    users = [User(roles=[], ok=choose.random() < 0.5, teams=[]) for _ in range(2)]
    made: list[t.Any] = []
    for number in range(5):
        before = [each for each in made if type(each) is (Folder if number < 2 else Doc)]
        above = choose.choice([None, *before])
        each: t.Any = Folder(up=above, parent=above)
        if number >= 2:
            near = choose.sample(made[2:], choose.randint(0, len(made[2:])))
            each = Doc(folder=choose.choice(made[:2]), parent=above, near=near)
        each.roles = []
        each.owner, each.open = choose.choice([None, *users]), choose.random() < 0.6
        each.locked = choose.random() < 0.4
        for _ in range(choose.randint(0, 3)):
            name = choose.choice([*ROLES, *IN_FOLDER])
            user, team = choose.choice([None, *users]), choose.choice([None, *teams])
            each.roles.append(Role(name=name, user=user, team=team))
        made.append(each)
    for user in users:
        vars(user)["teams"] = choose.sample(teams, choose.randint(0, 2))
        vars(user)["roles"] = [
            Role(name=choose.choice([*ROLES, *IN_FOLDER]), of=choose.choice(made))
            for _ in range(choose.randint(0, 3))
        ]
    if choose.random() < 0.2:
        odd = choose.choice(made)
        setattr(odd, choose.choice([*vars(odd)]), choose.choice([None, 1, "reader", []]))
    return users, made


@pytest.mark.parametrize("seed", range(part_of(160)))
def test_actions_are_those_of_the_solver(seed: int) -> None:
    """For random blocks, with roles on parents, and random objects."""
    policy, limits = policy_of(seed), Limits(timeout_ms=5_000)
    osos = [
        make_oso(policy, User, Doc, Folder, compiled=compiled, limits=limits)
        for compiled in (True, False)
    ]
    asked = [
        (user, each)
        for number in range(4)
        for users, made in [objects_of(seed * 10 + number)]
        for user in users
        for each in made
    ]

    found, expected = [[outcome(oso, *question) for question in asked] for oso in osos]

    assert found == expected


def test_policies_at_random_share_searches() -> None:
    """Most of them do: otherwise nothing is told about them."""
    users, made = objects_of(1)
    shared = 0
    for seed in range(12):
        oso, _ = both(policy_of(seed))
        outcome(oso, users[0], made[-1])
        shared += bool(kept(oso))

    assert shared > 5


SWITCHES = """
allow(user: User, "read", doc: Doc) if is_on("reading") and doc.owner = user;
allow(user: User, "edit", doc: Doc) if is_on("reading") and doc.owner = user and doc.open;
allow(user: User, "share", doc: Doc) if is_on("sharing") and user.ok and doc.open;
is_on("reading");
is_on("sharing") if is_on("reading");
"""


def test_rule_about_a_text_alone_is_no_search() -> None:
    """A switch that several actions ask for is about no object, and looked for in place."""
    user = User(ok=True)
    oso, _ = both(SWITCHES)

    actions = oso.authorized_actions(user, Doc(owner=user, open=True))

    assert actions == {"read", "edit", "share"}


ROLES_AND_ONE_MORE = """
allow(user, "read", doc) if role_of(user, "reader", doc);
allow(user, "edit", doc) if role_of(user, "writer", doc) and not doc.locked;
allow(user, "share", doc) if role_of(user, "writer", doc) and doc.open;
role_of(user: User, name: String, doc: Doc) if
  role in doc.roles and role.name = name and role.user = user;
role_of(user: User, "reader", doc: Doc) if role_of(user, "writer", doc) and role_of({args});
role_of({args}) if {goals};
"""


@pytest.mark.parametrize(
    ("args", "goals"),
    [
        ("user", "user.ok"),
        ('"reader"', "true"),
        ('user, "reader"', "user.ok"),
        ('user, "reader", doc, doc', "user.ok and doc.open"),
    ],
)
def test_rule_of_the_name_with_other_arguments_is_another_one(args: str, goals: str) -> None:
    """What is searched for are the texts of a rule with as many arguments."""
    policy = ROLES_AND_ONE_MORE.replace("{args}", args).replace("{goals}", goals)
    user = User(ok=True)
    compiled, solver = both(policy)
    question = user, doc(Folder(), (user, "writer"))

    assert outcome(compiled, *question) == outcome(solver, *question)
