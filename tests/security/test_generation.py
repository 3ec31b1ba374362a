"""Text of a policy never becomes Python.

Each question is asked of the solver and of compiled rules. Where the subject is what is
compiled, a test also makes sure that something was.
"""

from __future__ import annotations

import ast
import builtins
import dis
import keyword
import types
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_oso
from flask_oso import Oso, OsoError
from flask_oso.polar.compiler import programs
from tests.fuzz.witnesses import CLASSES
from tests.polar.compiler.test_programs import FOLLOWED
from tests.support.answers import codes_of, complete_program_of, left_over
from tests.support.children import run_python
from tests.support.sizes import part_of

pytestmark = pytest.mark.usefixtures("compiling", "without_allow")

PACKAGE = Path(flask_oso.__file__).parent
MODULES = [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]


class Thing:
    """An object with the attributes it is given."""

    def __init__(self, /, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)

    def echo(self, *args: t.Any) -> t.Any:
        """Give back the last argument."""
        return args[-1]


def load(policy: str, **classes: type) -> Oso:
    oso = Oso()
    oso.register_class(Thing)
    for name, cls in classes.items():
        oso.register_class(cls, name=name)
    oso.load_str(policy)
    return oso


def both(oso: Oso, *args: t.Any) -> list[bool]:
    """Ask the solver, then compiled rules."""
    return [oso.engine.solve_call("f", args), oso.engine.ask("f", *args)]


YES, NO = [True, True], [False, False]


def codes(oso: Oso) -> list[types.CodeType]:
    """Give all code that was made, inner functions included."""
    found = codes_of(oso)
    for code in found:
        found.extend(each for each in code.co_consts if isinstance(each, types.CodeType))
    return found


def quoted(text: str) -> str:
    """Write a text as a Polar string."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\x00": "\\0"}
    return '"' + "".join(escapes.get(each, each) for each in text) + '"'


# -- texts ---------------------------------------------------------------------------------

#: Texts that would do something if they became Python, a format, a template or a pattern.
TEXTS = [
    *('"', "'", '"""', "'''", "\\", "\\\\", "\n", "\r", "\t", "\x00", "#", ";", ":", ",", "`"),
    *("{", "}", "{}", "{0}", "{{", "{x}", "{x!r}", "{0.__class__}", "%s", "%(x)s", "%", "$x"),
    *("') or True or ('", '"); raise SystemExit #', "__import__('os')", "1; import os", "x = 1"),
    *("\\n", "\\x41", "\\u0041", "\\N{BULLET}", "\\", 'f"{x}"', "b'x'", "r'x'", "*", "."),
    *(
        "[",
        "(",
        "f0",
        "a0",
        "k0",
        "v0",
        "clock",
        "None",
        "True",
        "é",
        "\uff58",
        "\U0001f511",
        " ",
        "",
    ),
]
#: Rules ``f`` of one argument that hold for one text, by where it is written.
PLACES = {
    "head": "f(_) if false; f({0});",
    "heads": 'f({0}); f("none of these"); f("nor this");',
    "equation": "f(x) if x = {0};",
    "comparison": "f(x) if x == {0};",
    "list": 'f(x) if x in [{0}, "none of these"];',
    "call": "f(x) if g(x, {0}); g(x, y) if x = y;",
    "method": "f(x) if SAME.echo({0}) = x;",
    "binding": "f(x) if y = {0} and y = x;",
}


def test_as_many_texts_and_names_are_tried_as_are_said() -> None:
    """54 texts and 210 names."""
    assert len(set(TEXTS)) >= 54


@pytest.mark.parametrize("text", list(dict.fromkeys(TEXTS)), ids=ascii)
@pytest.mark.parametrize("place", PLACES)
def test_text_is_data(place: str, text: str) -> None:
    """A text is itself wherever it is written, and nothing else."""
    oso = Oso()
    oso.register_constant(Thing(), "SAME")
    oso.load_str(PLACES[place].format(quoted(text)))

    assert both(oso, text) == YES
    assert both(oso, f"{text}.") == both(oso, f"'{text}'") == NO
    assert left_over(oso) == []


@pytest.mark.parametrize("text", list(dict.fromkeys(TEXTS)), ids=ascii)
def test_text_in_a_block_is_data(text: str) -> None:
    """The names of permissions and roles in a block are data, whatever they spell."""
    literal, role = quoted(text), quoted(f"{text} role")
    oso = load(
        f"resource Thing {{ permissions = [{literal}]; roles = [{role}]; {literal} if {role}; }}"
        " actor Actor_ {} has_role(a: Actor_, name: String, _: Thing) if a.role = name;"
        " f(a, action, r) if has_permission(a, action, r);",
        Actor_=type("Person", (Thing,), {}),
    )
    person = oso.get_class("Actor_")(role=f"{text} role")

    assert both(oso, person, text, Thing()) == YES
    assert both(oso, person, f"{text}.", Thing()) == NO
    assert both(oso, oso.get_class("Actor_")(role=text), text, Thing()) == NO


# -- names ---------------------------------------------------------------------------------

#: What no variable and no rule can be called: words of Polar.
POLAR_WORDS = {"and", "if", "in", "not", "or", "print", "type", "_"}
NAMES = sorted(
    {
        *(*keyword.kwlist, *keyword.softkwlist, *dir(builtins)),
        *("a0", "a1", "v0", "m0", "k0", "f0", "t0", "l0", "x", "clock", "depth", "name", "answer"),
        *("question", "plain", "simple", "harmless", "missing", "once", "never", "equal", "read"),
        *("call_method", "elements", "compare", "condition", "check_sandbox", "hand_over"),
        *("is_deep", "environment", "log_variable", "by_solver", "problem_of", "unforeseen"),
        *(
            "check_clock",
            "quietly_equal",
            "searched",
            "copied",
            "copied_kinds",
            "self",
            "os",
            "sys",
            "\uff410",
        ),
    }
    - POLAR_WORDS
)


@pytest.mark.each(3)
@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_variable_and_of_a_rule(name: str) -> None:
    """A variable, a parameter and a rule may be called like anything that Python knows."""
    oso = load(f"f({name}, other) if {name}_({name}, other); {name}_({name}, y) if {name} = y;")

    assert both(oso, "one", "one") == YES
    assert both(oso, "one", "two") == NO
    assert left_over(oso) == []
    assert not any(f"{name}_" in (*code.co_names, *code.co_varnames) for code in codes(oso))


@pytest.mark.each(3, 1)
@pytest.mark.parametrize("name", [name for name in NAMES if name[:1] != "_"])
def test_name_of_a_field_is_read_from_the_object_only(name: str) -> None:
    """A field that is called like something in the function is that field."""
    oso = load(f"f(x, y) if x.{name} = y;")
    thing = Thing(**{name: "right"})

    assert both(oso, thing, "right") == YES
    assert both(oso, thing, "wrong") == NO
    assert left_over(oso) == []


@pytest.mark.each(3, 2)
@pytest.mark.parametrize("name", [name for name in NAMES if name[:1] != "_"])
def test_name_of_a_class_is_that_class(name: str) -> None:
    """A class may be registered under a name that Python, or a function, uses."""
    cls = type("Other", (), {})
    oso = load(f"f(it: {name}) if it = it; f(it) if it matches {name};", **{name: cls})

    assert both(oso, cls()) == YES
    assert both(oso, Thing()) == NO
    assert left_over(oso) == []


@pytest.mark.parametrize(
    "name", ["a b", "x;", "x: Thing", "(", "", '"', "1", "x if true", "\n", "."]
)
def test_name_of_a_class_that_no_policy_can_write(name: str) -> None:
    """Such a name is never part of anything that is read or made."""
    oso = load("f(x: Thing) if x.flag;", **{name: type("Other", (), {})})

    assert both(oso, Thing(flag=True)) == YES
    assert both(oso, Thing(flag=False)) == both(oso, 1) == NO


#: What Python makes one name of, by normalization to NFKC, and NFC does not.
TWINS = [("x", "\uff58"), ("fi", "\ufb01"), ("s", "\u017f")]


@pytest.mark.parametrize(("one", "two"), TWINS, ids=ascii)
@pytest.mark.parametrize(
    "policy",
    [
        'f({0}, {1}) if {0} = "a" and {1} = "b";',
        'f(x, y) if {0}_(x) and {1}_(y); {0}_("a"); {1}_("b");',
        "f(x, y) if THING.{0} = x and THING.{1} = y;",
        "f(x, y) if {0}_ = x and {1}_ = y;",
    ],
    ids=["variables", "rules", "fields", "constants"],
)
def test_twins_by_normalization_are_two_names(policy: str, one: str, two: str) -> None:
    """Python would make one name of both."""
    oso = Oso()
    oso.register_constant(Thing(**{one: "a", two: "b"}), "THING")
    oso.register_constant("a", f"{one}_")
    oso.register_constant("b", f"{two}_")
    oso.load_str(policy.format(one, two))

    assert both(oso, "a", "b") == YES
    assert both(oso, "a", "a") == both(oso, "b", "a") == both(oso, "b", "b") == NO


# -- keys ----------------------------------------------------------------------------------

KEYS = [
    *("a b", "", "1", "-", "x.y", "{0}", '"', "'", "\n", "\x00", "class", "if", "é", "\uff58"),
    "a" * 5_000,
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key)[:20])
@pytest.mark.parametrize("make", [dict, Thing], ids=["dictionary", "object"])
def test_odd_key_is_looked_up_as_it_is(make: t.Callable[..., t.Any], key: str) -> None:
    """A key, or the name of an attribute, may be any text."""
    oso = load(f"f(x, y) if x.({quoted(key)}) = y; g(x, k, y) if x.(k) = y;")
    thing = make(**{key: 1, f"{key}.": 2})

    assert both(oso, thing, 1) == YES
    assert both(oso, thing, 2) == NO
    assert oso.query_rule_once("g", thing, key, 1)
    assert not oso.query_rule_once("g", thing, key, 2)


@pytest.mark.parametrize("key", ["__class__", "__init__", "__globals__", "__dict__", "__reduce__"])
def test_reserved_key_is_refused_however_it_is_written(key: str) -> None:
    """A text leads no further than a name does."""
    oso = load(f'f(x) if x.("{key}") = 1; g(x, k) if x.(k) = 1;')

    with pytest.raises(OsoError, match=f"'{key}' is not for policies"):
        oso.engine.ask("f", Thing())
    with pytest.raises(OsoError, match=f"'{key}' is not for policies"):
        oso.query_rule_once("g", Thing(), key)


# -- large shapes --------------------------------------------------------------------------

#: Shapes beyond what Python's parser or compiler takes, by what is large. They hold for a
#: ``Thing`` whose name is ``[1]``, and for no other.
LARGE = {
    "searches": f"f(x) if {' and '.join(f'_{n} in x.name' for n in range(40))} and x.name = [1];",
    "alternatives": f"f(x) if {' or '.join(['x.name = 1'] * 2_000)} or x.name = [1];",
    "conditions": f"f(x) if {' and '.join(['x.name = [1]'] * 2_000)};",
    "parentheses": f"f(x) if {'(' * 250}x.name = [1]{')' * 250};",
    "negations": f"f(x) if {'not (' * 200}x.name = [1]{')' * 200};",
    "universals": f"f(x) if {'forall(y in [1], y = 1 and ' * 60}x.name = [1]{')' * 60};",
    "both in turn": f"f(x) if {'(x = x and (x.name = 2 or ' * 100}x.name = [1]{'))' * 100};",
    "rules": "".join(f'f("{n}");' for n in range(2_000)) + "f(x) if x.name = [1];",
    "rules of classes": "f(_: Other) if false;" * 300 + "f(x: Thing) if x.name = [1];",
    "parameters": f"f(x) if g({', '.join(['x.name'] * 300)}) and x.name = [1];"
    f" g({', '.join(f'_{n}' for n in range(300))});",
    "arguments": f"f(x) if x.echo({', '.join(['x.name'] * 300)}) = [1];",
    "variables": "f(x) if v0 = x.name and "
    + " and ".join(f"v{n} = v{n - 1}" for n in range(1, 600))
    + " and v599 = [1];",
    "calls": "".join(f"p{n}(x) if p{n + 1}(x);" for n in range(400))
    + "f(x) if p0(x); p400(x) if x.name = [1];",
    "fields": f"f(x) if x{'.me' * 400}.name = [1];",
    "list": f"f(x) if x.name in [{', '.join(f'[{n}]' for n in range(1, 3_000))}] and x.name = [1];",
    "strings": "f(x) if x.kind in ["
    + ", ".join(f'"k{n}"' for n in range(3_000))
    + "] and x.name = [1];",
    "dictionary": "f(x) if {"
    + ", ".join(f"k{n}: {n}" for n in range(1_000))
    + "}.k999 = 999 and x.name = [1];",
    "text": f'f(x) if x.name = [1] and not x.name = "{"x" * 1_000_000}";',
    "names": f"f({'x' * 10_000}) if {'x' * 10_000}.name = [1];",
    "nested lists": f"f(x) if y = {'[' * 500}x.name{']' * 500} and y = {'[' * 500}[1]{']' * 500};",
}


class Me(Thing):
    """An object that is its own attribute."""

    kind = "k2999"

    @property
    def me(self) -> Me:
        return self


@pytest.mark.each(4)
@pytest.mark.parametrize("policy", LARGE.values(), ids=LARGE)
def test_large_shape_is_decided(policy: str) -> None:
    """What a function cannot hold the solver answers; no error of Python's comes out."""
    oso = load(policy, Other=type("Other", (), {}))

    assert both(oso, Me(name=[1])) == YES
    assert both(oso, Me(name=[2])) == NO


# -- numbers -------------------------------------------------------------------------------

ODD = [0, 0.0, 1, 7, 1000, 100_000, 1e5, 2**63 - 1, -(2**63), float("inf"), True, "0", None]
#: Numbers as they are written, and which of the values above equal them.
NUMBERS: dict[str, list[t.Any]] = {
    "-0": [0, 0.0],
    "-0.0": [0, 0.0],
    "1e-999": [0, 0.0],
    "007": [7],
    "1.": [1],
    "1E5": [100_000, 1e5],
    "1e+5": [100_000, 1e5],
    "9223372036854775807": [2**63 - 1],
    "-9223372036854775808": [-(2**63)],
    "1e999": [float("inf")],
    "1e400000": [float("inf")],
    f"1e{'9' * 1_000}": [float("inf")],
    f"1.{'0' * 100_000}": [1],
    f"0.{'1' * 100_000}": [],
    f"{'0' * 100_000}1": [1],
}


@pytest.mark.parametrize("literal", NUMBERS, ids=lambda literal: literal[:20])
def test_odd_number_is_that_number(literal: str) -> None:
    """A number is that number, however it is written; it equals no other, and no Boolean."""
    oso = load(f"f(x) if x = {literal};")

    assert [value for value in ODD if both(oso, value) == YES] == NUMBERS[literal]
    assert left_over(oso) == []


@pytest.mark.parametrize(
    "literal",
    ["9223372036854775808", "1" * 100_000, "1_000", "0x10", "5e", "--1", "1.5.5", "1e5e5"],
    ids=lambda literal: literal[:20],
)
def test_what_is_no_number_is_refused(literal: str) -> None:
    """With an error of the policy's, whose text has a bound."""
    with pytest.raises(OsoError) as caught:
        load(f"f(x) if x = {literal};")

    assert "at line 1, column " in str(caught.value)
    assert len(str(caught.value)) < 250_000


# -- arities, scope, backtracking ----------------------------------------------------------


def test_rules_of_one_name_are_told_apart_by_their_number_of_parameters() -> None:
    """A call meets the rules with as many parameters, and no others."""
    oso = load('f(); f("a"); f("a", x) if x = "b"; f(x, y, z) if x = y and y = z;')
    questions = [(), ("a",), ("b",), ("a", "b"), ("a", "a"), ("c", "c", "c"), ("c", "c", "a")]

    assert [both(oso, *args) for args in questions] == [YES, YES, NO, YES, NO, YES, NO]


@pytest.mark.parametrize("args", [(1, 2, 3, 4), tuple("abcdefgh")])
def test_call_with_a_number_of_arguments_that_no_rule_has(args: tuple[t.Any, ...]) -> None:
    """A call with a number of arguments that no rule has has no solution."""
    assert both(load('f(); f("a"); f(x, y) if x = y;'), *args) == NO


@pytest.mark.parametrize("count", [0, 1, 20, 255, 300])
def test_rule_of_any_number_of_parameters_is_called(count: int) -> None:
    """Each argument arrives where it belongs."""
    names = [f"x{n}" for n in range(count)]
    conditions = " and ".join(f"{name} = {n}" for n, name in enumerate(names)) or "true"
    oso = load(f"f({', '.join(names)}) if {conditions};")

    assert both(oso, *range(count)) == YES
    assert count == 0 or both(oso, *range(count - 1), "other") == NO


#: Rules ``f`` of two arguments, and the pairs of ``"a"`` and ``"b"`` for which they hold.
SCOPES = {
    "one name in two rules": (
        'f(x, y) if x = "a" and y = x; f(y, x) if x = "b" and y = x;',
        "aa bb",
    ),
    "one name in a caller": ('f(x, y) if g(y) and x = "a"; g(x) if x = "b";', "ab"),
    "after a negation": ('f(x, y) if not (x = "a" and y = "a") and y = "a";', "ba"),
    "bound in a negation": ("f(x, y) if not (z = x and z = y);", "ab ba"),
    "bound in forall": ("f(x, y) if forall(z in [x], z = y) and z = x and z = y;", "aa bb"),
    "in alternatives": ('f(x, y) if (z = x or z = y) and z = "a";', "aa ab ba"),
    "of an alternative left": ('f(x, y) if (z = x and z = "b" or z = y) and z = y;', "aa bb ab ba"),
    "of a loop": ('f(x, y) if z in [x, y] and z = "b";', "bb ab ba"),
    "of two loops": ("f(x, y) if z in [x] and w in [y] and not z = w;", "ab ba"),
    "under an underscore": ("f(x, y) if g(x, _) and g(_, y); g(x, y) if x = y;", "aa ab ba bb"),
}


@pytest.mark.parametrize(("policy", "holds"), SCOPES.values(), ids=SCOPES)
def test_variable_is_that_of_its_rule(policy: str, holds: str) -> None:
    """What is bound in one rule, negation or alternative is not bound in another."""
    oso = load(policy)
    pairs = ["aa", "ab", "ba", "bb"]

    assert [both(oso, *pair) for pair in pairs] == [YES if p in holds else NO for p in pairs]


#: Rules ``f`` of two arguments that hold by the last way they try: ``x.n`` gives 1, 2, 3.
WAYS = {
    "elements": "f(x, y) if n in x.n and n = y;",
    "elements of elements": "f(x, y) if n in x.n and m in x.n and m > n and m = y and n = 2;",
    "rules": "f(x, y) if g(x, n) and n = y; g(x, 1) if x = x; g(x, n) if n = 2 and x = x;"
    " g(x, n) if n in x.n;",
    "alternatives": "f(x, y) if (n = 1 or n = 2 or n in x.n) and n = y;",
    "rules of rules": "f(x, y) if g(x, n) and n = y; g(x, n) if h(x, n) and n > 2;"
    " h(x, n) if n in x.n;",
    "a condition bound late": "f(x, y) if n = m and m in x.n and n = y;",
    "after a call that failed": "f(x, y) if n in x.n and g(x, n) and n = y; g(x, n) if n in x.n"
    " and n > 1;",
    "around a negation": "f(x, y) if n in x.n and not (m in x.n and m > n) and n = y;",
    "around forall": "f(x, y) if n in x.n and forall(m in x.n, m <= n) and n = y;",
}


@pytest.mark.parametrize("policy", WAYS.values(), ids=WAYS)
def test_way_that_failed_leaves_nothing_bound(policy: str) -> None:
    """The last way is taken as if the others had not been tried."""
    oso, thing = load(policy), Thing(n=[1, 2, 3])

    assert both(oso, thing, 3) == YES
    assert both(oso, thing, 4) == NO


def test_first_way_is_taken_once() -> None:
    """What comes after the first solution is not computed."""
    asked: list[str] = []

    class Counting(Thing):
        def holds(self, name: str) -> bool:
            asked.append(name)
            return name == "b"

    oso = load('f(x) if n in ["a", "b", "c"] and x.holds(n);')

    assert both(oso, Counting()) == YES
    assert asked == ["a", "b"] * 2


# -- how functions are made ----------------------------------------------------------------

#: Functions that run, read or make code of what they are given.
RUNNING = {
    *("exec", "eval", "compile", "__import__", "globals", "ast.parse", "ast.literal_eval"),
    *("types.FunctionType", "types.CodeType", "types.new_class", "types.MethodType"),
    *("importlib.import_module", "importlib.__import__", "dataclasses.make_dataclass"),
    *("pkgutil.resolve_name", "import_string"),
    *(
        "attr.make_class",
        "collections.namedtuple",
        "namedtuple",
        "make_dataclass",
        "FunctionType",
        "CodeType",
    ),
}
#: Modules that do so, and those that lead to the functions above by another name.
RUNNERS = {
    *("builtins", "pickle", "marshal", "shelve", "code", "codeop", "runpy", "subprocess", "ctypes"),
}
#: All of it in the package. What is compiled is a tree, or a text that is written here; what is
#: imported is named here or by the application's configuration; the classes have the fields of
#: one that the application registered, and nothing of a policy; what is parsed is an annotation of
#: one of its classes, and is not run.
KNOWN_USES = {
    "cli/init.py": {"pkgutil.resolve_name(named)"},
    # Git is run, with a list of words and no shell.
    "cli/terminal/policy_sources.py": {"subprocess"},
    "config.py": {"pkgutil.resolve_name(value)"},
    "current_actor.py": {"pkgutil.resolve_name(self._name or '')"},
    "observability/decision_log.py": {"import_string(name)"},
    "cli/__init__.py": {"importlib.import_module(f'.{COMMANDS[name]}', __package__)"},
    "compat.py": {
        "importlib.import_module(child)",
        "importlib.import_module(f'{__package__}.{place}'.rstrip('.'))",
    },
    # The program is read for the texts in it, and not run.
    "enforcement/audit/asked_actions.py": {"ast.parse(path.read_bytes())"},
    "migration/program_files.py": {"ast.parse(text)"},
    "polar/compiler/classes/generated_equality.py": {
        "attr.make_class('Written', ['number'])",
        "attr.make_class('Written', named, init=False, order=False)",
        "dataclasses.make_dataclass('Written', named)",
    },
    # Quotations are literals of the compiler, as `test_quotations.py` holds.
    "polar/compiler/quotations.py": {"ast.parse(textwrap.dedent(quotation))"},
    "polar/compiler/programs.py": {
        "compile(module, file, 'exec')",
        "exec(compile(module, file, 'exec'), self._names, names)",
    },
    "polar/compiler/source_map.py": {"compile('0', '', 'eval')"},
    "testing/policy_items.py": {"pkgutil.resolve_name(name)"},
    "observability/telemetry.py": {"importlib.import_module(API)"},
    # The source of a function of the program, compiled to see that it is that of the function; what
    # comes of it is compared, and not run.
    "sqlalchemy/mapped/hybrids.py": {
        "ast.parse(textwrap.dedent(inspect.getsource(code)))",
        "compile(tree, '<hybrid>', 'exec', dont_inherit=True)",
    },
    "polar/host/attribute_types.py": {"ast.parse(annotation.strip(), mode='eval')"},
}


def uses_of(tree: ast.AST) -> Iterator[str]:
    """Give each use of what runs, reads or makes code, as it is written."""
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in RUNNING:
            yield ast.unparse(node)
        elif isinstance(node, ast.Name) and node not in called and node.id in RUNNING:
            yield node.id
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in RUNNERS)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{each.name}" for each in node.names]
            yield from names if node.module in RUNNERS else {*names} & RUNNING


@pytest.mark.each(4)
@pytest.mark.parametrize("module", MODULES)
def test_module_runs_no_text(module: str) -> None:
    """Few modules make or import code, and none of the text of a policy."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))

    assert set(uses_of(tree)) == KNOWN_USES.get(module, set())


@pytest.mark.parametrize(
    "text",
    [
        *("eval(text)", "run = exec", "import pickle", "from builtins import exec as run"),
        *("ast.parse(f'{name} = 1')", "from ast import parse", "types.FunctionType(code, {})"),
        *("namedtuple('Row', fields)", "compile(text, '', 'exec')", "__import__(name)"),
    ],
)
def test_text_that_is_run_is_found(text: str) -> None:
    """The search for what makes or imports code finds each way to do it."""
    assert set(uses_of(ast.parse(text)))


def test_only_trees_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a policy says, Python's parser never sees it."""
    compiled: list[object] = []

    def compile_and_note(source: t.Any, *args: t.Any) -> t.Any:
        compiled.append(source)
        return compile(source, *args)

    monkeypatch.setattr(programs, "compile", compile_and_note, raising=False)
    for policy in FOLLOWED.values():
        load_for_witnesses(policy)

    assert len(compiled) > len(FOLLOWED)
    assert {type(source) for source in compiled} == {ast.Module}


def load_for_witnesses(policy: str) -> Oso:
    """Load a policy of ``FOLLOWED`` and have its rule ``f`` compiled."""
    oso = Oso()
    for cls in CLASSES:
        oso.register_class(cls)
    oso.load_str(policy)
    complete_program_of(oso).answer("f", 1)
    return oso


#: Each word of this policy has the mark, in names of all kinds.
MARKED = """
actor qqq_Actor {}
resource qqq_Page {
  permissions = ["qqq_read"]; roles = ["qqq_role"]; relations = { qqq_parent: qqq_Page };
  "qqq_read" if "qqq_role"; "qqq_role" if "qqq_role" on "qqq_parent";
}
has_role(qqq_actor: qqq_Actor, qqq_name: String, qqq_page: qqq_Page) if
  qqq_grant in qqq_page.qqq_grants and qqq_grant.qqq_role = qqq_name and
  qqq_actor = qqq_grant.qqq_who.qqq_self(QQQ_ONE, "qqq_text", qqq_key: qqq_name);
has_relation(qqq_one: qqq_Page, "qqq_parent", qqq_two: qqq_Page) if qqq_one = qqq_two.qqq_parent;
allow(qqq_actor, qqq_action, qqq_page) if has_permission(qqq_actor, qqq_action, qqq_page);
"""


def marked_code() -> list[types.CodeType]:
    """Compile the policy above; give all code that comes of it."""
    oso = Oso()
    oso.register_class(Thing, name="qqq_Page")
    oso.register_class(type("Person", (), {}), name="qqq_Actor")
    oso.register_constant(1, "QQQ_ONE")
    oso.load_str(MARKED)
    complete_program_of(oso).answer("allow", 3)
    assert left_over(oso) == []
    return codes(oso)


def test_no_name_of_a_policy_is_a_name_in_a_function() -> None:
    """Rules, variables, classes, constants and keywords have names that are made up."""
    assert len(marked_code()) > 3
    for code in marked_code():
        own = (code.co_name, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
        assert [name for name in own if "qqq" in name.lower()] == []


def test_names_of_attributes_are_only_read_as_attributes() -> None:
    """Names of attributes are nothing that a function could call, set or look up elsewhere."""
    uses = {
        (instruction.opname, instruction.argval)
        for code in marked_code()
        for instruction in dis.get_instructions(code)
        if "qqq" in str(instruction.argval).lower()
    }

    assert {name for name, _ in uses} <= {"LOAD_ATTR", "LOAD_METHOD", "LOAD_CONST"}
    assert {each for name, each in uses if name != "LOAD_CONST"} >= {"qqq_grants", "qqq_parent"}


# -- the same code each time ---------------------------------------------------------------

SCRIPT = """
from tests.security import test_generation as generation
from tests.support.answers import codes_of

def show(code):
    inner = [show(each) if hasattr(each, "co_code") else constant(each) for each in code.co_consts]
    print(code.co_name, code.co_code.hex(), code.co_names, code.co_varnames, inner)

def constant(value):
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)

for name, policy in generation.FOLLOWED.items():
    print(name)
    for code in codes_of(generation.load_for_witnesses(policy)):
        show(code)
for code in generation.marked_code():
    show(code)
"""


def generated(seed: int) -> str:
    """Give what is generated in a process with this seed of hashing."""
    return run_python(
        SCRIPT, PYTHONHASHSEED=str(seed), OSO_COMPILED="1", POLAR_IGNORE_NO_ALLOW_WARNING="1"
    )


@pytest.fixture(scope="module")
def expected() -> str:
    """What is generated with the first seed."""
    return generated(0)


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.parametrize("seed", range(1, 1 + part_of(20)))
def test_generated_code_is_the_same_for_every_seed(expected: str, seed: int) -> None:
    """Instructions, names and constants, byte for byte, for many seeds of hashing."""
    assert len(expected) > 20_000
    assert generated(seed) == expected
