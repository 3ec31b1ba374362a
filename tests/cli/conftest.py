"""What the tests of the commands share: a way to run one in an app."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from flask_oso.cli import oso

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run ``flask oso …`` in an app."""

    def run_command(app: Flask, *arguments: str, **options: t.Any) -> Result:
        return app.test_cli_runner().invoke(oso, list(arguments), **options)

    return run_command
