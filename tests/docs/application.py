"""The application that the pages about Flask build on: that of ``docs/how-to/index.md``."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import types
import typing as t
from pathlib import Path

from flask_oso import FlaskOso, Oso
from tests.docs.examples import APPLICATION, files_of
from tests.support.sites import make_app


def load_application(folder: Path) -> types.ModuleType:
    """Import the application from files, as a reader would have them."""
    for name, text in files_of(APPLICATION).items():
        (folder / name).write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("app", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["app"]
    return module


def make_names(policy_text: str) -> dict[str, t.Any]:
    """Give the names of the application, with an ``app`` that has no view yet.

    :param policy_text: the policy in place of that of the application, or nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        module = load_application(Path(folder))
    app, policy = make_app("app_of_the_pages"), Oso()
    policy.register_class(module.User)
    policy.register_class(module.Note)
    oso = FlaskOso(policy, app)
    oso.loader(module.Note)(module.load_note)
    app.before_request(module.load_user)
    policy.load_str(policy_text or files_of(APPLICATION)["policy.polar"])
    return {**vars(module), "app": app, "policy": policy, "oso": oso}
