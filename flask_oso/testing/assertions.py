"""What tests of an application with a policy need: clients that are somebody, and assertions
that tell why.

Nothing here turns authorization off. A test says who asks, and the policy answers; a policy
that is broken raises its error, and neither allows nor denies. The fixtures of pytest are in
``_flask_oso_pytest``, which imports this when a test asks for one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from flask import Flask, has_app_context, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..app_state import find_state, first_oso, state_of
from ..denials.login_libraries import login_manager_of
from ..enforcement.authorizer import Authorizer
from ..extension import FlaskOso
from ..observability.denial_hints import PLAIN_VALUES
from ..oso import Oso
from ..polar.exceptions import OsoError
from ..polar.host.awaitables import is_awaitable, refuse_awaitable
from ..request_state import STAND_IN, unwrap
from .matrix import Cell, Rows, ask_cell, find_wrong_cells, read_rows, read_table, show_cells
from .matrix import MistakenTestError as MistakenTestError  # a name for tests

AsUser: t.TypeAlias = "t.Callable[[FlaskClient, t.Any], FlaskClient]"


@dataclasses.dataclass(frozen=True, eq=False)
class StandIn:
    """The current actor of the requests in whose WSGI environment this is."""

    actor: t.Any


def oso_of(app: Flask) -> Oso:
    """Give the Oso of an app.

    :raises OsoError: there is none, or ``init_app`` was not called.
    """
    if not isinstance(app, Flask):
        raise TypeError(f"The fixture 'app' gave {type(app).__name__!r} in place of a Flask app.")
    return first_oso(state_of(app))


def as_user(client: FlaskClient, user: t.Any) -> FlaskClient:
    """Make a client whose requests have this user as the current actor.

    It is a client of the same class and with the same ``environ_base``, and has cookies of
    its own. Its requests have a ``g`` of their own, whatever context the test is in. Where
    the app has Flask-Login the user is logged in there, too, so that ``current_user`` and
    ``@login_required`` agree. The client that was given is unchanged.

    A row of SQLAlchemy is found again by its key, in the session of each request.

    :param user: the actor; ``None`` is the anonymous actor.
    :raises OsoError: it is a text or a number, and the policy is about users that are objects;
        or it is a row without a key.
    :raises TypeError: the client is none of Flask.
    """
    if not isinstance(client, FlaskClient):
        raise TypeError(
            f"'as_user' was given {type(client).__name__!r} in place of a client. Write"
            " 'as_user(app.test_client(), user)'."
        )
    user = unwrap(user)
    _check_user(client.application, user)
    own = _class_for(client)(
        client.application,
        client.response_wrapper,
        allow_subdomain_redirects=client.allow_subdomain_redirects,
    )
    environ: dict[str, t.Any] = {**client.environ_base, STAND_IN: StandIn(user)}
    own.environ_base = environ
    if hasattr(own.application, "login_manager") and hasattr(user, "get_id"):
        _log_in(own, user)
    return own


def _check_user(app: Flask, user: t.Any) -> None:
    """Refuse what is taken for a user and is none."""
    if is_awaitable(user):
        refuse_awaitable(user, "user")
    state = find_state(app)
    oso = state.oso if state is not None else None
    wanted = oso.expected_actors() if oso is not None and type(user) in PLAIN_VALUES else ()
    if type(user) in PLAIN_VALUES and login_manager_of(app) is not None:
        raise OsoError(
            f"'as_user' was given a value of type {type(user).__name__!r}, and Flask-Login knows"
            " users that are objects. Pass the user itself, and not its key."
        )
    if wanted:
        raise OsoError(
            f"'as_user' was given a value of type {type(user).__name__!r}, and the policy is about"
            f" objects of {' or '.join(map(repr, wanted))}. Pass the user itself, and not its key."
        )
    row: t.Any = getattr(user, "_sa_instance_state", None)
    if type(row).__module__.startswith("sqlalchemy.") and row.key is None:
        raise OsoError(
            f"'as_user' was given a {type(user).__name__!r} without a key, so no request finds it."
            " Add it to a session, and commit."
        )


def assert_allowed(oso: Oso | FlaskOso, actor: t.Any, action: t.Any, resource: t.Any) -> None:
    """Fail unless the policy allows, and show what was tried.

    :param oso: the Oso, or the FlaskOso within a context of its app.
    :param actor: who acts; ``None`` is the anonymous actor. Proxies are replaced by their objects.
    :raises AssertionError: it is denied.
    :raises OsoError: a rule failed.
    """
    __tracebackhide__ = True
    _assert_answer(oso, Cell.of(unwrap(actor), action, unwrap(resource), expected=True))


def assert_denied(oso: Oso | FlaskOso, actor: t.Any, action: t.Any, resource: t.Any) -> None:
    """Fail unless the policy denies, and show the rules that allow.

    :raises AssertionError: it is allowed.
    :raises MistakenTestError: no rule could allow it, whatever it says: the action is misspelt,
        no rule is about such objects, or the arguments stand in another order.
    """
    __tracebackhide__ = True
    _assert_answer(oso, Cell.of(unwrap(actor), action, unwrap(resource), expected=False))


def assert_matrix(
    oso: Oso | FlaskOso,
    table: str | Rows,
    *,
    actors: t.Mapping[str, t.Any] | None = None,
    resources: t.Mapping[str, t.Any] | None = None,
) -> None:
    """Compare the answers of the policy with a table, and show all that differ at once.

    Of the first one it is shown why.

    ::

        assert_matrix(
            oso,
            '''
            actor   resource   read  edit
            ana     diary      yes   yes
            ben     diary      no    no
            ''',
            actors={"ana": ana, "ben": ben},
            resources={"diary": diary},
        )

    :param table: a text as above, or rows ``(actor, action, resource, expected)``, where
        ``expected`` is a ``bool``; or a mapping with the first three as its key.
    :param actors: whom the names in the text stand for.
    :param resources: what the names in the text stand for.
    :raises AssertionError: an answer differs.
    :raises ValueError: the table is no table, or has a cell that proves nothing.
    """
    __tracebackhide__ = True
    if isinstance(table, str):
        cells = read_table(table, actors or {}, resources or {})
    else:
        cells = read_rows(table)
    asked = _as_oso(oso)
    wrong = find_wrong_cells(asked, cells)
    if wrong:
        first = wrong[0]
        raise AssertionError(
            f"{len(wrong)} of {len(cells)} answers are not as expected.\n\n{show_cells(wrong)}\n\n"
            f"{_proof(asked, first.cell)}"
        ) from first.error


def _assert_answer(oso: Oso | FlaskOso, cell: Cell) -> None:
    __tracebackhide__ = True
    asked = _as_oso(oso)
    if ask_cell(asked, cell) is not cell.expected:
        wanted, got = ("allowed", "denied") if cell.expected else ("denied", "allowed")
        raise AssertionError(f"Expected {wanted}, got {got}.\n\n{_proof(asked, cell)}")


def _proof(oso: Oso, cell: Cell) -> str:
    return str(oso.explain(cell.actor, cell.action, cell.resource))


def _as_oso(oso: Oso | FlaskOso) -> Oso:
    """Give the Oso that a fixture of the user's own stands for."""
    found = oso.oso if isinstance(oso, FlaskOso) else oso
    if not isinstance(found, Oso):
        raise TypeError(f"The fixture 'oso' gave {type(found).__name__!r} in place of an Oso.")
    return found


class _ClientWithContext(FlaskClient):
    """A client for tests that are inside of a context, as those with pytest-flask are.

    There all requests share one ``g``, and with it what libraries keep there: who is logged in.
    """

    def open(self, *args: t.Any, **options: t.Any) -> TestResponse:
        """Send a request."""
        with _fresh_context(self.application):
            return super().open(*args, **options)


def _class_for(client: FlaskClient) -> type[FlaskClient]:
    """Give the class of a client, with a context for each request."""
    if isinstance(client, _ClientWithContext):
        return type(client)
    return type(type(client).__name__, (_ClientWithContext, type(client)), {})


def _fresh_context(app: Flask) -> contextlib.AbstractContextManager[t.Any]:
    """Give a context with a ``g`` of its own, where a request would not have one."""
    return app.app_context() if has_app_context() else contextlib.nullcontext()


def _log_in(client: FlaskClient, user: t.Any) -> None:
    """Give a client the session that a login of Flask-Login makes."""
    from flask_login import login_user  # type: ignore[import-untyped]

    app: Flask = client.application
    # As a request of this client: the session is bound to its address and its browser.
    with _fresh_context(app), app.test_request_context(environ_base=client.environ_base):
        state = find_state(app)
        login_user(user if state is None else state.part(Authorizer).loaders.find_again(app, user))
        made = dict(session)
    with client.session_transaction() as kept:
        kept.update(made)
