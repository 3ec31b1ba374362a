"""A rule about several classes is asked about the one that a relation leads to."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import specialized


class Base(orm.DeclarativeBase):
    """The models of this file, each a part of the one before."""

    id: Mapped[int] = mapped_column(primary_key=True)
    gone: Mapped[bool] = mapped_column(default=False)


class Course(Base):
    """The root."""

    __tablename__ = "courses"


class Lesson(Base):
    """Of a course."""

    __tablename__ = "lessons"
    course_id: Mapped[int | None] = mapped_column(sa.ForeignKey("courses.id"))
    course: Mapped[Course | None] = relationship()


class Task(Base):
    """Of a lesson."""

    __tablename__ = "tasks"
    lesson_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lessons.id"))
    lesson: Mapped[Lesson | None] = relationship()


class Work(Base):
    """Of a task."""

    __tablename__ = "works"
    task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("tasks.id"))
    task: Mapped[Task | None] = relationship()


class Grade(Base):
    """Of a work."""

    __tablename__ = "grades"
    work_id: Mapped[int | None] = mapped_column(sa.ForeignKey("works.id"))
    work: Mapped[Work | None] = relationship()


GONE = """
    gone(course: Course) if course.gone;
    gone(lesson: Lesson) if lesson.gone or gone(lesson.course);
    gone(task: Task) if task.gone or gone(task.lesson);
    gone(work: Work) if work.gone or gone(work.task);
    gone(grade: Grade) if grade.gone or gone(grade.work);
"""
CONDITIONS = {
    "not": "not gone(grade)",
    "of nil": "nobody(grade.work.task); nobody(nil); nobody(task: Task) if nobody(task.lesson);"
    " nobody(lesson: Lesson) if lesson.gone",
    "in place": "holder(grade.work, x) and x.gone; holder(work: Work, work.task);"
    " holder(task: Task, task.lesson); holder(lesson: Lesson, lesson.course)",
    "any": "holds(grade.work); holds(_); holds(task: Task) if task.gone",
}


@pytest.fixture
def grades(sqlite: sa.Engine) -> Iterator[list[Grade]]:
    """Give grades with and without a course, of which some are gone; all is loaded."""
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite) as session:
        for number in range(12):
            course = Course(gone=number == 1)
            lesson = Lesson(gone=number == 2, course=None if number == 3 else course)
            task = Task(lesson=None if number == 4 else lesson, gone=number == 5)
            work = Work(task=None if number == 6 else task, gone=number == 7)
            session.add(Grade(work=None if number == 8 else work, gone=number == 9))
        session.flush()
        yield list(session.scalars(sa.select(Grade)))


def make_oso(condition: str) -> Oso:
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'{GONE} allow(_, "read", grade: Grade) if {condition};')
    return oso


def outcome(ask: t.Callable[[], bool]) -> bool | str:
    try:
        return ask()
    except Exception as error:
        return type(error).__name__


def test_each_class_is_asked_for_its_own_relation(grades: list[Grade]) -> None:
    """One function goes from class to class: no rule is asked about classes that cannot be."""
    oso = make_oso("not gone(grade)")
    # The first questions learn the classes.
    assert {oso.is_allowed("ana", "read", grade) for grade in grades} == {True, False}

    answers = [specialized(oso.engine, "ana", "read", grade) for grade in grades]

    assert answers == [oso.engine.solve_call("allow", ("ana", "read", each)) for each in grades]
    assert {*answers} == {True, False}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_relation_to_nil_counts_as_in_the_solver(grades: list[Grade], name: str) -> None:
    """Rules for any object, and for ``nil``, hold where there is no related row."""
    oso = make_oso(CONDITIONS[name])

    for grade in grades:
        args = "ana", "read", grade
        solved = functools.partial(oso.engine.solve_call, "allow", args)
        assert outcome(functools.partial(oso.is_allowed, *args)) == outcome(solved)


def test_a_relation_that_holds_an_object_of_another_class(grades: list[Grade]) -> None:
    """What a program puts there is asked by its own class."""
    oso = make_oso("not gone(grade)")
    grade = grades[0]
    assert oso.is_allowed("ana", "read", grade)

    vars(grade)["work"] = Course(gone=True)

    assert not oso.is_allowed("ana", "read", grade)
    assert not oso.engine.solve_call("allow", ("ana", "read", grade))
