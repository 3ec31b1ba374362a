"""Inputs on disk: ``corpus/TARGET/NAME``, one input a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def read_inputs(target: str, folder: Path = CORPUS) -> dict[str, bytes]:
    """Give the inputs of a target by name, in the order of their names."""
    files = sorted((folder / target).glob("*"))
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def save_input(target: str, kind: str, data: bytes, folder: Path = CORPUS) -> Path:
    """Keep an input, under a name that tells its kind and does not change with time."""
    digest = hashlib.sha256(data).hexdigest()[:10]
    path = folder / target / f"{kind}-{digest}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
