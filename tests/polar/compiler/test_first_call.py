"""A call of the application that comes before all else: what it changes is read behind it."""

from __future__ import annotations

import functools
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


class Office:
    """What rooms are in; a member has roles there."""


class Branch(Office):
    """An office of which something else is known."""


class Desk:
    """Leads to an office, or to something else."""

    def __init__(self, place: t.Any) -> None:
        self.place = place


class Staff:
    """Has roles by a method, which notes what it is asked about."""

    def __init__(self, role: t.Any, change: t.Callable[[], None] = lambda: None) -> None:
        self.role, self._change, self.asked = role, change, list[t.Any]()

    def role_in(self, place: t.Any) -> t.Any:
        self.asked.append(place)
        self._change()
        return self.role


BY_OFFICE = """
actor Staff {}
resource Office { roles = ["guest", "clerk", "head"]; "guest" if "clerk"; "clerk" if "head"; }
resource Desk {
  permissions = ["see", "use", "move"];
  relations = { place: Office };
  "see" if "guest" on "place";
  "use" if "clerk" on "place";
  "move" if "head" on "place";
}
has_role(staff: Staff, name: String, office: Office) if staff.role_in(office) = name;
allow(staff: Staff, action, desk: Desk) if has_permission(staff, action, desk);
"""
#: How rules say which office a desk is in.
IN_OFFICE = [
    'has_relation(office: Office, "place", desk: Desk) if office = desk.place;',
    'has_relation(office: Office, "place", desk: Desk) if desk.place = office;',
    'has_relation(office: Office, "place", desk: Desk) if office = desk.place and office != nil;',
    'has_relation(office: Office, "place", desk: Desk) if desk.place = office;'
    'has_relation(office: Branch, "place", desk: Desk) if desk.place = office;',
    'has_relation(office: Office, "place", desk: Desk) if office = desk.place;'
    'has_role(_: Staff, "guest", _: Branch);',
]
OFFICES = (Staff, Office, Branch, Desk)


def of_staff(
    rules: str, place: t.Any, role: t.Any, change: t.Callable[[Desk], None], *, compiled: bool
) -> t.Any:
    """Give all answers about a desk and what the methods were asked about."""
    oso, desk = make_oso(BY_OFFICE + rules, *OFFICES, compiled=compiled), Desk(place)
    if place is CALLS:
        del desk.place
    changed = [desk]
    staff = Staff(role, lambda: change(changed.pop()) if changed else None)
    outcomes: list[t.Any] = []
    for action in ACTIONS:
        try:
            outcomes.append(oso.is_allowed(staff, action, desk))
        except OsoError as error:
            outcomes.append(str(error))
    return outcomes, [*dict.fromkeys(map(id, staff.asked))], len(staff.asked)


ACTIONS = ("see", "use", "move", "see")
MOVED = Branch()
PLACES: list[t.Any] = [Office(), Branch(), None, "here", Desk(None), [Office()], {}, CALLS]


@pytest.mark.parametrize("rules", IN_OFFICE)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: type(place).__name__)
@pytest.mark.parametrize("role", ["clerk", None, ["clerk"]], ids=str)
@pytest.mark.parametrize(
    "change",
    [
        lambda desk: None,
        lambda desk: setattr(desk, "place", None),
        lambda desk: setattr(desk, "place", MOVED),
    ],
    ids=["same", "gone", "moved"],
)
def test_role_at_what_a_relation_leads_to_is_that_of_the_solver(
    rules: str, place: t.Any, role: t.Any, change: t.Callable[[Desk], None]
) -> None:
    """The method is asked about the same, and no more often."""
    found, solved = (of_staff(rules, place, role, change, compiled=each) for each in (True, False))

    assert found[:2] == solved[:2]
    assert found[2] <= solved[2]


@pytest.mark.parametrize("rules", IN_OFFICE[:2])
@pytest.mark.parametrize(("role", "expected"), [("head", True), ("guest", False)])
def test_role_at_what_a_relation_leads_to_is_asked_for_once(
    rules: str, role: str, *, expected: bool
) -> None:
    """For all roles that would do."""
    oso, staff, office = make_oso(BY_OFFICE + rules, *OFFICES), Staff(role), Office()

    assert specialized(oso.engine, staff, "use", Desk(office)) is expected
    assert staff.asked == [office]


@pytest.mark.parametrize(
    "place", [Branch(), None, "here", [Office()]], ids=["branch", "nil", "text", "list"]
)
def test_no_call_is_made_for_what_is_of_another_class(place: t.Any) -> None:
    """The rules in order answer then."""
    oso, staff = make_oso(BY_OFFICE + IN_OFFICE[0], *OFFICES), Staff("head")

    assert specialized(oso.engine, staff, "use", Desk(place)) is None
    assert not staff.asked


def test_actions_of_a_role_at_what_a_relation_leads_to_are_asked_for_once() -> None:
    """One call tells all actions, and none is made for another class."""
    oso = make_oso(BY_OFFICE + IN_OFFICE[0], *OFFICES)
    solver = make_oso(BY_OFFICE + IN_OFFICE[0], *OFFICES, compiled=False)
    for place in PLACES[:-1]:
        staff, other = Staff("clerk"), Staff("clerk")

        found = oso.authorized_actions(staff, Desk(place))

        assert found == solver.authorized_actions(other, Desk(place))
        assert {*map(id, staff.asked)} == {*map(id, other.asked)}
        assert type(place) is not Office or len(staff.asked) == 1


#: What the solver binds before the first call is used behind it, too.
BOUND = [
    'may(m, a, p) if a = "read" and m.role_in(p) = "none" and p = "moved";',
    'may(m: Member, "read", p) if m.role_in(p) = "x"; may(_: Member, "read", p) if p = "moved";',
    'may(m: Member, "read", _) if m.role_in(1) = "x"; may(_: Member, "read", p) if p = "moved";',
    'may(m: Member, "read", _) if m.role_in(1) = "x"; may(_: Member, "edit", p) if p = "moved";',
    'may(m: Member, "read", p) if m.role_in(p) = "none"; may(_: Member, "edit", p) if p = "mine";',
]


@pytest.mark.parametrize("rule", BOUND)
@pytest.mark.parametrize("method", ["is_allowed", "authorized_actions"])
def test_what_is_read_before_a_call_that_changes_it_stays_what_it_was(
    rule: str, method: str
) -> None:
    """As for the solver: a rule that goes on with it does not look at what is there by now."""
    answers = []
    for compiled in (True, False):
        oso = make_oso(
            f"allow(m: Member, action, f: Folder) if may(m, action, f.parent); {rule}",
            Member,
            Folder,
            compiled=compiled,
        )
        for _ in range(3):
            folder = Folder("mine")
            member = Member(functools.partial(setattr, folder, "parent", "moved"))
            args = (member, folder) if method == "authorized_actions" else (member, "read", folder)
            answers.append(getattr(oso, method)(*args))

    assert answers[:3] == answers[3:]


class Hall:
    """Tells by a method and by a property who may enter, and notes that it was asked."""

    def __init__(self, answer: t.Any = True, change: t.Callable[[], None] = lambda: None) -> None:
        self._answer, self._change, self.name, self.asked = answer, change, "hall", list[t.Any]()

    def admits(self, user: t.Any) -> t.Any:
        return self._told(user)

    @property
    def is_free(self) -> t.Any:
        return self._told("free")

    def _told(self, about: t.Any) -> t.Any:
        self.asked.append(about)
        self._change()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Annex(Hall):
    """A hall of which something else is known."""


class Seat:
    """Leads to a hall, or to something else."""

    def __init__(self, place: t.Any) -> None:
        self.place, self.taken = place, False


BY_HALL = """
actor User {{}}
resource Hall {{ roles = ["guest"]; }}
resource Seat {{
  permissions = ["see", "take"]; relations = {{ place: Hall }};
  "see" if "guest" on "place"; "take" if "guest" on "place";
}}
has_relation(hall: Hall, "place", seat: Seat) if {};
has_role(user: User, "guest", hall: Hall) if {};
allow(actor, action, seat: Seat) if has_permission(actor, action, seat);
"""
ADMITTED = [
    "hall.admits(user)",
    "hall.is_free and user.banned = false",
    'hall.is_free = true and user.banned = false and hall.name = "hall"',
    'hall.admits(user) and hall.name = "hall" and user.banned = false',
    "hall.admits(user) and hall.is_free",
    "hall.admits(hall) and user.banned = false",
    "user.is_on(hall.name) or hall.admits(user)",
]
HALLS = (User, Hall, Seat)


def of_halls(
    relation: str,
    rule: str,
    place: t.Any,
    change: t.Callable[[Seat], None],
    *classes: type,
    compiled: bool,
) -> t.Any:
    """Give all answers about a seat, and what was asked about."""
    oso = make_oso(BY_HALL.format(relation, rule), *HALLS, *classes, compiled=compiled)
    seat, user, asked = Seat(None), User(), list[t.Any]()
    hall = place(lambda: change(seat)) if callable(place) else place
    outcomes: list[t.Any] = []
    for action in ("see", "take", "see", "fly"):
        seat.place = hall
        try:
            outcomes.append(oso.is_allowed(user, action, seat))
        except (OsoError, ValueError, AttributeError) as error:
            outcomes.append((type(error), str(error).partition(" at line")[0]))
        told = getattr(hall, "asked", [])
        asked.append([*dict.fromkeys(each if each == "free" else type(each) for each in told)])
        outcomes.append((seat.place is hall, getattr(seat.place, "name", None)))
    return outcomes, asked, len(getattr(hall, "asked", []))


@pytest.mark.each(4)
@pytest.mark.parametrize(
    ("relation", "classes"),
    [
        ("hall = seat.place", ()),
        ("seat.place = hall", (Annex,)),
        ("hall = seat.place and hall != nil", ()),
    ],
    ids=["a class", "a derived one, too", "not nil"],
)
@pytest.mark.parametrize("rule", ADMITTED)
@pytest.mark.parametrize(
    "place",
    [
        lambda change: Hall(True, change),
        lambda change: Hall(False, change),
        lambda change: Hall(ValueError("shut"), change),
        lambda change: Hall(AttributeError("shut"), change),
        lambda change: Annex(True, change),
        None,
        {"name": "hall"},
        User(),
    ],
    ids=["yes", "no", "error", "no attribute", "derived", "nil", "dict", "user"],
)
@pytest.mark.parametrize(
    "change",
    [
        lambda seat: None,
        lambda seat: setattr(seat, "place", Hall(False)),
        lambda seat: setattr(seat.place, "name", "other"),
    ],
    ids=["same", "moved", "named"],
)
def test_what_a_relation_leads_to_is_asked_as_by_the_solver(
    relation: str,
    rule: str,
    place: t.Any,
    change: t.Callable[[Seat], None],
    classes: tuple[type, ...],
) -> None:
    """The method of what an attribute leads to is called as the solver does, and no more often."""
    found, solved = (
        of_halls(relation, rule, place, change, *classes, compiled=each) for each in (True, False)
    )

    assert found[:2] == solved[:2]
    assert found[2] <= solved[2]


@pytest.mark.parametrize("rule", ADMITTED[:4])
def test_what_a_relation_leads_to_is_asked_once(rule: str) -> None:
    """A function makes the call, where it is the first one, for a hall and nothing derived."""
    oso = make_oso(BY_HALL.format("hall = seat.place", rule), *HALLS)
    hall, annex = Hall(), Annex()

    assert specialized(oso.engine, User(), "see", Seat(hall)) is True
    assert specialized(oso.engine, User(), "see", Seat(annex)) is None
    assert (len(hall.asked), len(annex.asked)) == (1, 0)


@pytest.mark.parametrize("rule", ADMITTED)
@pytest.mark.parametrize(
    "place", [Hall(), Hall(False), Annex(), None], ids=["yes", "no", "derived", "nil"]
)
def test_actions_at_what_a_relation_leads_to_are_those_of_the_solver(
    rule: str, place: t.Any
) -> None:
    """Whether one call tells them or several do."""
    found, solved = (
        make_oso(BY_HALL.format("hall = seat.place", rule), *HALLS, compiled=each)
        for each in (True, False)
    )

    actions = [outcome_of_actions(each, User(), Seat(place)) for each in (found, found, solved)]

    assert actions[0] == actions[1] == actions[2]


def outcome_of_actions(oso: Oso, user: User, seat: Seat) -> t.Any:
    try:
        return oso.authorized_actions(user, seat)
    except OsoError as error:
        return type(error)
