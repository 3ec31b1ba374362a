"""Puts into the built site what the playground runs: Pyodide, and wheels of this checkout.

Pyodide comes from the npm registry, with ``npm``, and is kept in ``build/pyodide``; nothing of it
is in the repository. Where npm cannot fetch it, or ``playground_runs`` is false, the site is built
without it, and its examples show what they answer.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

ROOT = Path(__file__).parents[2]
VERSION = "314.0.7"
CACHE = ROOT / "build" / "pyodide"
#: What a browser loads of the package ``pyodide``.
FILES = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)
_DATA = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_logger = logging.getLogger(__name__)


def add_playground(app: Sphinx, error: Exception | None) -> None:
    """Add the files of the playground; Sphinx calls this at the end of a build."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    (static / "world.py").write_text(_read_data(), encoding="utf-8")
    if not app.config.playground_runs:
        return
    archive = _fetch_pyodide()
    if archive is None:
        _logger.info("The playground is left out: npm did not fetch Pyodide.")
        return
    _unpack(archive, static / "pyodide")
    _add_wheels(static / "wheels")
    _keep_snapshot(static)


def _read_data() -> str:
    """Give the classes and objects of the examples."""
    page = ROOT / "docs" / "reference" / "polar" / "index.md"
    found = _DATA.search(page.read_text("utf-8"))
    assert found is not None
    return found[1]


def _fetch_pyodide() -> Path | None:
    """Give the archive of Pyodide; ``None`` where it is not at hand and cannot be fetched."""
    archive = CACHE / f"pyodide-{VERSION}.tgz"
    npm = shutil.which("npm")
    if archive.exists() or npm is None:
        return archive if archive.exists() else None
    CACHE.mkdir(parents=True, exist_ok=True)
    # Another build may be at it, too.
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [npm, "pack", f"pyodide@{VERSION}", "--silent"]
        fetched = subprocess.run(command, cwd=folder, capture_output=True)
        if fetched.returncode:
            return None
        return Path(folder, archive.name).replace(archive)


def _unpack(archive: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        for name in FILES:
            file = packed.extractfile(f"package/{name}")
            assert file is not None
            (target / name).write_bytes(file.read())


def _add_wheels(target: Path) -> None:
    """Build the wheel of this checkout, and pack what it needs as it is installed here."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = target.glob("*.whl")
    _pack("lark", target)
    _pack("sqlalchemy", target)
    _pack("typing_extensions", target)
    lists = {
        "first": [wheel.name, "lark.zip"],
        "tables": ["sqlalchemy.zip", "typing_extensions.zip"],
        "snapshot": None,
    }
    (target / "list.json").write_text(json.dumps(lists), encoding="utf-8")


def _pack(name: str, target: Path) -> None:
    """Pack the Python files of a package, without its native parts and its tools for tests."""
    found = importlib.util.find_spec(name)
    assert found is not None and found.origin is not None
    origin = Path(found.origin)
    is_package = origin.name == "__init__.py"
    paths = origin.parent.rglob("*") if is_package else [origin]
    top = origin.parent.parent if is_package else origin.parent
    with zipfile.ZipFile(target / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(paths):
            if path.is_file() and path.suffix in (".py", ".lark"):
                packed.write(path, path.relative_to(top))


def _keep_snapshot(static: Path) -> None:
    """Keep the memory of Python with the package; a site without it starts more slowly."""
    node = shutil.which("node")
    made = node and subprocess.run(
        [node, str(Path(__file__).with_name("snapshot.mjs")), str(static)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if not made or made.returncode:
        _logger.info("The playground starts slowly: %s", made.stderr if made else "no node.")
        return
    path = static / "wheels" / "list.json"
    lists = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**lists, "snapshot": "pyodide/snapshot.dat"}), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the playground; Sphinx calls this."""
    app.add_config_value("playground_runs", True, "", bool)
    app.add_js_file("try-it.js", type="module")
    app.add_css_file("try-it.css")
    app.connect("build-finished", add_playground)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
