"""Runs the examples on the pages of ``docs/``, and writes what they print anew.

After a change of what is printed::

    python -m tests.docs.running              all pages
    python -m tests.docs.running reload ci    these pages
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

from flask_oso import Oso, OsoError
from tests.docs.application import make_names
from tests.docs.curl import answers_of
from tests.docs.examples import (
    PAGES,
    WORLD,
    Example,
    add_file,
    files_before,
    is_about_flask,
    read_examples,
)
from tests.support.children import ROOT, plain_environment

#: An example need not be a whole policy, with a rule for ``allow``.
PARTS = "POLAR_IGNORE_NO_ALLOW_WARNING"
Names = dict[str, t.Any]
_TYPED = re.compile(r"^(?:query|debug)> (.*)$", re.MULTILINE)
#: How long a command may take, in seconds.
_PATIENCE = 120
_COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
#: How long tests took.
_SECONDS = re.compile(r"(passed|failed) in [\d.]+s")


def make_world() -> Names:
    """Give the classes and the objects of the examples."""
    names: Names = {}
    text = next(each.text for each in read_examples(WORLD) if each.language == "python")
    exec(compile(text, str(WORLD), "exec", dont_inherit=True), names)
    return names


def make_policy(text: str, world: Names) -> Oso:
    """Give an Oso with the classes and objects of the examples, and a policy."""
    policy = Oso()
    for name, value in world.items():
        if isinstance(value, type) and value.__module__ == "builtins":
            policy.register_class(value, name=name)
        elif not name.startswith("_") and not callable(value):
            policy.register_constant(value, name)
    if text:
        policy.load_str(text)
    return policy


def message_of(example: Example) -> str:
    """Give what a load says of a policy that is wrong, or likely wrong."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            make_policy(example.text, make_world())
        except OsoError as error:
            print(error)
    return f"{said.getvalue().strip()}\n"


def screen_of(example: Example) -> str:
    """Give what is on the screen when what the example types is typed at the prompt."""
    policy, lines = make_policy(example.policy, make_world()), iter(_TYPED.findall(example.text))

    def read(prompt: str) -> str:
        line: str | None = next(lines, None)
        if line is None:
            raise EOFError
        print(f"{prompt}{line}")
        return line

    usual, screen = builtins.input, io.StringIO()
    builtins.input = t.cast(t.Any, read)
    try:
        with contextlib.redirect_stdout(screen):
            policy.repl()
    finally:
        builtins.input = usual
    return screen.getvalue()


def outputs_of(page: Path) -> Iterator[str]:
    """Run the commands of a page; give those of each example, and behind each what it prints."""
    files = files_before(page)
    with tempfile.TemporaryDirectory() as folder:
        for example in read_examples(page):
            add_file(files, example)
            if example.kind == "commands":
                for name, text in files.items():
                    path = Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
                yield "".join(_run(line, folder) for line in _lines(example.text))


def _lines(text: str) -> list[str]:
    """Give the commands; lines of curl that follow each other ask one application."""
    lines: list[str] = []
    for line in _COMMAND.findall(text):
        if lines and line.startswith("curl ") and lines[-1].startswith("curl "):
            lines[-1] += f"\n$ {line}"
        else:
            lines.append(line)
    return lines


def _run(line: str, folder: str) -> str:
    words = shlex.split(line.partition("\n")[0])
    program = {
        "curl": ["-m", "tests.docs.curl"],
        "flask": ["-m", "flask"],
        "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
        "python": [],
    }[words[0]]
    done = subprocess.run(
        [sys.executable, *program, *(words[1:] if words[0] != "curl" else [])],
        cwd=folder,
        env=plain_environment(PYTHONPATH=f"{ROOT}{os.pathsep}{folder}", COLUMNS="100"),
        input=f"$ {line}\n",
        capture_output=True,
        encoding="utf-8",
        # A command that serves, and so never ends, is no example that can run.
        timeout=_PATIENCE,
    )
    printed = f"{done.stdout}{done.stderr}".replace(f"{folder}/", "")
    printed = _SECONDS.sub(r"\1 in 0.10s", printed)
    return printed if words[0] == "curl" else f"$ {line}\n{printed}"


def printed_by(page: Path) -> list[str]:
    """Run the programs of a page; give what was printed before each ``printed`` text.

    What their application answers to lines of curl is given, too.
    """
    world = make_world()
    names: Names = {**world, "policy": make_policy("", world)}
    printed, policy, screen, section = [], "", io.StringIO(), ""
    for example in read_examples(page):
        if example.kind == "printed":
            printed.append(screen.getvalue())
            screen = io.StringIO()
        elif example.kind == "requests":
            with contextlib.redirect_stdout(screen):
                printed.append(answers_of(names["app"], example.text))
        elif example.kind == "python":
            if is_about_flask(page) and example.section != section:
                names, section = make_names(example.policy), example.section
            elif example.policy != policy and not is_about_flask(page):
                policy = example.policy
                names["policy"] = make_policy(policy, world)
            with contextlib.redirect_stdout(screen):
                # As a reader's file: the annotations of this one are not evaluated.
                program = compile(example.text, str(example), "exec", dont_inherit=True)
                exec(program, names)
    return printed


def texts_of(page: Path) -> Iterator[tuple[Example, str]]:
    """Yield the examples of a page whose text is made, each with the text."""
    printed, outputs, message = iter(printed_by(page)), outputs_of(page), ""
    for example in read_examples(page):
        match example.kind:
            case "polar refused" | "polar warned":
                message = message_of(example)
            case "message":
                yield example, message
            case "session":
                yield example, screen_of(example)
            case "commands":
                yield example, next(outputs)
            case "printed" | "requests":
                yield example, next(printed)


def written_anew(page: Path) -> str:
    """Give a page on which everything is shown as it is now."""
    text, shift = page.read_text("utf-8"), 0
    for example, made in texts_of(page):
        begin = example.begin + shift
        text = text[:begin] + made + text[begin + len(example.text) :]
        shift += len(made) - len(example.text)
    return text


if __name__ == "__main__":
    os.environ[PARTS] = "1"
    only = sys.argv[1:]
    for each in [page for page in PAGES if not only or page.stem in only]:
        each.write_text(written_anew(each), encoding="utf-8")
