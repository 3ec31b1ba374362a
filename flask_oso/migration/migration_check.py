"""All findings about a program."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Sequence

from .findings import Finding
from .import_order import check_import_order
from .policy_changes import check_policy_text
from .program_changes import attributes_in, check_module, check_osos, opened_in
from .program_files import ProgramFiles, read_program
from .requirements import check_requirements
from .resource_classes import PlacedRule, check_resource_classes


class MigrationReport(t.NamedTuple):
    """What was found, in the order of the files.

    :param files: how many files were read.
    :param unreadable: a sentence for each that could not be.
    """

    findings: Sequence[Finding]
    files: int
    unreadable: Sequence[str]


def check_program(paths: Iterable[str]) -> MigrationReport:
    """Find what a program for oso 0.27 has to change; nothing of it is run.

    :param paths: files and folders.
    :raises FileNotFoundError: if there is no such path.
    """
    files = read_program(paths)
    names = {each.path for each in files.modules} | {each.path for each in files.policies}
    names |= {path for path, _ in files.requirements}
    found = sorted(set(_findings(files)))
    return MigrationReport(found, len(names), files.unreadable)


def _findings(files: ProgramFiles) -> Iterator[Finding]:
    yield from check_import_order(files.modules)
    yield from check_osos(files.modules)
    for path, text in files.requirements:
        yield from check_requirements(path, text)
    for module in files.modules:
        yield from check_module(module)
    rules: list[PlacedRule] = []
    attributes, opened = attributes_in(files.modules), opened_in(files.modules)
    for policy in files.policies:
        more, findings = check_policy_text(policy, attributes, opened)
        rules += more
        yield from findings
    yield from check_resource_classes(files.modules, rules)
