"""The Python of a question: the functions, where they come from, and what they leave."""

from __future__ import annotations

import ast
import copy
import re
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.sources import Source
from flask_oso.polar.tools.generated_code import (
    QuestionError,
    runtime_meaning,
    show_with_stand_ins,
)
from tests.polar.compiler.test_programs import FOLLOWED, UNFOLLOWED
from tests.support.answers import program_of
from tests.support.children import run_python

pytestmark = pytest.mark.usefixtures("compiling", "without_allow")

NOTES = """\
allow(user: User, "edit", note: Note) if
  note.author = user;

allow(_, "read", note: Note) if
  may_read(note);

may_read(note) if note.public and
  note.open;
"""
NOTE_QUESTION = 'allow(User, "edit", Note)'
ENTRY = "# The entry function: it takes every question about this rule."
SPECIALIZATION = "# The specialization for"


def shown(policy: str, question: str) -> str:
    """Give the text about a question of a policy whose classes are not there."""
    return show_with_stand_ins([Source(policy, "note.polar")], question).text


def left(policy: str, question: str) -> list[str]:
    """Give the lines about what is left to others."""
    text = shown(policy, question)
    lines = text[text.index("# Left to the solver") :].splitlines()[1:]
    return [line.removeprefix("#   ") for line in lines if line]


# -- the text -----------------------------------------------------------------------------


def test_text_begins_with_entry_function_specialization_and_rules() -> None:
    """A reader meets the functions in the order in which a question meets them."""
    titles = re.findall(
        r"^# (The entry|The spec|A comp)", shown(NOTES, NOTE_QUESTION), re.MULTILINE
    )

    assert titles == ["The entry", "The spec", "A comp"]


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", [*FOLLOWED.values(), *UNFOLLOWED.values()])
def test_text_is_python(policy: str) -> None:
    """The text is Python that can be pasted into an editor."""
    assert ast.parse(shown(policy, "f(_)"))


def test_comment_stands_before_what_comes_from_there() -> None:
    """Each statement that the policy asks for is below its place."""
    text = shown(NOTES, NOTE_QUESTION)

    assert "        # note.polar:2:3: note.author\n        v0 = a2.author\n" in text


def test_comment_shows_long_terms_in_one_short_line() -> None:
    """A condition over many lines stays a comment."""
    names = " or\n  ".join(f'note.name = "name_{number}"' for number in range(9))

    text = shown(f'allow(_, "read", note: Note) if\n  not ({names});', 'allow(_, "read", Note)')

    comments = [line for line in text.splitlines() if line.strip().startswith("# note.polar:")]
    assert max(map(len, comments)) < 110


def test_place_that_two_files_have_names_both() -> None:
    """Generated functions know lines, and no files."""
    sources = [
        Source('allow(_, "a", note: Note) if note.author;', "a.polar"),
        Source('allow(_, "b", note: Note) if note.public;', "b.polar"),
    ]

    text = show_with_stand_ins(sources, 'allow(Note, "a", Note)').text

    assert "# a.polar:1:30: note.author, or b.polar:1:30: note.public\n" in text


def test_rule_of_a_head_test_is_named() -> None:
    """``m0`` says of which rule it is."""
    assert '#   m0: note.polar:1:1: allow(user: User, "edit", note: Note) if\n' in shown(
        NOTES, NOTE_QUESTION
    )


def test_rules_that_are_called_are_shown() -> None:
    """What a compiled rule calls follows it."""
    text = shown(NOTES, 'allow(_, "read", Note)')

    assert "# A compiled rule, may_read(_): True or False.\n" in text


def test_names_of_the_runtime_are_explained() -> None:
    """A name that generated functions use, and that is not explained, fails here."""
    names = {**program_of(Oso()).shared_names(), "clock": None, "depth": None}

    assert all(runtime_meaning(name, value) for name, value in names.items())


def test_name_of_a_generated_function_is_none_of_the_runtime() -> None:
    """It may stand for a function of the application, whose docstring nobody asked for."""
    assert runtime_meaning("k0", runtime_meaning) is None


def test_objects_of_the_application_are_not_shown() -> None:
    """The ``repr`` of a constant may hold a secret."""

    class Secret:
        def __repr__(self) -> str:
            return "hunter2"

    oso = Oso()
    oso.register_constant(Secret(), "SECRET")
    oso.load_str("f(x) if x = SECRET;")

    text = oso.generated_code("f(_)")

    assert "hunter2" not in text
    assert "an object: Secret" in text


def test_showing_leaves_the_engine_as_it_is() -> None:
    """What is compiled for the text is not kept."""
    oso = Oso()
    oso.load_str("f(x) if x.flag;")

    oso.generated_code("f(_)")

    assert oso.engine.policy.rules.keys() == {"f"}
    assert oso.left_to_solver() == []


def test_specialization_is_the_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown is what runs, but for names that are numbered."""
    made: list[str] = []
    program = type(program_of(Oso()))
    compiled = program.compiled_specialization

    def noted(self: t.Any, function: ast.FunctionDef, rule: str) -> t.Any:
        made.append(ast.unparse(ast.fix_missing_locations(copy.deepcopy(function))))
        return compiled(self, function, rule)

    monkeypatch.setattr(program, "compiled_specialization", noted)
    user, note = type("User", (), {}), type("Note", (), {})
    oso = Oso()
    oso.register_class(user)
    oso.register_class(note)
    oso.load_str(NOTES)
    asked = note()
    asked.author = user()

    oso.is_allowed(asked.author, "edit", asked)

    text = re.sub(r"\n +#.*", "", oso.generated_code(NOTE_QUESTION))
    assert [unnumbered(each.partition("(")[2]) in unnumbered(text) for each in made] == [True]


def unnumbered(text: str) -> str:
    """Leave out the numbers of names."""
    return re.sub(r"\b([kft])\d+\b", r"\1", text)


# -- what is left to others -------------------------------------------------------------------


def test_nothing_is_left_where_all_is_compiled() -> None:
    """The text says that nothing is left to the solver where all is compiled."""
    assert left(NOTES, NOTE_QUESTION) == ["nothing"]


@pytest.mark.parametrize(
    "question", ['allow("Ghost", "edit", Note)', 'allow(User, "read", "a note")']
)
def test_strings_have_specializations(question: str) -> None:
    """Strings have specializations, also where they are the actor or the resource."""
    assert "# The specialization for" in shown(NOTES, question)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ('allow(_, "edit", Note)', "it is made for classes, and the question leaves one open (_)"),
        ("allow(User, _, Note)", "it is chosen by a string as argument 2, and here is none"),
        (
            'allow(Float, "edit", Note)',
            "an argument is no plain object, or its class may be a temporary one",
        ),
        ("may_read(Note)", "it is made for two arguments at least"),
    ],
)
def test_missing_specialization_has_a_reason(question: str, reason: str) -> None:
    """Who wonders why a question is slow reads it here."""
    assert left(NOTES, question) == [f"specialization: there is none: {reason}"]


def test_facts_about_strings_are_looked_up() -> None:
    """Facts about strings need no specialization, and the text says so."""
    assert left('allow("ana", "read", "page");', 'allow("ana", "read", "page")') == [
        "specialization: there is none: the rule is facts about strings only,"
        " which the entry function looks up"
    ]


def test_what_the_solver_answers_has_place_and_reason() -> None:
    """A rule that cannot be compiled is named with what is in the way."""
    policy = "allow(user: User, action, note: Note) if\n  print(action) and note.author = user;"

    assert "a goal of allow: note.polar:2:3: 'print'" in left(policy, NOTE_QUESTION)


def test_rule_without_parameters_is_left_to_the_solver() -> None:
    """There is nothing to be chosen by."""
    assert left("f() if x = 1 and x = 1;", "f()") == [
        "f: a rule without parameters, which has nothing to be chosen by"
    ]


# -- questions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ('alow(User, "edit", Note)', "The policy has no rule 'alow'. Did you mean 'allow'?"),
        ("allow(User)", "'allow' takes 3 arguments, not 1."),
        (
            "1 = 1",
            "A question is a rule call, not '1 = 1'. Write it as in 'allow(User, \"read\", Note)'.",
        ),
        (
            "allow([1], _, _)",
            "An argument is a class, a string, a number, nil, or _ for anything, not '[1]'."
            " Write it as in 'allow(User, \"read\", Note)'.",
        ),
    ],
)
def test_what_is_no_question_is_refused(question: str, message: str) -> None:
    """The message says what a question looks like, or which rule was meant."""
    with pytest.raises(QuestionError) as caught:
        shown(NOTES, question)

    assert str(caught.value) == message


def test_text_that_is_not_polar_is_refused_with_its_place() -> None:
    """The parser says where."""
    with pytest.raises(QuestionError, match=r"^The question is not understood: .*\n\t001: allow"):
        shown(NOTES, "allow(User,")


def test_class_that_is_not_registered_is_named() -> None:
    """An application's own classes are looked at; none is made up."""
    oso = Oso()
    oso.register_class(type("Note", (), {}))
    oso.load_str('allow(_, "read", note: Note) if note.public;')

    with pytest.raises(QuestionError) as caught:
        oso.generated_code('allow(_, "read", Nota)')

    assert str(caught.value) == "No class 'Nota' is registered. Did you mean 'Note'?"


# -- classes that stand in ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "question"),
    [
        ("resource Org { relations = { parent: Team }; }\nf(_: Org, _: Team);", "f(Org, Team)"),
        ("f(x, _: org::Team) if x.name;", "f(Person, _)"),
        ("f(x, y) if x = new Money(1) and y matches Money{currency: 1};", "f(_, Money)"),
        ("f(_: Actor, _: Resource);\nactor User {}", "f(User, User)"),
        ('allow(_, "create", Page);', 'allow(_, "create", _)'),
        ("f(x, y) if x.status = Status.OPEN and y.is_member(x);", "f(_, _)"),
        ("f(x, y) if role_allows(x, y, x);", "f(_, _)"),
    ],
)
def test_classes_of_the_policy_are_made_on_the_spot(policy: str, question: str) -> None:
    """No application is needed, and nothing is warned of that only it would know."""
    found = show_with_stand_ins([Source(policy, "note.polar")], question)

    assert found.text.startswith(f"# {question}\n\n{ENTRY}\n")
    assert [line for line in found.warnings if "has_permission" not in line] == []


def test_inline_queries_are_not_run() -> None:
    """Inline queries are not run: they may need what only the application has."""
    assert ENTRY in shown(f"{NOTES}\n?= allow(1, 2, 3);", NOTE_QUESTION)


def test_specialization_is_for_the_classes_that_stand_in() -> None:
    """The specialization for stand-in classes is what the application's own classes would get."""
    assert f"{SPECIALIZATION} {NOTE_QUESTION}: True, False, or None" in shown(NOTES, NOTE_QUESTION)


def test_text_does_not_depend_on_what_was_compiled_before() -> None:
    """What functions share keeps no place of the first: a comment would stand where nothing is."""
    script = """
import sys
from tests.polar.tools.test_generated_code import Oso, Source, show_with_stand_ins, shown

policy = 'allow(user: User, "edit", note: Note) if\\n  note.author = user;'
if "asked" in sys.argv:
    class User: pass
    class Note: author = None
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Note)
    oso.load_str(policy)
    note = Note()
    note.author = User()
    oso.is_allowed(User(), "edit", note)
print(shown(policy[:-1] + ' and\\n  not note.locked;', 'allow(User, "edit", Note)'))
"""

    assert run_python(script, "asked") == run_python(script)
