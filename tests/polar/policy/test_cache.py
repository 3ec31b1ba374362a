"""A policy that is loaded again from ``OSO_CACHE_DIR`` is the policy that was loaded."""

from __future__ import annotations

import enum
import os
import pickle
import shutil
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar import nodes
from flask_oso.polar.nodes import Instance, Parameter
from flask_oso.polar.policy import cache, loader, serialization
from flask_oso.polar.policy.loader import load_policy
from flask_oso.polar.policy.serialization import from_lines, to_lines
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax import policy_test_nodes
from tests.support.cases import Case, read_cases, run_case, show_result
from tests.support.models.world import make_oso
from tests.support.policies import load as load_text

POLICY = 'allow("ana", "read", x) if x = 1 and not x = 2;'
BLOCKS = """
actor User {}
resource Repo {
  roles = ["reader", "writer"];
  permissions = ["read"];
  relations = { parent: User };
  "read" if "reader";
  "reader" if "writer";
}
type greet(name: String);
greet(name: String) if
  name in ["a", 1, 1.5, inf, true, "é"] and x = {a: [1, *_]} and x.a = name;
has_role(_: User, _: String, _: Repo);
has_relation(_: User, "parent", _: Repo);
?= greet("a") or 1 = 1;
allow(a, b, c) if has_permission(a, b, c);
declare is_open(Repo);
global { roles = ["admin"]; }
has_role(_: User, "admin");
resource Org extends Repo { "read" if global "admin"; "read" if "reader" and is_open(resource); }
has_relation(_: User, "parent", _: Org);
test fixture one { is_open(Repo{"x", tags: ["a"]}); user: User{1}; now "2026-01-01"; }
test "two" { setup { fixture one; } assert allow(user, a: String, Repo{"x"}) iff a in []; }
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the cache uses."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("OSO_CACHE_DIR", str(directory))
    return directory


def load(policy: str = POLICY) -> Oso:
    oso = Oso()
    oso.load_str(policy)
    return oso


def count_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note from now on the first source of each load that reads a text."""
    loads: list[str] = []

    def noted(sources: list[Source], *args: t.Any, **options: t.Any) -> t.Any:
        loads.append(sources[0].text)
        return load_policy(sources, *args, **options)

    monkeypatch.setattr(loader, "load_policy", noted)
    return loads


def the_entry(directory: Path) -> Path:
    (entry,) = directory.iterdir()
    return entry


# -- what is kept --------------------------------------------------------------------


@pytest.mark.each(8)
@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_case_from_cache(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """Results, errors with their places and what is printed are those of the first load."""
    first = run_case(case)
    first_output = capsys.readouterr().out

    second = run_case(case)

    assert second[0] == first[0]
    assert type(second[1]) is type(first[1])
    assert str(second[1]) == str(first[1])
    assert capsys.readouterr().out == first_output


def test_kept_policy_is_equal_with_its_places() -> None:
    """Rules, types, blocks, inline queries and warnings come back as they were."""
    source = Source(BLOCKS, "page.polar")
    host = make_oso().host
    loaded = load_text(source, host=host, roles=False)

    again = from_lines(to_lines(loaded), [source])

    assert to_lines(again) == to_lines(loaded)
    assert dict(again.policy.rules) == dict(loaded.policy.rules)
    assert again.policy.blocks == loaded.policy.blocks
    assert again.warnings == loaded.warnings


def test_second_load_reads_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second load of a policy parses no text."""
    load()
    loads = count_loads(monkeypatch)

    oso = load()

    assert loads == []
    assert oso.is_allowed("ana", "read", 1)
    assert not oso.is_allowed("ana", "read", 2)


def test_nothing_is_kept_unless_asked_for(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Without the variable no file is written."""
    monkeypatch.delenv("OSO_CACHE_DIR")

    load()

    assert not directory.exists()


def test_warning_is_printed_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Who deploys sees it each time."""
    load("f(1);")
    first = capsys.readouterr().out

    load("f(1);")

    assert first.startswith("[warning]")
    assert capsys.readouterr().out == first


def test_policy_with_a_problem_is_not_kept(directory: Path) -> None:
    """An error is found again, as long as it is there."""
    with pytest.raises(OsoError):
        load("f(x);")

    assert not directory.exists()


def test_deep_policy_is_not_kept(directory: Path) -> None:
    """Reading it back would take as much of Python's stack as it is deep."""
    load("f(" + "[" * 200 + "]" * 200 + ");")

    assert not directory.exists()


def test_inline_query_runs_each_time() -> None:
    """An inline query runs at each load: it asks about data, which may have changed."""
    calls = []
    policy = "?= Counter.count();"
    first, second = Oso(), Oso()
    counter = type("Counter", (), {"count": staticmethod(lambda: calls.append(1) or True)})

    for oso in (first, second):
        oso.register_class(counter)
        oso.load_str(policy)

    assert len(calls) == 2


def test_byte_order_mark(tmp_path: Path) -> None:
    """Places count from behind the byte order mark, also from the cache."""
    path = tmp_path / "page.polar"
    path.write_text("\ufeff" + POLICY, encoding="utf-8")
    first, second = Oso(), Oso()

    for oso in (first, second):
        oso.load_files([path])

    assert show_result(next(second.query("allow(a, b, c)"))["bindings"]) == show_result(
        next(first.query("allow(a, b, c)"))["bindings"]
    )


# -- what an entry belongs to --------------------------------------------------------


def test_other_text_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that was changed is read."""
    load()
    loads = count_loads(monkeypatch)

    load(POLICY + "\n")

    assert loads == [POLICY + "\n"]


def test_other_file_name_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Messages name the file."""
    load()
    loads = count_loads(monkeypatch)
    path = tmp_path / "page.polar"
    path.write_text(POLICY, encoding="utf-8")

    Oso().load_files([path])

    assert loads == [POLICY]


@pytest.mark.parametrize("name", ["User", "Other"])
def test_registered_class_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is unknown depends on what is registered."""
    load()
    loads = count_loads(monkeypatch)
    oso = Oso()
    oso.register_class(type("User", (), {}), name=name)

    oso.load_str(POLICY)

    assert loads == [POLICY]


@pytest.mark.parametrize(
    ("annotation", "warning"),
    [
        ("int", "note.owner is a number, user is a User: they are never equal"),
        (enum.Enum("Status", ["OPEN"]), "note.owner is a Status, user is a User: they are never"),
        ("str", "note.owner is a string, user is a User: they are never equal"),
    ],
)
def test_changed_annotation_is_noticed(
    capsys: pytest.CaptureFixture[str], annotation: t.Any, warning: str
) -> None:
    """What an attribute holds decides what never equals it."""
    policy = 'allow(user: User, "read", note: Note) if note.owner = user;'
    first, second = Oso(), Oso()
    for oso, each in ((first, "User"), (second, annotation)):
        oso.register_class(type("User", (), {}))
        oso.register_class(type("Note", (), {"__annotations__": {"owner": each}}))
    first.load_str(policy)
    assert capsys.readouterr().out == ""

    second.load_str(policy)

    assert capsys.readouterr().out.startswith(f"[warning] {warning}")


def test_changed_class_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning about an attribute that a class has since is gone."""
    policy = 'allow(u: User, "read", _) if u.adress = "reef";'
    first, second = Oso(), Oso()
    first.register_class(type("User", (), {"address": "reef"}), name="User")
    second.register_class(type("User", (), {"address": "", "adress": "reef"}), name="User")
    first.load_str(policy)
    assert "did you mean address" in capsys.readouterr().out

    second.load_str(policy)

    assert capsys.readouterr().out == ""


def test_roles_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With roles there are more rules."""
    load()
    loads = count_loads(monkeypatch)
    oso = Oso()
    oso.enable_roles()

    with pytest.raises(OsoError, match="Need to define"):
        oso.load_str(POLICY)

    assert loads == [POLICY]


def test_limit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long now is refused, though it was not before."""
    load()
    monkeypatch.setenv("POLAR_MAX_POLICY_BYTES", "10")

    with pytest.raises(OsoError, match="MAX_POLICY_BYTES"):
        load()


@pytest.mark.parametrize(
    "changed",
    [
        "nodes.py",
        "syntax/grammar.lark",
        "solver/solver.py",
        "compiler/specialization/goals/steps.py",
    ],
)
def test_entry_belongs_to_every_file_of_the_language(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another state of the library, in whichever room, may load the same text otherwise."""
    copied = shutil.copytree(Path(nodes.__file__).parent, tmp_path / "polar")
    monkeypatch.setattr(cache, "__file__", str(copied / "policy" / "cache.py"))
    load()
    loads = count_loads(monkeypatch)
    load()
    (copied / changed).write_text("# Changed.\n", encoding="utf-8")

    load()

    assert loads == [POLICY]


def test_each_file_of_the_language_is_looked_at_once() -> None:
    """Code, the grammar and its tables, in each folder: what is compiled beside them is not."""
    polar = Path(nodes.__file__).parent
    suffixes = {".py", ".lark", ".json"}
    files = {str(each.relative_to(polar)) for each in polar.rglob("*") if each.suffix in suffixes}

    found = [name for name, _, _ in cache._library()]

    assert found == sorted({each.replace(os.sep, "/") for each in files})
    assert {"nodes.py", "syntax/grammar.lark", "syntax/grammar.json"} <= {*found}


def test_folders_of_compiled_code_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They may be those of another user, who alone may list them."""
    (tmp_path / "polar" / "policy" / "__pycache__").mkdir(parents=True)
    (tmp_path / "polar" / "nodes.py").write_text("")
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "polar" / "policy" / "cache.py"))
    scandir = os.scandir

    def listed(path: str) -> t.Any:
        if Path(path).name == "__pycache__":
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listed)

    assert [name for name, _, _ in cache._library()] == ["nodes.py"]


# -- entries that are not trusted ----------------------------------------------------


def forged(text: str, key: str) -> str:
    """Give an entry with the right checksum."""
    return f"{cache._first_line(key, text)}\n{text}"


class Planted:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (os.environ["OSO_CACHE_DIR"] + "/planted",)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"ana", b"eve"),
        lambda data: data + b"\n",
        lambda data: b"\xff\xfe" + data,
        lambda data: pickle.dumps(Planted()),
    ],
)
def test_damaged_entry_counts_as_absent(
    monkeypatch: pytest.MonkeyPatch, directory: Path, damage: Callable[[bytes], bytes]
) -> None:
    """The text is loaded, and the entry written anew. Nothing in it runs."""
    load()
    entry = the_entry(directory)
    data = entry.read_bytes()
    entry.write_bytes(damage(data))
    loads = count_loads(monkeypatch)

    oso = load()

    assert loads == [POLICY]
    assert oso.is_allowed("ana", "read", 1)
    assert not oso.is_allowed("eve", "read", 1)
    assert the_entry(directory).read_bytes() == data


@pytest.mark.parametrize(
    "text", ["", "[]", '{"rules": ["allow"], "parts": {}}', "[" * 100_000, "1e999"]
)
def test_entry_that_holds_no_policy_counts_as_absent(
    monkeypatch: pytest.MonkeyPatch, directory: Path, text: str
) -> None:
    """A checksum that fits does not make a policy of a text."""
    load()
    entry = the_entry(directory)
    entry.write_text(forged(text, entry.stem), encoding="ascii")
    loads = count_loads(monkeypatch)

    load()

    assert loads == [POLICY]


@pytest.mark.parametrize("give", [Path.replace, shutil.copy, os.link])
def test_entry_of_another_policy_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, directory: Path, give: Callable[[Path, Path], object]
) -> None:
    """An old policy's entry under the name of the strict one's is no entry for that."""
    load("allow(_, _, _);")
    lax = the_entry(directory).rename(directory.parent / "lax")
    load()
    strict = the_entry(directory)
    strict.unlink()
    give(lax, strict)
    loads = count_loads(monkeypatch)

    oso = load()

    assert loads == [POLICY]
    assert not oso.is_allowed("eve", "read", 1)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such modes.")
@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777, 0o1777])
def test_directory_that_others_may_write_is_refused(directory: Path, mode: int) -> None:
    """A directory that others may write is refused: they could exchange or restore entries."""
    load()
    directory.chmod(mode)

    with pytest.raises(OsoError) as caught:
        load()

    assert str(caught.value) == (
        f"Other users may write to the directory {str(directory)!r} that 'OSO_CACHE_DIR' names,"
        f" and could replace policies in it. Take that from them: chmod go-w {directory}"
    )


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such owners.")
def test_directory_of_another_user_is_refused(
    monkeypatch: pytest.MonkeyPatch, directory: Path
) -> None:
    """Its owner can do with it what they like."""
    load()
    other = os.stat_result((0o40700, 0, 0, 0, os.getuid() + 1, 0, 0, 0, 0, 0))
    monkeypatch.setattr(os, "stat", lambda _: other)

    with pytest.raises(OsoError) as caught:
        load()

    assert str(caught.value) == (
        f"The directory {str(directory)!r} that 'OSO_CACHE_DIR' names belongs to another user,"
        " who could replace policies in it. Name one of the user of this process."
    )


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such modes.")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o750, 0o711])
def test_directory_that_others_may_read_is_used(
    monkeypatch: pytest.MonkeyPatch, directory: Path, mode: int
) -> None:
    """Entries are for their user alone, wherever they are."""
    load()
    directory.chmod(mode)
    loads = count_loads(monkeypatch)

    load()

    assert loads == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such modes.")
def test_entry_is_for_its_user_alone(directory: Path) -> None:
    """Others can neither read a policy there nor put one there."""
    load()

    assert the_entry(directory).stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such modes.")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_entry_that_others_could_write_is_not_read(
    monkeypatch: pytest.MonkeyPatch, directory: Path, mode: int
) -> None:
    """Whoever can write an entry can allow everything."""
    load()
    the_entry(directory).chmod(mode)
    loads = count_loads(monkeypatch)

    load()

    assert loads == [POLICY]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="Windows has no such links.")
@pytest.mark.parametrize("place", ["link", "pipe", "directory"])
def test_entry_that_is_no_file_is_not_read(
    monkeypatch: pytest.MonkeyPatch, directory: Path, tmp_path: Path, place: str
) -> None:
    """A link may lead elsewhere, and nobody waits at a pipe."""
    load()
    entry = the_entry(directory)
    moved = entry.rename(tmp_path / "moved")
    make = {"link": lambda: entry.symlink_to(moved), "pipe": lambda: os.mkfifo(entry)}
    make.get(place, entry.mkdir)()
    loads = count_loads(monkeypatch)

    load()

    assert loads == [POLICY]


def test_directory_that_cannot_be_used_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An application starts without its cache."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OSO_CACHE_DIR", str(tmp_path / "file" / "below"))

    assert load().is_allowed("ana", "read", 1)


def test_all_kinds_of_nodes_have_a_number() -> None:
    """A kind that is new to the language is told of here."""
    made_by_parser = {
        kind
        for kind in (*vars(nodes).values(), *vars(policy_test_nodes).values())
        if isinstance(kind, type) and issubclass(kind, nodes.Node | nodes.Parameter)
    } - {nodes.Node, nodes.RareNode, nodes.Term, nodes.Lookup, nodes.Instance}
    # It stands in clauses alone.
    made_by_parser.discard(nodes.PlacedParameter)

    assert made_by_parser == set(serialization._KINDS)


def test_policy_with_an_object_is_not_kept() -> None:
    """Data of the host have no place in a file."""
    loaded = load_text("f(1);")
    rule = loaded.policy.rules["f"][0]
    object.__setattr__(rule, "parameters", (Parameter(Instance(object())),))

    with pytest.raises(ValueError, match="Instance"):
        to_lines(loaded)
