"""OpenTelemetry: what spans say of decisions, and that no request depends on it."""

from __future__ import annotations

import logging
import subprocess
import sys
import typing as t

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flask_oso import FlaskOso, OsoError, authorize
from flask_oso.observability.decision_log import LOGGER
from tests.support.sites import make_app, make_site


class Traces:
    """A program that makes a span for each request, and keeps it."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = provider.get_tracer("tests")

    def open(self, site: t.Any, *args: t.Any) -> tuple[int, ReadableSpan]:
        """Send a request; return its status and its span."""
        with self._tracer.start_as_current_span("request"):
            status = site.open(*args).status_code
        return status, self._exporter.get_finished_spans()[-1]


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def page() -> t.Any:
    """Give a site with a guarded page."""
    return with_page(make_site())


def with_page(site: t.Any) -> t.Any:
    """Add a page to a site that is guarded by a decorator."""
    site.app.get("/page")(authorize(action="read", resource="page")(site.enter))
    return site


@pytest.mark.parametrize(
    ("user", "allowed", "outcome"), [("ann", True, "allowed"), ("eve", False, "denied")]
)
def test_span_has_the_decision(
    page: t.Any, traces: Traces, user: str, allowed: bool, outcome: str
) -> None:
    """The span of the request says what was asked for, by which policy, and how it ended."""
    _, span = traces.open(page, "/page", user)

    expected = {
        "oso.action": "read",
        "oso.allowed": allowed,
        "oso.outcome": outcome,
        "oso.policy.hash": page.guard.oso.policy_hash,
    }
    assert dict(span.attributes or {}) == expected
    assert [(e.name, dict(e.attributes or {})) for e in span.events] == [("oso.decision", expected)]


def test_span_has_the_rule_that_the_log_has_found(
    page: t.Any, traces: Traces, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the log nobody looks for it."""
    caplog.set_level(logging.INFO, LOGGER.name)

    _, span = traces.open(page, "/page", "ann")

    assert (span.attributes or {})["oso.rule"] == "policy:2"


def test_each_decision_is_an_event(site: t.Any, traces: Traces) -> None:
    """The attributes of the span are those of the last one."""

    @site.app.get("/both")
    def both() -> str:
        site.guard.authorize("page", action="read", actor="ann")
        site.guard.authorize("page", action="edit", actor="ann")
        return "done"

    status, span = traces.open(site, "/both")

    assert status == 403
    events = [dict(event.attributes or {}) for event in span.events]
    assert [(e["oso.action"], e["oso.allowed"]) for e in events] == [
        ("read", True),
        ("edit", False),
    ]
    assert dict(span.attributes or {}) == events[-1]


def test_error_is_an_event(traces: Traces) -> None:
    """A decision that failed has allowed nothing."""
    site = with_page(make_site("allow(_, _, page) if page.misspelt;"))

    status, span = traces.open(site, "/page")

    attributes = dict(span.attributes or {})
    assert (status, attributes["oso.allowed"], attributes["oso.outcome"]) == (500, False, "error")


def test_span_says_nothing_of_actor_and_resource(page: t.Any, traces: Traces) -> None:
    """Spans are sent to others: no value but the action is among the attributes."""
    _, span = traces.open(page, "/page", "ann")

    assert not {"ann", "page", "str:ann", "str:page"} & set(
        map(str, (span.attributes or {}).values())
    )


@pytest.mark.parametrize(
    ("action", "text"),
    [("x" * 5_000, "x" * 100 + "…"), ("a\nb", r"a\u{a}b"), (5, "int:5"), (["secret"], "list")],
)
def test_action_is_cut_off_and_escaped(traces: Traces, action: t.Any, text: str) -> None:
    """An action may come from a request."""
    site = make_site("allow(_, _, _);")

    @site.app.get("/")
    def index() -> str:
        site.guard.authorize("page", action=action)
        return "done"

    _, span = traces.open(site, "/")

    assert (span.attributes or {})["oso.action"] == text


def test_span_may_be_left_alone(traces: Traces) -> None:
    """'OSO_OPENTELEMETRY = False' keeps decisions out of traces."""
    site = with_page(make_site(OSO_OPENTELEMETRY=False))

    _, span = traces.open(site, "/page", "ann")

    assert (dict(span.attributes or {}), list(span.events)) == ({}, [])


def test_request_without_a_span_is_served(page: t.Any) -> None:
    """Where nothing is recorded there is nothing to tell."""
    assert page.open("/page", "ann").status_code == 200


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("eve", 403)])
def test_broken_telemetry_changes_no_answer(
    page: t.Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    user: str,
    status: int,
) -> None:
    """Whatever a span raises, the decision stands, and the log of the app hears of it once."""

    class Broken:
        def is_recording(self) -> bool:
            raise OSError("no collector")

    monkeypatch.setattr(trace, "get_current_span", Broken)

    assert [page.open("/page", user).status_code for _ in range(2)] == [status] * 2
    assert [record.message for record in caplog.records if record.name == "site"] == [
        "Telling of a decision failed. The decision stands, and the next failures are not reported."
    ]


def test_switch_is_true_false_or_none() -> None:
    """Anything else is refused at 'init_app'."""
    app = make_app(OSO_OPENTELEMETRY="yes")

    with pytest.raises(OsoError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == "'OSO_OPENTELEMETRY' must be True, False or None, not 'yes'."


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for traces and has no library learns what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    app = make_app(OSO_OPENTELEMETRY=True)

    with pytest.raises(OsoError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == (
        "'OSO_OPENTELEMETRY' needs OpenTelemetry. Install it with 'pip install"
        " opentelemetry-api', or leave the key out."
    )


SERVE = """
import sys
from flask import Flask
from flask_oso import FlaskOso, Oso, authorize

oso, app = Oso(), Flask("site")
oso.load_str('allow(_, _, _);')
app.config["OSO_OPENTELEMETRY"] = {switch}
guard = FlaskOso(oso, app)
guard.set_get_actor(lambda: None)
app.get("/")(authorize(action="read", resource="page")(lambda: "open"))
assert app.test_client().get("/").status_code == 200
print("opentelemetry.trace" in sys.modules)
"""


@pytest.mark.parametrize(
    ("switch", "imported"), [(None, "False"), (False, "False"), (True, "True")]
)
def test_library_is_imported_only_if_asked_for(switch: bool | None, imported: str) -> None:
    """A program that makes no spans does not pay for them, though the library is there."""
    ran = subprocess.run(
        [sys.executable, "-c", SERVE.format(switch=switch)], capture_output=True, text=True
    )

    assert (ran.stderr, ran.stdout.strip()) == ("", imported)
