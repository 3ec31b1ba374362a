"""Let atheris, which is libFuzzer for Python, make the inputs of the targets.

It ends its process, so each target has one of its own.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence

from .corpus import CORPUS
from .mutation import LONGEST
from .words import WORDS

_DEFAULT_SECONDS = 60


def run(names: Sequence[str], seconds: float | None, inputs: int | None) -> int:
    """Run targets one after the other; give 1 if any has a finding."""
    flags = [f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=4096"]
    if inputs is not None:
        flags.append(f"-runs={inputs}")
    else:
        flags.append(f"-max_total_time={round((seconds or _DEFAULT_SECONDS) / len(names))}")
    context = multiprocessing.get_context("spawn")
    codes = []
    for name in names:
        process = context.Process(target=_fuzz, args=(name, flags))
        process.start()
        process.join()
        codes.append(process.exitcode)
    return 1 if any(codes) else 0


def _fuzz(name: str, flags: Sequence[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["flask_oso"]):
        from .targets import TARGETS
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder.parents[3] / "build" / "fuzz"
    scratch.mkdir(parents=True, exist_ok=True)
    dictionary = scratch / "polar.dict"
    dictionary.write_text("\n".join(map(_entry, WORDS)) + "\n", encoding="ascii")
    found = scratch / name
    found.mkdir(exist_ok=True)
    prefix = f"-artifact_prefix={folder}/atheris-"
    atheris.Setup(
        [sys.argv[0], *flags, prefix, f"-dict={dictionary}", str(found), str(folder)],
        TARGETS[name].target,
    )
    atheris.Fuzz()


def _entry(word: str) -> str:
    escaped = "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogateescape"))
    return f'"{escaped}"'
