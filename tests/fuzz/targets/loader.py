"""Loading: all of a policy is in force, or nothing has changed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from flask_oso import OsoError
from tests.support.models.world import make_oso

from ..choices import decoded
from ..oracle import check_text, is_from_host, outcome, refusals, sandbox
from ..seeds import policies

IS_TEXT = True
_BEFORE = "type g(x: Integer);"


def seeds() -> Iterable[bytes]:
    """Give policies."""
    return policies()


def target(data: bytes) -> None:
    """Load a text; if it is refused a good policy must still load, and be the only one."""
    oso = make_oso()
    with sandbox():
        oso.load_str(_BEFORE)
        try:
            oso.load_str(decoded(data))
        except OsoError as error:
            check_text(error)
        except Exception as error:
            if not is_from_host(error):
                raise
        else:
            with refusals():
                oso.is_allowed("a", "read", "b")
            return
        oso.load_str('allow("ann", "read", "page");')
        answers = [outcome(partial(oso.is_allowed, actor, "read", "page")) for actor in _ACTORS]
        assert answers == [True, False, False], f"after a refused load: {answers}"


_ACTORS = ("ann", "eve", None)
