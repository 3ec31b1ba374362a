"""The commit veto: a request in which nothing was authorized changes nothing."""

from __future__ import annotations

import contextlib
import contextvars
import threading
import typing as t
from collections.abc import Callable, Iterator

import flask_sqlalchemy
import pytest
import sqlalchemy as sa
from flask import Flask, g, request
from sqlalchemy import orm
from werkzeug.exceptions import Forbidden, NotFound

from flask_oso import (
    FlaskOso,
    Oso,
    OsoError,
    VetoedCommitError,
    authorize,
    authorizes_inside,
    skip_authorization,
    veto_commits,
)
from tests.support.sites import make_app


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Row(Base):
    """What is written."""

    __tablename__ = "rows"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str] = orm.mapped_column(default="", server_default="")


POLICY = 'allow("ann", _, _);'
MakeShop = Callable[..., "Shop"]


class Shop:
    """An app with sessions, whose actor is the ``user`` of the query string."""

    def __init__(self, sessions: t.Any, config: dict[str, t.Any]) -> None:
        self.sessions = sessions
        self.app = make_app("shop", **config)
        oso = Oso()
        oso.register_class(Row)
        oso.load_str(POLICY)
        self.guard = FlaskOso(oso, self.app)
        self.app.before_request(lambda: setattr(g, "current_user", request.args.get("user")))

    def add(self, commits: bool = True) -> str:
        """Add a row, as an endpoint does."""
        self.sessions.add(Row())
        if commits:
            self.sessions.commit()
        return "added"

    def open(self, path: str = "/", user: str = "ann") -> int:
        """Send a request; give its status."""
        with self.app.test_client() as client:
            return client.post(path, query_string={"user": user}).status_code

    def count(self) -> int:
        """Count the rows that are there outside of requests."""
        with self.app.app_context():
            query = sa.select(sa.func.count()).select_from(Row)
            count: int = self.sessions.scalar(query)
            self.sessions.remove()
        return count


@pytest.fixture(params=["plain", "flask-sqlalchemy"])
def make_shop(request: pytest.FixtureRequest, tmp_path: t.Any) -> Iterator[MakeShop]:
    """Make shops that veto, with either kind of session and a database of their own."""
    ends: list[Callable[[], None]] = []

    def plain(**config: t.Any) -> Shop:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{len(ends)}.db")
        Base.metadata.create_all(engine)
        sessions = orm.scoped_session(orm.sessionmaker(engine))
        veto_commits(sessions)
        shop = Shop(sessions, config)
        shop.app.teardown_appcontext(lambda error: sessions.remove())
        ends.append(engine.dispose)
        return shop

    def with_extension(**config: t.Any) -> Shop:
        db = flask_sqlalchemy.SQLAlchemy(model_class=Base)
        uri = f"sqlite:///{tmp_path}/{len(ends)}.db"
        config = {"OSO_VETO_COMMITS": True, "SQLALCHEMY_DATABASE_URI": uri, **config}
        shop = Shop(db.session, config)
        # After the FlaskOso: the order is up to the application.
        db.init_app(shop.app)
        with shop.app.app_context():
            Base.metadata.create_all(db.engine)
            ends.append(db.engine.dispose)
        return shop

    yield plain if request.param == "plain" else with_extension
    for end in ends:
        end()


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """Give a shop that vetoes."""
    return make_shop()


def test_forgotten_check_changes_nothing(shop: Shop) -> None:
    """A view that commits and authorizes nowhere is answered 500, and its rows are gone."""
    shop.app.post("/", endpoint="pay")(lambda: shop.add())

    assert (shop.open(), shop.count()) == (500, 0)


def test_error_names_the_view(shop: Shop) -> None:
    """The error says which view it is, where it stands, and what to do."""

    @shop.app.post("/")
    def pay() -> str:
        return shop.add()

    shop.app.testing = True
    with pytest.raises(VetoedCommitError) as caught:
        shop.open()

    assert str(caught.value) == (
        f"The endpoint 'pay' ({__file__}:{pay.__code__.co_firstlineno}) may not commit: nothing"
        " was authorized. Call 'authorize' before, or exempt the view with"
        " '@skip_authorization(reason=…)'."
    )
    assert isinstance(caught.value, OsoError)


def test_authorization_before_the_commit_allows(shop: Shop) -> None:
    """What the policy allowed is written."""

    @shop.app.post("/")
    def pay() -> str:
        shop.guard.authorize("till", action="pay")
        return shop.add()

    assert (shop.open(), shop.count()) == (200, 1)


def test_decorator_allows(shop: Shop) -> None:
    """What a decorator allowed is written."""
    shop.app.post("/", endpoint="pay")(authorize(action="pay", resource="till")(lambda: shop.add()))

    assert [shop.open(user=user) for user in ("ann", "eve")] == [200, 403]
    assert shop.count() == 1


def test_object_that_a_decorator_finds_is_allowed(shop: Shop) -> None:
    """A change of an object of the URL is written if it was allowed; what is hidden writes
    nothing.
    """
    shop.guard.set_get_session(lambda: shop.sessions)
    with shop.app.app_context():
        shop.add()

    @shop.app.post("/rows/<int:row_id>")
    @authorize("edit", Row)
    def edit(row_id: int) -> str:
        return shop.add()

    @shop.app.errorhandler(404)
    def record(error: NotFound) -> tuple[str, int]:
        with pytest.raises(VetoedCommitError, match=r"it was denied"):
            shop.add()
        return "Nothing.", 404

    opened = [shop.open("/rows/1"), shop.open("/rows/1", "eve"), shop.open("/rows/9")]
    assert (opened, shop.count()) == ([200, 404, 404], 2)


def test_route_authorization_allows(shop: Shop) -> None:
    """What route authorization allowed is written."""
    shop.guard.perform_route_authorization(shop.app)
    shop.app.post("/", endpoint="pay")(lambda: shop.add())

    assert ([shop.open(user=user) for user in ("ann", "eve")], shop.count()) == ([200, 403], 1)


def test_authorization_after_the_commit_is_too_late(shop: Shop) -> None:
    """A commit before the authorization is refused, though the request authorizes later."""

    @shop.app.post("/")
    @authorizes_inside
    def pay() -> str:
        answer = shop.add()
        shop.guard.authorize("till", action="pay")
        return answer

    assert (shop.open(), shop.count()) == (500, 0)


def test_denied_request_does_not_commit(shop: Shop) -> None:
    """A view that catches the denial, and goes on, is stopped; an earlier allow does not help."""

    @shop.app.post("/")
    def pay() -> str:
        shop.guard.authorize("till", actor="ann", action="open")
        with pytest.raises(Forbidden):
            shop.guard.authorize("till", actor="eve", action="pay")
        shop.guard.authorize("till", actor="ann", action="close")
        return shop.add()

    shop.app.testing = True
    with pytest.raises(VetoedCommitError, match=r"may not commit: it was denied\. To write all"):
        shop.open()
    assert shop.count() == 0


def test_record_of_a_denial_is_exempted_by_name(shop: Shop) -> None:
    """The page for 403 may write what happened, if it says so."""
    shop.app.post("/", endpoint="pay")(authorize(action="pay", resource="till")(lambda: "paid"))

    @shop.app.errorhandler(403)
    def record(error: Forbidden) -> tuple[str, int]:
        shop.guard.skip_authorization(reason="Denials are recorded.")
        shop.add()
        return "No.", 403

    assert (shop.open(user="eve"), shop.count()) == (403, 1)


@pytest.mark.parametrize(
    ("decorate", "status", "count"),
    [
        (skip_authorization(reason="Everybody may sign."), 200, 1),
        (skip_authorization, 500, 0),
        (skip_authorization(reason=""), 500, 0),
    ],
)
def test_exemption_needs_a_reason(shop: Shop, decorate: t.Any, status: int, count: int) -> None:
    """A view that is open may write if somebody said why."""
    shop.app.post("/", endpoint="sign")(decorate(lambda: shop.add()))

    assert (shop.open(), shop.count()) == (status, count)


def test_request_to_an_exempt_endpoint_may_commit(make_shop: MakeShop) -> None:
    """What is exempt for a reason by its name may commit for this reason."""
    shop = make_shop()
    shop.app.add_url_rule("/", "sign", shop.add, methods=["POST"])
    shop.guard.exempt("sign", reason="Everybody may sign.")

    assert (shop.open(), shop.count()) == (200, 1)


def test_exemption_without_a_reason_is_named(shop: Shop) -> None:
    """The error says what is missing."""
    shop.app.post("/", endpoint="sign")(skip_authorization(lambda: shop.add()))
    shop.app.testing = True

    with pytest.raises(
        VetoedCommitError, match=r"it is exempt without a reason\. Give one: '@skip"
    ):
        shop.open()


@skip_authorization(reason="Everybody may sign.")
def sign() -> None:
    """Write for everybody."""


def test_view_that_calls_an_exempt_one_does_not_commit(shop: Shop) -> None:
    """The exemption is that of the other view, also behind a denial."""

    @shop.app.post("/")
    @authorizes_inside
    def pay() -> str:
        with contextlib.suppress(Forbidden):
            shop.guard.authorize("pay", "bill")
        sign()
        return shop.add()

    assert (shop.open("/", "eve"), shop.count()) == (500, 0)


def test_answer_of_an_exempt_view_does_not_lift_a_denial(shop: Shop) -> None:
    """The page is for everybody, and what the view wrote is not."""
    page = skip_authorization(reason="Everybody may look.")(lambda: "page")

    @shop.app.after_request
    def commit(response: t.Any) -> t.Any:
        with contextlib.suppress(VetoedCommitError):
            shop.sessions.commit()
        shop.sessions.rollback()
        return response

    @shop.app.post("/")
    @authorizes_inside
    def pay() -> t.Any:
        shop.add(commits=False)
        with contextlib.suppress(Forbidden):
            shop.guard.authorize("pay", "bill")
        return page()

    assert (shop.open("/", "eve"), shop.count()) == (200, 0)


def test_exempt_view_commits_where_another_one_calls_it(shop: Shop) -> None:
    """It writes what everybody may, whoever calls it."""
    write = skip_authorization(reason="Everybody may sign.")(shop.add)

    @shop.app.post("/")
    @authorizes_inside
    def enter() -> str:
        write()
        shop.guard.authorize("enter", "site")
        return "entered"

    assert (shop.open("/", "ann"), shop.count()) == (200, 1)


def test_decision_that_failed_does_not_commit(shop: Shop) -> None:
    """Where an error took the place of a decision, nothing is written."""

    @shop.app.post("/")
    @authorize(action="pay", resource="till")
    def pay() -> str:
        return "paid"

    def fail() -> str:
        raise ValueError

    shop.guard.set_get_actor(fail)
    answers: list[str] = []

    @shop.app.errorhandler(ValueError)
    def record(error: ValueError) -> tuple[str, int]:
        with pytest.raises(VetoedCommitError) as caught:
            shop.add()
        answers.append(str(caught.value))
        return "Sorry.", 500

    assert (shop.open(), shop.count()) == (500, 0)
    assert answers[0].endswith("may not commit: its authorization came to no decision.")


def test_reading_view_commits_nothing_and_passes(shop: Shop) -> None:
    """Some sessions are committed at the end of each request."""

    @shop.app.post("/")
    def read() -> str:
        shop.sessions.scalars(sa.select(Row)).all()
        shop.sessions.commit()
        return "read"

    assert shop.open() == 200


@pytest.mark.parametrize("statement", [sa.insert(Row), sa.text("INSERT INTO rows VALUES (1, '')")])
def test_statements_are_vetoed(shop: Shop, statement: t.Any) -> None:
    """Statements that go around the objects of the session are vetoed."""

    @shop.app.post("/")
    def write() -> str:
        shop.sessions.execute(statement)
        shop.sessions.commit()
        return "written"

    assert (shop.open(), shop.count()) == (500, 0)


def test_before_request_is_judged(shop: Shop) -> None:
    """A function that writes before the view is part of the request."""
    shop.app.before_request(lambda: shop.add() and None)
    shop.app.post("/", endpoint="pay")(authorize(action="pay", resource="till")(lambda: "paid"))

    assert (shop.open(), shop.count()) == (500, 0)


def test_outside_of_requests_commits_pass(shop: Shop) -> None:
    """Commands, workers and shells are not requests."""
    shop.app.cli.command("fill")(lambda: shop.add() and None)

    with shop.app.app_context():
        shop.add()
    shop.app.test_cli_runner().invoke(args=["fill"])

    assert shop.count() == 2


@pytest.mark.parametrize(("user", "count"), [("ann", 1), ("eve", 0)])
def test_commit_after_the_request_is_judged_by_it(
    make_shop: MakeShop, user: str, count: int
) -> None:
    """A session that is committed when the context ends is judged by the request it served."""
    shop = make_shop()
    ends: list[str] = []

    @shop.app.teardown_appcontext
    def commit(error: BaseException | None) -> None:
        try:
            shop.sessions.commit()
        except VetoedCommitError as veto:
            ends.append(str(veto))

    @shop.app.post("/")
    def pay() -> str:
        shop.sessions.add(Row())
        if user == "ann":
            shop.guard.authorize("till", action="pay")
        return "paid"

    shop.open(user=user)

    assert (shop.count(), len(ends)) == (count, 1 - count)


def test_thread_of_a_request_is_no_request(shop: Shop) -> None:
    """Work that is handed to a thread with a context of its own is not judged."""

    @shop.app.post("/")
    def start() -> str:
        def work() -> None:
            with shop.app.app_context():
                shop.add()

        thread = threading.Thread(target=contextvars.Context().run, args=[work])
        thread.start()
        thread.join()
        return "started"

    assert (shop.open(), shop.count()) == (200, 1)


def test_nested_request_has_a_mark_of_its_own(shop: Shop) -> None:
    """An allow inside does not help outside, nor the other way round."""

    @shop.app.post("/inner")
    @authorize(action="pay", resource="till")
    def inner() -> str:
        return shop.add()

    @shop.app.post("/outer")
    def outer() -> str:
        assert shop.open("/inner") == 200
        return shop.add()

    @shop.app.post("/allowed")
    @authorize(action="pay", resource="till")
    def allowed() -> str:
        return str(shop.open("/bare"))

    shop.app.post("/bare", endpoint="bare")(lambda: shop.add())

    assert (shop.open("/outer"), shop.count()) == (500, 1)
    with shop.app.test_client() as client:
        assert client.post("/allowed", query_string={"user": "ann"}).text == "500"


# -- sessions that outlive a request -------------------------------------------------


def add_row(shop: Shop) -> None:
    """Add a row."""
    shop.sessions.add(Row())


def flush_row(shop: Shop) -> None:
    """Add a row, and send it to the database."""
    shop.sessions.add(Row())
    shop.sessions.flush()


def insert_row(shop: Shop) -> None:
    """Add a row by a statement."""
    shop.sessions.execute(sa.insert(Row))


def change_row(shop: Shop) -> None:
    """Change a row that the session has read before, so that the database is not asked."""
    shop.sessions.get(Row, 1).text = "changed"


def delete_row(shop: Shop) -> None:
    """Delete a row that the session has read before."""
    shop.sessions.delete(shop.sessions.get(Row, 1))


WRITES = [add_row, flush_row, insert_row, change_row, delete_row]


@pytest.fixture(params=["plain", "flask-sqlalchemy"])
def lasting(request: pytest.FixtureRequest, tmp_path: t.Any) -> Iterator[Shop]:
    """Give a shop whose session is not removed; it has one row, which the session has read.

    '/read' reads, '/pay' is allowed to ann, and commits.
    """
    if request.param == "plain":
        engine = sa.create_engine(f"sqlite:///{tmp_path}/lasting.db")
        sessions = orm.scoped_session(orm.sessionmaker(engine))
        veto_commits(sessions)
        shop = Shop(sessions, {})
        outer = contextlib.nullcontext()
    else:
        db = flask_sqlalchemy.SQLAlchemy(model_class=Base)
        uri = f"sqlite:///{tmp_path}/lasting.db"
        shop = Shop(db.session, {"OSO_VETO_COMMITS": True, "SQLALCHEMY_DATABASE_URI": uri})
        db.init_app(shop.app)
        # The scope of its session is this context, where there is one.
        outer = shop.app.app_context()  # type: ignore[assignment]
    with outer:
        engine = db.engine if request.param != "plain" else engine
        Base.metadata.create_all(engine)
        shop.sessions.add(Row(id=1, text=""))
        shop.sessions.commit()

        @shop.app.post("/read")
        @skip_authorization
        def read() -> str:
            return str(len(shop.sessions.scalars(sa.select(Row)).all()))

        @shop.app.post("/pay")
        @authorize(action="pay", resource="till")
        def pay() -> str:
            shop.sessions.commit()
            return "paid"

        rows = shop.sessions.scalars(sa.select(Row)).all()
        yield shop
        del rows
        shop.sessions.remove()
        engine.dispose()


def texts(shop: Shop) -> list[str]:
    """Read what was committed."""
    shop.sessions.rollback()
    return list(shop.sessions.scalars(sa.select(Row.text)))


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("between", [(), ("/read",)])
@pytest.mark.parametrize("ends", ["denied", "forgotten", "failed"])
def test_write_of_a_refused_request_is_not_committed_by_the_next(
    lasting: Shop, ends: str, between: tuple[str, ...], write: Callable[[Shop], None]
) -> None:
    """What a request wrote is judged by it, whichever request commits."""

    @lasting.app.post("/write")
    def view() -> str:
        write(lasting)
        if ends == "failed":
            raise ValueError
        if ends == "denied":
            lasting.guard.authorize("till", actor="eve", action="pay")
        return "written"

    lasting.open("/read")
    lasting.open("/write")
    for path in between:
        lasting.open(path)
    status = lasting.open("/pay")

    assert (status, texts(lasting)) == (500, [""])


def test_message_names_both_requests(lasting: Shop) -> None:
    """The one that commits, and the one whose write it would be."""
    lasting.app.post("/write", endpoint="write")(lambda: add_row(lasting) or "written")
    lasting.open("/write")
    lasting.app.testing = True

    with pytest.raises(VetoedCommitError) as caught:
        lasting.open("/pay")

    assert str(caught.value).startswith("The endpoint 'pay' (")
    assert ") may not commit what the endpoint 'write' (" in str(caught.value)
    assert ") wrote: nothing was authorized. Call 'authorize' before" in str(caught.value)


@pytest.mark.parametrize("write", WRITES)
def test_write_of_an_allowed_request_is_committed_by_the_next(
    lasting: Shop, write: Callable[[Shop], None]
) -> None:
    """Both were allowed what they did."""

    @lasting.app.post("/write")
    @authorize(action="write", resource="till")
    def view() -> str:
        write(lasting)
        return "written"

    lasting.open("/read")
    lasting.open("/write")

    assert (lasting.open("/pay"), texts(lasting) == [""]) == (200, False)


def test_write_that_was_rolled_back_is_nobodys(lasting: Shop) -> None:
    """The next request commits what is its own."""

    @lasting.app.post("/write")
    @skip_authorization
    def view() -> str:
        flush_row(lasting)
        lasting.sessions.rollback()
        return "nothing"

    lasting.open("/write")
    lasting.open("/read")

    assert (lasting.open("/pay"), texts(lasting)) == (200, [""])


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("inner", ["/pay", "/change"])
def test_write_is_not_committed_by_a_request_inside(
    lasting: Shop, inner: str, write: Callable[[Shop], None]
) -> None:
    """An inner request that is allowed does not speak for the outer one."""

    @lasting.app.post("/change")
    @authorize(action="pay", resource="till")
    def change() -> str:
        lasting.sessions.add(Row(text="inner"))
        lasting.sessions.commit()
        return "paid"

    @lasting.app.post("/outer")
    @authorizes_inside
    def outer() -> str:
        write(lasting)
        status = lasting.open(inner)
        lasting.guard.authorize("till", action="pay")
        return str(status)

    lasting.open("/read")
    with lasting.app.test_client() as client:
        answer = client.post("/outer", query_string={"user": "ann"}).text

    assert (answer, texts(lasting)) == ("500", [""])


def test_request_inside_of_an_allowed_one_commits(lasting: Shop) -> None:
    """Where both are allowed, what both wrote is there."""

    @lasting.app.post("/outer")
    @authorize(action="pay", resource="till")
    def outer() -> str:
        add_row(lasting)
        return str(lasting.open("/pay"))

    assert (lasting.open("/outer"), texts(lasting)) == (200, ["", ""])


def test_command_does_not_commit_what_a_refused_request_wrote(lasting: Shop) -> None:
    """Nobody judges the command, but the request that wrote is known."""
    lasting.app.post("/write", endpoint="write")(lambda: add_row(lasting) or "written")
    lasting.open("/write")

    with pytest.raises(VetoedCommitError, match=r"^The endpoint 'write' \(.* may not commit: no"):
        lasting.sessions.commit()


# -- exemptions for commits alone ----------------------------------------------------


def test_record_before_the_view_is_exempted(shop: Shop) -> None:
    """The use of a token is written, and the view has to authorize all the same."""

    @shop.app.before_request
    def note_use() -> None:
        with shop.guard.exempt_commits(reason="The use of a token is recorded."):
            shop.add()

    shop.guard.require_authorization(shop.app)
    shop.app.post("/pay", endpoint="pay")(authorize(action="pay", resource="till")(lambda: "paid"))
    shop.app.post("/forgotten", endpoint="forgotten")(lambda: "SECRET")
    shop.app.post("/writes", endpoint="writes")(lambda: shop.add())

    statuses = [
        shop.open("/pay"),
        shop.open("/pay", "eve"),
        *map(shop.open, ("/forgotten", "/writes")),
    ]
    assert (statuses, shop.count()) == ([200, 403, 500, 500], 4)


def test_change_of_a_row_is_exempted(shop: Shop) -> None:
    """An exempt block may change a row that was read outside of it."""
    with shop.app.app_context():
        shop.add()

    @shop.app.before_request
    def note_use() -> None:
        row = shop.sessions.get(Row, 1)
        with shop.guard.exempt_commits(reason="The use of a token is recorded."):
            row.text = "used"
            shop.sessions.commit()

    shop.app.post("/", endpoint="pay")(authorize(action="pay", resource="till")(lambda: "paid"))

    assert shop.open(user="eve") == 403
    with shop.app.app_context():
        assert shop.sessions.get(Row, 1).text == "used"
        shop.sessions.remove()


@pytest.mark.parametrize("user", ["ann", "eve"])
def test_access_log_after_the_request_is_exempted(shop: Shop, user: str) -> None:
    """An access log after the request is written, whatever became of the request."""

    @shop.app.after_request
    def log(response: t.Any) -> t.Any:
        with shop.guard.exempt_commits(reason="Access is logged."):
            shop.add()
        return response

    shop.app.post("/", endpoint="pay")(authorize(action="pay", resource="till")(lambda: "paid"))

    assert (shop.open(user=user), shop.count()) == ({"ann": 200, "eve": 403}[user], 1)


@pytest.mark.parametrize("flushes", [True, False])
def test_exemption_is_not_for_what_the_view_wrote(shop: Shop, flushes: bool) -> None:
    """What was written before is judged as ever, in the same transaction."""

    @shop.app.post("/")
    def forget() -> str:
        shop.sessions.add(Row())
        if flushes:
            shop.sessions.flush()
        with shop.guard.exempt_commits(reason="Access is logged."):
            shop.add()
        return "written"

    assert (shop.open(), shop.count()) == (500, 0)


def test_exemption_ends_with_its_block(shop: Shop) -> None:
    """What comes after it is judged."""

    @shop.app.post("/")
    def forget() -> str:
        with shop.guard.exempt_commits(reason="Nothing is written."):
            shop.sessions.scalars(sa.select(Row)).all()
        return shop.add()

    assert (shop.open(), shop.count()) == (500, 0)


def test_exemption_is_not_for_a_request_inside(shop: Shop) -> None:
    """A request inside an exempt block is judged by itself."""
    shop.app.post("/inner", endpoint="inner")(lambda: shop.add())

    @shop.app.post("/outer")
    def outer() -> str:
        with shop.guard.exempt_commits(reason="Access is logged."):
            return str(shop.open("/inner"))

    with shop.app.test_client() as client:
        assert client.post("/outer").text == "500"
    assert shop.count() == 0


@pytest.mark.parametrize("reason", ["", " ", None])
def test_exemption_of_commits_needs_a_reason(shop: Shop, reason: t.Any) -> None:
    """For those who read the code."""
    refused = pytest.raises(OsoError, match=r"^'exempt_commits' was given no reason\. Say why: ")

    with refused, shop.guard.exempt_commits(reason):
        shop.add()


@pytest.mark.parametrize(("writes", "count"), [(False, 1), (True, 0)])
def test_record_after_the_request_is_exempted(
    make_shop: MakeShop, writes: bool, count: int
) -> None:
    """Where the context ends, too, and again not for what the request wrote."""
    shop = make_shop()

    @shop.app.teardown_appcontext
    def log(error: BaseException | None) -> None:
        exempt = shop.guard.exempt_commits(reason="Access is logged.")
        with contextlib.suppress(VetoedCommitError), exempt:
            shop.add()

    @shop.app.post("/")
    def forget() -> str:
        shop.sessions.scalars(sa.select(Row)).all()
        if writes:
            shop.sessions.add(Row())
        return "page"

    # A client in a 'with' block would have a context of its own, which ends as well.
    shop.app.test_client().post("/")

    assert count_rows(shop) == count


def count_rows(shop: Shop) -> int:
    """Count the rows, without a context whose end is logged."""
    count: list[int] = []
    shop.app.teardown_appcontext_funcs.clear()
    with shop.app.app_context():
        count.append(shop.sessions.scalar(sa.select(sa.func.count()).select_from(Row)))
        shop.sessions.remove()
    return count[0]


def test_exemption_outside_of_requests_has_no_effect(shop: Shop) -> None:
    """Nobody is judged there."""
    with shop.app.app_context(), shop.guard.exempt_commits(reason="A function of both."):
        shop.add()

    assert shop.count() == 1


def test_value_that_is_what_it_was_is_no_change(shop: Shop) -> None:
    """A view that sets it writes nothing."""
    with shop.app.app_context():
        shop.add()

    @shop.app.post("/")
    def touch() -> str:
        row = shop.sessions.get(Row, 1)
        row.text = row.text + ""
        shop.sessions.commit()
        return "the same"

    assert shop.open() == 200


def test_each_app_is_judged_by_its_own_mark(make_shop: MakeShop) -> None:
    """A decision of another app's policy allows nothing here."""
    mine, other = make_shop(), make_shop()

    @mine.app.post("/")
    def pay() -> str:
        with other.app.app_context():
            other.guard.authorize("till", actor="ann", action="pay")
        return mine.add()

    assert (mine.open(), mine.count()) == (500, 0)


def test_second_commit_is_judged_again(shop: Shop) -> None:
    """A view that catches the veto, and tries once more, does not get through."""

    @shop.app.post("/")
    def pay() -> str:
        with pytest.raises(VetoedCommitError):
            shop.add()
        shop.sessions.commit()
        return "paid"

    assert (shop.open(), shop.count()) == (500, 0)


# -- the switch ----------------------------------------------------------------------


def make_database(app: Flask) -> t.Any:
    """Make a Flask-SQLAlchemy for an app."""
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    return flask_sqlalchemy.SQLAlchemy(app, model_class=Base)


def test_switch_is_off_by_default() -> None:
    """The veto is opt-in."""
    app = make_app("shop")
    db = make_database(app)
    FlaskOso(app=app)

    @app.post("/")
    def pay() -> str:
        Base.metadata.create_all(db.engine)
        db.session.add(Row())
        db.session.commit()
        db.engine.dispose()
        return "paid"

    assert app.test_client().post("/").status_code == 200


def test_switch_concerns_one_app() -> None:
    """Of two apps that share sessions, the one that did not ask for the veto has none."""
    strict, lax = make_app("strict"), make_app("lax")
    strict.config["OSO_VETO_COMMITS"] = True
    db = make_database(strict)
    lax.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(lax)

    def pay() -> str:
        Base.metadata.create_all(db.engine)
        db.session.add(Row())
        try:
            db.session.commit()
        finally:
            db.session.remove()
            db.engine.dispose()
        return "paid"

    for app in (strict, lax):
        FlaskOso(app=app)
        app.post("/", endpoint="pay")(pay)

    assert [app.test_client().post("/").status_code for app in (strict, lax)] == [500, 200]


def test_switch_without_flask_sqlalchemy_is_refused() -> None:
    """A switch that could have no effect is an error, and the app does not serve."""
    app = make_app("shop", OSO_VETO_COMMITS=True)
    app.testing = True
    FlaskOso(app=app)

    with pytest.raises(OsoError) as caught:
        app.test_client().get("/")

    assert str(caught.value) == (
        "'OSO_VETO_COMMITS' is on, but the app has no Flask-SQLAlchemy. Initialize it, or give"
        " your sessions to 'veto_commits' instead."
    )


def test_switch_must_be_a_boolean() -> None:
    """A word is no switch."""
    app = make_app("shop", OSO_VETO_COMMITS="yes")

    with pytest.raises(OsoError, match="'OSO_VETO_COMMITS' must be True or False, not 'yes'"):
        FlaskOso(app=app)
