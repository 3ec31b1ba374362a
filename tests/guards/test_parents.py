"""Objects of two guards belong together: a project to the organization that the route names."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Blueprint, current_app
from flask.views import MethodView
from sqlalchemy import orm
from werkzeug.exceptions import NotFound

from flask_oso import OsoError, authorize, skip_authorization
from flask_oso.sqlalchemy import register_models
from tests.support.sites import Site, make_strict_site


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Party(Base):
    """What an organization is."""

    __tablename__ = "parties"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "party"}


class Org(Party):
    """An organization, which has a table of its own."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("parties.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "org"}


class Project(Base):
    """A project of an organization."""

    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    # What only views part of the same relation is no other.
    first_org: orm.Mapped[Org | None] = orm.relationship(
        primaryjoin=lambda: sa.and_(Project.org_id == Org.id, Org.id < 2), viewonly=True
    )


class Issue(Base):
    """An issue of a project, with two users."""

    __tablename__ = "issues"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    editor_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    project: orm.Mapped[Project] = orm.relationship()
    author: orm.Mapped[User] = orm.relationship(foreign_keys=[author_id])
    editor: orm.Mapped[User] = orm.relationship(foreign_keys=[editor_id])


class User(Base):
    """A user, whom issues are of."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Label(Base):
    """A label of a project, whose foreign key has no relation."""

    __tablename__ = "labels"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"))


class Sheet(Base):
    """A sheet, with a key of two columns."""

    __tablename__ = "sheets"
    book: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Cell(Base):
    """A cell of a sheet."""

    __tablename__ = "cells"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    book: orm.Mapped[int]
    number: orm.Mapped[int]
    sheet: orm.Mapped[Sheet] = orm.relationship()
    __table_args__ = (
        sa.ForeignKeyConstraint(["book", "number"], ["sheets.book", "sheets.number"]),
    )


class Folder(Base):
    """A folder in a folder."""

    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])


class Tag(Base):
    """Something that belongs to nothing."""

    __tablename__ = "tags"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """Give a database: project 10 is of organization 1, project 20 of 2, 30 of none."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([Org(id=1), Org(id=2), User(id=1), User(id=2), Tag(id=1)])
        session.flush()
        session.add_all([Project(id=10, org_id=1), Project(id=20, org_id=2), Project(id=30)])
        session.add_all([Sheet(book=1, number=1), Sheet(book=1, number=2)])
        session.add_all([Folder(id=1), Folder(id=2, parent_id=1), Folder(id=3)])
        session.flush()
        session.add_all([Label(id=1, project_id=10), Cell(id=1, book=1, number=2)])
        session.add(Issue(id=100, project_id=10, author_id=1, editor_id=2))
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Give the session that the site reads from."""
    with orm.Session(engine) as session:
        yield session


@pytest.fixture
def site(session: orm.Session) -> t.Any:
    """Give a site on which root may do everything, and everybody reads tags."""
    site: t.Any = make_strict_site("unused(1);")
    register_models(site.guard.oso, Base)
    site.guard.oso.load_str('allow("root", _, _); allow(_, "read", _: Tag);', replace=True)
    site.guard.set_get_session(lambda: session)
    return site


def serve(site: Site, url: str, *guards: t.Any, endpoint: str = "view") -> None:
    """Give a site a view behind guards, the outermost first."""

    def view(**objects: t.Any) -> str:
        return "page"

    guarded: t.Any = view
    for guard in reversed(guards):
        guarded = guard(guarded)
    site.app.add_url_rule(url, endpoint, guarded)


def statuses(site: Site, *paths: str) -> list[int]:
    """Give what root is answered."""
    return [site.open(path, "root").status_code for path in paths]


PROJECT_URL = "/orgs/<int:org_id>/projects/<int:project_id>"


def test_project_of_another_organization_is_not_found(site: t.Any) -> None:
    """The mapper knows one relation from projects to organizations, and it has to hold."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))

    paths = ("/orgs/1/projects/10", "/orgs/1/projects/20", "/orgs/2/projects/10")
    assert statuses(site, *paths) == [200, 404, 404]


def test_order_of_the_guards_does_not_matter(site: t.Any) -> None:
    """The project may be found before the organization."""
    serve(site, PROJECT_URL, authorize("edit", Project), authorize("read", Org))

    assert statuses(site, "/orgs/1/projects/10", "/orgs/1/projects/20") == [200, 404]


def test_project_of_no_organization_is_not_found(site: t.Any) -> None:
    """NULL is no organization."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))

    assert statuses(site, "/orgs/1/projects/30") == [404]


def test_object_elsewhere_is_answered_like_a_missing_one(site: t.Any) -> None:
    """Nobody learns that the project is there, in another organization."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))

    elsewhere, missing = (site.open(f"/orgs/1/projects/{n}", "root") for n in (20, 99))

    assert (elsewhere.status_code, elsewhere.data) == (missing.status_code, missing.data)
    assert dict(elsewhere.headers) == dict(missing.headers)


def test_guard_of_a_blueprint_finds_the_parent(site: t.Any) -> None:
    """The organization is found for the blueprint, and the project for the view."""
    orgs = Blueprint("orgs", "orgs", url_prefix="/orgs/<int:org_id>")
    site.guard.guard(orgs, "read", Org)
    orgs.add_url_rule(
        "/projects/<int:project_id>",
        "show",
        authorize("edit", Project)(lambda org, project: "page"),
    )
    site.app.register_blueprint(orgs)

    assert statuses(site, "/orgs/1/projects/10", "/orgs/1/projects/20") == [200, 404]


def test_declared_guards_find_parent_and_child(site: t.Any) -> None:
    """Guards that are declared by name fit together as decorators do."""
    site.app.add_url_rule(PROJECT_URL, "show", lambda org, project: f"{org.id} {project.id}")
    site.guard.guard("show", "read", Org)
    site.guard.guard("show", "edit", Project)

    assert site.open("/orgs/1/projects/10", "root").text == "1 10"
    assert statuses(site, "/orgs/1/projects/20") == [404]


def test_declared_guard_without_an_object_lets_the_others_fit_together(site: t.Any) -> None:
    """It stands between the guard of the blueprint and that of the view, and finds nothing."""
    orgs = Blueprint("orgs", "orgs", url_prefix="/orgs/<int:org_id>")
    site.guard.guard(orgs, "read", Org)
    view = authorize("edit", Project)(lambda org, project: "page")
    orgs.add_url_rule("/projects/<int:project_id>", "show", view)
    site.app.register_blueprint(orgs)
    site.guard.guard("orgs.show", "enter", "house")

    paths = ("/orgs/1/projects/10", "/orgs/1/projects/20")
    assert statuses(site, *paths, *paths) == [200, 404] * 2


def test_class_based_view_fits_together(site: t.Any) -> None:
    """A guard of the class finds the parent, and one of the method the child."""

    class View(MethodView):
        decorators: t.ClassVar[t.Any] = [authorize("read", Org)]

        @authorize("edit", Project)
        def get(self, org: Org, project: Project) -> str:
            return "page"

    site.app.add_url_rule(PROJECT_URL, view_func=View.as_view("view"))

    assert statuses(site, "/orgs/1/projects/10", "/orgs/1/projects/20") == [200, 404]


@pytest.mark.parametrize(
    ("guard_of_method", "expected"),
    [(authorize("read", Issue), [200, 404, 404, 404]), (lambda view: view, [200, 404, 404, 200])],
    ids=["and-of-the-method", "alone"],
)
def test_guard_of_what_dispatches_fits_together(
    site: t.Any, guard_of_method: t.Any, expected: list[int]
) -> None:
    """It stands between the guard of the class and that of the method."""

    class View(MethodView):
        decorators: t.ClassVar[t.Any] = [authorize("read", Org)]

        @authorize("edit", Project)
        def dispatch_request(self, **given: t.Any) -> t.Any:
            return super().dispatch_request(**given)

        @guard_of_method
        def get(self, **given: t.Any) -> str:
            return "page"

    url = f"{PROJECT_URL}/issues/<int:issue_id>"
    site.app.add_url_rule(url, view_func=View.as_view("view"))
    pages = [f"/orgs/{org}/projects/{number}/issues/100" for number in (10, 20) for org in (1, 2)]

    assert statuses(site, *pages) == expected


GUARD_OF_PROJECT: t.Any = authorize("edit", Project)


@pytest.mark.parametrize(
    ("innermost", "guard_of_method"),
    [([GUARD_OF_PROJECT], lambda view: view), ([], GUARD_OF_PROJECT)],
    ids=["of-the-list", "of-the-method"],
)
def test_decorators_of_methods_fit_together_whatever_is_in_between(
    site: t.Any, innermost: list[t.Any], guard_of_method: t.Any
) -> None:
    """A class says which guards it has, also where a decorator hides one from the other."""

    class View(MethodView):
        method_decorators: t.ClassVar[t.Any] = [*innermost, without_wraps, authorize("read", Org)]

        def dispatch_request(self, **given: t.Any) -> t.Any:
            handler = self.get
            for decorator in self.method_decorators:
                handler = decorator(handler)
            return handler(**given)

        @guard_of_method
        def get(self, **given: t.Any) -> str:
            return "page"

    site.app.add_url_rule(PROJECT_URL, view_func=View.as_view("view"))

    paths = ("/orgs/1/projects/10", "/orgs/1/projects/20")
    assert statuses(site, *paths, *paths) == [200, 404] * 2


def test_chain_of_three_fits_together(site: t.Any) -> None:
    """Each object belongs to the one before."""
    url = f"{PROJECT_URL}/issues/<int:issue_id>"
    serve(site, url, *(authorize("read", cls) for cls in (Org, Project, Issue)))

    paths = [f"/orgs/{n}/issues/100" for n in ("1/projects/10", "2/projects/20", "2/projects/10")]
    assert statuses(site, *paths) == [200, 404, 404]


def test_relation_to_a_base_class_counts(site: t.Any) -> None:
    """The object of a guard is found as what it is."""
    url = "/parties/<int:party_id>/projects/<int:project_id>"
    serve(site, url, authorize("read", Party), authorize("edit", Project))

    assert statuses(site, "/parties/1/projects/10", "/parties/2/projects/10") == [200, 404]


def test_foreign_key_without_a_relation_counts(site: t.Any) -> None:
    """Where no relation is mapped, the foreign key says what belongs to what."""
    url = "/projects/<int:project_id>/labels/<int:label_id>"
    serve(site, url, authorize("read", Project), authorize("edit", Label))

    assert statuses(site, "/projects/10/labels/1", "/projects/20/labels/1") == [200, 404]


def test_key_of_two_columns_is_compared_whole(site: t.Any) -> None:
    """Sheets of one book are not the same."""
    url = "/books/<int:book>/sheets/<int:number>/cells/<int:cell_id>"
    serve(site, url, authorize("read", Sheet, key=("book", "number")), authorize("edit", Cell))

    assert statuses(site, "/books/1/sheets/2/cells/1", "/books/1/sheets/1/cells/1") == [200, 404]


def test_foreign_key_that_says_it_takes_no_statement(site: t.Any, engine: sa.Engine) -> None:
    """The two objects are read, and nothing else."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))
    statements: list[str] = []
    note = lambda *args: statements.append(args[2])  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", note)

    site.open("/orgs/1/projects/10", "root")

    sa.event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 2


def test_objects_without_a_relation_are_left_alone(site: t.Any) -> None:
    """What belongs to nothing may stand beside anything."""
    url = "/projects/<int:project_id>/tags/<int:tag_id>"
    serve(site, url, authorize("read", Project), authorize("read", Tag))

    assert statuses(site, "/projects/10/tags/1") == [200]


def test_objects_with_several_relations_are_left_alone(site: t.Any) -> None:
    """Nothing says which of two relations is meant."""
    url = "/users/<int:user_id>/issues/<int:issue_id>"
    serve(site, url, authorize("read", User), authorize("edit", Issue))

    assert statuses(site, "/users/1/issues/100", "/users/2/issues/100") == [200, 200]


def test_folders_are_left_alone_unless_it_is_said(site: t.Any) -> None:
    """Two folders of a route may be where something comes from, and where it goes."""
    child: t.Any = {"key": "child_id", "name": "child"}
    url = "/folders/<int:folder_id>/{}/<int:child_id>"
    serve(site, url.format("to"), authorize("read", Folder), authorize("edit", Folder, **child))
    serve(
        site,
        url.format("in"),
        authorize("read", Folder),
        authorize("edit", Folder, within=Folder, **child),
        endpoint="in",
    )

    assert statuses(site, "/folders/1/to/3", "/folders/1/in/2", "/folders/1/in/3") == [
        200,
        200,
        404,
    ]


@pytest.mark.parametrize("off", [False, None])
def test_check_is_switched_off(site: t.Any, off: t.Any) -> None:
    """A guard may say that its object need not belong to the others."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project, within=off))

    assert statuses(site, "/orgs/1/projects/20") == [200]


def test_stated_relation_leaves_those_to_others(site: t.Any) -> None:
    """A guard that says who its author is has to belong to the project of the route, too."""
    url = "/projects/<int:project_id>/users/<int:user_id>/issues/<int:issue_id>"
    stated = authorize("edit", Issue, within=Issue.author)
    serve(site, url, authorize("read", Project), authorize("read", User), stated)

    paths = ("/projects/10/users/1/issues/100", "/projects/20/users/1/issues/100")
    assert statuses(site, *paths) == [200, 404]


@pytest.mark.parametrize(
    ("within", "expected"),
    [(lambda: Issue.author, [200, 404]), (lambda: Issue.editor, [404, 200])],
)
def test_relation_may_be_stated(site: t.Any, within: t.Any, expected: list[int]) -> None:
    """Of several relations the one that is named has to hold."""
    url = "/users/<int:user_id>/issues/<int:issue_id>"
    serve(site, url, authorize("read", User), authorize("edit", Issue, within=within()))

    assert statuses(site, "/users/1/issues/100", "/users/2/issues/100") == expected


def test_relation_with_a_condition_may_be_stated(site: t.Any) -> None:
    """A relation that compares more than keys is read."""
    guards = authorize("read", Org), authorize("edit", Project, within=Project.first_org)
    serve(site, PROJECT_URL, *guards)

    assert statuses(site, "/orgs/1/projects/10", "/orgs/2/projects/20") == [200, 404]


def test_class_may_be_stated(site: t.Any) -> None:
    """What is known by default may be said."""
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project, within=Org))

    assert statuses(site, "/orgs/1/projects/10", "/orgs/1/projects/20") == [200, 404]


def test_guard_of_a_blueprint_may_state_it(site: t.Any) -> None:
    """Two guards of one blueprint fit together as they say."""
    rooms = Blueprint("rooms", "rooms", url_prefix="/users/<int:user_id>/issues/<int:issue_id>")
    site.guard.guard(rooms, "read", User)
    site.guard.guard(rooms, "edit", Issue, within=Issue.author)
    rooms.add_url_rule("/", "show", lambda user, issue: "page")
    site.app.register_blueprint(rooms)

    assert statuses(site, "/users/1/issues/100/", "/users/2/issues/100/") == [200, 404]


def test_only_guard_of_a_blueprint_that_states_it_finds_nothing(site: t.Any) -> None:
    """Without the other object nobody knows whether this one belongs to it."""
    rooms = Blueprint("rooms", "rooms", url_prefix="/issues/<int:issue_id>")
    site.guard.guard(rooms, "edit", Issue, within=Issue.author)
    rooms.add_url_rule("/", "show", lambda issue: "page")
    site.app.register_blueprint(rooms)

    assert statuses(site, "/issues/100/", "/issues/100/") == [500, 500]


def test_objects_of_a_function_are_compared(site: t.Any, session: orm.Session) -> None:
    """Where a function finds a row, it is compared like any other."""
    site.guard.loader(Project)(lambda key: session.get(Project, key))
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))

    assert statuses(site, "/orgs/1/projects/10", "/orgs/1/projects/20") == [200, 404]


def test_view_that_calls_another_is_on_its_own(site: t.Any) -> None:
    """What the guards of one view found does not bind those of a view that it calls."""
    other: t.Any = authorize("edit", Project)(lambda project: "page")
    serve(site, PROJECT_URL, authorize("read", Org), authorize("edit", Project))
    view = authorize("read", Org)(lambda org: other(project_id=20))
    site.app.add_url_rule("/orgs/<int:org_id>", "call", view)

    assert statuses(site, "/orgs/1") == [200]


_GRANDCHILD: t.Any = authorize("read", Org)(authorize("read", Project)(lambda org, project: "x"))
#: What a decorator between two guards calls: views behind guards of their own.
CALLS: dict[str, Callable[[], object]] = {
    "something-else": lambda: authorized("read", Tag)(tag_id=1),
    "another-parent": lambda: authorized("read", Org)(org_id=2),
    "another-child": lambda: authorized("edit", Project)(project_id=20),
    "another-pair": lambda: _GRANDCHILD(org_id=2, project_id=20),
    "declared": lambda: current_app.view_functions["tag"](tag_id=1),
}


def authorized(action: str, cls: type) -> t.Any:
    """Make a view behind a guard of its own."""
    return authorize(action, cls)(lambda **_: "page")


def doing_before(call: Callable[[], object]) -> t.Any:
    """Make a decorator that does something before each call of a view."""

    def decorator(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def wrapper(**given: t.Any) -> t.Any:
            call()
            return view(**given)

        return wrapper

    return decorator


@pytest.mark.parametrize("called", CALLS)
def test_view_that_a_decorator_in_between_calls_is_on_its_own(site: t.Any, called: str) -> None:
    """Its guards neither see what the one in front found, nor keep it from the one behind."""
    between = doing_before(CALLS[called])
    serve(site, PROJECT_URL, authorize("read", Org), between, authorize("edit", Project))
    serve(site, "/tags/<int:tag_id>", endpoint="tag")
    site.guard.guard("tag", "read", Tag)

    paths = ("/orgs/1/projects/10", "/orgs/1/projects/20", "/orgs/2/projects/10")
    assert statuses(site, *paths, *paths) == [200, 404, 404] * 2


def test_guard_that_is_passed_twice_compares_twice(site: t.Any) -> None:
    """A decorator in between calls the view once more, for another project."""

    def both(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def wrapper(**given: t.Any) -> t.Any:
            return view(**given) + view(**given | {"project_id": 20})

        return wrapper

    serve(site, PROJECT_URL, authorize("read", Org), both, authorize("edit", Project))
    site.app.testing = True

    assert statuses(site, "/orgs/1/projects/20", "/orgs/1/projects/10") == [404, 404]
    assert statuses(site, "/orgs/2/projects/20") == [200]


def test_decorator_in_between_that_has_an_error_handled_goes_on(site: t.Any) -> None:
    """The first guard has found what it has found, whatever an error handler answers."""

    def handling(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def wrapper(**given: t.Any) -> t.Any:
            current_app.handle_user_exception(NotFound())
            return view(**given)

        return wrapper

    serve(site, PROJECT_URL, authorize("read", Org), handling, authorize("edit", Project))

    paths = ("/orgs/1/projects/10", "/orgs/1/projects/20")
    assert statuses(site, *paths, *paths) == [200, 404] * 2


# -- mistakes ------------------------------------------------------------------------


def problem_of(site: t.Any) -> str:
    """Give why a site does not serve."""
    with pytest.raises(OsoError) as caught:
        site.guard.check_routes(site.app)
    return str(caught.value)


def test_several_relations_are_named(site: t.Any) -> None:
    """The message says which there are, and how to name one."""
    url = "/users/<int:user_id>/issues/<int:issue_id>"
    serve(site, url, authorize("read", User), authorize("edit", Issue, within=User))

    assert problem_of(site).startswith(
        "'Issue' has several relations to 'User': 'author' and 'editor'. Name the one that is"
        " meant, as in 'within=Issue.author'. It is a guard of the endpoint 'view' ("
    )


def test_relation_that_is_not_there_is_told(site: t.Any) -> None:
    """What no mapper knows cannot be checked."""
    url = "/projects/<int:project_id>/tags/<int:tag_id>"
    serve(site, url, authorize("read", Project), authorize("read", Tag, within=Project))

    assert problem_of(site).startswith(
        "No relation leads from 'Tag' to one 'Project', so 'within=Project' cannot be told."
    )


def test_relation_of_another_class_is_told(site: t.Any) -> None:
    """An attribute has to lead from the class of the guard to one object."""
    guards = authorize("read", Org), authorize("edit", Project, within=Issue.project)
    serve(site, PROJECT_URL, *guards)

    assert problem_of(site).startswith(
        "'within=Issue.project' is no relation that leads from a 'Project' to one object."
    )


def without_wraps(view: t.Any) -> t.Any:
    """Decorate a view without saying so."""
    return lambda **given: view(**given)


def test_child_behind_a_decorator_that_does_not_say_what_it_wraps_is_told(site: t.Any) -> None:
    """The first guard does not see the other one, and nobody would compare their objects."""

    @site.app.get(PROJECT_URL, endpoint="show")
    @authorize("read", Org)
    @without_wraps
    @authorize("edit", Project)
    def show(project: Project) -> str:
        return "page"

    assert (
        " does not say what it wraps, so that nobody would look whether the 'Project' belongs to"
        " the 'Org'. Have it use 'functools.wraps', or say 'within=False'."
    ) in problem_of(site)


def hiding_method(view: t.Any) -> t.Any:
    """Decorate a method without saying so."""
    return lambda self, **given: view(self, **given)


class HiddenByClass(MethodView):
    """All decorators are those of the class."""

    decorators: t.ClassVar[t.Any] = [
        authorize("edit", Project),
        without_wraps,
        authorize("read", Org),
    ]

    def get(self, **given: t.Any) -> str:
        return "page"


class HiddenByMethod(MethodView):
    """The first guard is that of the class, the other one that of the method."""

    decorators: t.ClassVar[t.Any] = [authorize("read", Org)]

    @hiding_method
    @authorize("edit", Project)
    def get(self, **given: t.Any) -> str:
        return "page"


class HiddenInMethod(MethodView):
    """Both guards are those of the method."""

    @authorize("read", Org)
    @hiding_method
    @authorize("edit", Project)
    def get(self, **given: t.Any) -> str:
        return "page"


class HiddenInDispatch(MethodView):
    """Both guards are those of what dispatches."""

    @authorize("read", Org)
    @hiding_method
    @authorize("edit", Project)
    def dispatch_request(self, **given: t.Any) -> t.Any:
        return super().dispatch_request(**given)

    def get(self, **given: t.Any) -> str:
        return "page"


@pytest.mark.parametrize(
    "kind",
    [HiddenByClass, HiddenByMethod, HiddenInMethod, HiddenInDispatch],
    ids=lambda kind: kind.__name__,
)
def test_child_that_is_hidden_in_a_class_is_told(site: t.Any, kind: type[MethodView]) -> None:
    """A class, what dispatches and a method may each have a decorator in between."""
    site.app.add_url_rule(PROJECT_URL, view_func=kind.as_view("view"))

    assert "nobody would look whether the 'Project' belongs to the 'Org'" in problem_of(site)


def test_parent_behind_a_decorator_that_does_not_say_what_it_wraps_is_told(site: t.Any) -> None:
    """Also if the parent says that it belongs to nothing itself."""

    @site.app.get(PROJECT_URL, endpoint="show")
    @authorize("edit", Project)
    @without_wraps
    @authorize("read", Org, within=False)
    def show(**given: t.Any) -> str:
        return "page"

    assert "nobody would look whether the 'Project' belongs to the 'Org'" in problem_of(site)


def test_child_that_need_not_belong_may_stand_behind_any_decorator(site: t.Any) -> None:
    """It says that nothing is compared."""

    @site.app.get(PROJECT_URL, endpoint="show")
    @authorize("read", Org)
    @without_wraps
    @authorize("edit", Project, within=False)
    def show(**given: t.Any) -> str:
        return "page"

    assert statuses(site, "/orgs/1/projects/20") == [200]


def test_guard_of_the_parent_that_is_not_there_is_told(site: t.Any) -> None:
    """An object cannot be within what no guard finds."""
    serve(site, "/projects/<int:project_id>", authorize("edit", Project, within=Org))

    assert problem_of(site).startswith(
        "A guard finds 'Project' within 'Org', and no guard before it finds that. Put"
        " '@authorize(\"read\", Org)' above it."
    )


def test_guard_of_the_parent_that_comes_later_is_refused(site: t.Any) -> None:
    """Where it is stated, the parent is found first."""
    serve(site, PROJECT_URL, authorize("edit", Project, within=Org), authorize("read", Org))

    assert statuses(site, "/orgs/1/projects/10") == [500]


@pytest.mark.parametrize("within", ["org", 1, True, Org(id=9)])
def test_within_something_else_is_refused(within: t.Any) -> None:
    """It is a class or a relation."""
    with pytest.raises(OsoError, match="'within' is the class of another guard, or a relation, as"):
        authorize("edit", Project, within=within)


@pytest.mark.parametrize("options", [{"load": False}, {}])
def test_within_without_an_object_is_refused(options: dict[str, t.Any]) -> None:
    """A class or a constant is within nothing."""
    resource: t.Any = Project if options else "page"
    with pytest.raises(
        OsoError, match="'within' is for a guard that finds an object, and this one"
    ):
        authorize("edit", resource, within=Org, **options)


def test_within_beside_skip_authorization_is_not_asked(site: t.Any) -> None:
    """A view that is open finds nothing."""
    serve(site, PROJECT_URL, skip_authorization)

    assert statuses(site, "/orgs/1/projects/20") == [200]


def serve_loading(site: Site, url: str, cls: type, view: Callable[..., t.Any]) -> None:
    """Give a site a view behind a guard of a class, which loads another object itself."""

    def called(**given: t.Any) -> str:
        view(**given)
        return "page"

    site.app.add_url_rule(url, "loading", authorize("read", cls)(called))


def test_object_that_a_view_loads_belongs_to_another(site: t.Any) -> None:
    """What a view loads within an object is missing where it belongs to another one."""

    def load(org: Org, project_id: int, **_: t.Any) -> None:
        site.guard.load(Project, project_id, action="edit", within=org)

    serve_loading(site, PROJECT_URL, Org, load)

    assert statuses(site, "/orgs/1/projects/10", "/orgs/2/projects/10", "/orgs/1/projects/30") == [
        200,
        404,
        404,
    ]


def test_folder_that_a_view_loads_belongs_to_a_folder(site: t.Any) -> None:
    """The object may be of the same class."""

    def load(folder: Folder, child_id: int, **_: t.Any) -> None:
        site.guard.load(Folder, child_id, action="edit", within=folder)

    serve_loading(site, "/folders/<int:folder_id>/in/<int:child_id>", Folder, load)

    assert statuses(site, "/folders/1/in/2", "/folders/1/in/3") == [200, 404]


@pytest.mark.parametrize(
    ("cls", "within", "fact"),
    [
        (Project, Org, "'within' of 'load' is the object that the 'Project' has to belong to"),
        (Project, None, "'within' of 'load' is the object that the 'Project' has to belong to"),
        (Project, Project.org, "'within' of 'load' is the object that the 'Project' has to"),
        (Project, Tag(id=1), "No relations lead from 'Project' to one 'Tag'"),
        (Project, "org", "No relations lead from 'Project' to one 'str'"),
        (Issue, User(id=1), "2 relations lead from 'Issue' to one 'User'"),
    ],
)
def test_object_that_a_view_loads_within_something_else(
    site: t.Any, cls: type, within: t.Any, fact: str
) -> None:
    """What is no object to which one relation leads is an error, and no check that is left out."""
    with (
        site.app.test_request_context("/", query_string={"user": "root"}),
        pytest.raises(OsoError, match=fact),
    ):
        site.guard.load(cls, 10, action="edit", within=within)
