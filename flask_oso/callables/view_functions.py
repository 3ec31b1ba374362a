"""The functions of a view: what it wraps, which one a request enters, and where it was written.

In goes a view; out come the functions inside of it, and their source locations. What guards
them is not known here.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from flask.views import MethodView
from flask.views import View as ClassView
from werkzeug.routing import Rule

from ..polar.value_objects import Record

View = Callable[..., t.Any]

_AS_VIEW = ClassView.as_view.__func__.__code__  # type: ignore[attr-defined]
#: How Flask writes what serves static files: of a blueprint, its method; of an app, a function that
#: calls that of the app.
_SERVES_FILES = ("send_static_file", "<lambda>")
#: A view with more functions around and below it than this is not searched further.
_SEARCH_LIMIT = 200


class SourceLocation(Record):
    """Where a decorator is applied: one line of a ``def`` statement."""

    file: str
    line: int

    @classmethod
    def of_caller(cls, depth: int) -> SourceLocation:
        """Give the line so many calls above the function that asks."""
        frame = inspect.currentframe()
        for _ in range(depth + 1):
            frame = frame.f_back if frame is not None else None
        # A decorator that a class names is applied by Flask, which is nobody's place.
        if frame is not None and frame.f_code is _AS_VIEW:
            frame = frame.f_back
        # Without frames, on interpreters that have none, no statement is known.
        return cls(frame.f_code.co_filename, frame.f_lineno) if frame is not None else cls("", 0)

    def __str__(self) -> str:
        """Show file and line as messages do."""
        return f"{self.file}:{self.line}"

    def defines(self, view: View) -> bool:
        """Tell whether the function comes from the statement that has this line."""
        code = getattr(view, "__code__", None)
        if code is None or code.co_filename != self.file:
            return False
        last = max((line for *_, line in code.co_lines() if line), default=0)
        return bool(code.co_firstlineno <= self.line <= last)


def describe_endpoint(endpoint: str, view: View) -> str:
    """Name an endpoint and the place of its view."""
    return f"endpoint {endpoint!r} ({_place(view)})"


def describe_request(endpoint: str, view: View, method: str) -> str:
    """Name what a request enters, as a sentence begins.

    Of a ``MethodView`` that is the function of the HTTP method.
    """
    function = method_function(view, method)
    if function is None:
        return f"The {describe_endpoint(endpoint, view)}"
    name, handler = function
    return f"{method} of the endpoint {endpoint!r} ({name}, {_place(handler)})"


def method_function(view: View, method: str) -> tuple[str, View] | None:
    """Give name and function of an HTTP method, if the view is made of a ``MethodView``."""
    view_class = getattr(view, "view_class", None)
    if not inspect.isclass(view_class) or not issubclass(view_class, MethodView):
        return None
    handler = _handler(view_class, method)
    return (f"{view_class.__name__}.{handler[0]}", handler[1]) if handler is not None else None


def entered_function(view: View, method: str) -> View:
    """Give the function that a request enters through a view: of a class, its method."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    function = method_function(view, method)
    entered: View = view_class.dispatch_request if function is None else function[1]
    return entered


def methods_of(rule: Rule, view: View | None) -> Collection[str]:
    """Give the methods with which a rule enters a view; ``*`` where it takes any."""
    if rule.methods is not None:
        return {each for each in rule.methods if not is_automatic_options(rule, each)}
    return getattr(getattr(view, "view_class", None), "methods", None) or ("*",)


def methods_being_decorated(depth: int) -> list[View]:
    """Give the methods of a class whose ``as_view`` so many calls above applies a decorator.

    What it decorates does not know its class yet.
    """
    frame = inspect.currentframe()
    for _ in range(depth + 1):
        frame = frame.f_back if frame is not None else None
    if frame is None or frame.f_code is not _AS_VIEW:
        return []
    return class_functions(frame.f_locals["cls"])


def class_functions(view_class: t.Any) -> list[View]:
    """Give what dispatches in a class of views, and what answers each method."""
    handlers = [_handler(view_class, each) for each in view_class.methods or ()]
    return [view_class.dispatch_request, *(each[1] for each in handlers if each is not None)]


def is_automatic_options(rule: Rule | None, method: str) -> bool:
    """Tell whether Flask itself answers, without entering the view."""
    return method == "OPTIONS" and getattr(rule, "provide_automatic_options", False) is True


def is_static(endpoint: str, view: View) -> bool:
    """Tell whether a view is the one with which Flask serves static files."""
    # Flask takes other endpoints, too, which have no such view.
    if not isinstance(endpoint, str) or endpoint.rpartition(".")[2] != "static":
        return False
    # Flask registers a function of its own; a view that took its place is not exempt. Its
    # '__module__' does not tell: 'functools.wraps' copies that. Nor is a function of Flask enough:
    # it makes the views of classes, too.
    function = view.__func__ if inspect.ismethod(view) else view
    if not inspect.isfunction(function) or function.__code__.co_name not in _SERVES_FILES:
        return False
    module = function.__globals__.get("__name__")
    return isinstance(module, str) and module.partition(".")[0] == "flask"


def locate(view: View, method: str) -> SourceLocation | None:
    """Give the place of what a request of a method enters, if it was written in Python."""
    code = getattr(_innermost(entered_function(view, method)), "__code__", None)
    return SourceLocation(code.co_filename, code.co_firstlineno) if code else None


def layers_of(view: View) -> Iterator[View]:
    """Follow a view inwards, as far as its decorators tell what they wrap."""
    seen: set[int] = set()
    layer: View | None = view
    while layer is not None and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = _wrapped(layer)


def _wrapped(view: View) -> View | None:
    if inspect.ismethod(view):
        return view.__func__
    if isinstance(view, functools.partial):
        return view.func
    return getattr(view, "__wrapped__", None)


def functions_in(view: View, stop: Callable[[View], bool] = lambda _: False) -> Iterator[View]:
    """Give the functions that a view wraps or holds on to, itself first."""
    seen: set[int] = set()
    waiting = [view]
    while waiting and len(seen) < _SEARCH_LIMIT:
        layer = waiting.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if not stop(layer):
            waiting += [inner for inner in (_wrapped(layer), *_held(layer)) if inner is not None]


def functions_called(view: View) -> Iterator[View]:
    """Give the functions in the closure of a view that have the names under which it knows them.

    A decorator knows the function that it wraps under a name of its own.
    """
    names = getattr(getattr(view, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(view, "__closure__", None) or (), strict=False):
        value = _contents(cell)
        if inspect.isfunction(value) and value.__name__ == name:
            yield value


def _held(view: View) -> Iterable[View]:
    """Give the functions in a closure, or in the attributes of an object that is called."""
    if inspect.isfunction(view):
        values: list[t.Any] = [_contents(cell) for cell in view.__closure__ or ()]
    else:
        values = list(getattr(view, "__dict__", {}).values())
    return [value for value in values if inspect.isfunction(value)]


def _contents(cell: t.Any) -> t.Any:
    try:
        return cell.cell_contents
    except ValueError:  # The name has no value yet.
        return None


def parts_of(view: View, method: str) -> list[View]:
    """Give the functions that a request passes: the view, and its class's methods."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return [view]
    _, handler = _handler(view_class, method) or ("", None)
    return [view, *filter(callable, (view_class.dispatch_request, handler))]


def is_part_of(function: View, view: View) -> bool:
    """Tell whether a function is what the class of a view makes views of, or is written in it."""
    view_class = getattr(view, "view_class", None)
    if not inspect.isclass(view_class) or not inspect.isfunction(function):
        return False
    written = {(each.__module__, each.__qualname__) for each in view_class.__mro__}
    name = function.__qualname__.rpartition(".")[0]
    return is_entrance(function) or (function.__module__, name) in written


def is_entrance(function: View) -> bool:
    """Tell whether a function is what Flask makes of a class of views, and nothing around it."""
    return inspect.isfunction(function) and function.__code__ in _AS_VIEW.co_consts


def dispatches_plainly(dispatch: View) -> bool:
    """Tell whether the ``dispatch_request`` of a class does no more than to call its method."""
    return dispatch is MethodView.dispatch_request


def decorates_methods(dispatch: View) -> bool:
    """Tell whether the ``dispatch_request`` of a class may read its ``method_decorators``."""
    names = getattr(getattr(inspect.unwrap(dispatch), "__code__", None), "co_names", ())
    return "method_decorators" in names or "dispatch_request" in names


def method_decorators(view: View, method: str) -> list[t.Any]:
    """Give what a class says to decorate its methods with, the outermost first.

    Flask-RESTful does so, at each request. Of a class whose ``dispatch_request`` does not read
    ``method_decorators`` they are none.
    """
    found = _method_decorators(view)
    if isinstance(found, Mapping):
        found = found.get(method.lower(), ())
    return [*reversed(found)]


def forgets_head(view: View) -> bool:
    """Tell whether a class decorates ``get``, and not where it answers a HEAD request."""
    found = _method_decorators(view)
    is_by_method = isinstance(found, Mapping) and "get" in found and "head" not in found
    return is_by_method and not hasattr(t.cast(t.Any, view).view_class, "head")


def _method_decorators(view: View) -> t.Any:
    view_class: t.Any = getattr(view, "view_class", None)
    found = getattr(view_class, "method_decorators", None)
    return found if found and _applies_decorators(view_class) else ()


def _applies_decorators(view_class: type) -> bool:
    """Tell whether ``dispatch_request`` reads 'method_decorators', or calls one that does."""
    functions = (vars(each).get("dispatch_request") for each in view_class.__mro__)
    for function in filter(None, functions):
        names = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_names", ())
        if "method_decorators" in names:
            return True
        if "dispatch_request" not in names:
            return False
    return False


def _handler(view_class: type, method: str) -> tuple[str, t.Any] | None:
    """Give name and value of the attribute that answers a method; HEAD may be ``get``."""
    names = ("head", "get") if method == "HEAD" else (method.lower(),)
    found = ((name, getattr(view_class, name, None)) for name in names)
    return next((pair for pair in found if pair[1] is not None), None)


def view_methods(view: View) -> Iterable[str]:
    """Give the HTTP methods that a view answers by itself; ``GET`` if it does not say."""
    view_class = getattr(view, "view_class", None)
    return getattr(view_class, "methods", None) or ("GET",)


def _place(view: View) -> str:
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        return f"{view_class.__module__}.{view_class.__qualname__}"
    code = getattr(_innermost(view), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(type(view).__name__)


def _innermost(view: View) -> View:
    *_, last = layers_of(view)
    return last
