"""``flask oso check``: problems and warnings of a policy, of an app that starts or does not."""

from __future__ import annotations

import enum
import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm
from sqlalchemy.ext.declarative import DeferredReflection

from flask_oso import FlaskOso, Oso, OsoError, authorize
from flask_oso.__main__ import main
from flask_oso.cli import oso as command
from flask_oso.sqlalchemy import SqlAlchemyAdapter
from tests.support.children import plain_environment
from tests.support.models.shop import Customer, Order, Parcel
from tests.support.sites import make_app

GOOD = 'allow(_, "read", "page");\n'
BROKEN = 'allow(_, "read", page) if page = ;\nallow(x, y, z);\nallow(_, _, "page") if mising(1);\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def app_with(folder: Path, text: str, oso: Oso | None = None) -> Flask:
    """Make an app in a folder whose policy is this text."""
    (folder / "policy.polar").write_text(text, encoding="utf-8")
    app = make_app(folder=folder, static=None, OSO_POLICIES="policy.polar")
    FlaskOso().init_app(app, oso or Oso())
    return app


def test_good_policy_passes(folder: Path, run: t.Any) -> None:
    """Nothing is wrong, and it says how much was looked at."""
    result = run(app_with(folder, GOOD), "check")

    assert (result.exit_code, result.output) == (0, "1 rule. Nothing is wrong.\n")


@pytest.mark.parametrize("name", ["check", "lint", "fmt"])
def test_no_policy_at_all(run: t.Any, name: str) -> None:
    """Who has named no file yet is told where, beside that nothing is allowed."""
    app = make_app(static=None)
    FlaskOso(app)

    result = run(app, name)

    assert result.stderr.startswith(
        "No policy is loaded. Name its files in 'OSO_POLICIES' before 'init_app', or load them with"
        " 'load_files'.\n"
    )


@pytest.mark.parametrize(
    ("text", "code"), [("", 1), ("may(_);", 1), ('allow(_, "read", "note");', 0)]
)
def test_guards_without_a_rule_that_answers(folder: Path, run: t.Any, text: str, code: int) -> None:
    """Each request to a guarded view is an error then, and no denial."""
    app = app_with(folder, text)
    for name in ("one", "two"):
        app.add_url_rule(f"/{name}", name, authorize("read", "note")(lambda: "noted"))

    result = run(app, "check")

    found = re.findall(r"^error: No 'allow' rule is loaded: .*", result.output, re.M)
    assert (result.exit_code, len(found)) == (code, code)
    assert all("endpoint 'one'" in each and "those of 1 other guard" in each for each in found)


def test_views_without_guards_need_no_rule(folder: Path, run: t.Any) -> None:
    """Somebody who begins has no guard yet."""
    app = app_with(folder, "")
    app.add_url_rule("/", "home", lambda: "home")

    assert run(app, "check").exit_code == 0


def test_empty_policy_is_loaded(folder: Path, run: t.Any) -> None:
    """A file without rules is named already."""
    result = run(app_with(folder, ""), "check")

    assert result.stderr == ""


def test_warning_is_called_so_once(folder: Path, run: t.Any) -> None:
    """The text of oso that begins with 'Warning' does not say it again."""
    text = "actor String {}\nallow(_, _, _) if false;\n"

    result = run(app_with(folder, text), "check")

    assert result.output.startswith("warning: your policy uses resource blocks but does not call")


def test_application_is_asked_by_its_own_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command without an application names the one that has it."""
    assert main(["explain", "User:1", "read", "Note:1"]) == 2
    assert capsys.readouterr().err == "'explain' needs the application: flask oso explain\n"


def test_check_without_an_application_names_the_files_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command that has the application checks files without one."""
    assert main(["check", "policy.polar"]) == 2
    assert capsys.readouterr().err == (
        "'check' needs the application: flask oso check,"
        " or 'flask oso check FILE.polar' without one\n"
    )


def test_policy_is_read_anew(folder: Path, run: t.Any) -> None:
    """What counts is what the file says now, with a path as seen from here."""
    app = app_with(folder, GOOD)
    (folder / "policy.polar").write_text("allow(_, _, page) if page;\n;\n", encoding="utf-8")

    result = run(app, "check")

    assert result.exit_code == 1
    assert result.output == (
        "error: did not expect to find the token ';' at line 2, column 1 of file policy.polar:\n"
        "\t002: ;\n"
        "\t     ^\n"
        "Nothing stands in front of this semicolon. Remove it.\n"
        "1 error.\n"
    )


def test_warnings_are_no_errors(folder: Path, run: t.Any) -> None:
    """A warning is shown; it fails only if that is wanted."""
    app = app_with(folder, 'other(_, "read");')

    plain, strict = run(app, "check"), run(app, "check", "--strict")

    assert plain.output.startswith("warning: Your policy does not contain an allow rule")
    assert plain.output.endswith("1 rule. 1 warning.\n")
    assert (plain.exit_code, strict.exit_code) == (0, 1)


def test_failed_inline_query_is_an_error(folder: Path, run: t.Any) -> None:
    """The tests inside of a policy are run."""
    app = app_with(folder, GOOD)
    (folder / "policy.polar").write_text(f'{GOOD}?= allow("ann", "edit", "page");\n', "utf-8")

    result = run(app, "check")

    assert result.exit_code == 1
    assert 'error: Inline query failed: allow("ann", "edit", "page") at line 2' in result.output


def test_column_that_is_called(folder: Path, run: t.Any) -> None:
    """Parentheses behind a column or a relation are told of, each with its place."""
    oso = Oso()
    oso.register_class(Order)
    oso.register_class(Customer)
    text = 'allow(c: Customer, "read", order: Order) if order.customer() = c and order.sent();\n'

    result = run(app_with(folder, text, oso), "check")

    assert result.exit_code == 1
    assert "error: Order.customer is no method. Write `customer` without `()` at line 1" in (
        result.output
    )
    assert "error: Order.sent is no method. Write `sent` without `()` at line 1" in result.output
    assert result.output.endswith("1 rule. 2 errors.\n")


def test_method_that_is_called(folder: Path, run: t.Any) -> None:
    """A method of what a column holds is none of the columns."""
    oso = Oso()
    oso.register_class(Order)
    text = 'allow(_, "read", order: Order) if order.id.bit_length() = 1;\n'

    assert "no method" not in run(app_with(folder, text, oso), "check").output


def test_attribute_that_a_mapped_class_lacks(folder: Path, run: t.Any) -> None:
    """Models are known from their mappers: what they do not have is an error."""
    oso = Oso()
    oso.register_class(Order)
    oso.register_class(Customer)
    text = 'allow(customer: Customer, "read", order: Order) if order.owner = customer;\n'

    result = run(app_with(folder, text, oso), "check")

    assert result.exit_code == 1
    assert result.output == (
        "error: Order has no attribute owner at line 1, column 58 of file policy.polar:\n"
        f"\t001: {text}"
        f"\t     {' ' * 57}^\n"
        "1 rule. 1 error.\n"
    )


class State(enum.Enum):
    """What a book may be."""

    NEW = "new"


class Code(sa.TypeDecorator[object]):
    """A type of its own."""

    impl = sa.String
    cache_ok = True


class Base(orm.DeclarativeBase):
    """The base of books and pages."""


class Book(Base):
    """Has no annotations."""

    __tablename__ = "books"
    id = sa.Column(sa.Integer, primary_key=True)
    title = sa.Column(sa.String)
    pages = sa.Column(sa.JSON)
    state = sa.Column(sa.Enum(State))  # type: ignore[var-annotated]
    lent = sa.Column(sa.Boolean)
    code = sa.Column(Code)


class Page(Base):
    """Has relations with annotations."""

    __tablename__ = "pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    book_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("books.id"))
    book: orm.Mapped[Book] = orm.relationship()
    others: orm.Mapped[list[Book]] = orm.relationship(viewonly=True)


class OldPage(Base):
    """Has relations without."""

    __tablename__ = "old_pages"
    id = sa.Column(sa.Integer, primary_key=True)
    book_id = sa.Column(sa.ForeignKey("books.id"))  # type: ignore[var-annotated]
    book = orm.relationship(Book)
    others = orm.relationship(Book, uselist=True, viewonly=True)


@pytest.mark.parametrize("model", [Page, OldPage])
@pytest.mark.parametrize(
    ("condition", "output"),
    [
        ("page.book.tittle = user", "error: Book has no attribute tittle, did you mean title?"),
        ("b = page.book and b.tittle = user", "error: Book has no attribute tittle, did you mean"),
        ("b in page.others and b.tittle = user", "error: Book has no attribute tittle, did you"),
        ("page matches Page{book: {tittle: user}}", "error: Book has no attribute tittle, did"),
        ("page.book.pages.tittle = user", "1 rule. Nothing is wrong."),
    ],
)
def test_attribute_behind_a_relation(
    folder: Path, run: t.Any, model: type, condition: str, output: str
) -> None:
    """Relations of models lead to what they are of, with annotations and without."""
    oso = Oso()
    oso.register_class(model, name="Page")
    oso.register_class(Book)
    text = f'allow(user, "read", page: Page) if {condition};'

    result = run(app_with(folder, text, oso), "check")

    assert result.output.startswith(output)


def test_attribute_that_another_class_declares(folder: Path, run: t.Any) -> None:
    """The other end of a relation is an attribute, though its class does not mention it."""

    class Base(orm.DeclarativeBase):
        pass

    class Team(Base):
        __tablename__ = "teams"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    class Member(Base):
        __tablename__ = "members"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"))
        team: orm.Mapped[Team] = orm.relationship(Team, backref="members")

    oso = Oso()
    oso.register_class(Team)
    text = 'allow(_, "read", team: Team) if team.members = [];'

    result = run(app_with(folder, text, oso), "check")

    assert (result.exit_code, result.output) == (0, "1 rule. Nothing is wrong.\n")


def test_attribute_is_looked_for_in_patterns_and_once(folder: Path, run: t.Any) -> None:
    """Fields of patterns count, each attribute is told of once, and a near one is proposed."""
    oso = Oso()
    oso.register_class(Order)
    text = (
        'allow(_, "read", order: Order{customer_idd: 1}) if order.customer_idd = 1;\n'
        'allow(_, "send", order: Order) if order.customer_id = 1 and not order.sent;\n'
    )

    result = run(app_with(folder, text, oso), "check", "--format", "json")

    (found,) = json.loads(result.output)["findings"]
    assert found["message"].startswith(
        "Order has no attribute customer_idd, did you mean customer_id? at line 1, column 4"
    )


@pytest.mark.parametrize(
    ("condition", "output"),
    [
        ('book.state = "new"', 'book.state is a State, "new" is a string: they are never equal'),
        ("book.lent = 1", "book.lent is true or false, 1 is a number: they are never equal"),
        ('book.id != "1"', 'book.id is a number, "1" is a string: they always differ'),
        ("book.title = book.id", "book.title is a string, book.id is a number: they are never"),
    ],
)
def test_column_without_annotation(folder: Path, run: t.Any, condition: str, output: str) -> None:
    """What is in a column is known from its type."""
    oso = Oso()
    oso.register_class(Book)

    result = run(app_with(folder, f'allow(_, "read", book: Book) if {condition};', oso), "check")

    assert result.output.startswith(f"warning: {output}")
    assert result.output.endswith("1 rule. 1 warning.\n")


@pytest.mark.parametrize("condition", ["book.code = 1", "book.pages = 1", 'book.title = "a"'])
def test_column_that_may_hold_anything(folder: Path, run: t.Any, condition: str) -> None:
    """Types that others made, and JSON, leave open what a value is."""
    oso = Oso()
    oso.register_class(Book)

    result = run(app_with(folder, f'allow(_, "read", book: Book) if {condition};', oso), "check")

    assert result.output == "1 rule. Nothing is wrong.\n"


def test_comparison_that_never_holds(folder: Path, run: t.Any) -> None:
    """A model that is compared with its key is told of, with what to write."""
    oso = Oso()
    oso.register_class(Order)
    oso.register_class(Customer)
    text = 'allow(who: Customer, "read", order: Order) if order.customer_id = who;'

    result = run(app_with(folder, text, oso), "check")

    assert result.output == (
        "warning: order.customer_id is a number, who is a Customer: they are never equal"
        " at line 1, column 47 of file policy.polar:\n"
        f"\t001: {text}\n"
        f"\t     {' ' * 46}^\n"
        "Write `who.id`.\n"
        "1 rule. 1 warning.\n"
    )


def test_attribute_that_a_plain_class_lacks_is_a_warning(folder: Path, run: t.Any) -> None:
    """An object of a plain class may have been given more than its class says."""
    oso = Oso()
    oso.register_class(Parcel)

    result = run(app_with(folder, 'allow(_, "read", p: Parcel) if p.weight = 1;', oso), "check")

    assert (result.exit_code, result.output.partition(" at ")[0]) == (
        0,
        "warning: Parcel has no attribute weight",
    )


class Made:
    """A class whose objects have whatever is asked for."""

    def __getattr__(self, name: str) -> str:
        """Give anything."""
        return name


class Grown:
    """A class whose objects get attributes later."""

    def grow(self) -> None:
        """Get one."""
        self.size = 1


@pytest.mark.parametrize(("cls", "name"), [(Made, "any"), (Grown, "size"), (dict, "key")])
def test_attributes_that_may_be_there(folder: Path, run: t.Any, cls: type, name: str) -> None:
    """Where any doubt is left nothing is said."""
    oso = Oso()
    oso.register_class(cls, name="Thing")

    result = run(app_with(folder, f'allow(_, "read", t: Thing) if t.{name} = 1;', oso), "check")

    assert result.output == "1 rule. Nothing is wrong.\n"


def test_rules_left_to_the_solver_are_notes(folder: Path, run: t.Any) -> None:
    """Rules left to the solver cost time and are right: a note never fails."""
    app = app_with(folder, 'allow(_, "read", "page") if print("hello");')

    result = run(app, "check", "--strict")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "note: Left to the solver: allow: 'print' (policy.polar:1)",
        "1 rule. 1 note.",
    ]


def test_decorators_are_checked(folder: Path, run: t.Any) -> None:
    """An action that no rule knows, and a class that no rule names, are named with the line."""
    app = app_with(folder, GOOD)
    app.add_url_rule("/", "page", authorize(action="raed", resource=Parcel)(lambda: "page"))
    app.add_url_rule("/same", "same", app.view_functions["page"])

    result = run(app, "check", "--format", "json")

    first, second = json.loads(result.output)["findings"]
    assert result.exit_code == 1
    assert first["message"].endswith("is never allowed by the policy. Did you mean 'read'?")
    assert second["message"].endswith("the class 'Parcel' as its resource, which no rule names.")
    assert (Path(first["file"]).name, first["severity"]) == ("test_check.py", "error")


def test_check_as_json(folder: Path, run: t.Any) -> None:
    """Programs get the place of each finding."""
    app = app_with(folder, GOOD)
    (folder / "policy.polar").write_text(BROKEN, encoding="utf-8")

    shown = json.loads(run(app, "check", "--format", "json").output)

    assert shown["rules"] is None
    places = [(each["severity"], each["file"], each["line"]) for each in shown["findings"]]
    assert places[0] == ("error", "policy.polar", 1)
    assert ("error", "policy.polar", 2) in places


def test_check_as_annotations(folder: Path, run: t.Any) -> None:
    """GitHub shows each finding beside its line."""
    app = app_with(folder, GOOD)
    (folder / "policy.polar").write_text("allow(_, _, _) if ;\n", encoding="utf-8")

    result = run(app, "check", "--format", "github")

    assert result.exit_code == 1
    assert result.output.startswith(
        "::error file=policy.polar,line=1,col=19,title=Policy::did not expect to find the token"
        " ';' at line 1, column 19 of file policy.polar:%0A\t001: allow(_, _, _) if ;%0A"
    )


def test_files_are_checked_against_the_classes_of_the_app(folder: Path, run: t.Any) -> None:
    """A draft is checked without taking the place of the policy."""
    oso = Oso()
    oso.register_class(Order)
    app = app_with(folder, GOOD, oso)
    (folder / "draft.polar").write_text('allow(_, "x", o: Order) if o.owner = 1;', "utf-8")

    result = run(app, "check", "draft.polar")

    assert (result.exit_code, "Order has no attribute owner" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.polar", "Could not find file: none.polar\n"),
        ("policy.txt", "Polar files must have .polar extension. Offending file: policy.txt\n"),
    ],
)
def test_file_that_is_not_there_is_misconfigured(
    folder: Path, run: t.Any, name: str, message: str
) -> None:
    """A file that is missing, or is no policy by its name, tells nothing of the policy: 2."""
    result = run(app_with(folder, GOOD), "check", name)

    assert (result.exit_code, result.stderr) == (2, message)


# -- guards --------------------------------------------------------------------------


def findings(run: t.Any, app: Flask) -> list[tuple[str, str]]:
    """Give severity and message of what is found."""
    shown = json.loads(run(app, "check", "--format", "json").output)["findings"]
    return [(each["severity"], each["message"]) for each in shown]


def parcels(folder: Path, text: str = 'allow(_, "read", _: Parcel);') -> Flask:
    """Make an app whose policy knows parcels."""
    oso = Oso()
    oso.register_class(Parcel)
    return app_with(folder, text, oso)


def test_class_judged_by_accident_is_an_error(folder: Path, run: t.Any) -> None:
    """What the app would not serve with is found."""
    app = parcels(folder)
    app.add_url_rule("/<n>", "one", authorize("read", Parcel)(lambda n: "x"))
    app.add_url_rule("/k/<n>", "two", authorize(action="read", resource=Parcel)(lambda n: "x"))

    result = run(app, "check")

    assert result.exit_code == 1
    assert "error: The route '/<n>' of the endpoint 'one' (" in result.output
    assert "error: The route '/k/<n>' of the endpoint 'two' (" in result.output


@pytest.mark.parametrize("count", [1, 2])
def test_forgotten_loader_is_an_error_once(folder: Path, run: t.Any, count: int) -> None:
    """A guard whose object nothing finds answers nobody."""
    app = parcels(folder)
    for number in range(count):
        view = authorize("read", Parcel)(lambda parcel: "x")
        app.add_url_rule(f"/{number}/<int:id>", f"show{number}", view)

    ((severity, message),) = findings(run, app)

    assert severity == "error"
    assert message.startswith(
        "Nothing finds the objects of 'Parcel' for a guard of the endpoint 'show0' ("
    )
    assert message.endswith(
        "). Register a function: '@oso.loader(Parcel)', or give 'FlaskOso' the session of"
        " SQLAlchemy: 'session=…'."
    )


def test_session_finds_no_objects_of_a_class_without_rows(folder: Path, run: t.Any) -> None:
    """A database knows mapped classes only."""
    oso = Oso()
    oso.register_class(Parcel)
    oso.register_class(Order)
    app = app_with(folder, 'allow(_, "read", _: Parcel); allow(_, "read", _: Order);', oso)
    app.extensions["oso"].extension.set_get_session(lambda: 1 / 0)
    app.add_url_rule("/p/<id>", "parcel", authorize("read", Parcel)(lambda parcel: "x"))
    app.add_url_rule("/o/<id>", "order", authorize("read", Order)(lambda order: "x"))

    (found,) = findings(run, app)

    assert "Nothing finds the objects of 'Parcel'" in found[1]


def test_loader_that_is_there_is_not_missed(folder: Path, run: t.Any) -> None:
    """No loader is missed where there is one, or where a guard only judges the class."""
    app = parcels(folder, 'allow(_, "read", _: Parcel); allow(_, "create", Parcel);')
    app.extensions["oso"].extension.loader(Parcel)(lambda code: None)
    app.add_url_rule("/<id>", "show", authorize("read", Parcel)(lambda parcel: "x"))
    app.add_url_rule("/", "new", authorize("create", Parcel)(lambda: "x"))

    assert findings(run, app) == []


@pytest.mark.parametrize("count", [1, 2])
def test_list_of_a_class_without_rows_is_an_error_once(
    folder: Path, run: t.Any, count: int
) -> None:
    """Such a view fails for everybody, also where SQLAlchemy is not installed."""
    app = parcels(folder)
    extension = app.extensions["oso"].extension
    for number in range(count):
        view = extension.lists("read", Parcel)(lambda parcels: "x")
        app.add_url_rule(f"/{number}", f"list{number}", view)

    ((severity, message),) = findings(run, app)

    assert severity == "error"
    assert message.startswith("'@lists' of the endpoint 'list0' (")
    assert "'Parcel' is no mapped class of SQLAlchemy. Filter its objects in the view" in message
    with pytest.raises(OsoError, match="'Parcel' is no mapped class of SQLAlchemy"):
        extension.check_routes(app)


def test_list_of_a_class_that_is_mapped_later_is_none(folder: Path, run: t.Any) -> None:
    """The columns of some are read from the database, behind the check."""

    class Base(DeferredReflection, orm.DeclarativeBase):
        pass

    class Crate(Base):
        __tablename__ = "crates"

    app = make_app(folder=folder, static=None)
    oso = Oso()
    oso.register_class(Crate)
    oso.load_str('allow(_, "read", _: Crate);')
    extension = FlaskOso(oso=oso)
    extension.init_app(app)
    app.add_url_rule("/c", "crates", extension.lists("read", Crate)(lambda crates: "x"))

    assert findings(run, app) == []


def test_list_of_a_mapped_class_or_of_an_adapter_is_none(folder: Path, run: t.Any) -> None:
    """An adapter lists what it likes."""
    app = parcels(folder, 'allow(_, "read", _: Parcel); allow(_, "read", _: Order);')
    extension = app.extensions["oso"].extension
    app.add_url_rule("/o", "orders", extension.lists("read", Order)(lambda orders: "x"))
    assert findings(run, app) == []

    app.extensions["oso"].oso.set_data_filtering_adapter(SqlAlchemyAdapter(orm.Session()))
    app.add_url_rule("/p", "parcels", extension.lists("read", Parcel)(lambda parcels: "x"))

    assert findings(run, app) == []


def test_text_in_place_of_a_class_is_an_error(folder: Path, run: t.Any) -> None:
    """Quotes around the class make a constant that no rule is about."""
    app = parcels(folder)
    app.add_url_rule("/<parcel_id>", "show", authorize("read", "Parcel")(lambda parcel_id: "x"))

    ((severity, message),) = findings(run, app)

    assert severity == "error"
    assert message.endswith(
        ") names the text 'Parcel' as its resource, which no rule has, and not the class of this"
        " name. Write 'Parcel' without quotes."
    )


@pytest.mark.parametrize("text", ["Parcel", "parcel", "report", "String", "request"])
def test_text_that_rules_have_is_a_constant(folder: Path, run: t.Any, text: str) -> None:
    """A policy may have a constant of the name; other texts are no classes of the program."""
    app = parcels(folder, 'allow(_, "read", x) if x in ["Parcel", "parcel"];')
    app.add_url_rule("/<parcel_id>", "show", authorize("read", text)(lambda parcel_id: "x"))

    assert findings(run, app) == []


def test_two_extensions_are_a_warning(folder: Path, run: t.Any) -> None:
    """Decorators ask the first of them, whose rules need not be those that are meant."""
    app = app_with(folder, GOOD)
    app.add_url_rule("/", "page", authorize("read", "page")(lambda: "x"))
    FlaskOso(Oso(), app)

    assert findings(run, app) == [
        (
            "warning",
            "The app 'site' has 2 FlaskOso with policies of their own, and '@authorize' asks the"
            " one that was initialized first. To ask another one, call its 'guard', 'authorize' or"
            " 'load', or initialize it first.",
        )
    ]


def test_two_extensions_that_are_both_used_are_no_mistake(folder: Path, run: t.Any) -> None:
    """The second one judges every request."""
    app = app_with(folder, GOOD)
    app.add_url_rule("/", "page", authorize("read", "page")(lambda: "x"))
    FlaskOso(Oso(), app).perform_route_authorization()

    assert findings(run, app) == []


# -- apps that do not start ----------------------------------------------------------


def flask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real ``flask`` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
    )


@pytest.fixture
def failing(folder: Path) -> Path:
    """Go to a folder with an app whose policy is broken."""
    (folder / "policy.polar").write_text(BROKEN, encoding="utf-8")
    (folder / "app.py").write_text(
        "from flask import Flask\n"
        "from flask_oso import FlaskOso\n"
        "def create_app():\n"
        "    app = Flask(__name__)\n"
        "    app.config['OSO_POLICIES'] = 'policy.polar'\n"
        "    FlaskOso(app=app)\n"
        "    return app\n",
        encoding="utf-8",
    )
    return folder


def test_app_that_fails_by_its_policy_is_told_why(failing: Path) -> None:
    """All problems are shown with their places, and no traceback."""
    result = flask(failing, "oso", "check")

    assert (result.returncode, result.stderr) == (1, "")
    assert (
        "error: did not expect to find the token ';' at line 1, column 34 of file" in result.stdout
    )
    assert "policy.polar" in result.stdout
    assert "Traceback" not in result.stdout


def test_other_commands_call_such_a_policy_broken(failing: Path) -> None:
    """Whoever wants to ask it hears the same, with the code for broken."""
    result = flask(failing, "oso", "actions", "ann", "page")

    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("did not expect to find the token ';' at line 1, column 34")


def test_files_are_checked_without_an_app(folder: Path) -> None:
    """Files can be checked where there is no application."""
    (folder / "good.polar").write_text(GOOD, encoding="utf-8")

    result = flask(folder, "oso", "check", "good.polar")

    assert (result.returncode, result.stdout) == (0, "1 rule. Nothing is wrong.\n")


def test_check_without_an_app_is_misconfigured(folder: Path) -> None:
    """Without files there has to be an application, which is said."""
    result = flask(folder, "oso", "check")

    assert (result.returncode, "Could not locate a Flask application" in result.stderr) == (2, True)
    assert (
        "Files need no application, as in 'python -m flask oso check policy.polar'."
        in result.stderr
    )


def test_configuration_that_is_wrong_is_misconfigured(failing: Path) -> None:
    """A policy file that is not there is no fault of the policy."""
    (failing / "policy.polar").unlink()

    result = flask(failing, "oso", "check")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Could not find file: ")
    assert "From 'OSO_POLICIES'; relative names start at the root of the app" in result.stderr


def test_app_that_fails_otherwise_is_misconfigured(failing: Path) -> None:
    """An exception of the program is shown with its traceback, and is no finding."""
    (failing / "app.py").write_text("def create_app(): return 1 / 0\n", encoding="utf-8")

    result = flask(failing, "oso", "check")

    assert (result.returncode, "ZeroDivisionError" in result.stderr) == (2, True)


def test_group_is_found_by_flask(folder: Path) -> None:
    """The entry point makes ``flask oso`` known in every application."""
    result = flask(folder, "oso", "--help")

    assert result.returncode == 0
    assert all(name in result.stdout for name in command.list_commands(t.cast(t.Any, None)))


# -- classes that are judged in vain -------------------------------------------------------


def listing(folder: Path, policy: str, url: str = "/orders", **options: t.Any) -> Flask:
    """Make an app with a view of orders."""
    oso = Oso()
    oso.register_class(Customer)
    oso.register_class(Order)
    app = app_with(folder, policy, oso)

    @app.get(url)
    @authorize("read", Order, **options)
    def orders(**_: t.Any) -> str:
        return ""

    return app


OF_OBJECTS = 'allow(customer: Customer, "read", order: Order) if order.customer = customer;'


def test_class_judged_where_rules_are_about_objects_is_an_error(folder: Path, run: t.Any) -> None:
    """The list view denies everybody, and says how to write it."""
    result = run(listing(folder, OF_OBJECTS), "check")

    assert result.exit_code == 1
    assert "names no object, so the class 'Order' itself is judged" in result.output
    assert "'@oso.lists(\"read\", Order)'" in result.output
    assert "'/orders/<int:order_id>'" in result.output


@pytest.mark.parametrize(
    "policy",
    [
        f'{OF_OBJECTS} allow(_: Customer, "read", Order);',
        f'{OF_OBJECTS} allow(customer: Customer, _, _) if customer.name = "root";',
        'allow(_: Customer, "edit", _: Order);',
    ],
    ids=["about-the-class", "about-anything", "about-neither"],
)
def test_class_that_a_rule_may_allow_is_none(policy: str, folder: Path, run: t.Any) -> None:
    """A rule about the class, or about anything, is enough; without any, another finding tells."""
    assert "itself is judged" not in run(listing(folder, policy), "check").output


def test_class_on_a_route_with_its_variable_is_none(folder: Path, run: t.Any) -> None:
    """An object is judged."""
    result = run(listing(folder, OF_OBJECTS, "/orders/<int:order_id>"), "check")

    assert "itself is judged" not in result.output


def test_class_that_is_meant_in_vain_is_an_error(folder: Path, run: t.Any) -> None:
    """'load=False' does not make a rule."""
    result = run(listing(folder, OF_OBJECTS, "/shops/<int:shop_id>/orders", load=False), "check")

    assert "itself is judged" in result.output


def test_start_refuses_a_class_that_is_judged_in_vain(folder: Path) -> None:
    """'check_routes' tells before the first request."""
    app = listing(folder, OF_OBJECTS)

    with pytest.raises(OsoError, match="the class 'Order' itself is judged"):
        FlaskOso().check_routes(app)


def test_policy_that_is_no_text_is_told(folder: Path, run: t.Any) -> None:
    """The policy is broken, and the message says where, without a traceback."""
    app = app_with(folder, GOOD)
    (folder / "policy.polar").write_bytes(b"f(1);\n\xff")

    result = run(app, "check")

    assert result.exit_code == 3
    assert result.output.endswith("policy.polar:2: The file is not UTF-8. Save it as UTF-8.\n")
    assert "Traceback" not in result.output
