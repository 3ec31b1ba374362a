"""The tables of the parser: those kept are those that Lark makes of the grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_oso.polar.syntax import lr_tables
from flask_oso.polar.syntax.lr_tables import read_tables, tables_as_text
from tests.support.children import run_python

GRAMMAR = Path(lr_tables.__file__).with_name("grammar.lark")
KEPT = GRAMMAR.with_suffix(".json")
LOAD = "from flask_oso import Oso; Oso().load_str('allow(1, 2, 3) if 1 + 1 = 2;')"


def test_kept_tables_are_those_of_the_grammar() -> None:
    """Who changes the grammar runs `make tables`."""
    assert KEPT.read_text(encoding="utf-8") == tables_as_text(GRAMMAR.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_tables_do_not_depend_on_hashing(seed: str) -> None:
    """The same grammar gives the same tables, byte for byte."""
    code = (
        "import hashlib, pathlib; from flask_oso.polar.syntax.lr_tables import tables_as_text;"
        f"text = tables_as_text(pathlib.Path({str(GRAMMAR)!r}).read_text(encoding='utf-8'));"
        f"print(text == pathlib.Path({str(KEPT)!r}).read_text(encoding='utf-8'))"
    )

    assert run_python(code, PYTHONHASHSEED=seed) == "True\n"


def test_tables_of_another_grammar_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A grammar that was changed takes effect before its tables are kept."""
    changed = tmp_path / "grammar.lark"
    text = GRAMMAR.read_text(encoding="utf-8")
    changed.write_text(text.replace('CUT: "cut"', 'CUT: "once"'), encoding="utf-8")
    monkeypatch.setattr(lr_tables, "_GRAMMAR", changed)

    patterns = {each.name: each.pattern for each in read_tables().terminals}

    assert patterns["CUT"] == "once"


def test_lark_is_not_imported_while_the_tables_fit() -> None:
    """Importing it takes as long as importing all of this library, or loading a policy."""
    assert run_python(f"{LOAD}\nimport sys; print('lark' in sys.modules)") == "False\n"
