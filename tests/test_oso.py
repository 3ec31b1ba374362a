"""``Oso``: decisions, queries, registration, loading; what a failed load leaves; threads."""

from __future__ import annotations

import contextlib
import pathlib
import pickle
import re
import threading
import types
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from werkzeug.local import LocalProxy

from flask_oso import ForbiddenError, NotFoundError, Oso, OsoError, Predicate, Variable
from flask_oso.polar.exceptions import (
    DuplicateClassAliasError,
    InlineQueryFailedError,
    InvalidQueryTypeError,
    ParserError,
    PolarFileExtensionError,
    PolarFileNotFoundError,
    PolarFileUnreadableError,
    PolarRuntimeError,
    PolarTypeError,
    RolesValidationError,
    UnexpectedPolarTypeError,
    UnregisteredClassError,
    ValidationError,
)
from tests.support import policies

UNDEFINED = r"^Query for undefined rule `{}`(\. [A-Z].*)?$"
SECOND_LOAD = "Cannot load additional Polar code -- all Polar code must be loaded at the same time."


class Page:
    """Something to ask about."""

    kind = "page"

    def __init__(self, title: str = "a") -> None:
        self.title = title


class Draft(Page):
    """A page that is not finished."""


def make_oso(policy: str = "", **options: t.Any) -> Oso:
    """Make an Oso that knows pages."""
    oso = Oso(**options)
    oso.register_class(Page)
    oso.register_class(Draft)
    if policy:
        oso.load_str(policy)
    return oso


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[[str, str], pathlib.Path]:
    """Write a file and give its path."""

    def write_file(name: str, text: str) -> pathlib.Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


# -- making one --------------------------------------------------------------------------


def test_oso_takes_keywords_only() -> None:
    """A positional argument is a TypeError."""
    with pytest.raises(TypeError, match="positional argument"):
        Oso(ForbiddenError)  # type: ignore[call-arg]  # that is the point


def test_oso_defaults_are_attributes() -> None:
    """The two errors and the read action can be seen and replaced."""
    oso = Oso()

    assert oso.forbidden_error is ForbiddenError
    assert oso.not_found_error is NotFoundError
    assert oso.read_action == "read"


# -- is_allowed --------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "answer"), [("read", True), ("write", False)])
def test_is_allowed_answers_with_a_bool(action: str, answer: bool) -> None:
    """The answer is True or False itself, not something like it."""
    oso = make_oso('allow("ann", "read", "page");')

    assert oso.is_allowed("ann", action, "page") is answer


def test_is_allowed_stops_at_the_first_solution() -> None:
    """What comes after the first solution is not computed."""
    tried: list[int] = []
    oso = make_oso()
    oso.register_constant(lambda number: not tried.append(number), "note")
    oso.load_str("allow(_, _, _) if x in [1, 2, 3] and note.__call__(x);")

    assert oso.is_allowed("ann", "read", "page")
    assert tried == [1]


def test_is_allowed_without_allow_rule_is_an_error() -> None:
    """A policy that allows nothing at all is broken, not a denial."""
    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("allow")):
        make_oso("f(1);").is_allowed("ann", "read", "page")


def test_is_allowed_raises_what_the_host_raises() -> None:
    """An exception of a method is neither an allow nor a denial."""

    def fail() -> t.NoReturn:
        raise ConnectionError("database is down")

    oso = make_oso()
    oso.register_constant(fail, "fail")
    oso.load_str("allow(_, _, _) if fail.__call__(); allow(_, _, _);")

    with pytest.raises(ConnectionError, match=r"^database is down$"):
        oso.is_allowed("ann", "read", "page")


def test_is_allowed_of_a_missing_resource_is_a_denial() -> None:
    """None matches no class, so a row that was not found is denied."""
    assert not make_oso("allow(_, _, _: Page);").is_allowed("ann", "read", None)


@pytest.mark.parametrize(
    ("policy", "resource", "answer"),
    [
        ("allow(_, _, Page);", Page, True),
        ("allow(_, _, Page);", Draft, False),
        ("allow(_, _, _: Page);", Page, False),
    ],
)
def test_is_allowed_on_a_class(policy: str, resource: type, answer: bool) -> None:
    """A class may be asked about; the policy names it as a constant."""
    assert make_oso(policy).is_allowed("ann", "list", resource) is answer


# -- authorize ---------------------------------------------------------------------------

ALLOWED = contextlib.nullcontext()
FORBIDDEN = pytest.raises(ForbiddenError, match=r"^Oso ForbiddenError -- ")
NOT_FOUND = pytest.raises(NotFoundError, match=r"^Oso NotFoundError -- ")
DECISIONS = {
    "may do it": ("write", "write", True, ALLOWED),
    "may do it, unchecked": ("write", "write", False, ALLOWED),
    "may read, reads": ("read", "read", True, ALLOWED),
    "may read, writes": ("read", "write", True, FORBIDDEN),
    "may not read, writes": ("other", "write", True, NOT_FOUND),
    "may not read, reads": ("other", "read", True, NOT_FOUND),
    "may read, writes, unchecked": ("read", "write", False, FORBIDDEN),
    "may not read, writes, unchecked": ("other", "write", False, FORBIDDEN),
    "may not read, reads, unchecked": ("other", "read", False, FORBIDDEN),
}


@pytest.mark.parametrize(
    ("allowed", "action", "check_read", "outcome"), DECISIONS.values(), ids=DECISIONS
)
def test_authorize_decides(
    allowed: str, action: str, check_read: bool, outcome: t.ContextManager[t.Any]
) -> None:
    """Each row of the decision table has its outcome; what is allowed gives nothing back."""
    oso = make_oso(f'allow("ann", "{allowed}", "page");')

    with outcome:
        assert oso.authorize("ann", action, "page", check_read=check_read) is None


@pytest.mark.parametrize(
    ("action", "check_read", "asked"),
    [
        ("write", True, ["write", "read"]),
        ("write", False, ["write"]),
        ("read", True, ["read"]),
    ],
)
def test_authorize_asks_no_more_than_it_needs(
    action: str, check_read: bool, asked: list[str]
) -> None:
    """The read action is asked for once, and only if it tells the errors apart."""
    seen: list[str] = []
    oso = make_oso()
    oso.register_constant(seen, "seen")
    oso.register_constant(seen.append, "note")
    oso.load_str("allow(_, action, _) if note.__call__(action) = 1;")

    with pytest.raises((ForbiddenError, NotFoundError)):
        oso.authorize("ann", action, "page", check_read=check_read)

    assert seen == asked


def test_authorize_check_read_is_a_keyword() -> None:
    """A fourth positional argument is a TypeError, not a switch by accident."""
    with pytest.raises(TypeError, match="positional argument"):
        make_oso("allow(1, 1, 1);").authorize(1, 1, 1, False)  # type: ignore[call-arg]


@pytest.mark.parametrize(("allowed", "error"), [("fetch", ForbiddenError), ("read", NotFoundError)])
def test_authorize_read_action_can_be_another(allowed: str, error: type[Exception]) -> None:
    """The split is at the read action that the Oso was given."""
    oso = make_oso(f'allow("ann", "{allowed}", "page");', read_action="fetch")

    with pytest.raises(error):
        oso.authorize("ann", "write", "page")


def test_authorize_reads_its_settings_at_each_call() -> None:
    """The attributes may be reassigned later."""
    oso = make_oso('allow("ann", "fetch", "page");')
    oso.read_action = "fetch"
    oso.forbidden_error = LookupError

    with pytest.raises(LookupError):
        oso.authorize("ann", "write", "page")


class Denied(Exception):
    """An error of the application."""

    def __init__(self, status: int = 418) -> None:
        super().__init__(status)


@pytest.mark.parametrize(
    ("factory", "args"),
    [(Denied, (418,)), (lambda: Denied(451), (451,)), (lambda: Denied, (418,))],
    ids=["class", "function giving an error", "function giving a class"],
)
@pytest.mark.parametrize(
    ("option", "allowed"), [("forbidden_error", "read"), ("not_found_error", "no")]
)
def test_authorize_errors_may_be_factories(
    option: str, allowed: str, factory: t.Any, args: tuple[int]
) -> None:
    """What the factory gives is raised, be it an error or a class."""
    oso = make_oso(f'allow("ann", "{allowed}", "page");', **{option: factory})

    with pytest.raises(Denied) as caught:
        oso.authorize("ann", "write", "page")

    assert caught.value.args == args


def test_authorize_error_in_the_read_question_is_raised() -> None:
    """An error of the second question is not turned into a denial."""
    oso = make_oso('allow(_, "read", page) if page.nope; allow(_, "write", _) if false;')

    with pytest.raises(PolarRuntimeError, match="has no attribute 'nope'"):
        oso.authorize("ann", "write", Page())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            NotFoundError,
            "Oso NotFoundError -- The current user does not have permission to read the given"
            " resource. You should handle this error by returning a 404 error to the client.",
        ),
        (
            ForbiddenError,
            "Oso ForbiddenError -- The requested action was not allowed for the given resource."
            " You should handle this error by returning a 403 error to the client.",
        ),
    ],
)
def test_denials_have_fixed_texts(error: type[OsoError], text: str) -> None:
    """Programs may rely on the texts of the two denials."""
    assert str(error()) == text


@pytest.mark.parametrize("error", [NotFoundError, ForbiddenError])
def test_refusal_keeps_its_text_when_it_is_copied(error: type[NotFoundError]) -> None:
    """It has that of its class, with what programs read of errors, and notes of their own."""
    refusal = error()
    refusal.add_note("told")

    again = pickle.loads(pickle.dumps(refusal))

    assert (type(again), str(again), again.args) == (error, str(refusal), (str(refusal),))
    assert (again.message, again.details, again.__notes__) == (str(refusal), None, ["told"])


@pytest.mark.parametrize("error", [NotFoundError, ForbiddenError])
def test_denials_are_no_runtime_errors(error: type[OsoError]) -> None:
    """``except PolarRuntimeError`` never swallows a denial."""
    assert not issubclass(error, PolarRuntimeError)


# -- requests and fields -------------------------------------------------------------------


def test_authorize_request_asks_allow_request() -> None:
    """An allowed request returns nothing."""
    oso = make_oso('allow_request("ann", "/page");')

    oso.authorize_request("ann", "/page")


def test_authorize_request_denied_is_forbidden() -> None:
    """A request is never hidden, only forbidden."""
    oso = make_oso('allow_request("ann", "/page");', forbidden_error=Denied)

    with pytest.raises(Denied):
        oso.authorize_request("eve", "/page")


def test_authorize_request_without_its_rule_is_an_error() -> None:
    """A policy without allow_request is broken, not a denial."""
    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("allow_request")):
        make_oso("allow(1, 1, 1);").authorize_request("ann", "/page")


def test_authorize_field_asks_allow_field() -> None:
    """An allowed field returns nothing."""
    oso = make_oso('allow_field("ann", "read", "page", "title");')

    oso.authorize_field("ann", "read", "page", "title")


def test_authorize_field_denied_is_forbidden() -> None:
    """A field is never hidden, only forbidden."""
    oso = make_oso('allow_field("ann", "read", "page", "title");')

    with pytest.raises(ForbiddenError):
        oso.authorize_field("ann", "read", "page", "text")


def test_authorize_field_without_its_rule_is_an_error() -> None:
    """A policy without allow_field is broken, not a denial."""
    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("allow_field")):
        make_oso("allow(1, 1, 1);").authorize_field("ann", "read", "page", "title")


# -- which actions, which fields --------------------------------------------------------------


@dataclass
class Listing:
    """``authorized_actions`` or ``authorized_fields``, with the head of its rule."""

    name: str
    noun: str
    head: str
    args: tuple[str, ...]

    def policy(self, *conditions: str) -> str:
        """Write a rule for each condition on ``it``."""
        return " ".join(f"{self.head} if {condition};" for condition in conditions)

    def ask(self, policy: str, **options: t.Any) -> t.Any:
        """Ask about a policy."""
        return getattr(make_oso(policy), self.name)(*self.args, **options)


ACTIONS = Listing("authorized_actions", "action", 'allow("ann", it, "page")', ("ann", "page"))
FIELDS = Listing(
    "authorized_fields",
    "field",
    'allow_field("ann", "read", "page", it)',
    ("ann", "read", "page"),
)
both = pytest.mark.parametrize("listing", [ACTIONS, FIELDS], ids=["actions", "fields"])


@both
def test_authorized_gives_a_set_of_values(listing: Listing) -> None:
    """Any hashable value may be one, and each is there once."""
    policy = listing.policy('it = "read"', "it = 3", "it = nil", 'it = "read"', "it = Page")

    assert listing.ask(policy) == {"read", 3, None, Page}


@both
def test_authorized_nothing_is_the_empty_set(listing: Listing) -> None:
    """Who may do nothing gets an empty set."""
    assert listing.ask(listing.policy('it = "read" and false')) == set()


@both
def test_authorized_unconstrained_is_an_error(listing: Listing) -> None:
    """A rule that allows anything cannot be listed, unless a wildcard is welcome."""
    with pytest.raises(OsoError) as caught:
        listing.ask(listing.policy('it = "read"', "true or it = 1"))

    assert type(caught.value) is OsoError
    assert str(caught.value) == (
        f'The result of {listing.name}() contained an "unconstrained" {listing.noun} that could'
        f" represent any {listing.noun}, but allow_wildcard was set to False. To fix, set"
        ' allow_wildcard to True and compare with the "*" string.'
    )


@both
def test_authorized_wildcard_stands_alone(listing: Listing) -> None:
    """With allow_wildcard the star replaces what was found before."""
    policy = listing.policy('it = "read"', "true or it = 1")

    assert listing.ask(policy, allow_wildcard=True) == {"*"}


@both
def test_authorized_wildcard_without_need(listing: Listing) -> None:
    """With allow_wildcard concrete values stay what they are."""
    assert listing.ask(listing.policy('it = "read"'), allow_wildcard=True) == {"read"}


@both
@pytest.mark.parametrize("allow_wildcard", [False, True])
@pytest.mark.parametrize("condition", ["it > 3", 'it != "x"', "it matches String", "not it = 1"])
def test_authorized_constrained_is_an_error(
    listing: Listing, condition: str, allow_wildcard: bool
) -> None:
    """What is restricted and not named is neither a value nor a wildcard."""
    with pytest.raises(UnexpectedPolarTypeError, match=r"^Received Expression from Polar VM\."):
        listing.ask(listing.policy(condition), allow_wildcard=allow_wildcard)


@both
@pytest.mark.parametrize("value", ["[1]", "{a: 1}"])
def test_authorized_unhashable_is_an_error(listing: Listing, value: str) -> None:
    """A list or a dictionary has no place in a set."""
    with pytest.raises(TypeError, match="unhashable type"):
        listing.ask(listing.policy(f"it = {value}"))


@both
def test_authorized_without_its_rule_is_an_error(listing: Listing) -> None:
    """A policy without the rule is broken, not empty."""
    with pytest.raises(PolarRuntimeError, match=r"^Query for undefined rule `allow"):
        listing.ask("f(1);")


def test_authorized_actions_of_a_block() -> None:
    """The permissions that a role leads to are listed."""
    oso = make_oso("""
        actor Page {}
        resource Draft { permissions = ["read", "write", "drop"]; roles = ["editor"];
          "read" if "write"; "write" if "editor"; }
        has_role(_: Page, "editor", _: Draft);
        allow(a, b, c) if has_permission(a, b, c);
    """)

    assert oso.authorized_actions(Page(), Draft()) == {"read", "write"}


def test_authorized_actions_behind_a_cut() -> None:
    """A rule for another action may be cut off, though each action alone is allowed."""
    oso = make_oso('allow(1, "read", 2) if cut; allow(1, "write", 2);')

    assert oso.is_allowed(1, "write", 2)
    assert oso.authorized_actions(1, 2) == {"read"}


def test_authorized_actions_that_are_a_field_before_they_are_known() -> None:
    """What a rule does with an action that is not known yet is what counts."""
    oso = make_oso('allow(1, a, 2) if d = {read: 1, drop: 1} and d.(a) = 1 and a in ["read"];')

    assert oso.authorized_actions(1, 2) == {"read"}


def test_get_allowed_actions_is_a_list() -> None:
    """The older method gives the same as a list."""
    oso = make_oso('allow(1, "read", 2); allow(1, "read", 2);')

    assert oso.get_allowed_actions(1, 2) == ["read"]


def test_get_allowed_actions_knows_the_wildcard() -> None:
    """'get_allowed_actions' takes 'allow_wildcard'."""
    assert make_oso("allow(1, _, 2);").get_allowed_actions(1, 2, allow_wildcard=True) == ["*"]


# -- queries -------------------------------------------------------------------------------


def answers(results: Iterator[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Give the bindings of results."""
    return [result["bindings"] for result in results]


def test_query_result_has_bindings_and_trace() -> None:
    """A result is a dictionary of two keys, as it always was."""
    assert list(Oso().query("x = 1")) == [{"bindings": {"x": 1}, "trace": None}]


def test_query_is_lazy_about_its_text() -> None:
    """Nothing is parsed before the first result is asked for."""
    results = Oso().query("x = ;")

    with pytest.raises(ParserError):
        next(results)


def test_query_is_lazy_about_its_type() -> None:
    """What is no query is noticed when the first result is asked for."""
    results = Oso().query(5)  # type: ignore[arg-type]  # that is the point

    with pytest.raises(
        InvalidQueryTypeError, match=r"^A query is a str or a Predicate, not int\.$"
    ):
        next(results)


def test_query_rule_is_lazy() -> None:
    """An undefined rule is noticed when the first result is asked for."""
    results = Oso().query_rule("nope")

    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("nope")):
        next(results)


def test_query_computes_one_result_at_a_time() -> None:
    """Between two results nothing happens."""
    tried: list[int] = []
    oso = Oso()
    oso.register_constant(lambda number: not tried.append(number), "note")

    results = oso.query("x in [1, 2, 3] and note.__call__(x)")
    next(results)

    assert tried == [1]


def test_query_can_be_abandoned() -> None:
    """A generator that is closed early leaves the Oso usable."""
    oso = Oso()
    results = oso.query("x in [1, 2]")
    next(results)

    t.cast(t.Any, results).close()

    assert answers(oso.query("x = 3")) == [{"x": 3}]


def test_query_refuses_a_semicolon() -> None:
    """A query is an expression, not a statement."""
    with pytest.raises(ParserError, match="did not expect to find the token ';'"):
        list(Oso().query("x = 1;"))


def test_query_names_written_variables_only() -> None:
    """Variables that start with an underscore and temporary ones are left out."""
    assert answers(Oso().query("_ = 1 and _y = 2 and x = {a: 1}.a")) == [{"x": 1}]


def test_query_takes_a_predicate() -> None:
    """A Predicate is a query, with variables as arguments."""
    oso = make_oso("f(1, 2);")

    assert answers(oso.query(Predicate("f", [1, Variable("x")]))) == [{"x": 2}]


def test_query_bindings_are_given() -> None:
    """Variables may have a value from the beginning."""
    assert answers(Oso().query("x = y", bindings={"y": [1]})) == [{"x": [1], "y": [1]}]


@pytest.mark.parametrize(
    "ask",
    [
        lambda oso: oso.query("x > 1", accept_expression=True),
        lambda oso: oso.query_rule("f", Variable("x"), accept_expression=True),
    ],
    ids=["query", "query_rule"],
)
def test_query_options_are_keywords(ask: Callable[[Oso], t.Any]) -> None:
    """Both kinds of query accept expressions if they are told to."""
    (result,) = answers(ask(make_oso("f(x) if x > 1;")))

    assert result["x"].operator == "And"


@pytest.mark.parametrize("method", ["query", "query_rule", "query_rule_once"])
def test_query_refuses_unknown_options(method: str) -> None:
    """A misspelt keyword is a TypeError at the call."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'accept_expresion'"):
        getattr(Oso(), method)("f", accept_expresion=True)


def test_query_bindings_are_no_positional_argument() -> None:
    """Options of a query are keywords."""
    with pytest.raises(TypeError, match="positional argument"):
        Oso().query("x = 1", {"x": 1})  # type: ignore[call-arg]  # that is the point


@pytest.mark.parametrize(
    ("args", "answer"), [((1,), True), ((2,), False), ((Variable("x"),), True), ((1, 2), False)]
)
def test_query_rule_once_tells_whether_there_is_a_result(
    args: tuple[t.Any, ...], answer: bool
) -> None:
    """One result or more is True; another number of arguments finds none."""
    assert make_oso("f(1); f(1); f(3);").query_rule_once("f", *args) is answer


def test_query_rule_once_takes_bindings() -> None:
    """Options are those of query."""
    oso = make_oso("f(1);")

    assert not oso.query_rule_once("f", Variable("x"), bindings={"x": 2})


@pytest.mark.parametrize(
    "arg", [Page("b"), Page(), "b", None, 2**70, "\ud800", [Page("b")], {"title": "b"}]
)
@pytest.mark.parametrize(
    "body", ['x.title = "b"', "x.broken = 1", "not x = x", "x.title()", "f(x)"]
)
def test_query_rule_once_is_true_where_a_query_has_a_result(body: str, arg: t.Any) -> None:
    """It answers as a query does, and fails with its error."""
    oso = make_oso(f"f(x) if {body}; allow(_, _, _);")

    def outcome(ask: Callable[[], t.Any]) -> t.Any:
        try:
            return ask()
        except OsoError as error:
            return type(error), str(error)

    expected = outcome(lambda: next(oso.query_rule("f", arg), None) is not None)
    assert outcome(lambda: oso.query_rule_once("f", arg)) == expected


def test_query_rule_relation() -> None:
    """A variable as an argument asks for its values, as the guide to testing says."""
    oso = make_oso('has_relation(parent, "parent", page) if parent = page.title;')

    results = oso.query_rule("has_relation", Variable("subject"), "parent", Page("root"))

    assert answers(results) == [{"subject": "root"}]


# -- registration ----------------------------------------------------------------------------


def test_register_class_gives_nothing_back() -> None:
    """Registering is no decorator."""
    assert Oso().register_class(Page) is None


def test_register_class_uses_the_class_name() -> None:
    """A class has its own name by default."""
    assert make_oso().get_class("Page") is Page


def test_register_class_under_another_name() -> None:
    """The name under which a class is registered may contain colons."""
    oso = Oso()

    oso.register_class(Page, name="wiki::Page")

    assert oso.get_class("wiki::Page") is Page


def test_register_class_name_is_a_keyword() -> None:
    """A positional name is a TypeError."""
    with pytest.raises(TypeError, match="2 positional arguments but 3 were given"):
        Oso().register_class(Page, "P")  # type: ignore[call-arg]  # that is the point


@pytest.mark.parametrize("cls", [Page, Draft])
def test_register_class_name_taken(cls: type) -> None:
    """A name is given once, also to the very same class."""
    with pytest.raises(DuplicateClassAliasError) as caught:
        make_oso().register_class(cls, name="Page")

    assert str(caught.value) == (
        f"Attempted to alias {cls} as 'Page', but {Page} already has that alias."
    )


def test_register_class_built_in_name_taken() -> None:
    """The names of the built-in classes are taken."""
    with pytest.raises(DuplicateClassAliasError, match="already has that alias"):
        Oso().register_class(Page, name="String")


def test_register_class_twice_matches_both_names() -> None:
    """One class may have two names, and both match."""
    oso = make_oso()
    oso.register_class(Page, name="Leaf")
    oso.load_str("f(x) if x matches Page and x matches Leaf;")

    assert oso.query_rule_once("f", Page())


@pytest.mark.parametrize("register", ["class", "constant"])
@pytest.mark.parametrize("name", ["Actor", "Resource"])
def test_register_reserved_name(register: str, name: str) -> None:
    """The unions' names are refused, and the Oso stays as it was."""
    oso = Oso()
    refused = {
        "class": lambda: oso.register_class(Page, name=name),
        "constant": lambda: oso.register_constant(1, name),
    }

    with pytest.raises(PolarRuntimeError) as caught:
        refused[register]()
    oso.register_class(Page)

    assert str(caught.value) == (
        f"Invalid attempt to register '{name}': '{name}' is a built-in specializer."
    )


@pytest.mark.parametrize("value", [types, {"a": 1}, float("inf"), None, "text", Page()])
def test_register_constant_any_value(value: t.Any) -> None:
    """A constant may be a module, a dictionary, a number that is none, an object."""
    oso = Oso()

    oso.register_constant(value, "it")

    assert answers(oso.query("x = it")) == [{"x": value}]


def test_register_constant_again_replaces() -> None:
    """The last value of a name counts."""
    oso = Oso()
    oso.register_constant(1, "it")

    oso.register_constant(2, "it")

    assert answers(oso.query("x = it")) == [{"x": 2}]


def test_register_constant_takes_keywords() -> None:
    """Both arguments have names."""
    oso = Oso()

    oso.register_constant(name="it", value=1)

    assert answers(oso.query("x = it")) == [{"x": 1}]


def test_get_class_unknown() -> None:
    """The message is the name."""
    with pytest.raises(UnregisteredClassError, match=r"^Nope$"):
        Oso().get_class("Nope")


@pytest.mark.parametrize(
    "name",
    ["Boolean", "Integer", "Float", "List", "Dictionary", "String", "Datetime", "Timedelta"],
)
def test_get_class_built_in(name: str) -> None:
    """Eight classes are there from the beginning."""
    assert isinstance(Oso().get_class(name), type)


@pytest.mark.parametrize("order", [(Page, Draft), (Draft, Page)])
def test_register_order_of_relatives_is_free(order: tuple[type, ...]) -> None:
    """A subclass may be registered before its base."""
    oso = Oso()
    for cls in order:
        oso.register_class(cls)
    oso.load_str("type f(x: Page); f(_: Draft);")

    assert oso.query_rule_once("f", Draft())


@pytest.mark.parametrize("body", ["x = Note", "x = limit"])
def test_register_after_a_body_names_it(body: str) -> None:
    """A body needs its names before it is loaded: they would be variables."""
    with pytest.raises(ValidationError, match=r"^Singleton variable "):
        Oso().load_str(f"f(x) if {body};")


def test_register_after_a_specializer_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A specializer may be registered later; until then it is an error to get there."""
    oso = Oso()
    oso.load_str("f(_: Page);")

    assert "[warning] Unknown specializer Page" in capsys.readouterr().out
    with pytest.raises(UnregisteredClassError):
        oso.query_rule_once("f", Page())
    oso.register_class(Page)
    assert oso.query_rule_once("f", Page())


def test_register_class_attributes_are_reachable() -> None:
    """A registered name is the class itself in bodies."""
    assert answers(make_oso().query("x = Page.kind")) == [{"x": "page"}]


# -- loading ---------------------------------------------------------------------------------

WriteFile = Callable[[str, str], pathlib.Path]


@pytest.mark.parametrize("make", [str, pathlib.Path])
def test_load_files_takes_names_and_paths(write: WriteFile, make: Callable[[t.Any], t.Any]) -> None:
    """A file is named by a string or a path."""
    oso = Oso()

    oso.load_files([make(write("a.polar", "f(1);"))])

    assert oso.query_rule_once("f", 1)


@pytest.mark.parametrize("args", [(), (None,), ([],)])
def test_load_files_nothing(args: tuple[t.Any, ...]) -> None:
    """No files are no load: another one may follow."""
    oso = Oso()

    oso.load_files(*args)
    oso.load_str("f(1);")

    assert oso.query_rule_once("f", 1)


def test_load_files_are_one_policy(write: WriteFile) -> None:
    """A rule of the first file may call one of the second."""
    oso = Oso()

    oso.load_files([write("a.polar", "f(x) if g(x);"), write("b.polar", "g(1);")])

    assert oso.query_rule_once("f", 1)


@pytest.mark.parametrize("name", ["a.txt", "a.POLAR", "a", "a.polar.bak"])
def test_load_files_wrong_suffix(name: str) -> None:
    """Only ``.polar`` will do; it is looked at before the file is looked for."""
    with pytest.raises(PolarFileExtensionError) as caught:
        Oso().load_files([name])

    assert str(caught.value) == f"Polar files must have .polar extension. Offending file: {name}"


def test_load_files_folder(tmp_path: pathlib.Path) -> None:
    """Who names a folder is told how its files are named."""
    with pytest.raises(PolarFileExtensionError) as caught:
        Oso().load_files([tmp_path])

    assert caught.value.__notes__ == [
        "It is a folder. Name the files in it; 'OSO_POLICIES' takes a pattern, too:"
        f" '{tmp_path}/*.polar'."
    ]


def test_load_files_missing() -> None:
    """A missing file is named."""
    with pytest.raises(PolarFileNotFoundError, match=r"^Could not find file: nope\.polar$"):
        Oso().load_files(["nope.polar"])


def test_load_files_are_read_from_left_to_right() -> None:
    """The first file that is wrong is the one complained about."""
    with pytest.raises(PolarFileNotFoundError):
        Oso().load_files(["nope.polar", "a.txt"])


def test_load_files_one_string_is_a_list_of_letters() -> None:
    """A bare string is a mistake that is noticed at its first letter, and told to watchers."""
    oso, reported = Oso(), list[tuple[str, ...]]()
    oso.watch_loads(lambda _, report: reported.append(report.files))
    with pytest.raises(PolarFileExtensionError) as caught:
        oso.load_files("a.polar")

    assert reported == [("a.polar",)]

    assert str(caught.value) == "Polar files must have .polar extension. Offending file: a"
    assert caught.value.__notes__ == ["'load_files' takes a list: 'load_files(['a.polar'])'."]


def test_load_files_one_path_is_told_to_be_a_list() -> None:
    """A path has no names to go through."""
    with pytest.raises(TypeError) as caught:
        Oso().load_files(pathlib.Path("a.polar"))  # type: ignore[arg-type]

    assert str(caught.value) == "'load_files' takes a list: 'load_files(['a.polar'])'."


def test_load_files_same_file_twice(write: WriteFile) -> None:
    """A file is loaded once."""
    path = write("a.polar", "f(1);")

    with pytest.raises(ValidationError) as caught:
        Oso().load_files([path, path])

    assert str(caught.value).startswith(
        f"Problem loading file: File {path} has already been loaded. at line 1, column 1"
    )


def test_load_files_same_contents_twice(write: WriteFile) -> None:
    """A copy of a file is refused, naming both."""
    first, second = write("a.polar", "f(1);"), write("b.polar", "f(1);")

    with pytest.raises(ValidationError) as caught:
        Oso().load_files([first, second])

    assert str(caught.value).startswith(
        f"Problem loading file: A file with the same contents as {second} named {first} has"
        " already been loaded."
    )


def test_load_files_same_name_in_two_folders(tmp_path: pathlib.Path, write: WriteFile) -> None:
    """Files are told apart by their whole path."""
    (tmp_path / "sub").mkdir()
    oso = Oso()

    oso.load_files([write("a.polar", "f(1);"), write("sub/a.polar", "g(1);")])

    assert oso.query_rule_once("g", 1)


def test_load_files_names_in_messages_are_normal(write: WriteFile, tmp_path: pathlib.Path) -> None:
    """A place names the file as ``str(Path(name))``."""
    write("a.polar", "f(x);")

    with pytest.raises(ValidationError, match=f"of file {tmp_path}/a.polar:"):
        Oso().load_files([f"{tmp_path}/./a.polar"])


def test_load_files_not_utf8(tmp_path: pathlib.Path) -> None:
    """Files are UTF-8."""
    path = tmp_path / "a.polar"
    path.write_bytes(b'\nf("\xff");')

    message = f"{path}:2: The file is not UTF-8. Save it as UTF-8."
    with pytest.raises(PolarFileUnreadableError) as caught:
        Oso().load_files([path])

    assert str(caught.value) == message


def test_load_files_directory(tmp_path: pathlib.Path) -> None:
    """A directory with the right name is no policy."""
    path = tmp_path / "a.polar"
    path.mkdir()

    with pytest.raises(PolarFileUnreadableError) as caught:
        Oso().load_files([path])

    assert str(caught.value) == f"{path}: Is a directory."


def test_load_file_says_that_it_is_old(
    write: WriteFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """The older method works and says on standard error what to use."""
    oso = Oso()

    oso.load_file(write("a.polar", "f(1);"))

    assert "Use 'Oso.load_files'" in capsys.readouterr().err
    assert oso.query_rule_once("f", 1)


def test_load_str_takes_text() -> None:
    """Bytes are no text."""
    with pytest.raises(TypeError, match=r"^'load_str' takes a str, not bytes\.$"):
        Oso().load_str(b"f(1);")  # type: ignore[arg-type]  # that is the point


def test_load_empty_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty policy loads, with a warning on standard output, and leaves room for another."""
    oso = Oso()

    oso.load_str("")
    oso.load_str("f(1);")

    assert capsys.readouterr().out.startswith(
        "[warning] Your policy does not contain an allow rule"
    )
    assert oso.query_rule_once("f", 1)


def test_load_warning_can_be_switched_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable counts if it is there when the Oso is made, even empty."""
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "")

    Oso().load_str("f(1);")

    assert capsys.readouterr().out == ""


LOADS = {
    "load_str": lambda oso, path: oso.load_str(path.read_text()),
    "load_files": lambda oso, path: oso.load_files([path]),
    "load_file": lambda oso, path: oso.load_file(path),
}


@pytest.mark.parametrize("first", LOADS.values(), ids=LOADS)
@pytest.mark.parametrize("second", LOADS.values(), ids=LOADS)
def test_load_twice(
    write: WriteFile, first: Callable[..., None], second: Callable[..., None]
) -> None:
    """All of a policy is loaded at once, by whatever method; the first one stays."""
    oso = Oso()
    first(oso, write("a.polar", "f(1);"))

    with pytest.raises(PolarRuntimeError) as caught:
        second(oso, write("b.polar", "f(2);"))

    assert str(caught.value) == SECOND_LOAD
    assert answers(oso.query("f(x)")) == [{"x": 1}]


def test_load_after_types_alone() -> None:
    """A load without rules leaves room for another, and its types stay in force."""
    oso = Oso()
    oso.load_str("type f(x: Integer);")

    with pytest.raises(ValidationError, match=r'^Invalid rule: f\("a"\);'):
        oso.load_str('f("a");')


def test_inline_queries_run_at_load(write: WriteFile) -> None:
    """An inline query that fails names the query and its place."""
    path = write("a.polar", "f(1);\n?= f(1);\n?= f(2);")

    with pytest.raises(InlineQueryFailedError) as caught:
        Oso().load_files([path])

    assert str(caught.value).startswith(
        f"Inline query failed: f(2) at line 3, column 4 of file {path}"
    )


def test_inline_queries_run_once() -> None:
    """The first solution of an inline query is enough."""
    tried: list[int] = []
    oso = Oso()
    oso.register_constant(lambda number: not tried.append(number), "note")

    oso.load_str("f(1); f(2); ?= f(x) and note.__call__(x);")

    assert tried == [1]


def test_inline_queries_fail_together() -> None:
    """All that fail are told, in the order of the text."""
    with pytest.raises(InlineQueryFailedError) as caught:
        Oso().load_str("f(1); ?= f(2); ?= f(1); ?= f(3);")

    assert [str(problem).split(" at ")[0] for problem in caught.value.problems] == [
        "Inline query failed: f(2)",
        "Inline query failed: f(3)",
    ]


def test_clear_rules_drops_the_policy() -> None:
    """Rules and types go."""
    oso = make_oso("type f(x: Integer); f(1);")

    oso.clear_rules()

    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("f")):
        oso.query_rule_once("f", 1)
    oso.load_str('f("a");')


def test_clear_rules_drops_blocks() -> None:
    """Blocks go, so their classes are members of no union."""
    oso = make_oso("actor Page {} f(1);")

    oso.clear_rules()
    oso.load_str("f(_: Actor);")

    assert not oso.query_rule_once("f", Page())


def test_clear_rules_keeps_names() -> None:
    """Classes and constants stay."""
    oso = make_oso("f(1);")
    oso.register_constant(7, "seven")

    oso.clear_rules()

    assert answers(oso.query("x = seven and y = Page")) == [{"x": 7, "y": Page}]


def test_clear_rules_may_be_repeated() -> None:
    """Clearing nothing is fine."""
    oso = Oso()

    oso.clear_rules()
    oso.clear_rules()

    oso.load_str("f(1);")


# -- a failed load changes nothing ---------------------------------------------------------------

BROKEN = {
    "syntax": ("f(1) if;", ParserError),
    "characters": ("f(1); $", ParserError),
    "singleton": ("f(x);", ValidationError),
    "undefined rule": ("f(1) if g(1);", ValidationError),
    "rule type": ('type f(x: Integer); f("a");', ValidationError),
    "block": ("resource Nope {}", ValidationError),
    "missing has_role": ('resource Page { roles = ["a"]; } f(1);', ValidationError),
    "inline query": ("f(1); ?= f(2);", InlineQueryFailedError),
    "error in an inline query": ('f(1); ?= 1 < "a";', PolarRuntimeError),
}
broken = pytest.mark.parametrize(("text", "error"), BROKEN.values(), ids=BROKEN)


@broken
def test_failed_load_leaves_nothing(text: str, error: type[OsoError]) -> None:
    """What was refused is not in force, and a corrected text loads at once."""
    oso = make_oso()

    with pytest.raises(error):
        oso.load_str(text)

    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("f")):
        oso.query_rule_once("f", 1)
    oso.load_str('f("a");')
    assert oso.query_rule_once("f", "a")


@broken
def test_failed_load_keeps_what_was_there(text: str, error: type[OsoError]) -> None:
    """Types and blocks of an earlier load without rules stay in force."""
    oso = make_oso("actor Page {} type h(x: Integer);")

    with pytest.raises(error):
        oso.load_str(text)

    oso.load_str("f(_: Actor);")
    assert oso.query_rule_once("f", Page())


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["good.polar", "nope.polar"], PolarFileNotFoundError),
        (["good.polar", "bad.txt"], PolarFileExtensionError),
        (["good.polar", "bad.polar"], ParserError),
        (["good.polar", "good.polar"], ValidationError),
    ],
)
def test_failed_load_of_files_leaves_nothing(
    write: WriteFile, tmp_path: pathlib.Path, names: list[str], error: type[OsoError]
) -> None:
    """One bad file of several spoils them all, and the good one loads alone."""
    oso = Oso()
    good = write("good.polar", "f(1);")
    write("bad.polar", "g(")
    write("bad.txt", "")

    with pytest.raises(error):
        oso.load_files([tmp_path / name for name in names])

    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("f")):
        oso.query_rule_once("f", 1)
    oso.load_files([good])
    assert oso.query_rule_once("f", 1)


def test_refused_second_load_keeps_the_policy() -> None:
    """The policy in force answers on after a load that came too much."""
    oso = make_oso("f(1);")

    with pytest.raises(PolarRuntimeError):
        oso.load_str("f(2);")

    assert answers(oso.query("f(x)")) == [{"x": 1}]


def test_failed_load_prints_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings are printed before the error is raised."""
    with pytest.raises(ValidationError):
        Oso().load_str("allow(_: Nope, _, _); f(x);")

    assert "[warning] Unknown specializer Nope" in capsys.readouterr().out


def test_load_tells_all_problems() -> None:
    """The first problem leads, and the others follow."""
    with pytest.raises(ValidationError) as caught:
        Oso().load_str("f(x); g(y); h(1) if i(1);")

    assert [str(problem).split(";")[0].split(" at ")[0] for problem in caught.value.problems] == [
        "Singleton variable x is unused or undefined",
        "Singleton variable y is unused or undefined",
        "Call to undefined rule: i(1)",
    ]


# -- the older roles --------------------------------------------------------------------------

QUICKSTART = """
allow(actor, action, resource) if role_allows(actor, action, resource);
actor_has_role_for_resource(actor, role_name, resource) if
    role in actor.get_roles() and role_name = role.name and resource = role.resource;
resource(_type: Page, "page", actions, roles) if
    actions = ["read", "write"] and
    roles = {
        guest: { permissions: ["read"] },
        admin: { permissions: ["write"], implies: ["guest"] }
    };
"""
MISPRINT = QUICKSTART.replace("guest: {", "user: {")


@dataclass
class Role:
    """A role on a page."""

    name: str
    resource: Page


@dataclass
class Visitor:
    """Has roles."""

    roles: list[Role] = field(default_factory=list)

    def get_roles(self) -> list[Role]:
        return self.roles


def enable_first(oso: Oso, policy: str) -> None:
    oso.enable_roles()
    oso.load_str(policy)


def enable_afterwards(oso: Oso, policy: str) -> None:
    oso.load_str(policy)
    oso.enable_roles()


either_order = pytest.mark.parametrize("load", [enable_first, enable_afterwards])


@either_order
@pytest.mark.parametrize(
    ("role", "action", "answer"),
    [
        ("guest", "read", True),
        ("guest", "write", False),
        ("admin", "read", True),
        ("admin", "write", True),
        ("other", "read", False),
    ],
)
def test_roles_quickstart(
    load: Callable[[Oso, str], None], role: str, action: str, answer: bool
) -> None:
    """The oldest users' policy answers, whenever roles are enabled."""
    oso, page = make_oso(), Page()
    load(oso, QUICKSTART)

    assert oso.is_allowed(Visitor([Role(role, page)]), action, page) is answer


def test_roles_reach_no_other_page() -> None:
    """A role counts on its own page."""
    oso = make_oso()
    enable_first(oso, QUICKSTART)

    assert not oso.is_allowed(Visitor([Role("admin", Page())]), "read", Page())


@either_order
def test_roles_misprint_is_named(
    load: Callable[[Oso, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """An implied role that is not declared is warned about by name, and nothing more."""
    oso, page = make_oso(), Page()

    load(oso, MISPRINT)

    printed = capsys.readouterr().out
    assert "[warning]" in printed
    assert '"guest"' in printed
    assert not oso.is_allowed(Visitor([Role("admin", page)]), "read", page)
    assert oso.is_allowed(Visitor([Role("user", page)]), "read", page)


def test_roles_quickstart_has_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """The policy without the misprint is silent."""
    enable_first(make_oso(), QUICKSTART)

    assert capsys.readouterr().out == ""


@either_order
def test_roles_wrong_configuration(load: Callable[[Oso, str], None]) -> None:
    """A configuration that is wrong is an error, and says what is missing."""
    with pytest.raises(RolesValidationError, match="at least one `resource"):
        load(make_oso(), "allow(1, 1, 1); actor_has_role_for_resource(1, 1, 1);")


def test_roles_wrong_configuration_is_not_loaded() -> None:
    """Enabled first, wrong roles keep the policy out, and a corrected one loads."""
    oso, page = make_oso(), Page()
    oso.enable_roles()

    with pytest.raises(RolesValidationError):
        oso.load_str("allow(1, 1, 1); actor_has_role_for_resource(1, 1, 1);")

    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("allow")):
        oso.is_allowed(1, 1, 1)
    oso.load_str(QUICKSTART)
    assert oso.is_allowed(Visitor([Role("guest", page)]), "read", page)


def test_roles_wrong_configuration_keeps_the_policy() -> None:
    """Enabled afterwards, wrong roles leave the policy as it was: without them."""
    oso = make_oso("allow(1, 1, 1); actor_has_role_for_resource(1, 1, 1);")

    with pytest.raises(RolesValidationError):
        oso.enable_roles()

    assert oso.is_allowed(1, 1, 1)
    with pytest.raises(PolarRuntimeError, match=UNDEFINED.format("role_allows")):
        oso.query_rule_once("role_allows", 1, 1, 1)


def test_roles_enabled_twice() -> None:
    """Enabling again changes nothing: there is still one solution."""
    oso, page = make_oso(QUICKSTART), Page()

    oso.enable_roles()
    oso.enable_roles()

    results = oso.query_rule("role_allows", Visitor([Role("guest", page)]), "read", page)
    assert len(list(results)) == 1


# -- from within, and from many threads -----------------------------------------------------------


def test_host_method_may_ask() -> None:
    """A method that a policy calls may ask the same Oso."""
    oso = make_oso()
    oso.register_constant(lambda page: oso.is_allowed("ann", "read", page), "may_read")
    oso.load_str('allow("ann", "read", "page"); allow("ann", "write", p) if may_read.__call__(p);')

    assert oso.is_allowed("ann", "write", "page")
    assert not oso.is_allowed("ann", "write", "other")


def test_host_method_may_register() -> None:
    """A method may register a constant; the question under way does not see it."""
    oso = make_oso()
    oso.register_constant(1, "it")
    oso.register_constant(lambda: oso.register_constant(2, "it"), "change")

    assert answers(oso.query("change.__call__() = nil and x = it")) == [{"x": 1}]
    assert answers(oso.query("x = it")) == [{"x": 2}]


def test_host_method_may_replace_the_policy() -> None:
    """A method may load another policy; the question under way finishes with its own."""
    oso = make_oso()

    def reload() -> None:
        oso.clear_rules()
        oso.load_str("f(2);")

    oso.register_constant(reload, "reload")
    oso.load_str("f(x) if reload.__call__() = nil and g(x); g(1);")

    assert answers(oso.query("f(x)")) == [{"x": 1}]
    assert answers(oso.query("f(x)")) == [{"x": 2}]


def test_host_method_of_an_inline_query_may_register() -> None:
    """A method that an inline query calls may register; the lock is the same thread's."""
    oso = make_oso()
    oso.register_constant(lambda: oso.register_constant(1, "late"), "register")

    oso.load_str("f(1); ?= register.__call__() = nil;")

    assert oso.query_rule_once("f", 1)


def test_queries_interleave() -> None:
    """Two generators of one Oso do not disturb each other."""
    oso = make_oso("f(1); f(2);")
    first, second = oso.query("f(x)"), oso.query("f(x)")

    pairs = [(a["bindings"]["x"], b["bindings"]["x"]) for a, b in zip(first, second, strict=True)]

    assert pairs == [(1, 1), (2, 2)]


def under_fire(ask: Callable[[], t.Any], change: Callable[[int], None]) -> set[t.Any]:
    """Change something 40 times while eight threads ask; give the answers they got."""
    start = threading.Barrier(9)
    done = threading.Event()

    def keep_asking() -> set[t.Any]:
        start.wait()
        seen = {ask()}
        while not done.is_set():
            seen.add(ask())
        return seen

    def keep_changing() -> set[t.Any]:
        start.wait()
        try:
            for number in range(40):
                change(number)
        finally:
            done.set()
        return set()

    with ThreadPoolExecutor(9) as pool:
        tasks = [pool.submit(keep_asking) for _ in range(8)] + [pool.submit(keep_changing)]
    return set().union(*(task.result() for task in tasks))


def test_threads_ask_while_another_registers_and_loads() -> None:
    """Registering, and loads that are refused, disturb no question: no error, one answer."""
    oso = make_oso("f(1) if Page = Draft; f(2); g(_: Page);")

    def change(number: int) -> None:
        oso.register_constant(number, f"constant_{number}")
        oso.register_class(type("Made", (), {}), name=f"Made{number}")
        with pytest.raises(PolarRuntimeError, match=SECOND_LOAD):
            oso.load_str("f(3);")

    seen = under_fire(
        lambda: (*(b["x"] for b in answers(oso.query("f(x)"))), oso.query_rule_once("g", Page())),
        change,
    )

    assert seen == {(2, True)}


def test_threads_never_see_half_a_policy() -> None:
    """While policies are cleared and loaded, an answer comes from one policy, whole, or none."""
    texts = ["f(1); f(2) if g(1); g(1);", "f(3); f(4) if g(1); g(x) if not x = 2;"]
    oso = make_oso(texts[1])

    def ask() -> t.Any:
        try:
            return tuple(bindings["x"] for bindings in answers(oso.query("f(x)")))
        except PolarRuntimeError as error:
            return str(error)

    def change(number: int) -> None:
        oso.clear_rules()
        oso.load_str(texts[number % 2])

    seen = under_fire(ask, change)

    assert seen <= {
        (1, 2),
        (3, 4),
        "Query for undefined rule `f`. No policy is loaded. Load one with 'load_files', or name it"
        " in 'OSO_POLICIES' or behind 'python -m flask_oso'.",
    }


def test_threads_load_at_the_same_time() -> None:
    """Of eight threads that load, one succeeds and seven are told that it is too late."""
    oso = make_oso()
    start = threading.Barrier(8)

    def load(number: int) -> str | None:
        start.wait()
        try:
            oso.load_str(f"f({number});")
        except PolarRuntimeError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(load, range(8)))

    assert sorted(outcomes, key=str) == [SECOND_LOAD] * 7 + [None]
    assert answers(oso.query("f(x)")) == [{"x": outcomes.index(None)}]


@pytest.mark.parametrize("position", range(3))
def test_is_allowed_refuses_a_variable(position: int) -> None:
    """A variable asks a question; as a part of a decision it would match anything."""
    args: list[t.Any] = [1, 2, 3]
    args[position] = Variable("x")
    oso = Oso()
    oso.load_str("allow(1, 2, 3);")

    with pytest.raises(PolarTypeError, match="A decision needs values"):
        oso.is_allowed(*args)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([Variable("x")], "A decision needs values"),
        ({"a": [Variable("x")]}, "A dictionary has values, not a variable"),
    ],
)
def test_is_allowed_refuses_a_variable_inside(value: t.Any, message: str) -> None:
    """A variable in a list or a dictionary would match anything there, and is refused."""
    oso = Oso()
    oso.load_str("allow([1], 2, 3); allow({a: [1]}, 2, 3);")

    with pytest.raises(PolarTypeError, match=message):
        oso.is_allowed(value, 2, 3)


# -- proxies -------------------------------------------------------------------------


PROXIED = """
allow(true, "see", "true");
allow([1, *_], "see", "list");
allow(actor, "see", "many") if 1 in actor;
allow(nil, "see", "nobody");
allow(_: String, "see", "text");
allow("ann", "see", ["page"]);
allow_field("ann", "see", ["page"], "title");
allow_request("ann", ["page"]);
"""


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("actor", "resource"),
    [
        *((actor, "true") for actor in (True, 1, "true")),
        *((actor, "list") for actor in ([1, 2], [2], 1)),
        *((actor, "many") for actor in ([1], {1: 2}, "1", None)),
        *((actor, "nobody") for actor in (None, False, "")),
        *((actor, "text") for actor in ("ann", 1, "\ud800", 2**70)),
        *(("ann", resource) for resource in (["page"], ("page",), "page")),
    ],
)
def test_proxies_are_answered_as_what_they_stand_for(
    actor: t.Any, resource: t.Any, compiled: bool
) -> None:
    """Whatever is asked, and whatever is behind them, proxies of proxies included."""
    oso = Oso(compiled=compiled)
    oso.load_str(PROXIED)
    proxies = LocalProxy(lambda: actor), LocalProxy(lambda: LocalProxy(lambda: resource))

    assert all_answers(oso, *proxies) == all_answers(oso, actor, resource)


def all_answers(oso: Oso, actor: t.Any, resource: t.Any) -> list[t.Any]:
    """Ask all questions of an application."""
    return [
        outcome(lambda: oso.is_allowed(actor, "see", resource)),
        outcome(lambda: oso.authorize(actor, "see", resource)),
        outcome(lambda: oso.authorize_request(actor, resource)),
        outcome(lambda: oso.authorize_field(actor, "see", resource, "title")),
        outcome(lambda: oso.authorized_actions(actor, resource)),
        outcome(lambda: oso.authorized_fields(actor, "see", resource)),
    ]


def outcome(ask: t.Callable[[], t.Any]) -> t.Any:
    """Give the answer, or the kind of error."""
    try:
        return ask()
    except Exception as error:
        return type(error)


# -- arguments that have changed places ----------------------------------------------

ORDERED = 'allow(user: Person, "read", page: Sheet) if page.owner = user;'
ORDER_TEXT = (
    "The policy was asked whether a Sheet may do 'read' to a Person, and denied it: its rules know"
    " a Sheet as a resource only, and a Person as an actor only. The actor comes first, then the"
    " action, then the resource: 'is_allowed(actor, action, resource)'."
)


class Person:
    """Who reads."""


class Sheet:
    """What is read."""

    owner: t.Any = None


def ordered(policy: str) -> Oso:
    return policies.make_oso(policy, Person, Sheet)


@pytest.mark.parametrize(
    "policy",
    [
        ORDERED,
        'allow(u, "read", s) if u matches Person and s matches Sheet and s.owner = u;',
        "actor Person {}\n"
        'resource Sheet { permissions = ["read"]; }\n'
        "allow(a, b, c) if has_permission(a, b, c);\n"
        'has_permission(u: Actor, "read", s: Resource) if s.owner = u;\n',
    ],
)
@pytest.mark.parametrize("name", ["is_allowed", "authorize"])
def test_swapped_arguments_are_told_once(
    policy: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A question with swapped arguments is denied like any other, and the log names the order
    once.
    """
    oso = ordered(policy)
    for _ in range(2):
        with contextlib.suppress(NotFoundError):
            getattr(oso, name)(Sheet(), "read", Person())

    assert [record.getMessage() for record in caplog.records] == [ORDER_TEXT]


@pytest.mark.parametrize(
    ("policy", "question"),
    [
        (ORDERED, (Person(), "edit", Sheet())),
        (ORDERED, (Person(), "read", Sheet())),
        (ORDERED, (Person(), "read", Person())),
        (ORDERED, (Sheet(), "read", "page")),
        (ORDERED, (Sheet(), "read", Person)),
        (f'{ORDERED} allow(_: Person, "see", _: Person);', (Sheet(), "read", Person())),
        (f'{ORDERED} allow(_: Sheet, "name", "page");', (Sheet(), "read", Person())),
        ('allow(_, "read", _: Sheet);', (Sheet(), "read", Person())),
        ('allow(_, "edit", _);', (Sheet(), "read", Person())),
    ],
)
def test_denial_that_may_be_meant_is_not_taken_for_a_swap(
    policy: str, question: tuple[t.Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """The rules have to tell that each of the two classes stands on the other side alone."""
    assert not ordered(policy).is_allowed(*question)
    assert caplog.records == []


def test_swap_is_seen_by_the_policy_in_force(caplog: pytest.LogCaptureFixture) -> None:
    """After a reload the rules that count are the new ones."""
    oso = ordered('allow(_, "edit", _);')
    oso.is_allowed(Sheet(), "read", Person())
    oso.load_str(ORDERED, replace=True)
    oso.is_allowed(Sheet(), "read", Person())

    assert [record.getMessage() for record in caplog.records] == [ORDER_TEXT]


# -- a class where an object is meant ------------------------------------------------

CREATES = 'allow(_: Person, "create", _: Sheet);'
CLASS_TEXT = (
    "The policy was asked whether a Person may do 'create' to the class 'Sheet', and denied it: the"
    " rule 'allow' at line 1, column 1 is about objects of 'Sheet'. If the class is meant, write"
    " 'Sheet' there without a colon; otherwise ask about an object."
)


@pytest.mark.parametrize("name", ["is_allowed", "authorize"])
def test_class_in_the_place_of_an_object_is_told_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With oso a class matched its own specializer; here it does not, and the log says so once."""
    oso = ordered(CREATES)
    for _ in range(3):
        with contextlib.suppress(NotFoundError):
            getattr(oso, name)(Person(), "create", Sheet)

    assert [record.getMessage() for record in caplog.records] == [CLASS_TEXT]


def test_class_that_nobody_is_asked_about_is_told_without_the_type_of_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """None has no class that a reader of the log knows."""
    assert not ordered('allow(_, "create", _: Sheet);').is_allowed(None, "create", Sheet)

    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("The policy was asked whether nobody (None) may do 'create' to the")


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ('allow(_, "create", s) if s matches Sheet;', "'allow' at line 1"),
        ('allow(_, "create", _: Sheet{owner: nil});', "'allow' at line 1"),
        ("allow(_, _, _: Sheet);", "'allow' at line 1"),
        ('allow(_, a, _: Sheet) if a in ["read", "create"];', "'allow' at line 1"),
        ('allow(_, "read", Sheet); allow(_, "create", _: Sheet);', "'allow' at line 1, column 26"),
        (
            'actor Person {} resource Sheet { permissions = ["create"]; }\n'
            "allow(a, b, c) if has_permission(a, b, c);\n"
            'has_permission(_: Person, "create", _: Sheet);',
            "'has_permission' at line 3",
        ),
        (
            'actor Person {}\nresource Sheet { permissions = ["create"]; }\n'
            'allow(_: Actor, "create", _: Resource);',
            "'allow' at line 3",
        ),
    ],
)
def test_class_in_the_place_of_an_object_names_the_rule(
    policy: str, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However the rule says that it is about objects, the message has its place."""
    assert not ordered(policy).is_allowed(Person(), "create", Sheet)

    assert [rule in record.getMessage() for record in caplog.records] == [True]


def test_class_in_the_place_of_an_object_is_told_for_each_action(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was looked at for one action says nothing about another one."""
    oso = ordered('allow(_: Person, "create", _: Sheet); allow(_: Person, "list", _: Sheet);')
    for _ in range(2):
        for action in ("print", "create", "list"):
            assert not oso.is_allowed(Person(), action, Sheet)

    told = [t.cast("tuple[str, ...]", record.args) for record in caplog.records if record.args]
    assert [args[1] for args in told] == ["create", "list"]


def test_class_in_the_place_of_an_object_is_told_by_filter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Many objects at once are told like one."""
    oso = ordered(CREATES)

    assert oso.filter(Person(), "create", [Sheet(), Sheet]) != []
    assert [record.getMessage() for record in caplog.records] == [CLASS_TEXT]


@pytest.mark.parametrize(
    ("policy", "resource"),
    [
        (CREATES, "Sheet"),
        (CREATES, Person),
        (CREATES, type),
        ('allow(_, "read", _: Sheet);', Sheet),
        ('allow(_, action, _: Sheet) if action in ["read", "edit"];', Sheet),
        ('allow(_, action, _: Sheet) if action = "read";', Sheet),
        ('allow(_: Sheet, "create", _);', "page"),
        ('allow(p: Person, "create", Sheet) if p = 1; allow(_, "create", _: Sheet);', Sheet),
        ('allow(_, "create", s) if s = Sheet and 1 = 2; allow(_, "create", _: Sheet);', Sheet),
    ],
)
def test_class_that_may_be_meant_is_not_told(
    policy: str, resource: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Other denials are none of its business, nor are policies that have the class itself."""
    assert not ordered(policy).is_allowed(Person(), "create", resource)
    assert caplog.records == []


def test_class_that_is_allowed_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """The check looks at denials only."""
    assert ordered('allow(_, "create", Sheet);').is_allowed(Person(), "create", Sheet)
    assert caplog.records == []


def test_class_in_the_place_of_an_object_is_seen_by_the_policy_in_force(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a reload the rules that count are the new ones."""
    oso = ordered("allow(_, _, 1);")
    oso.is_allowed(Person(), "create", Sheet)
    oso.load_str(CREATES, replace=True)
    oso.is_allowed(Person(), "create", Sheet)

    assert [record.getMessage() for record in caplog.records] == [CLASS_TEXT]


@pytest.mark.parametrize(
    "rule",
    [
        'allow(_, "read", page) if x == page and x = "page";',
        'allow(_, "read", page) if x = "page" and x == page;',
    ],
)
def test_comparison_waits_for_a_value(rule: str) -> None:
    """A variable may get its value behind the `==` that it stands in."""
    policy = Oso()
    policy.load_str(rule)

    assert [policy.is_allowed("ana", "read", page) for page in ("page", "note")] == [True, False]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda oso, given: oso.filter("ann", "read", given), "'filter' takes several objects"),
        (
            lambda oso, given: oso.authorized_actions_many("ann", given),
            "'authorized_actions_many' takes several objects",
        ),
        (
            lambda oso, given: oso.authorized_fields_many("ann", "read", given),
            "'authorized_fields_many' takes several objects",
        ),
    ],
    ids=["filter", "authorized_actions_many", "authorized_fields_many"],
)
@pytest.mark.parametrize(
    ("given", "what"),
    [
        (3, "one 'int'"),
        ("read", "one 'str'"),
        (Oso, "the class 'Oso'. 'authorized_query' selects the rows of a class"),
    ],
    ids=["object", "text", "class"],
)
def test_one_object_in_the_place_of_several(
    ask: t.Any, message: str, given: t.Any, what: str
) -> None:
    """Who asks about one object, or a class, is told to give a list."""
    oso = Oso()
    oso.load_str('allow(_, "read", _);')

    with pytest.raises(TypeError, match=re.escape(message)) as caught:
        ask(oso, given)

    assert what in str(caught.value)


def test_limits_that_are_none() -> None:
    """Limits are an object, and the message shows how it is made."""
    with pytest.raises(TypeError, match=re.escape("as in 'limits=Limits(timeout_ms=500)'")):
        Oso(limits=t.cast(t.Any, 500))
