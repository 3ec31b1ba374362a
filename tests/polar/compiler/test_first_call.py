"""A call of the application that comes before all else: what it changes is read behind it."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.compiler.specialization import first_call
from tests.support.answers import specialized
from tests.support.policies import make_oso

#: What was called, in order.
CALLS: list[str] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Begin with nothing called."""
    CALLS.clear()


class User:
    def __init__(self, grants: t.Any = (), change: t.Callable[[], None] = lambda: None) -> None:
        self.grants, self._change, self.banned = grants, change, False

    def get_grants(self) -> t.Any:
        CALLS.append("get_grants")
        self._change()
        return self.grants

    def is_on(self, day: t.Any) -> bool:
        CALLS.append(f"is_on {day}")
        self._change()
        return bool(day == "read")


class Folder:
    def __init__(self, parent: t.Any = None, *, open: t.Any = False) -> None:
        self.parent, self.open = parent, open


class Grant:
    def __init__(self, role: str, folder: t.Any) -> None:
        self.role, self.folder = role, folder


FOLDERS = """
actor User {}
resource Folder {
  permissions = ["read"];
  roles = ["viewer", "editor"];
  relations = { parent: Folder };
  "read" if "viewer";
  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
  "editor" if "editor" on "parent";
}
has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
has_role(user: User, name: String, folder: Folder) if
  grant in user.get_grants() and grant.folder = folder and grant.role = name;
allow(user: User, action, folder: Folder) if has_permission(user, action, folder);
"""


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Folder, compiled=compiled)


def chain(length: int) -> list[Folder]:
    """Give folders, each in the one before it."""
    made = [Folder()]
    for _ in range(length - 1):
        made.append(Folder(made[-1]))
    return made


@pytest.mark.parametrize(("role", "expected"), [("editor", True), ("guest", False)])
def test_folders_with_roles_by_a_method_ask_once(role: str, expected: bool) -> None:
    """The method comes first in each rule, and what it gives is looked at for all folders."""
    oso, folders = load(FOLDERS), chain(40)
    user = User([Grant(role, folders[0])])

    assert specialized(oso.engine, user, "read", folders[-1]) is expected
    assert CALLS == ["get_grants"]


def test_what_the_call_changes_is_read_behind_it() -> None:
    """The solver reads the folder's parent behind the call, too."""
    low, top = Folder(), Folder()
    user = User([Grant("viewer", top)], lambda: setattr(low, "parent", top))

    answers = []
    for compiled in (True, False):
        low.parent = None
        answers.append(load(FOLDERS, compiled=compiled).is_allowed(user, "read", low))

    assert answers == [True, True]


#: Policies where something is read before the call, or may be.
NOT_FIRST = {
    "an attribute": "folder.open = true and user.is_on(action)",
    "an attribute in a rule": "is_open(folder) and user.is_on(action)",
    "another alternative": "(folder.open or user.is_on(action))",
    "a comparison": "folder.parent = nil and user.is_on(action) and folder.open",
    "two names": "x = y and x = folder and y = user and user.is_on(action) and folder.open",
    "an unknown owner": "x in [user] and x.is_on(action) and folder.open",
    "a search": "folder in user.grants and user.is_on(action)",
    "a negation": "not folder.open and user.is_on(action)",
    "two calls": "user.is_on(action) and user.is_on(folder) and folder.open",
}


@pytest.mark.parametrize("condition", NOT_FIRST.values(), ids=NOT_FIRST)
def test_call_that_is_not_the_first_reads_no_attribute(condition: str) -> None:
    """The order of reads and calls counts, and only the rules know it."""
    policy = f"allow(user: User, action, folder: Folder) if {condition};"
    policy += "is_open(folder: Folder) if folder.open; is_open(folder: Folder) if folder.parent;"
    oso = load(policy)

    assert specialized(oso.engine, User(), "read", Folder(open=False)) in (None, False)
    assert [each for each in CALLS if each != "is_on read"] == []


#: Policies in which the method comes first.
FIRST = {
    "at once": "user.is_on(action) and folder.open",
    "behind a class": "folder matches Folder and user.is_on(action) and folder.open",
    "behind a class that it is not": "(folder matches User or user.is_on(action)) and folder.open",
    "in a helper": "may(user, action) and folder.open",
    "with a name for its result": "x = user.is_on(action) and x and folder.open",
    "behind a fact": 'is_known(action) and user.is_on("read") and folder.open',
    "behind a name": "who = user and who.is_on(action) and folder.open",
    "in the first alternative": "(user.is_on(action) or folder.open) and not user.banned",
}


@pytest.mark.parametrize("condition", FIRST.values(), ids=FIRST)
def test_call_that_comes_first_is_made_once(condition: str) -> None:
    """Whatever is looked at before is known by classes and literals."""
    policy = f'allow(user: User, "read", folder: Folder) if "read" = action and {condition};'
    policy = policy.replace('"read" = action and', "").replace("action", '"read"')
    policy += 'may(user: User, day) if user.is_on(day); is_known("read"); is_known("edit");'
    folder = Folder()
    user = User(change=lambda: setattr(folder, "open", True))

    assert specialized(load(policy).engine, user, "read", folder) is True
    assert CALLS == ["is_on read"]


def test_error_of_the_first_call_is_raised() -> None:
    """It is no answer, and no second call is made."""
    raised = iter([True])

    def change() -> None:
        for _ in raised:
            raise KeyError("change")

    with pytest.raises(KeyError, match="change"):
        load(FOLDERS).is_allowed(User(change=change), "read", Folder())
    assert CALLS == ["get_grants"]


def test_long_chains_of_rules_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that asks itself would never end."""
    monkeypatch.setattr(first_call, "MAX_FOLLOWED", 3)
    helpers = "".join(f"may{n}(user) if may{n + 1}(user);" for n in range(6))
    policy = f'allow(user: User, "read", f: Folder) if may0(user) and f.open; {helpers}'

    oso = load(policy + 'may6(user: User) if user.is_on("read");')

    assert specialized(oso.engine, User(), "read", Folder(open=True)) is None
    assert CALLS == []


# -- properties that return an attribute ---------------------------------------------------


class Inside:
    def __init__(self, above: t.Any = None, *, open: t.Any = False) -> None:
        self._above, self.open = above, open

    @property
    def parent(self) -> t.Any:
        return self._above


INSIDE = """
allow(user: User, "read", place: Inside) if may(user, place);
may(_: User, place: Inside) if place.open;
may(user: User, place: Inside) if place.parent != nil and may(user, place.parent);
"""


def load_inside(*, compiled: bool = True) -> Oso:
    return make_oso(INSIDE, User, Inside, compiled=compiled)


def test_property_that_returns_an_attribute_is_read_as_one() -> None:
    """A chain by such a property is followed in one function."""
    place = Inside(Inside(Inside(open=True)))

    assert specialized(load_inside().engine, User(), "read", place) is True
    assert specialized(load_inside().engine, User(), "read", Inside(Inside())) is False


def test_property_without_its_attribute_raises_what_the_solver_raises() -> None:
    """What is missing is no answer."""
    place = Inside()
    del place._above

    messages = []
    for compiled in (True, False):
        with pytest.raises(OsoError) as raised:
            load_inside(compiled=compiled).is_allowed(User(), "read", place)
        messages.append(str(raised.value))

    assert messages[0] == messages[1]


def test_property_that_is_replaced_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that was made before reads the new one."""
    oso, place = load_inside(), Inside(Inside(open=True))
    before = oso.is_allowed(User(), "read", place)

    monkeypatch.setattr(Inside, "parent", property(lambda _: None))

    assert before is True
    assert oso.is_allowed(User(), "read", place) is False


class Member:
    """Has roles by a method, which notes what it is asked about."""

    def __init__(self, change: t.Callable[[], None] = lambda: None) -> None:
        self.roles: dict[t.Any, str] = {"mine": "viewer"}
        self._change, self.asked = change, list[t.Any]()

    def role_in(self, place: t.Any) -> str | None:
        self.asked.append(place)
        self._change()
        return "listed" if type(place) is list else self.roles.get(str(place))


BY_ROLE = """
allow(m: Member, "read", f: Folder) if has(m, "viewer", f);
allow(m: Member, "read", f: Folder) if m.role_in(f.parent) = "listed" and f.open;
has(m: Member, role: String, f: Folder) if role = m.role_in(f.parent);
has(m: Member, "viewer", f: Folder) if has(m, "editor", f);
"""


def of_member(folder: Folder, change: t.Callable[[], None], *, compiled: bool) -> t.Any:
    """Give the answer or the error of a question, and what the member was asked about first."""
    member = Member(change)
    oso = make_oso(BY_ROLE, Member, Folder, compiled=compiled)
    oso.is_allowed(Member(), "read", Folder())
    try:
        found: t.Any = oso.is_allowed(member, "read", folder)
    except OsoError as error:
        found = str(error)
    return found, [*dict.fromkeys(map(str, member.asked))], len(member.asked)


@pytest.mark.parametrize(("parent", "expected"), [("mine", True), ("other", False), (7, False)])
def test_attribute_that_the_first_call_is_made_with_is_read_before(
    parent: t.Any, expected: bool
) -> None:
    """And the call is made once, for all roles."""
    oso, member = make_oso(BY_ROLE, Member, Folder, compiled=True), Member()

    assert specialized(oso.engine, member, "read", Folder(parent)) is expected
    assert member.asked == [parent]


def bare() -> Folder:
    """Give a folder that has lost an attribute."""
    made = Folder()
    del made.parent
    return made


@pytest.mark.parametrize("make", [bare, lambda: Folder(["mine"], open=True), lambda: Folder({})])
def test_attribute_that_no_call_is_made_with_is_left_to_the_rules(
    make: t.Callable[[], Folder],
) -> None:
    """One that is missing, or of which the method gets a copy."""
    found, solved = (of_member(make(), lambda: None, compiled=each) for each in (True, False))

    assert found == solved


CHANGES: list[t.Callable[[Folder], None]] = [
    lambda folder: setattr(folder, "parent", "mine"),
    lambda folder: setattr(folder, "parent", "other"),
    lambda folder: setattr(folder, "parent", ["mine"]),
    lambda folder: setattr(folder, "open", True),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("parent", ["mine", "other"])
def test_attribute_that_the_first_call_changes_is_read_again(
    parent: str, change: t.Callable[[Folder], None]
) -> None:
    """The next call is about what is there then."""
    outcomes = []
    for compiled in (True, False):
        folder = Folder(parent)
        changed = [folder]

        def once(changed: list[Folder] = changed) -> None:
            while changed:
                change(changed.pop())

        outcomes.append(of_member(folder, once, compiled=compiled))

    (found, asked, calls), (solved, solved_asked, most) = outcomes
    assert (found, asked) == (solved, solved_asked)
    assert calls <= most
