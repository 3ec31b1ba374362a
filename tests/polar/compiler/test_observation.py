"""Functions for plain data that make one call of the application: a method, or a property.

The answer or the error is that of the solver, the first calls come in its order, and the
application is called at most as often.
"""

from __future__ import annotations

import ast
import gc
import typing as t
import weakref
from collections.abc import Iterator

import pytest

from flask_oso import Oso, OsoError, Variable
from flask_oso.polar.compiler.specialization.observation import Resumption
from tests.support.answers import function_with_a_call, specialized
from tests.support.policies import make_oso

#: What was called, in order.
CALLS: list[str] = []


class Role:
    def __init__(self, name: str, resource: t.Any) -> None:
        self.name, self.resource = name, resource


class Odd:
    """A role whose name is computed."""

    def __init__(self, name: str, resource: t.Any) -> None:
        self._name, self.resource = name, resource

    @property
    def name(self) -> str:
        CALLS.append("name")
        return self._name


class User:
    def __init__(self, roles: t.Any = (), admin: t.Any = False) -> None:
        self.held, self.admin = roles, admin

    def get_roles(self) -> t.Any:
        CALLS.append("get_roles")
        return given(self.held)

    @property
    def roles(self) -> t.Any:
        CALLS.append("roles")
        return given(self.held)

    def role_for(self, doc: t.Any) -> t.Any:
        CALLS.append("role_for")
        return next((each.name for each in given(self.held) if each.resource is doc), None)

    def is_on(self, day: str) -> bool:
        CALLS.append(f"is_on {day}")
        return day == "monday"


class Folder:
    def __init__(self, parent: t.Any = None, *, public: t.Any = False) -> None:
        self.parent, self.public, self.owner = parent, public, None

    def is_open(self) -> bool:
        CALLS.append("is_open")
        return bool(self.public)


def given(held: t.Any) -> t.Any:
    """Give what an object holds, or raise it."""
    if isinstance(held, Exception):
        raise held
    return held() if callable(held) else held


def outcome(ask: t.Callable[[], t.Any]) -> tuple[t.Any, list[str]]:
    """Give the answer, or the error with its text, and the calls."""
    CALLS.clear()
    try:
        return ask(), [*CALLS]
    except RuntimeError:
        # Who raised it, a generator or a function, is told by its text.
        return (RuntimeError, ""), [*CALLS]
    except (OsoError, LookupError, AttributeError, TypeError, ValueError) as error:
        return (type(error), str(error)), [*CALLS]


BLOCK = """
actor User {}
resource Folder {
  permissions = ["read", "edit"];
  roles = ["viewer", "editor"];
  relations = { parent: Folder };
  "read" if "viewer";
  "edit" if "editor";
  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
  "editor" if "editor" on "parent";
}
has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
allow(user: User, action, folder: Folder) if has_permission(user, action, folder);
"""
HAS_ROLE = (
    "has_role(user: User, name: String, folder: Folder) if"
    " role in user.{} and role.resource = folder and role.name = name;"
)
#: Without what a call might change: no attribute of the folder is read.
FLAT = """
actor User {}
resource Folder {
  permissions = ["read"];
  roles = ["viewer", "editor"];
  "read" if "viewer";
  "viewer" if "editor";
}
allow(user: User, action, folder: Folder) if has_permission(user, action, folder);
"""
POLICIES = {
    "folders by a method": BLOCK + HAS_ROLE.format("get_roles()"),
    "folders by a property": BLOCK + HAS_ROLE.format("roles"),
    "role by a method": BLOCK
    + "has_role(user: User, name: String, folder: Folder) if name = user.role_for(folder);",
    "a plain rule behind": BLOCK
    + HAS_ROLE.format("get_roles()")
    + 'allow(_: User, "read", folder: Folder) if folder.public;',
    "a plain rule before": 'allow(_: User, "read", folder: Folder) if folder.public;'
    + BLOCK
    + HAS_ROLE.format("get_roles()"),
    "a plain rule with a condition": 'allow(u: User, "read", _: Folder) if u.admin;'
    'allow(u: User, "read", f: Folder) if f.public and "viewer" = u.role_for(f);',
    "under a negation": 'allow(u: User, "read", _: Folder) if not u.is_on("monday");',
    "behind a negation": 'allow(u: User, "read", f: Folder) if not f.public and u.is_on("monday");',
    "two methods": 'allow(u: User, "read", f: Folder) if f.is_open() or u.is_on("monday");',
    "two days": 'allow(u: User, "read", _: Folder) if u.is_on("sunday") or u.is_on("monday");',
    "the same one twice": 'allow(u: User, "read", _: Folder) if'
    " a in u.get_roles() and b in u.get_roles() and a = b;",
    "in a helper": 'allow(u: User, "read", f: Folder) if may(u) and f.public;'
    'may(u: User) if u.admin; may(u: User) if u.is_on("monday");',
    "for each element": 'allow(u: User, "read", f: Folder) if'
    " forall(role in u.get_roles(), role.resource = f);",
    "the action is passed": "allow(u: User, action, _: Folder) if u.is_on(action);",
    "no type": 'allow(u, "read", f) if "viewer" = u.role_for(f);',
    "recursion by hand": 'allow(u: User, "read", f: Folder) if may(u, f);'
    "may(u: User, f: Folder) if role in u.get_roles() and role.resource = f;"
    "may(u: User, f: Folder) if f.parent != nil and may(u, f.parent);",
    "each second folder": 'allow(u: User, "read", f: Folder) if even(u, f);'
    "even(u: User, f: Folder) if f.owner = u;"
    "even(u: User, f: Folder) if not f.parent = nil and odd(u, f.parent);"
    "odd(u: User, f: Folder) if f.parent != nil and even(u, f.parent);",
    "an attribute that is missing": 'allow(u: User, "read", f: Folder) if'
    ' f.nothing = 1 or u.is_on("monday");',
}


def boom() -> t.Any:
    raise KeyError("boom")


def worlds() -> Iterator[tuple[User, Folder]]:
    """Give users and folders of many kinds."""
    top = Folder()
    middle = Folder(top)
    low = Folder(middle, public=True)
    for folder in (top, low, Folder(public="yes")):
        yield User(), folder
        yield User([Role("viewer", top)]), folder
        yield User((Role("editor", middle), Role("viewer", low))), folder
        yield User([Role("editor", top)], admin=True), folder
        yield User([Odd("editor", top)]), folder
        yield User(lambda: iter([Role("viewer", top)])), folder
        yield User(lambda: [Role("viewer", top)]), folder
        yield User([Role("viewer", top), 1]), folder
        yield User({"a": 1}), folder
        yield User(7), folder
        yield User(None), folder
        yield User(boom), folder
        yield User(AttributeError("held")), folder
        yield User(StopIteration("held")), folder


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Folder, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_answers_and_calls_are_those_of_the_solver(policy: str) -> None:
    """The answer or the error with its text; the calls in order of their first time."""
    ours, solver = load(policy), load(policy, compiled=False)
    for _ in range(2):
        for user, folder in worlds():
            for action in ("read", "edit", "monday"):
                expected, before = outcome(lambda: solver.is_allowed(user, action, folder))  # noqa: B023
                given, after = outcome(lambda: ours.is_allowed(user, action, folder))  # noqa: B023

                assert given == expected
                assert [*dict.fromkeys(after)] == [*dict.fromkeys(before)]
                assert all(after.count(each) <= before.count(each) for each in after)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_actions_are_those_of_the_solver(policy: str) -> None:
    """A search among all actions goes on behind the first solution."""
    ours, solver = load(policy), load(policy, compiled=False)
    for user, folder in worlds():
        expected, _ = outcome(lambda: solver.authorized_actions(user, folder))  # noqa: B023
        given, _ = outcome(lambda: ours.authorized_actions(user, folder))  # noqa: B023

        # Errors of a search among all actions may name another one.
        assert given == expected or (isinstance(given, tuple) and isinstance(expected, tuple))


@pytest.mark.parametrize("name", ["get_roles()", "roles"])
def test_call_is_made_once(name: str) -> None:
    """Whatever role it is about, what it gives is looked at once."""
    oso = load(FLAT + HAS_ROLE.format(name))
    folder = Folder()

    for roles, expected in (([Role("editor", folder)], True), ([], False)):
        answer = outcome(lambda: specialized(oso.engine, User(roles), "read", folder))  # noqa: B023
        assert answer == (expected, [name.removesuffix("()")])


@pytest.mark.parametrize("first", [[], [Variable("x")]], ids=["list", "variable"])
@pytest.mark.parametrize("name", ["get_roles()", "roles"])
def test_call_is_made_once_where_the_solver_goes_on(name: str, first: t.Any) -> None:
    """It takes over for a rule about another class, or for what only it can compare."""
    oso = make_oso(
        f'allow(user: User, "read", _: Folder) if user.{name} = 1;'
        'allow(user, "read", _: Role) if (_x = _y or user.admin and cut);',
        *(User, Folder, Role),
    )
    given = iter([first, 1])

    answer = outcome(lambda: oso.is_allowed(User(lambda: next(given)), "read", Folder()))

    assert answer == (False, [name.removesuffix("()")])


@pytest.mark.parametrize(
    ("condition", "clocked"),
    [("user.roles", 0), ('user.is_on("monday")', 2), ("role in user.roles and role.name = 1", 2)],
    ids=["attribute", "method", "list"],
)
def test_what_follows_the_call_is_in_the_same_function(condition: str, clocked: int) -> None:
    """An attribute that is not gone through is not timed, as in the rules."""
    oso = load(f'allow(user: User, "read", _: Folder) if {condition};')

    function = function_with_a_call(oso, "read", (User, Folder))

    assert function is not None
    text = ast.unparse(ast.fix_missing_locations(function))
    assert text.count("monotonic()") == clocked


def test_attribute_that_the_call_is_made_with_is_read_before_and_behind_it() -> None:
    """Once each: behind the call it is known, unless the call has changed it."""
    condition = 'user.role_for(folder.owner) = "reader" and folder.owner.open'
    oso = load(f'allow(user: User, "read", folder: Folder) if {condition};')

    function = function_with_a_call(oso, "read", (User, Folder))

    assert function is not None
    text = ast.unparse(ast.fix_missing_locations(function))
    assert text.count("a1.owner") + text.count("a2.owner") == 2


RELATED = """
actor User {}
resource Place { roles = ["reader"]; }
resource Folder { permissions = ["read"]; relations = {owner: Place};
  "read" if "reader" on "owner"; }
has_relation(place: Place, "owner", folder: Folder) if place = folder.owner;
has_role(user: User, name: String, place: Place) if user.role_for(place) = name;
allow(user, action, folder) if has_permission(user, action, folder);
"""


class Place:
    """What a folder belongs to."""


def test_class_of_what_the_call_is_made_with_is_tested_once() -> None:
    """Before the call: it is that of a relation of a block."""
    oso = Oso()
    for cls in (User, Folder, Place):
        oso.register_class(cls)
    oso.load_str(RELATED)

    function = function_with_a_call(oso, "read", (User, Folder))

    assert function is not None
    text = ast.unparse(ast.fix_missing_locations(function))
    assert (text.count("type(given"), text.count("isinstance")) == (0, 0)
    place, folder = Place(), Folder()
    folder.owner = place  # type: ignore[assignment]
    assert oso.is_allowed(User([Role("reader", place)]), "read", folder)
    assert not oso.is_allowed(User([Role("reader", Place())]), "read", folder)
    folder.owner = Folder()  # type: ignore[assignment]
    assert not oso.is_allowed(User([Role("reader", folder.owner)]), "read", folder)


@pytest.mark.parametrize("changed", [False, True])
def test_attribute_that_the_call_changes_is_as_for_the_solver(changed: bool) -> None:
    """What was there before the call is what it is made with; behind it, what is there then."""
    policy = (
        'allow(user: User, "read", folder: Folder) if user.role_for(folder.owner) = nil and'
        " folder.owner.public;"
        'allow(user: User, "edit", folder: Folder) if user.role_for(folder.owner) = nil;'
    )
    found = [asked_while_changing(load(policy, compiled=each), changed) for each in (True, False)]

    assert found[0] == found[1]


def asked_while_changing(oso: Oso, changed: bool) -> list[t.Any]:
    """Ask about a folder whose owner another one becomes while the user is asked."""
    folder: t.Any = Folder()
    folder.owner = Folder(public=True)

    def roles() -> list[Role]:
        if changed:
            folder.owner = Folder(public=False)
        return []

    user = User(roles)
    return [
        outcome(lambda: oso.is_allowed(user, "read", folder))[0],
        outcome(lambda: oso.authorized_actions(user, folder))[0],
    ]


def test_call_behind_a_comparison_is_left_to_the_rules() -> None:
    """A call is made only where the solver looks at nothing but classes before it."""
    oso = load('allow(u: User, "read", v: User) if u = v or u.is_on("monday");')

    assert function_with_a_call(oso, "read", (User, User)) is None
    assert oso.is_allowed(same := User(), "read", same)


def test_solution_without_the_call_is_left_to_the_rules() -> None:
    """Which of both comes first in the order of the rules is not known here."""
    oso = load('allow(_: User, "read", f: Folder) if f.public;' + FLAT + HAS_ROLE.format("roles"))

    answer = outcome(lambda: specialized(oso.engine, User(), "read", Folder(public=True)))

    assert answer == (None, [])


def test_what_a_call_might_change_is_left_to_the_rules() -> None:
    """Where a rule reads an attribute of an argument, the order of reads and calls counts."""
    oso = load(POLICIES["a plain rule with a condition"])

    assert outcome(lambda: specialized(oso.engine, User(), "read", Folder())) == (None, [])


@pytest.mark.parametrize("name", ["get_roles()", "roles"])
def test_error_of_the_call_stays(name: str) -> None:
    """An object that raises the first time, and not the second, is asked once."""
    oso = load(BLOCK + HAS_ROLE.format(name))
    folder = Folder()
    raised = iter([True])

    def held() -> t.Any:
        for _ in raised:
            raise AttributeError("held")
        return [Role("viewer", folder)]

    answer, calls = outcome(lambda: oso.is_allowed(User(held), "read", folder))

    assert isinstance(answer, tuple)
    assert calls == [name.removesuffix("()")]


def test_error_that_the_rules_do_not_come_to_is_raised() -> None:
    """Whatever the rules answer once they have the outcome, the error of the call is no answer."""
    error = AttributeError("held")
    resume = Resumption(lambda *given: True, lambda *given: True)

    with pytest.raises(AttributeError, match="held"):
        resume((), False, 0.0, object(), "roles", None, None, error, ())


@pytest.mark.parametrize("error", [KeyError, ValueError, AttributeError])
def test_error_of_the_call_stays_for_another_class_of_actors(error: type[Exception]) -> None:
    """A function that was made for other classes does not take it for its own."""

    class Guest(User):
        pass

    oso = load('allow(u: User, "read", f: Folder) if "viewer" = u.role_for(f);')
    folder = Folder()
    oso.is_allowed(User(), "read", folder)
    for cls in (User, Guest):
        raised = iter([True])

        def held() -> t.Any:
            for _ in raised:  # noqa: B023
                raise error("held")
            return [Role("viewer", folder)]

        user = cls(held)
        answer, calls = outcome(lambda: oso.is_allowed(user, "read", folder))  # noqa: B023

        assert (isinstance(answer, tuple), calls) == (True, ["role_for"])


def test_objects_of_two_calls_are_not_taken_for_one() -> None:
    """A method that makes new objects gives others the second time."""
    policy = POLICIES["the same one twice"]
    user = User(lambda: [Role("viewer", None)])

    assert load(policy).is_allowed(user, "read", Folder()) is False


def test_many_objects_are_not_asked_one_by_one_before_their_relations_are_loaded() -> None:
    """Functions that make a call are left out where many objects are looked at silently."""
    oso = load('allow(_: User, "read", f: Folder) if f.is_open();')
    folders = [Folder(public=True), Folder()]

    CALLS.clear()
    answers = oso.engine.quick_answers(User(), "read", folders)

    assert answers == [None, None]
    assert CALLS == []


def test_function_that_gives_up_again_and_again_is_left_out() -> None:
    """What no function can go through, such as a generator, costs no second look."""
    oso = load('allow(u: User, "read", f: Folder) if role in u.get_roles() and role.resource = f;')
    folder = Folder()
    user = User(lambda: (each for each in [Role("viewer", folder)]))

    assert {oso.is_allowed(user, "read", folder) for _ in range(20)} == {True}
    assert specialized(oso.engine, user, "read", folder) is None


# -- classes that may go -------------------------------------------------------------------


def test_class_that_a_function_made_has_functions_and_goes() -> None:
    """What is known of it leaves with it."""
    oso = load('allow(u, "read", f) if f.owner = u;')

    def ask() -> weakref.ref[type]:
        class Sheet(Folder):
            pass

        class Guest(User):
            pass

        guest, sheet = Guest(), Sheet()
        sheet.owner = t.cast(t.Any, guest)
        assert oso.is_allowed(guest, "read", sheet)
        assert specialized(oso.engine, guest, "read", sheet) is True
        assert not oso.is_allowed(Guest(), "read", sheet)
        assert specialized(oso.engine, Guest(), "read", sheet) is False
        return weakref.ref(Sheet)

    gone = [ask() for _ in range(3)]
    gc.collect()

    assert [each() for each in gone] == [None] * 3


def test_classes_without_end_are_answered() -> None:
    """Beyond a number of classes that may go, rules answer for the others."""
    oso = load('allow(u: User, "read", f: Folder) if f.owner = u;')
    user = User()

    for number in range(150):
        sheet = type(f"Sheet{number}", (Folder,), {})()
        assert oso.is_allowed(user, "read", sheet) is False
        sheet.owner = user
        assert oso.is_allowed(user, "read", sheet) is True


def test_what_a_method_changes_is_read_in_the_order_of_the_rules() -> None:
    """A goal in front of a call sees what there was before it."""

    class User:
        def __init__(self) -> None:
            self.quota = 1

        def consume(self) -> bool:
            self.quota -= 1
            return True

    policy = 'allow(u: User, "post", _) if u.quota > 0 and u.consume();'
    answers = []
    for compiled in (True, False):
        oso = Oso(compiled=compiled)
        oso.register_class(User)
        oso.load_str(policy)
        answers.append(oso.is_allowed(User(), "post", "page"))

    assert answers == [True, True]


def test_call_is_not_made_where_what_stands_before_it_fails() -> None:
    """A method that changes something is not called for a rule that does not come to it."""

    class User:
        def __init__(self) -> None:
            self.quota = 0

        def refill(self) -> bool:
            self.quota = 9
            return True

    oso = Oso()
    oso.register_class(User)
    oso.load_str('allow(u: User, "post", _) if u.quota > 0 and u.refill();')
    user = User()

    assert (oso.is_allowed(user, "post", "page"), user.quota) == (False, 0)


class Late:
    """What fails the first time it is read or compared, and not again."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error
        self._is_asked = False

    def _answer(self) -> bool:
        if not self._is_asked:
            self._is_asked = True
            raise self._error("not yet")
        return True

    @property
    def name(self) -> t.Any:
        return self._answer()

    def __eq__(self, other: object) -> bool:
        return self._answer()

    __hash__ = object.__hash__


def one_by_one(items: t.Iterable[t.Any]) -> Iterator[t.Any]:
    """Yield these items, once."""
    yield from items


@pytest.mark.parametrize("error", [ValueError, KeyError, ZeroDivisionError])
@pytest.mark.parametrize("held", [list, one_by_one])
@pytest.mark.parametrize("condition", ["role.name = doc.public", "role = doc"])
def test_error_behind_the_call_is_no_reason_to_ask_the_rules_again(
    error: type[Exception], held: t.Callable[..., t.Any], condition: str
) -> None:
    """What the rules raise once the function gave up stays, also where it would not come again."""
    oso = make_oso(
        f'allow(user: User, "read", doc: Folder) if role in user.get_roles() and {condition};',
        User,
        Folder,
    )

    with pytest.raises(error, match="not yet"):
        oso.is_allowed(User(held([Late(error)])), "read", Folder(public=True))
