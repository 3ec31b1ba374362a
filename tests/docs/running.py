"""Runs the examples on the pages of ``docs/``, and writes what they print anew.

After a change of what is printed::

    python -m tests.docs.running
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
from tests.docs.examples import PAGES, WORLD, Example, files_of, read_examples
from tests.support.children import ROOT

#: An example need not be a whole policy, with a rule for ``allow``.
PARTS = "POLAR_IGNORE_NO_ALLOW_WARNING"
Names = dict[str, t.Any]
_TYPED = re.compile(r"^(?:query|debug)> (.*)$", re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)


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


def output_of(example: Example) -> str:
    """Give the commands of an example, and behind each what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files_of(example.page).items():
            Path(folder, name).write_text(text, encoding="utf-8")
        return "".join(_run(line, folder) for line in _COMMAND.findall(example.text))


def _run(line: str, folder: str) -> str:
    words = shlex.split(line)
    program = {"flask": [sys.executable, "-m", "flask"], "python": [sys.executable]}[words[0]]
    done = subprocess.run(
        [*program, *words[1:]],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "100",
        },
        capture_output=True,
        encoding="utf-8",
    )
    return f"$ {line}\n{done.stdout}{done.stderr}"


def printed_by(page: Path) -> list[str]:
    """Run the programs of a page; give what was printed before each ``printed`` text."""
    world = make_world()
    names: Names = {**world, "policy": make_policy("", world)}
    printed, policy, screen = [], "", io.StringIO()
    for example in read_examples(page):
        if example.kind == "printed":
            printed.append(screen.getvalue())
            screen = io.StringIO()
        elif example.kind == "python":
            if example.policy != policy:
                policy = example.policy
                names["policy"] = make_policy(policy, world)
            with contextlib.redirect_stdout(screen):
                # As a reader's file: the annotations of this one are not evaluated.
                program = compile(example.text, str(example), "exec", dont_inherit=True)
                exec(program, names)
    return printed


def texts_of(page: Path) -> Iterator[tuple[Example, str]]:
    """Yield the examples of a page whose text is made, each with the text."""
    printed, message = iter(printed_by(page)), ""
    for example in read_examples(page):
        match example.kind:
            case "polar refused" | "polar warned":
                message = message_of(example)
            case "message":
                yield example, message
            case "session":
                yield example, screen_of(example)
            case "commands":
                yield example, output_of(example)
            case "printed":
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
    for each in PAGES:
        each.write_text(written_anew(each), encoding="utf-8")
