"""The decision log: what a record says, which are written, and that no request suffers."""

from __future__ import annotations

import datetime
import io
import json
import logging
import logging.config
import math
import typing as t
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from werkzeug.test import TestResponse

from flask_oso import FlaskOso, Oso, OsoError, authorize, current_oso
from flask_oso.observability.decision_log import LOGGER, DecisionFormatter, describe
from tests.support.sites import make_app, make_judged_site, make_site

Records = list[logging.LogRecord]
SECRET = "hunter2"


class User:
    """An actor whose texts hold a password."""

    def __init__(self, user_id: t.Any) -> None:
        self.id = user_id

    def __repr__(self) -> str:
        return f"User(password={SECRET})"

    __str__ = __repr__


class Collector(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: Records = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def attach() -> Iterator[Callable[[logging.Handler], None]]:
    """Attach handlers to the decision log, which is on meanwhile."""
    before = LOGGER.level
    LOGGER.setLevel(logging.INFO)
    attached: list[logging.Handler] = []

    def make(handler: logging.Handler) -> None:
        LOGGER.addHandler(handler)
        attached.append(handler)

    yield make
    LOGGER.setLevel(before)
    for handler in attached:
        LOGGER.removeHandler(handler)


@pytest.fixture
def records(attach: Callable[[logging.Handler], None]) -> Records:
    """Collect what the decision log writes."""
    collector = Collector()
    attach(collector)
    return collector.records


@pytest.fixture
def make_page() -> Callable[..., t.Any]:
    """Make a site with a page that is guarded by a decorator."""

    def make(*policy: str, **config: t.Any) -> t.Any:
        site = make_site(*policy, **config)
        site.app.get("/page")(authorize(action="read", resource="page")(site.enter))
        return site

    return make


def ask(site: t.Any, *question: t.Any) -> TestResponse:
    """Have a view ask about an actor, an action and a resource."""
    actor, action, resource = question

    @site.app.get("/ask")
    def answer() -> str:
        site.guard.authorize(resource, actor=actor, action=action)
        return "done"

    return t.cast(TestResponse, site.open("/ask"))


# -- what a record says ---------------------------------------------------------------


def test_record_of_an_allow(make_page: t.Any, records: Records) -> None:
    """Each field is an attribute of the record, and all of them are in one dictionary."""
    site = make_page()

    site.open("/page", "ann", headers={"X-Request-ID": "r-1"})

    (record,) = records
    fields = t.cast(t.Any, record).decision
    assert {name: getattr(record, name) for name in fields} == fields
    assert 0 < fields.pop("microseconds") < 60_000_000
    assert fields == {
        "actor": "str:ann",
        "action": "read",
        "resource": "str:page",
        "outcome": "allowed",
        "error": None,
        "rule": "policy:2",
        "policy": site.guard.oso.policy_hash,
        "app": "site",
        "endpoint": "enter",
        "method": "GET",
        "request_id": "r-1",
    }


def test_record_names_the_endpoint(make_page: t.Any, records: Records) -> None:
    """The endpoint is Flask's."""
    site = make_page()
    site.app.add_url_rule("/other", "other", authorize(action="read", resource="page")(site.enter))

    site.open("/other", "ann")

    assert [t.cast(t.Any, record).endpoint for record in records] == ["other"]


def test_record_of_a_denial_has_no_rule(make_page: t.Any, records: Records) -> None:
    """What is denied no rule has allowed."""
    make_page().open("/page", "eve")

    assert [(t.cast(t.Any, each).outcome, t.cast(t.Any, each).rule) for each in records] == [
        ("denied", None)
    ]


def test_record_has_a_message_for_people(make_page: t.Any, records: Records) -> None:
    """Without a formatter of ours the record still says what happened."""
    make_page().open("/page", "eve")

    assert [record.getMessage() for record in records] == [
        'denied: actor "str:eve", action "read", resource "str:page"'
    ]
    assert [(record.name, record.levelname) for record in records] == [
        ("flask_oso.decisions", "INFO")
    ]


def test_error_is_logged_and_raised_unchanged(make_page: t.Any, records: Records) -> None:
    """The record has the class of the exception, and the request ends with it."""
    site = make_page("allow(_, _, page) if page.misspelt;")
    site.app.testing = True

    with pytest.raises(OsoError) as caught:
        site.open("/page", "ann")

    (record,) = t.cast(list[t.Any], records)
    assert (record.outcome, record.error) == ("error", type(caught.value).__name__)


def test_interruption_is_logged_as_an_error(
    make_page: t.Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no 'Exception', such as a worker that is told to end, is logged as an error."""
    site = make_page()
    site.app.testing = True

    def interrupt(*question: t.Any) -> t.NoReturn:
        raise SystemExit

    monkeypatch.setattr(site.guard.oso, "is_allowed", interrupt)

    with pytest.raises(SystemExit):
        site.open("/page", "ann")

    assert [t.cast(t.Any, record).error for record in records] == ["SystemExit"]


def test_decision_about_a_route_is_logged(records: Records) -> None:
    """The resource of route authorization is the request, of which its class is shown."""
    site = make_judged_site()
    site.app.add_url_rule("/", "index", site.enter)

    site.open("/", "ann")

    (record,) = t.cast(list[t.Any], records)
    assert (record.action, record.resource, record.endpoint) == ("GET", "Request", "index")


@pytest.mark.parametrize(
    ("path", "status", "logged"),
    [("/users/1", 200, ["allowed"]), ("/users/2", 404, ["denied"]), ("/users/3", 404, ["denied"])],
)
def test_decision_about_a_loaded_object_is_logged(
    records: Records, path: str, status: int, logged: list[str]
) -> None:
    """What the route names is the resource; what is not there is as what is hidden."""
    site = make_site()
    site.guard.oso.register_class(User)
    site.guard.oso.load_str('allow(_, "read", user: User) if user.id = 1;', replace=True)
    site.guard.loader(User)({1: User(1), 2: User(2)}.get)
    site.app.get("/users/<int:user_id>")(authorize("read", User)(show_id))

    assert site.open(path).status_code == status
    assert [t.cast(t.Any, record).outcome for record in records] == logged


def show_id(user: User) -> str:
    return str(user.id)


def test_decision_outside_of_requests_is_logged(make_page: t.Any, records: Records) -> None:
    """A task with an app context has neither endpoint nor method."""
    site = make_page()
    with site.app.app_context():
        site.guard.authorize("page", actor="ann", action="read")

    (record,) = t.cast(list[t.Any], records)
    assert (record.outcome, record.endpoint, record.method) == ("allowed", None, None)


def test_method_is_cut_off_and_escaped(make_page: t.Any, records: Records) -> None:
    """A client may send any method."""
    site = make_page()
    with site.app.test_request_context(method="A\x00" + "B" * 5_000):
        site.guard.authorize("page", actor="ann", action="read")

    (record,) = t.cast(list[t.Any], records)
    assert record.method == r"A\u{0}" + "B" * 98 + "…"


def test_decision_of_an_app_without_init_app_is_logged(records: Records) -> None:
    """The defaults are in force there."""
    oso = Oso()
    oso.load_str('allow("ann", "read", "page");')
    with make_app("bare").app_context():
        FlaskOso(oso).authorize("page", actor="ann", action="read")

    assert [t.cast(t.Any, record).app for record in records] == ["bare"]


def test_question_that_is_no_decision_about_a_request_is_not_logged(
    make_page: t.Any, records: Records
) -> None:
    """'Oso.is_allowed' asks, and enforces nothing."""
    site = make_page()
    with site.app.app_context():
        assert current_oso.is_allowed("ann", "read", "page")

    assert records == []


# -- the rule and the policy ----------------------------------------------------------


def test_rule_has_the_file_as_seen_from_the_app(tmp_path: Path, records: Records) -> None:
    """A file below the root of the app is named from there."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.polar").write_text('\nallow(1, "read", 2);\n', encoding="utf-8")
    app = make_app(folder=tmp_path, OSO_POLICIES=["rules/a.polar"])
    oso = FlaskOso(app=app)
    with app.app_context():
        oso.authorize(2, actor=1, action="read")

    assert [t.cast(t.Any, record).rule for record in records] == ["rules/a.polar:2"]


def test_rule_is_not_looked_for_if_it_is_not_wanted(make_page: t.Any, records: Records) -> None:
    """'OSO_LOG_RULE = False' spares the second evaluation."""
    make_page(OSO_LOG_RULE=False).open("/page", "ann")

    assert [t.cast(t.Any, record).rule for record in records] == [None]


def test_rule_that_cannot_be_found_is_left_out(records: Records) -> None:
    """A second evaluation that fails changes neither the answer nor the rest of the record."""

    class Once:
        """Fails when it is looked at again."""

        looks = 0

        @property
        def public(self) -> bool:
            self.looks += 1
            return self.looks < 2 or bool(1 / 0)

    response = ask(make_site("allow(_, _, page) if page.public;"), "ann", "read", Once())

    assert response.status_code == 200
    assert [(r.outcome, r.rule) for r in t.cast(list[t.Any], records)] == [("allowed", None)]


def test_policy_that_was_replaced_meanwhile_is_not_named(records: Records) -> None:
    """The record does not say that a policy decided which may not have."""
    site = make_site("allow(_, _, page) if page.reload();")

    class Page:
        def reload(self) -> bool:
            site.guard.oso.load_str("allow(_, _, _);", replace=True)
            return True

    ask(site, "ann", "read", Page())

    assert [(r.policy, r.rule) for r in t.cast(list[t.Any], records)] == [(None, None)]


# -- which decisions ------------------------------------------------------------------


@pytest.mark.parametrize(("sample", "count"), [(0.0, 0), (0, 0), (1.0, 50), (1, 50)])
def test_sample_is_a_share_of_what_was_allowed(
    make_page: t.Any, records: Records, sample: float, count: int
) -> None:
    """A sample of 0.0 writes nothing that was allowed, and one of 1.0 all of it."""
    site = make_page(OSO_LOG_SAMPLE=sample)
    with site.app.app_context():
        [site.guard.authorize("page", actor="ann", action="read") for _ in range(50)]

    assert len(records) == count


def test_sample_of_a_half_is_about_a_half(make_page: t.Any, records: Records) -> None:
    """Of 1,000 decisions between 350 and 650 are written: else something is wrong."""
    site = make_page(OSO_LOG_SAMPLE=0.5, OSO_LOG_RULE=False)
    with site.app.app_context():
        [site.guard.authorize("page", actor="ann", action="read") for _ in range(1_000)]

    assert 350 < len(records) < 650


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [('allow("eve", "read", "page");', "denied"), ("allow(_, _, x) if x.misspelt;", "error")],
)
def test_sample_spares_no_denial_and_no_error(
    make_page: t.Any, records: Records, policy: str, outcome: str
) -> None:
    """Denials and errors are written whatever the sample."""
    make_page(policy, OSO_LOG_SAMPLE=0.0).open("/page", "ann")

    assert [t.cast(t.Any, record).outcome for record in records] == [outcome]


def test_sampling_leaves_the_numbers_of_the_program_alone(
    make_page: t.Any, records: Records
) -> None:
    """A program that seeds 'random' gets what it got without a log."""
    import random

    site = make_page(OSO_LOG_SAMPLE=0.5)
    random.seed(1)
    expected = random.random()
    random.seed(1)

    site.open("/page", "ann")

    assert random.random() == expected


def test_nothing_is_written_unless_this_logger_is_on(
    make_page: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written where a program logs everything and did not turn this logger on."""
    caplog.set_level(logging.DEBUG)
    site = make_page()

    site.open("/page", "ann")
    site.open("/page", "eve")

    assert caplog.messages == []


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, True, "0.5", None])
def test_sample_is_a_number_from_0_to_1(value: t.Any) -> None:
    """Anything else is refused at 'init_app'."""
    app = make_app(OSO_LOG_SAMPLE=value)

    with pytest.raises(OsoError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == (
        f"'OSO_LOG_SAMPLE' must be a number from 0.0 to 1.0, not {value!r}."
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("OSO_LOG_RULE", 1, "'OSO_LOG_RULE' must be True or False, not 1."),
        (
            "OSO_LOG_DESCRIBE",
            5,
            "'OSO_LOG_DESCRIBE' must be a function or the name of one, not 5.",
        ),
        (
            "OSO_LOG_DESCRIBE",
            "nowhere:name",
            "'OSO_LOG_DESCRIBE' names 'nowhere:name', which cannot be imported. Write it as"
            " 'package:function'.",
        ),
        (
            "OSO_LOG_DESCRIBE",
            "flask_oso:__name__",
            "'OSO_LOG_DESCRIBE' must be a function or the name of one, not 'flask_oso:__name__'.",
        ),
        (
            "OSO_LOG_REQUEST_ID",
            5,
            "'OSO_LOG_REQUEST_ID' must be a function or the name of one, not 5.",
        ),
    ],
)
def test_wrong_configuration_is_refused(key: str, value: t.Any, message: str) -> None:
    """What is wrong is said at 'init_app'."""
    app = make_app()
    app.config[key] = value

    with pytest.raises(OsoError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == message


# -- what is shown of objects ---------------------------------------------------------


class Base(DeclarativeBase):
    """The base of the tables."""


class Row(Base):
    """A row with a key of one column."""

    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)


class Seat(Base):
    """A row with a key of two columns."""

    __tablename__ = "seat"
    row: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class WithoutKey:
    """An object that has no key, and a secret."""

    id = object()
    password = SECRET


class WithHiddenKey:
    """An object whose key cannot be read."""

    @property
    def id(self) -> int:
        raise ValueError(SECRET)


Proxied = type("A\nB", (), {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (User(1), "User:1"),
        (User("ann"), "User:ann"),
        (User(uuid.UUID(int=1)), "User:00000000-0000-0000-0000-000000000001"),
        (User([1]), "User"),
        (User(True), "User"),
        (WithoutKey(), "WithoutKey"),
        (User, "type:User"),
        (Row, "type:Row"),
        ("report", "str:report"),
        (7, "int:7"),
        (2**128 - 1, f"int:{2**128 - 1}"),
        pytest.param(10**5_000, "int", id="endless"),
        pytest.param(User(-(10**5_000)), "User", id="endless-key"),
        (True, "bool:True"),
        (1.5, "float"),
        (b"token", "bytes"),
        ({"password": SECRET}, "dict"),
        ([SECRET], "list"),
        ("a\r\nallowed: actor root", r"str:a\u{d}\u{a}allowed: actor root"),
        ("\ud800", r"str:\u{d800}"),
        ("x" * 5_000, f"str:{'x' * 100}…"),
        (Proxied(), r"A\u{a}B"),
        (Row(id=1), "Row"),
    ],
)
def test_description_is_class_and_key(value: t.Any, text: str | None) -> None:
    """No 'repr' is shown, and no value can pass for a line of its own."""
    assert describe(value) == text


def test_description_of_rows_asks_the_database_nothing() -> None:
    """The key of a row is known, also where its attributes are expired and the session gone."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    rows = [Row(id=5), Seat(row="A", number=7)]
    with Session(engine) as session:
        session.add_all(rows)
        session.commit()

    engine.dispose()

    assert [describe(row) for row in rows] == ["Row:5", "Seat:A,7"]


def test_record_shows_no_contents(attach: Callable[[logging.Handler], None]) -> None:
    """Neither format has anything of an object but its class and key."""
    stream = io.StringIO()
    plain, formatted = logging.StreamHandler(stream), logging.StreamHandler(stream)
    formatted.setFormatter(DecisionFormatter())
    attach(plain)
    attach(formatted)
    site = make_site("allow(_, _, user) if user.id = 1;")

    ask(site, User(1), User(2), {"password": SECRET})
    site.open("/ask", headers={"Authorization": SECRET, "Cookie": SECRET, "X-Request-ID": "a b"})

    assert stream.getvalue().count('actor "User:1", action "User:2", resource "dict"') == 2
    assert SECRET not in stream.getvalue()
    assert "a b" not in stream.getvalue()


def test_objects_may_be_described_otherwise(records: Records) -> None:
    """'OSO_LOG_DESCRIBE' takes the place of class and key."""
    site = make_site("allow(_, _, _);", OSO_LOG_DESCRIBE=lambda value: {"is": type(value).__name__})

    ask(site, User(1), "read", 5)

    (record,) = t.cast(list[t.Any], records)
    assert (record.actor, record.action, record.resource) == ({"is": "User"}, "read", {"is": "int"})


def test_description_may_be_named(records: Records) -> None:
    """A name can stand in the environment, as all configuration can."""
    ask(make_site("allow(_, _, _);", OSO_LOG_DESCRIBE="builtins:id"), 1, "read", 5)

    assert [t.cast(t.Any, record).resource for record in records] == [id(5)]


# -- the id of the request ------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "header", "expected"),
    [
        ({}, "r-1", "r-1"),
        ({}, None, None),
        ({}, "two words", None),
        ({}, "x" * 201, None),
        ({"OSO_LOG_REQUEST_ID": None}, "r-1", None),
        ({"OSO_LOG_REQUEST_ID": "X-Trace"}, "r-1", None),
        ({"OSO_LOG_REQUEST_ID": lambda: g.number}, "r-1", "7"),
        ({"OSO_LOG_REQUEST_ID": "flask_oso.polar.limits:Limits"}, "r-1", None),
    ],
)
def test_request_id_is_found(
    make_page: t.Any,
    records: Records,
    config: dict[str, t.Any],
    header: str | None,
    expected: str | None,
) -> None:
    """The id of a request is that of the header or of the function; what looks like no id is left
    out.
    """
    site = make_page(**config)
    site.app.before_request(lambda: setattr(g, "number", 7))
    headers = {} if header is None else {"X-Request-ID": header}

    site.open("/page", "ann", headers=headers)

    assert [t.cast(t.Any, record).request_id for record in records] == [expected]


# -- no request suffers ---------------------------------------------------------------


class Broken(logging.Handler):
    """Fails, as a handler whose disk is full or whose collector is gone."""

    def handle(self, record: logging.LogRecord) -> bool:
        raise OSError("no space left")


class BrokenFormatter(logging.Formatter):
    """Fails when it is used."""

    def format(self, record: logging.LogRecord) -> str:
        raise KeyError("missing")


def fail(*arguments: t.Any) -> t.NoReturn:
    raise LookupError("cannot describe")


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 403)])
def test_broken_handler_changes_no_answer(
    make_page: t.Any,
    attach: Callable[[logging.Handler], None],
    caplog: pytest.LogCaptureFixture,
    user: str,
    status: int,
) -> None:
    """Allowed stays allowed, denied stays denied, and the log of the app hears of it once."""
    attach(Broken())
    site = make_page()

    answers = [site.open("/page", user).status_code for _ in range(3)]

    assert answers == [status] * 3
    told = [record for record in caplog.records if record.name == "site"]
    assert [record.getMessage() for record in told] == [
        "Telling of a decision failed. The decision stands, and the next failures are not reported."
    ]
    assert "no space left" in caplog.text


def test_broken_log_of_the_app_changes_no_answer(
    make_page: t.Any,
    attach: Callable[[logging.Handler], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A decision log that fails, and a log of the app that cannot tell it, change no answer."""
    attach(Broken())
    site = make_page()
    monkeypatch.setattr(site.app.logger, "handlers", [Broken()])

    assert site.open("/page", "ann").status_code == 200


def test_broken_formatter_changes_no_answer(
    make_page: t.Any, attach: Callable[[logging.Handler], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """'logging' itself says so on standard error."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(BrokenFormatter())
    attach(handler)

    assert make_page().open("/page", "ann").status_code == 200
    assert "KeyError: 'missing'" in capfd.readouterr().err


@pytest.mark.parametrize(("user", "outcome"), [("ann", "allowed"), ("eve", "denied")])
def test_broken_description_leaves_the_class(
    make_page: t.Any, records: Records, user: str, outcome: str
) -> None:
    """The record is written all the same, since denials always are."""
    make_page(OSO_LOG_DESCRIBE=fail).open("/page", user)

    assert [(r.actor, r.outcome) for r in t.cast(list[t.Any], records)] == [("str", outcome)]


def test_object_that_hides_its_key_leaves_the_class(records: Records) -> None:
    """What an object raises when it is described is not the request's."""
    response = ask(make_site("allow(_, _, _);"), 1, "read", WithHiddenKey())

    assert response.status_code == 200
    assert [t.cast(t.Any, record).resource for record in records] == ["WithHiddenKey"]


def test_broken_request_id_leaves_it_out(make_page: t.Any, records: Records) -> None:
    """The rest of the record is written."""
    make_page(OSO_LOG_REQUEST_ID=fail).open("/page", "ann")

    assert [(r.actor, r.request_id) for r in t.cast(list[t.Any], records)] == [("str:ann", None)]


def test_description_that_asks_is_not_described(records: Records) -> None:
    """A description may ask the policy, and no record is made of that."""
    site = make_site("allow(_, _, _);")

    def describe_for_whom(value: t.Any) -> str:
        site.guard.authorize(value, actor="log", action="describe")
        return "somebody"

    site = make_site("allow(_, _, _);", OSO_LOG_DESCRIBE=describe_for_whom)

    assert ask(site, "ann", "read", "page").status_code == 200
    assert [t.cast(t.Any, record).action for record in records] == ["read"]


# -- the formatter --------------------------------------------------------------------


def test_formatter_writes_a_line_of_json(
    make_page: t.Any, attach: Callable[[logging.Handler], None]
) -> None:
    """One record is one line, with the moment in UTC."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DecisionFormatter())
    attach(handler)
    before = datetime.datetime.now(datetime.UTC)

    make_page().open("/page", "ann\nbob")

    (line,) = stream.getvalue().splitlines()
    fields = json.loads(line)
    assert (fields["actor"], fields["logger"]) == (r"str:ann\u{a}bob", "flask_oso.decisions")
    moment = datetime.datetime.fromisoformat(fields["time"])
    assert abs(moment - before) < datetime.timedelta(minutes=1)


def test_formatter_takes_records_of_others() -> None:
    """The formatter takes records of other loggers, which a handler higher up gets."""
    record = logging.makeLogRecord({"msg": "started %s", "args": ("well",), "levelname": "INFO"})

    assert json.loads(DecisionFormatter().format(record))["message"] == "started well"


def test_formatter_shows_classes_of_what_is_no_json(records: Records) -> None:
    """What a description gives is shown by class and key where JSON has no word for it."""
    ask(make_site("allow(_, _, _);", OSO_LOG_DESCRIBE=lambda value: User(3)), 1, "read", 2)

    assert json.loads(DecisionFormatter().format(records[0]))["actor"] == "User:3"


@pytest.mark.parametrize(
    ("described", "text"),
    [
        (None, "null"),
        ("a\nb", r'"a\\u{a}b"'),
        (User(3), '"User:3"'),
        ({"user": User(3), "n": 1}, '{"user": "User:3", "n": 1}'),
    ],
)
def test_message_shows_no_contents_of_descriptions(
    records: Records, described: t.Any, text: str
) -> None:
    """What a description gives is shown as in JSON, and in one line."""
    ask(make_site("allow(_, _, _);", OSO_LOG_DESCRIBE=lambda value: described), 1, "read", 2)

    assert records[0].getMessage() == f'allowed: actor {text}, action "read", resource {text}'


# -- what a value cannot pretend -------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('x", action "read', r'"str:x\", action \"read"'),
        ("x\\", r'"str:x\\"'),
        ("1, action read, resource Page:9", '"str:1, action read, resource Page:9"'),
        ("", '"str:"'),
        ("null", '"str:null"'),
        ("a\nINFO allowed", r'"str:a\\u{a}INFO allowed"'),
    ],
)
def test_message_quotes_its_values(records: Records, text: str, shown: str) -> None:
    """A value ends where its quote does, so that it cannot bring a field of its own."""
    ask(make_site('allow("ann", "read", _);'), "ann", "read", text)

    message = records[0].getMessage()

    assert message == f'allowed: actor "str:ann", action "read", resource {shown}'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a/?token=hunter2&x=1", "str:https://a/?token=[redacted]&x=1"),
        ("https://bob:hunter2@a/", "str:https://bob:[redacted]@a/"),
        ("Bearer hunter2", "str:Bearer [redacted]"),
        ("https://a/?salary=hunter2", "str:https://a/?salary=[redacted]"),
        ("/shipping?opinion=1", "str:/shipping?opinion=1"),
    ],
)
def test_record_leaves_secrets_of_texts_out(records: Records, text: str, shown: str) -> None:
    """A record hides what proofs hide, by the same words and those of 'OSO_REDACT'."""
    ask(make_site("allow(_, _, _);", OSO_REDACT=["salary"]), text, text, text)

    fields = records[0].decision  # type: ignore[attr-defined]

    assert [fields["actor"], fields["resource"]] == [shown, shown]
    assert fields["action"] == shown.removeprefix("str:")
    assert SECRET not in records[0].getMessage()


class Token:
    """An object whose class has a name that says secret."""

    id = 7


def test_record_names_objects_of_any_class(records: Records) -> None:
    """The key of an object is no secret, whatever its class is called."""
    ask(make_site("allow(_, _, _);"), "ann", "read", Token())

    assert records[0].getMessage().endswith('resource "Token:7"')


# -- a configuration that disables loggers ------------------------------------------------


@pytest.fixture
def enabled() -> Iterator[None]:
    """Enable afterwards what a configuration of logging disabled."""
    loggers = [each for each in logging.root.manager.loggerDict.values() if hasattr(each, "level")]
    before = [(each, each.disabled, each.level) for each in loggers]
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    for each, is_disabled, own in before:
        each.disabled = is_disabled
        each.setLevel(own)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.usefixtures("enabled")
def test_log_that_a_configuration_disabled_goes_on(records: Records) -> None:
    """'disable_existing_loggers' is true where nobody wrote it; the log says so, once."""
    # Nothing else listens: that would hear of the decision without the log.
    site = make_site('allow("ann", _, _);', OSO_OPENTELEMETRY=False)
    logging.config.dictConfig({"version": 1})

    ask(site, "eve", "read", "page")
    site.open("/ask")

    assert [record.getMessage() for record in records] == [
        "The logger 'flask_oso.decisions' was disabled, and is on again, since its level is INFO."
        " Configure logging with 'disable_existing_loggers' False; to have no records, give the"
        " logger the level WARNING.",
        'denied: actor "str:eve", action "read", resource "str:page"',
        'denied: actor "str:eve", action "read", resource "str:page"',
    ]


@pytest.mark.usefixtures("enabled")
def test_log_that_was_off_stays_off(records: Records) -> None:
    """Nobody asked for it, so that nobody misses it."""
    LOGGER.setLevel(logging.WARNING)
    logging.config.dictConfig({"version": 1})

    ask(make_site('allow("ann", _, _);'), "eve", "read", "page")

    assert records == []


@pytest.mark.usefixtures("enabled")
def test_log_that_a_configuration_names_is_as_it_says(records: Records) -> None:
    """A level of its own is obeyed."""
    logging.config.dictConfig({"version": 1, "loggers": {LOGGER.name: {"level": "WARNING"}}})
    LOGGER.addHandler(logging.NullHandler())

    ask(make_site('allow("ann", _, _);'), "eve", "read", "page")

    assert records == []
