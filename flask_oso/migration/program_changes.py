"""What means something else in Python: names that are gone, several Osos, own keys."""

from __future__ import annotations

import ast
import os
import typing as t
from collections.abc import Iterator, Sequence

from ..compat import names_in
from ..config import DEFAULTS
from ..polar.spelling import nearest
from .findings import Code, Finding
from .import_order import imports_of, last_name
from .program_files import PythonFile

_GONE_MODULES = {
    "sqlalchemy_oso.roles": "Write resource blocks with roles in the policy.",
    "sqlalchemy_oso.flask": "It needs Flask-SQLAlchemy 2, which does not run on Flask 3: use"
    " 'authorized_sessionmaker', or 'authorized_query'.",
}
_GONE_NAMES = {
    "polar_class": "Call 'register_class' for each class.",
    "SQLAlchemyOso": "Call 'register_models(oso, Base)'.",
    "Http": "Ask about the request with 'authorize_request'.",
    "PathMapper": "Ask about the request with 'authorize_request'.",
}
_GONE_METHODS = {
    "register_python_class": "Call 'register_class'.",
    "clear": "Call 'clear_rules'.",
    "allow": "Call 'is_allowed'.",
    "query_predicate": "Call 'query_rule'.",
    "set_data_filtering_query_defaults": "Call 'set_data_filtering_adapter'.",
}
_GONE_OPTIONS = {
    "types": "Write 'fields'.",
    "from_polar": "Register a function or a class method as a constant.",
    "build_query": "Call 'set_data_filtering_adapter'.",
    "exec_query": "Call 'set_data_filtering_adapter'.",
    "combine_query": "Call 'set_data_filtering_adapter'.",
}
_VIEWS = {
    *("route", "get", "post", "put", "patch", "delete", "before_request"),
    *("before_app_request", "authorize", "login_required"),
}
_ROUTES = {"route", "get", "post", "put", "patch", "delete"}
_GUARDS = {"authorize", "skip_authorization"}
_CONFIG_CALLS = {"update", "from_mapping", "setdefault", "get"}


def check_module(module: PythonFile) -> Iterator[Finding]:
    """Find what a Python file has to change, taken by itself."""
    found = (*_gone_imports(module.tree), *_gone_uses(module.tree), *_misplaced(module.tree))
    for line, code, message in found:
        yield Finding(module.path, line, code, message)
    for key, line in _own_keys(module):
        meant = nearest(key, DEFAULTS)
        yield Finding(
            module.path,
            line,
            Code.OWN_KEY,
            f"{key!r} is no key of this package, which warns of it."
            + (f" Did you mean {meant!r}?" if meant else " Give it a name without 'OSO_'."),
        )


def check_osos(modules: Sequence[PythonFile]) -> Iterator[Finding]:
    """Find Osos that are made for each request, and more than one for a process."""
    first: tuple[str, int] | None = None
    for module in modules:
        if module.is_test:
            continue
        in_views = {id(call) for view in _views(module.tree) for call in ast.walk(view)}
        for call in _makings(module.tree):
            place = module.path, call.lineno
            if id(call) in in_views:
                message = (
                    "An Oso is made for each request here, and loads its policy each time. Make one"
                    " when the program starts."
                )
            elif first is None:
                first = place
                continue
            else:
                message = (
                    f"Another Oso is made in {first[0]}:{first[1]}. Make one for a process, or give"
                    " each application its own: 'init_app(app, oso)'."
                )
            yield Finding(*place, Code.SEVERAL_OSOS, message)


def attributes_in(modules: Sequence[PythonFile]) -> frozenset[str]:
    """Give the names that may be attributes of objects of a program, and more rather than less."""
    return frozenset(name for module in modules for name in _attributes_in(module.tree))


def _attributes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Constant(value=str(text)) if len(text) < 200:
                # Fields of named tuples, keys of dictionaries, backrefs.
                yield from (word for word in text.replace(",", " ").split() if word.isidentifier())


def opened_in(modules: Sequence[PythonFile]) -> frozenset[str]:
    """Give the private names that a program opens: the texts in the 'private' of its calls."""
    return frozenset(
        each.value
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "private"
        for each in ast.walk(node.value)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


# -- what is gone --------------------------------------------------------------------


_Found = tuple[int, Code, str]


def _gone_imports(tree: ast.Module) -> Iterator[_Found]:
    for each in imports_of(tree):
        full = f"{each.module}.{each.name}"
        modules = [name for name in (each.module, full) if name in _GONE_MODULES]
        if modules:
            yield each.line, Code.REMOVED, _gone(modules[0], _GONE_MODULES[modules[0]])
        elif each.module.partition(".")[0] in ("oso", "polar") and names_in(each.module) is None:
            yield each.line, Code.REMOVED, _gone(each.module, "")
        elif each.name is not None and _is_gone(each.module, each.name):
            yield each.line, Code.REMOVED, _gone(full, _GONE_NAMES.get(each.name, ""))


def _is_gone(module: str, name: str) -> bool:
    if module == "sqlalchemy_oso":
        return name in _GONE_NAMES
    known = names_in(module)
    is_module = names_in(f"{module}.{name}") is not None
    return known is not None and name != "*" and name not in known and not is_module


def _gone_uses(tree: ast.Module) -> Iterator[_Found]:
    names = {"oso", *_names_of_osos(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, last_name(node.func.value)
        if name in _GONE_METHODS and owner in names:
            yield node.lineno, Code.REMOVED, _gone(f"Oso.{name}", _GONE_METHODS[name])
        if name == "register_class":
            for option in node.keywords:
                if option.arg in _GONE_OPTIONS:
                    full = f"register_class({option.arg}=…)"
                    yield node.lineno, Code.REMOVED, _gone(full, _GONE_OPTIONS[option.arg])


def _gone(name: str, remedy: str) -> str:
    return f"'{name}' went before oso 0.27, and is not here either. {remedy}".rstrip()


def _names_of_osos(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_making(node.value):
            yield from (name for each in node.targets if (name := last_name(each)))


# -- decorators that guard nothing -----------------------------------------------------


def _misplaced(tree: ast.Module) -> Iterator[_Found]:
    """Find decorators that stand above that of the route, as the examples of flask-oso did."""
    if not any(each.module.partition(".")[0] == "flask_oso" for each in imports_of(tree)):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = [_name_of_decorator(each) for each in node.decorator_list]
        routes = [number for number, name in enumerate(names) if name in _ROUTES]
        for decorator, name in zip(
            node.decorator_list[: max(routes, default=0)], names, strict=False
        ):
            if name in _GUARDS:
                yield (
                    decorator.lineno,
                    Code.GUARD_ABOVE_ROUTE,
                    f"'@{name}' stands above the route, so the view was never guarded, and such a"
                    " program does not serve here. Put it directly above the function.",
                )


# -- how many Osos -------------------------------------------------------------------


def _makings(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_making(node):
            yield node


def _is_making(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "Oso"


def _views(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = (_name_of_decorator(each) for each in node.decorator_list)
            if not _VIEWS.isdisjoint(filter(None, names)):
                yield node


def _name_of_decorator(node: ast.expr) -> str | None:
    return last_name(node.func if isinstance(node, ast.Call) else node)


# -- keys of the configuration -------------------------------------------------------


def _own_keys(module: PythonFile) -> Iterator[tuple[str, int]]:
    found = dict.fromkeys(_keys(module))
    return (each for each in found if each[0].startswith("OSO_") and each[0] not in DEFAULTS)


def _keys(module: PythonFile) -> Iterator[tuple[str, int]]:
    name = os.path.basename(module.path)
    if "config" in name or "settings" in name:
        yield from _assigned(module.tree.body)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            yield from _assigned(node.body)
        elif isinstance(node, ast.Subscript) and last_name(node.value) == "config":
            yield from _text(node.slice)
        elif isinstance(node, ast.Call) and _is_config_call(node.func):
            yield from _given(node)


def _is_config_call(node: ast.expr) -> bool:
    is_call = isinstance(node, ast.Attribute) and node.attr in _CONFIG_CALLS
    return is_call and last_name(t.cast(ast.Attribute, node).value) == "config"


def _given(call: ast.Call) -> Iterator[tuple[str, int]]:
    yield from ((each.arg, each.value.lineno) for each in call.keywords if each.arg)
    for given in call.args:
        for key in given.keys if isinstance(given, ast.Dict) else [given]:
            yield from _text(key)


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        targets: Sequence[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        yield from ((each.id, node.lineno) for each in targets if isinstance(each, ast.Name))


def _text(node: ast.expr | None) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
