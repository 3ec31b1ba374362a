"""``flask oso init``: a first policy from the models, which is shown or written, once."""

from __future__ import annotations

import enum
import re
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.cli.init import init
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.tools.first_policy import draft_policy
from tests.support.databases import open_session
from tests.support.sites import make_app


class Base(orm.DeclarativeBase):
    """The tables of a team's notes."""


class Role(enum.Enum):
    """What a member of a team is."""

    ADMIN = "admin"
    MEMBER = "member"


class User(Base):
    """Who acts."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    memberships: orm.Mapped[list[Membership]] = orm.relationship(back_populates="user")


class Team(Base):
    """What people are members of."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Membership(Base):
    """The role of a user in a team."""

    __tablename__ = "memberships"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"), primary_key=True)
    role: orm.Mapped[Role]
    user: orm.Mapped[User] = orm.relationship(back_populates="memberships")
    team: orm.Mapped[Team] = orm.relationship()


class Not(Base):
    """A note, with a name that is a keyword of Polar when written small."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("notes.id"))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    reviewer_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    author: orm.Mapped[User] = orm.relationship(foreign_keys=author_id)
    reviewer: orm.Mapped[User | None] = orm.relationship(foreign_keys=reviewer_id)
    team: orm.Mapped[Team] = orm.relationship()
    parent: orm.Mapped[Not | None] = orm.relationship(remote_side=id)


class Job(Base):
    """What several people have to do with, none of them under a usual name."""

    __tablename__ = "jobs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    boss_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    helper_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    boss: orm.Mapped[User] = orm.relationship(foreign_keys=boss_id)
    helper: orm.Mapped[User] = orm.relationship(foreign_keys=helper_id)


class Numbered(orm.DeclarativeBase):
    """Tables of a game, whose roles have numbers."""


class Rank(enum.Enum):
    """What a player may be."""

    LOW = 1
    HIGH = 2


class Player(Numbered):
    """Who acts."""

    __tablename__ = "players"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    seats: orm.Mapped[list[Seat]] = orm.relationship(back_populates="player")


class Board(Numbered):
    """What players sit at."""

    __tablename__ = "boards"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Seat(Numbered):
    """The rank of a player at a board."""

    __tablename__ = "seats"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    player_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("players.id"))
    board_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("boards.id"))
    role: orm.Mapped[Rank]
    player: orm.Mapped[Player] = orm.relationship(back_populates="seats")
    board: orm.Mapped[Board] = orm.relationship()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Give an app without a policy, in an empty folder, whose models can be imported."""
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("team_models")
    module.Base = Base  # type: ignore[attr-defined]  # a module of the test
    monkeypatch.setitem(sys.modules, "team_models", module)
    return make_app(folder=tmp_path)


@pytest.fixture
def policy() -> Oso:
    """Give an Oso that has loaded the first policy."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(draft_policy(Base))
    return oso


def test_policy_is_shown_and_not_written(app: Flask, run: t.Any, tmp_path: Path) -> None:
    """Without ``--write`` the text is the output, and no file is made."""
    result = run(app, "init", "--models", "team_models:Base")

    assert result.exit_code == 0
    assert result.stdout == draft_policy(Base)
    assert "Nothing is written. '--write' writes this to policies/main.polar." in result.stderr
    assert [*tmp_path.iterdir()] == []


def test_policy_that_is_shown_has_nowhere_to_go(app: Flask, run: t.Any, tmp_path: Path) -> None:
    """Of a file that exists it is not said that it would be written."""
    (tmp_path / "main.polar").write_text("# mine\n", encoding="utf-8")

    result = run(app, "init", "main.polar", "--models", "team_models:Base")

    assert result.exit_code == 0
    assert result.stderr == (
        "Nothing is written. main.polar exists, and stays as it is: name another file, and"
        " '--write'.\n"
    )


def test_policy_is_written_where_it_is_wanted(app: Flask, run: t.Any, tmp_path: Path) -> None:
    """``--write`` makes the file and its folder."""
    result = run(app, "init", "rules/first.polar", "--models", "team_models:Base", "--write")

    assert result.exit_code == 0
    assert (tmp_path / "rules" / "first.polar").read_text(encoding="utf-8") == draft_policy(Base)


def test_written_policy_names_the_switch(app: Flask, run: t.Any) -> None:
    """Who has a first policy is told how no view is forgotten."""
    result = run(app, "init", "first.polar", "--models", "team_models:Base", "--write")

    assert "Set 'OSO_ENFORCE = \"strict\"' beside 'OSO_POLICIES'" in result.output


def test_written_policy_has_to_be_named(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no application names the file already, the next step is to name it."""
    command = init

    command.main(["--models", "team_models:Base", "--write"], standalone_mode=False)

    assert "policies/main.polar is written." in (shown := capsys.readouterr().out)
    assert (
        "Name it in 'OSO_POLICIES': 'policy.polar' is the file beside the application, or in the"
        " folder of its package. Give your classes to 'FlaskOso': 'models=…'.\n"
    ) in shown


def test_file_is_never_overwritten(app: Flask, run: t.Any, tmp_path: Path) -> None:
    """A file that exists stays as it is, and the exit code says that nothing was done."""
    file = tmp_path / "main.polar"
    file.write_text("# mine\n", encoding="utf-8")

    result = run(app, "init", "main.polar", "--models", "team_models:Base", "--write")

    assert result.exit_code == 2
    assert "'main.polar' exists, and is not overwritten." in result.stderr
    assert file.read_text(encoding="utf-8") == "# mine\n"


def test_app_without_models_says_how_to_name_them(app: Flask, run: t.Any) -> None:
    """An app without Flask-SQLAlchemy is no dead end."""
    result = run(app, "init")

    assert result.exit_code == 2
    assert "Give the models by name: --models MODULE:NAME" in result.stderr


def test_models_of_flask_sqlalchemy_are_found(shop: Flask, run: t.Any) -> None:
    """In an app with Flask-SQLAlchemy nothing has to be named."""
    result = run(shop, "init")

    assert result.exit_code == 0
    assert "order.customer = customer;" in result.stdout


@pytest.mark.parametrize("named", ["team_models:db", "team_models:db.Model", "team_models.Base"])
def test_models_are_found_by_any_usual_name(app: Flask, run: t.Any, named: str) -> None:
    """The ``db`` of Flask-SQLAlchemy leads to its models, and dots are as good as a colon."""
    sys.modules["team_models"].db = types.SimpleNamespace(Model=Base)  # type: ignore[attr-defined]

    result = run(app, "init", "--models", named)

    assert result.stdout == draft_policy(Base)


def test_models_that_are_not_there_are_misuse(app: Flask, run: t.Any) -> None:
    """A name that leads nowhere is shown with the reason."""
    result = run(app, "init", "--models", "team_models:Bass")

    assert result.exit_code == 2
    assert "'--models team_models:Bass' cannot be imported" in result.stderr


def test_module_without_a_name_in_it_is_misuse(app: Flask, run: t.Any) -> None:
    """Who names the module alone is told to name the base in it."""
    result = run(app, "init", "--models", "team_models")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: '--models team_models' is a module. Name the base, or the 'db', in it:"
        " '--models team_models:Base'.\n"
    )


def test_models_are_found_in_the_working_directory(
    app: Flask, run: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ``flask`` does not stand in the folder that it is called in."""
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in ("", str(tmp_path))])
    (tmp_path / "models_of_here.py").write_text("from team_models import Base\n", encoding="utf-8")

    result = run(app, "init", "--models", "models_of_here:Base")

    assert result.stdout == draft_policy(Base)


def test_roles_are_names_where_values_are_no_texts() -> None:
    """An enumeration of numbers gives roles by the names of its members."""

    oso = Oso()
    register_models(oso, Numbered)
    oso.load_str(draft_policy(Numbered, "Player"))
    ana, board = Player(), Board()
    ana.seats.append(Seat(board=board, role=Rank.HIGH))

    assert oso.authorized_actions(ana, board) == {"read"}


def test_unknown_actor_is_misuse(app: Flask, run: t.Any) -> None:
    """The message names the classes that there are."""
    result = run(app, "init", "--models", "team_models:Base", "--actor", "Boss")

    assert result.exit_code == 2
    assert "No mapped class is named 'Boss'. There are Job, Membership, Not, Team, User." in (
        result.stderr
    )


def test_owner_may_and_nobody_else(policy: Oso) -> None:
    """The policy grants everything to the owner of a row, and nothing to others."""
    ana, ben = User(id=1), User(id=2)
    note = Not(id=1, author=ana, reviewer=ben, team=Team(id=1))

    assert policy.authorized_actions(ana, note) == {"read", "edit", "delete"}
    assert policy.authorized_actions(ben, note) == set()


def test_roles_come_from_the_table_of_memberships(policy: Oso) -> None:
    """A membership gives its role in its own team, and in no other."""
    ana, team, other = User(id=1), Team(id=1), Team(id=2)
    ana.memberships.append(Membership(role=Role.MEMBER, team=team))

    assert policy.authorized_actions(ana, team) == {"read"}
    assert policy.authorized_actions(ana, other) == set()


def make_links(**relations: t.Any) -> type[orm.DeclarativeBase]:
    """Make models of teams with members, and a class that links them; Flask-Login's usual names.

    :param relations: those of the team.
    """

    class Links(orm.DeclarativeBase):
        pass

    class User(Links):
        __tablename__ = "users"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    body = {
        "__tablename__": "teams",
        "id": orm.mapped_column(sa.Integer, primary_key=True),
        **relations,
    }
    team = type("Team", (Links,), body)

    class Membership(Links):
        __tablename__ = "memberships"
        user_id = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
        team_id = orm.mapped_column(sa.ForeignKey("teams.id"), primary_key=True)
        role = orm.mapped_column(sa.String)
        user = orm.relationship("User")
        team = orm.relationship("Team", back_populates="memberships" if relations else None)

    # A base knows its classes as long as somebody else does.
    Links.kept = User, team, Membership
    return Links


def test_rows_that_give_roles_are_nobodys() -> None:
    """Whoever could edit their own membership could make themselves an owner."""
    text = draft_policy(make_links())

    assert "resource Membership" not in text
    assert "# Whoever may change a Membership gives roles on a Team, so it has no block" in text


def test_roles_come_over_the_relation_of_the_resource() -> None:
    """Where who acts has no relation to the rows, what the role is on may have one."""
    text = draft_policy(
        make_links(memberships=orm.relationship("Membership", back_populates="team"))
    )

    assert "  membership in team.memberships and\n  membership.user = user and" in text


def test_relation_that_is_missing_is_named() -> None:
    """No rule finds rows to which no relation leads, so the comment says what to add."""
    text = draft_policy(make_links())

    assert "# Add 'memberships = relationship(Membership, viewonly=True)' to Team" in text
    assert "has_role" not in re.sub("#.*", "", text)


def test_app_starts_without_the_file_that_is_to_be_written(
    tmp_path: Path,
) -> None:
    """The command makes the file that the configuration names."""
    (tmp_path / "shop.py").write_text(
        """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from flask_oso import FlaskOso

class Base(DeclarativeBase):
    pass

db = SQLAlchemy(model_class=Base)

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", OSO_POLICIES="rules.polar")
db.init_app(app)
FlaskOso(app, models=db.Model)
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "flask", "--app", "shop", "oso", "init", "--write"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "actor User {}" in (tmp_path / "rules.polar").read_text(encoding="utf-8")


def test_several_people_are_a_question_in_a_comment() -> None:
    """Where it is not clear who the owner is, nobody becomes one."""
    text = draft_policy(Base)

    assert "# Several relations lead to people: boss, helper. Which is the owner?" in text
    assert "# Nobody may do anything with a Job yet." in text


def books_of(acting: str, relation: str) -> t.Any:
    """Map people and books, with one relation from these to those."""
    base = orm.declarative_base()

    def map_class(name: str, table: str, **members: t.Any) -> None:
        key = orm.mapped_column(sa.Integer, primary_key=True)
        type(name, (base,), {"__tablename__": table, "id": key, **members})

    column = orm.mapped_column(sa.ForeignKey("people.id"))
    map_class(acting, "people")
    map_class("Book", "books", **{f"{relation}_id": column, relation: orm.relationship(acting)})
    return base


def test_one_relation_of_an_unusual_name_makes_no_owner() -> None:
    """Who is lent a book may not throw it away: only usual names are taken for an owner's."""
    text = draft_policy(books_of("User", "lent_to"))

    assert "# One relation leads to people: lent_to. Is that the owner?" in text
    assert "# Nobody may do anything with a Book yet." in text


def test_relation_named_as_who_acts_leads_to_the_owner() -> None:
    """What has a person has it as its owner, whatever the class of who acts is called."""
    assert "  book.person = person;" in draft_policy(books_of("Person", "person"))


def test_commented_lines_are_policy_too() -> None:
    """Each line that the comments offer makes a policy that loads."""
    oso = Oso()
    register_models(oso, Base)
    text = draft_policy(Base).replace('  # "read"', '  "read"')

    oso.load_str(text)

    assert '  "read" if "read" on "team";' in text


def test_lists_work_with_the_first_policy(policy: Oso) -> None:
    """The rules of the first policy are statements, too, with roles from an enumeration."""
    with open_session(Base.metadata) as session:
        ana, team, other = User(), Team(), Team()
        session.add_all([ana, team, other])
        session.add(Membership(user=ana, team=team, role=Role.ADMIN))
        session.add_all([Not(author=ana, team=other), Job(boss=ana, helper=ana)])
        session.commit()

        teams = session.scalars(policy.authorized_query(ana, "read", Team)).all()
        notes = session.scalars(policy.authorized_query(ana, "edit", Not)).all()
        jobs = session.scalars(policy.authorized_query(ana, "edit", Job)).all()
        assert (teams, len(notes), jobs) == ([team], 1, [])
