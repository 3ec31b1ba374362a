"""Loading is all or nothing, and a policy's text can do only what the language says."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import OsoError, ParserError, PolarRuntimeError, ValidationError
from tests.support.models.people import User

OPEN = "allow(_, _, _);\n"

FAULTS = {
    "no semicolon": "f(1)",
    "no token": "f(1) if @;",
    "unclosed string": 'f("x);',
    "unclosed block": "resource User {",
    "reserved word": "if(1);",
    "integer overflow": "f(99999999999999999999);",
    "duplicate key": "f({a: 1, a: 2});",
    "wrong sort": "f() if 1 and 2;",
    "singleton": "f() if x;",
    "undefined rule": "f() if g();",
    "wrong shape": "allow(1);",
    "unregistered block": "resource Ghost {}",
    "undeclared role": 'resource User { roles = ["a"]; "a" if "b"; }',
    "declared twice": 'resource User { roles = ["a"]; permissions = ["a"]; }',
    "missing rule": 'resource User { roles = ["a"]; relations = {p: User}; "a" if "a" on "p"; }',
    "failing query": "?= 1 = 2;",
    "query with an error": "?= 1.x = 1;",
    "invisible letter": "al\u200blow(1, 2, 3);",
}


class Page:
    """A resource."""


def make_oso() -> Oso:
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Page)
    return oso


@pytest.fixture(params=FAULTS.values(), ids=list(FAULTS))
def refused(request: pytest.FixtureRequest) -> str:
    """A policy that allows everything, with a fault behind that."""
    return OPEN + str(request.param)


def test_refused_text_leaves_no_rule(refused: str) -> None:
    """Nothing of a text that is refused is in force."""
    oso = make_oso()

    with pytest.raises(OsoError):
        oso.load_str(refused)
    with pytest.raises(PolarRuntimeError, match=r"^Query for undefined rule `allow`"):
        oso.is_allowed("eve", "read", "page")


def test_corrected_text_loads(refused: str) -> None:
    """The corrected text can be loaded at once."""
    oso = make_oso()
    with pytest.raises(OsoError):
        oso.load_str(refused)

    oso.load_str('allow("ana", _, _);')

    assert oso.is_allowed("ana", "read", "page")
    assert not oso.is_allowed("eve", "read", "page")


def test_refused_replacement_keeps_the_old_policy(refused: str) -> None:
    """The policy before stays in force, whole."""
    oso = make_oso()
    oso.load_str('allow("ana", _, _);')

    with pytest.raises(OsoError):
        oso.load_str(refused, replace=True)

    assert oso.is_allowed("ana", "read", "page")
    assert not oso.is_allowed("eve", "read", "page")


def test_refused_file_among_others(refused: str, tmp_path: pathlib.Path) -> None:
    """Of several files, one that is wrong keeps all from being in force."""
    for name, text in {"a": OPEN, "b": refused, "c": 'allow("x", _, _);'}.items():
        (tmp_path / f"{name}.polar").write_text(text, encoding="utf-8")
    oso = make_oso()

    with pytest.raises(OsoError):
        oso.load_files([tmp_path / f"{name}.polar" for name in "abc"])
    with pytest.raises(PolarRuntimeError, match=r"^Query for undefined rule `allow`"):
        oso.is_allowed("eve", "read", "page")


def test_missing_file_among_others(tmp_path: pathlib.Path) -> None:
    """Of several files, one that does not exist keeps all from being in force."""
    (tmp_path / "a.polar").write_text(OPEN, encoding="utf-8")
    oso = make_oso()

    with pytest.raises(PolarRuntimeError, match=r"^Could not find file: "):
        oso.load_files([tmp_path / "a.polar", tmp_path / "b.polar"])
    with pytest.raises(PolarRuntimeError, match=r"^Query for undefined rule `allow`"):
        oso.is_allowed("eve", "read", "page")


@pytest.mark.parametrize(
    "text",
    [
        'f("# allow(_, _, _);");',
        'f("\\"); allow(_, _, _); f(\\"");',
        "f(1); # allow(_, _, _);",
        "# x\\\nf(1);",
    ],
)
def test_sign_of_a_comment_in_a_string_is_text(text: str) -> None:
    """A string cannot become a comment, nor a comment a rule."""
    oso = make_oso()
    oso.load_str(f'{text}\nallow("ana", _, _);')

    assert not oso.is_allowed("eve", "read", "page")
    assert oso.query_rule_once("f", "x") is False


def test_class_that_nobody_registered_matches_nothing() -> None:
    """A specializer for a class that does not exist is an error when it is asked."""
    oso = make_oso()
    oso.load_str("allow(_: Ghost, _, _);")

    with pytest.raises(PolarRuntimeError, match=r"^Ghost"):
        oso.is_allowed("eve", "read", "page")


@pytest.mark.parametrize("head", ["allow(_, _)", "allow()", "allow(_, _, _, _)", "allow(_)"])
def test_rule_with_another_number_of_parameters_is_refused(head: str) -> None:
    """An ``allow`` of the wrong arity would never be asked, so it does not load."""
    with pytest.raises(ValidationError, match="Different number of parameters"):
        make_oso().load_str(f"{head};")


@pytest.mark.parametrize("name", ["Actor", "Resource"])
@pytest.mark.parametrize("register", ["class", "constant"])
def test_reserved_name_is_refused_whole(register: str, name: str) -> None:
    """A reserved name is refused, and nothing of it stays."""
    oso = make_oso()
    calls: dict[str, t.Callable[[], None]] = {
        "class": lambda: oso.register_class(User, name=name),
        "constant": lambda: oso.register_constant(1, name),
    }

    with pytest.raises(PolarRuntimeError, match="built-in specializer"):
        calls[register]()
    with pytest.raises(PolarRuntimeError):
        oso.get_class(name)


@pytest.mark.parametrize(
    "text",
    [
        "allow(1, 2, 3); allow(_, _, _)",
        "allow(_, _, _) if true",
        "?= true",
        "type f(x)",
        "resource User {}",
        "",
    ],
)
def test_query_text_is_one_expression(text: str) -> None:
    """What is more or less than that is refused, and no rule comes of it."""
    oso = make_oso()
    oso.load_str('allow("ana", _, _); f(1);')

    with pytest.raises(ParserError):
        next(oso.query(text))
    assert not oso.is_allowed("eve", "read", "page")


ROLE_DATA: list[t.Any] = [
    None,
    1,
    "owner",
    ["owner"],
    [None],
    [{"name": "owner"}],
    [["owner"]],
    {"owner": True},
    [("owner", None)],
    object(),
    [[["owner", "page"]]],
    [["owner", "page", 1]],
]


@pytest.mark.parametrize("roles", ROLE_DATA, ids=lambda roles: type(roles).__name__)
def test_broken_role_data_grants_nothing(roles: t.Any) -> None:
    """Roles in a form that the policy does not expect are an error or a denial."""
    oso = make_oso()
    oso.load_str(
        'actor User {} resource Page { permissions = ["read"]; roles = ["owner"];'
        ' "read" if "owner"; }'
        "has_role(u: User, name: String, page: Page) if [name, page] in u.roles;"
        "allow(a, b, c) if has_permission(a, b, c);"
    )
    user, page = User(), Page()
    user.roles = roles  # type: ignore[attr-defined]  # whatever comes from a table

    assert answer(oso, user, "read", page) in (False, "error")


def answer(oso: Oso, *question: t.Any) -> t.Any:
    try:
        return oso.is_allowed(*question)
    except OsoError:
        return "error"


def test_role_data_of_the_expected_form_grants() -> None:
    """Roles in the form that the policy expects allow exactly what it says."""
    oso = make_oso()
    oso.load_str(
        'actor User {} resource Page { permissions = ["read", "edit"]; roles = ["owner"];'
        ' "read" if "owner"; }'
        "has_role(u: User, name: String, page: Page) if [name, page] in u.roles;"
        "allow(a, b, c) if has_permission(a, b, c);"
    )
    user, page, other = User(), Page(), Page()
    user.roles = [["owner", page]]  # type: ignore[attr-defined]  # as from a table

    assert oso.is_allowed(user, "read", page)
    assert not oso.is_allowed(user, "edit", page)
    assert not oso.is_allowed(user, "read", other)
    assert not oso.is_allowed(User, "read", page)


def test_relation_that_is_not_there_grants_nothing() -> None:
    """A role on a parent needs a parent."""
    oso = make_oso()
    oso.register_class(type("Org", (), {}), name="Org")
    oso.load_str(
        'actor User {} resource Org { roles = ["owner"]; }'
        'resource Page { permissions = ["read"]; relations = { parent: Org };'
        ' "read" if "owner" on "parent"; }'
        "has_role(_: User, _: String, _: Org);"
        'has_relation(org: Org, "parent", page: Page) if org = page.org and org matches Org;'
        "allow(a, b, c) if has_permission(a, b, c);"
    )
    page = Page()
    page.org = None  # type: ignore[attr-defined]  # a foreign key that is NULL

    assert not oso.is_allowed(User(), "read", page)
