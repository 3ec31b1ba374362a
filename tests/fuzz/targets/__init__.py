"""The targets by name. Each module has ``target(data)``, ``IS_TEXT`` and ``seeds()``.

``COST`` says that an input takes so many times as long as one of the others.
"""

from __future__ import annotations

from types import ModuleType

from . import (
    compiled,
    engine,
    lexer,
    loader,
    meaning,
    parser,
    printer,
    proofs,
    query,
    registry,
    replacement,
    shortcuts,
    values,
    wsgi,
)

TARGETS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        *(lexer, parser, printer, loader, query, engine, meaning, compiled, shortcuts),
        proofs,
        *(registry, values, replacement, wsgi),
    )
}
