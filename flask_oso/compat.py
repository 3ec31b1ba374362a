"""``import oso`` and ``import polar`` for programs written for oso 0.27.

After ``install_as_oso()`` both packages and their submodules can be imported; their names are
those of this package. Each module is filled on import: SQLAlchemy is first imported with
``polar.data.adapter.sqlalchemy_adapter``.
"""

from __future__ import annotations

import importlib.util
import sys
import types
import typing as t
from collections.abc import Iterator, Sequence
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

_RUNTIME_ERRORS = (
    "DuplicateClassAliasError DuplicateInstanceRegistrationError InlineQueryFailedError"
    " InvalidCallError InvalidConstructorError InvalidIteratorError InvalidQueryTypeError"
    " PolarFileExtensionError PolarFileNotFoundError PolarFileUnreadableError"
    " UnexpectedPolarTypeError UnregisteredClassError UnregisteredInstanceError"
)
_ERRORS = (
    "ExtraToken IntegerOverflow InvalidToken InvalidTokenCharacter OperationalError ParserError"
    " PolarRuntimeError PolarTypeError StackOverflowError UnknownError UnrecognizedEOF"
    " UnrecognizedToken UnsupportedError ValidationError"
)

#: The modules of oso 0.27.3, and the modules here that have their names. ``Theirs=Ours`` renames.
_MODULES: dict[str, dict[str, str]] = {
    "oso": {
        "exceptions": "AuthorizationError ForbiddenError NotFoundError",
        "oso": "Oso",
        "polar.exceptions": "OsoError",
        "polar.host.data_adapter": "DataFilter Relation",
        "polar.host.terms": "Predicate Variable",
    },
    "oso.__main__": {"__main__": "main"},
    "oso.exceptions": {
        "exceptions": "AuthorizationError ForbiddenError NotFoundError",
        "polar.exceptions": "OsoError",
    },
    "oso.oso": {"oso": "Oso", "": "__version__"},
    "polar": {
        "polar.polar": "Polar",
        "polar.queries": "Query QueryResult",
        "polar.host.data_adapter": "Condition DataFilter Projection Relation",
        "polar.host.terms": "Expression Pattern Predicate Variable",
    },
    "polar.__main__": {"__main__": "main"},
    "polar.data": {
        "polar.host.data_adapter": "Condition DataAdapter DataFilter Projection Relation=Join"
    },
    "polar.data.adapter": {"polar.host.data_adapter": "DataAdapter"},
    "polar.data.adapter.adapter": {"polar.host.data_adapter": "DataAdapter"},
    "polar.data.adapter.sqlalchemy_adapter": {"sqlalchemy": "SqlAlchemyAdapter"},
    "polar.data.filter": {
        "polar.host.data_adapter": "Condition DataFilter Projection Relation=Join"
    },
    "polar.data_filtering": {"polar.host.data_adapter": "Relation"},
    "polar.errors": {"polar.exceptions": _ERRORS},
    "polar.exceptions": {
        "polar.exceptions": f"FFIErrorNotFound OsoError {_ERRORS} {_RUNTIME_ERRORS}"
    },
    "polar.expression": {"polar.host.terms": "Expression Pattern"},
    "polar.host": {
        "polar.host.registry": "Host",
        "polar.host.data_adapter": "UserType=RegisteredType",
    },
    "polar.partial": {"polar.host.terms": "Expression Pattern TypeConstraint Variable dot_path"},
    "polar.polar": {"polar.polar": "Polar"},
    "polar.predicate": {"polar.host.terms": "Predicate"},
    "polar.query": {"polar.queries": "Query QueryResult"},
    "polar.variable": {"polar.host.terms": "Variable"},
}
#: Modules that their package does not import.
_OPTIONAL = {"oso.__main__", "polar.__main__", "polar.data.adapter.sqlalchemy_adapter"}


def install_as_oso() -> None:
    """Make ``import oso`` and ``import polar`` import this package; call it before they run.

    An ``oso`` or ``polar`` that is installed beside this package is ignored. A second call has
    no effect.

    :raises ImportError: if one of them has been imported already.
    """
    for name in ("oso", "polar"):
        module = sys.modules.get(name)
        if module is not None and not isinstance(module.__loader__, _Importer):
            raise ImportError(
                f"Another {name!r} has been imported already. Call 'install_as_oso' before"
                " anything imports it.",
                name=name,
            )
    if not any(isinstance(finder, _Importer) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Importer())


def names_in(module: str) -> frozenset[str] | None:
    """Give the names that a module of oso 0.27 has here; ``None`` if there is no such module."""
    places = _MODULES.get(module)
    if places is None:
        return None
    return frozenset(each.partition("=")[0] for names in places.values() for each in names.split())


class _Importer(MetaPathFinder, Loader):
    """Imports the modules of the table."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Give the spec of a module of the table; ``None`` for other modules."""
        if fullname not in _MODULES:
            return None
        return ModuleSpec(fullname, self, is_package=any(_children(fullname)))

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill a module with the names of this package, and import its submodules."""
        names = dict(_names(module.__name__))
        vars(module).update(names)
        if "." not in module.__name__:
            vars(module)["__all__"] = sorted(names)
        for child in _children(module.__name__):
            if child not in _OPTIONAL:
                importlib.import_module(child)

    def get_code(self, fullname: str) -> types.CodeType | None:
        """Give the code that ``python -m oso`` runs: the REPL of this package."""
        spec = importlib.util.find_spec(f"{__package__}.__main__")
        if not fullname.endswith(".__main__") or spec is None:
            return None
        return t.cast(InspectLoader, spec.loader).get_code(spec.name)


def _names(module: str) -> Iterator[tuple[str, object]]:
    for place, names in _MODULES[module].items():
        source = importlib.import_module(f"{__package__}.{place}".rstrip("."))
        for name in names.split():
            theirs, _, ours = name.partition("=")
            yield theirs, getattr(source, ours or theirs)


def _children(module: str) -> Iterator[str]:
    return (name for name in _MODULES if name.rpartition(".")[0] == module)
