"""How views are described in messages: by the function that somebody wrote."""

from __future__ import annotations

import functools
import inspect

import pytest
from flask.views import MethodView

from flask_oso import authorizes_inside, skip_authorization
from flask_oso.callables.view_functions import describe_endpoint, describe_request


def view() -> str:
    """Answer something."""
    return "page"


def test_describe_names_file_and_line() -> None:
    """An endpoint is described by the place of the function that one wrote."""
    line = view.__code__.co_firstlineno

    assert (
        describe_endpoint("page", authorizes_inside(view)) == f"endpoint 'page' ({__file__}:{line})"
    )


def test_describe_names_a_class() -> None:
    """A class-based view is described by its class."""

    class Page(MethodView):
        pass

    assert "Page)" in describe_endpoint("page", Page.as_view("page"))


@pytest.mark.parametrize(("method", "name"), [("DELETE", "delete"), ("HEAD", "get")])
def test_describe_request_names_the_function_of_a_method(method: str, name: str) -> None:
    """Of a MethodView the function that answers is named, below its decorators."""

    class Page(MethodView):
        def get(self) -> str:
            return "page"

        @skip_authorization
        def delete(self) -> str:
            return "page"

    line = inspect.unwrap(getattr(Page, name)).__code__.co_firstlineno

    assert describe_request("page", Page.as_view("page"), method) == (
        f"{method} of the endpoint 'page' (Page.{name}, {__file__}:{line})"
    )


def test_describe_request_without_a_function() -> None:
    """A plain view is described as ever, and a method that nobody wrote by its class."""
    line = view.__code__.co_firstlineno
    page = type("Page", (MethodView,), {}).as_view("page")  # type: ignore[attr-defined]

    assert describe_request("page", view, "PUT") == f"The endpoint 'page' ({__file__}:{line})"
    assert describe_request("page", page, "PUT").startswith("The endpoint 'page' (")


def test_describe_names_any_callable() -> None:
    """A view without code is described by its type."""
    assert describe_endpoint("page", functools.partial(print)) == "endpoint 'page' ('partial')"
