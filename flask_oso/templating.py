"""``can("edit", post)`` in templates: which buttons to show.

It asks the Oso of the current app about the current actor. Nothing is enforced by it: the
view behind the button authorizes for itself, and a question in a template neither counts as
authorization of the request nor shows in the decision log.

What was asked is remembered while one template renders, from the call of ``render`` to its
end, with all that it includes, imports and extends. A template is shown data, so nothing
changes meanwhile that an answer rests on, and if a function it calls changes something all
the same, the next page knows. That is the widest span of which this can be said: during a
request a view commits, and an object that was denied before is allowed after. Therefore
nothing is kept on the request, on ``g``, or between two renders. The context of Jinja would
not do either, since that of an imported template serves all requests. A page within a page
remembers for itself; of a streamed page each piece does, since time passes between them.

Jinja keeps the module of a template that was imported, or included without context, for all
renders to come, with what it set and wrote at its top: the answers that the first visitor
got. Here each page makes the module anew, and each import one in which something is asked.

An answer is found again by the very objects, which are held until then so that no other can
have their identity; by the action, if that is a string; and by the state of the policy, so
that a reload is noticed at once. An error is raised and not remembered. Who asks is found with the
first question, and again once the request is another or something was put on ``g``.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import types
import typing as t
from collections import defaultdict
from collections.abc import Iterator

from flask import Flask
from jinja2 import Environment, Template, Undefined, pass_context
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from werkzeug.local import LocalProxy

from .app_state import first_oso, state_of
from .current_actor import ActorFinder, Sighting
from .enforcement.mistaken_questions import check_action_first
from .observability.denial_hints import (
    SUSPECT_VALUES,
    log_unjudged_resource,
    log_unknown_action,
)
from .oso import Oso, ask
from .request_state import NOT_GIVEN, find_request_state, this_app, unwrap

if t.TYPE_CHECKING:
    from .polar.engine import Engine

#: For so many objects of a class may a page ask one by one.
_MANY = 20


def can(action: t.Any, resource: t.Any, actor: t.Any = NOT_GIVEN) -> bool:
    """Tell whether the policy allows it; for templates.

    Proxies are replaced by what they stand for.

    :param actor: the current actor if left out. ``None`` is the anonymous actor.
    :raises OsoError: no decision could be made, or the arguments are swapped.
    :raises jinja2.UndefinedError: an argument is a variable that the template does not have.
    """
    page = _page.get()
    if page is not None and actor is NOT_GIVEN and type(action) is str:
        # The usual question of a page, written out as in 'ask_again': who asked last asks again.
        asker = page.asker
        # The engine as a property gives it, which is a call.
        if asker is not None and asker.oso._engine is asker.engine and asker.holds():
            answer = asker.answers[action].get(id(resource))
            if answer is not None:
                page.has_asked = True
                return answer[0]
            known = page.ask_again(None, action, resource)
            if known is not None:
                return known
    page = _open_page()
    app = this_app()
    state = state_of(app)
    oso, actors = first_oso(state), state.part(ActorFinder)
    who = actors.current(app) if actor is NOT_GIVEN else _defined(unwrap(actor))
    question = (who, _defined(unwrap(action)), _defined(unwrap(resource)))
    check_action_first("can", *question[1:])
    if page is None:
        _adopt_templates()
        return _ask(oso, *question)
    if actor is NOT_GIVEN:
        page.note_asker(None, oso, actors.sighting(app, who))
    return page.ask(oso, *question)


def ask_again(actors: ActorFinder, action: t.Any, resource: t.Any) -> bool | None:
    """Answer a question about the current actor of whom the page has answered one.

    :param actors: what finds the actor.
    """
    page = _page.get()
    if page is None or type(action) is not str:
        return None
    return page.ask_again(actors, action, resource)


def ask_on_page(
    oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, finder: ActorFinder | None = None
) -> bool:
    """Answer a question of a program; of a template, each once while it renders.

    :param finder: what has found the actor, if it is the current one.
    """
    question = (_defined(actor), _defined(unwrap(action)), _defined(unwrap(resource)))
    page = _open_page()
    if page is not None:
        if finder is not None:
            page.note_asker(finder, oso, finder.sighting(this_app(), actor))
        return page.ask(oso, *question)
    _adopt_templates()
    app = this_app()
    if app.debug:
        _note_row_of_program(app, question[1], question[2])
    return _ask(oso, *question)


def is_first_denial(action: t.Any, resource: t.Any) -> bool:
    """Tell whether nothing like it was denied on the page: it may be a mistake then."""
    page = _open_page()
    return page is None or page.is_first_denial(action, resource)


def cannot(action: t.Any, resource: t.Any, actor: t.Any = NOT_GIVEN) -> bool:
    """Tell whether the policy denies it; see ``can``."""
    return not can(action, resource, actor)


# Jinja answers a test of constants when it compiles the template, once for everybody,
# unless the test needs the context.
@pass_context
def is_allowed(context: Context, resource: t.Any, action: t.Any, actor: t.Any = NOT_GIVEN) -> bool:
    """Tell whether the policy allows it, as a test: ``post is allowed("edit")``."""
    return can(action, resource, actor)


def install_templating(app: Flask, questions: object) -> None:
    """Give the templates of an app ``can``, ``cannot``, ``oso`` and the test ``allowed``.

    What the app has under these names stays.

    :param questions: what templates know as ``oso``.
    """
    if "jinja_env" in vars(app):
        _prepare(app.jinja_env, questions)
        return
    # To make the environment now would be too early: the app may not be configured yet.
    make_environment = app.create_jinja_environment

    def create_jinja_environment() -> t.Any:
        environment = make_environment()
        _prepare(environment, questions)
        return environment

    app.create_jinja_environment = create_jinja_environment  # type: ignore[method-assign]


def _prepare(environment: Environment, questions: object) -> None:
    environment.globals.setdefault("oso", questions)
    environment.globals.setdefault("can", can)
    environment.globals.setdefault("cannot", cannot)
    environment.tests.setdefault("allowed", is_allowed)
    if environment.cache is not None:
        # What was compiled before keeps its modules.
        environment.cache.clear()
    environment.template_class = _remembering(environment.template_class)


def _remembering(kind: type[Template]) -> type[Template]:
    if issubclass(kind, _Remembering):
        return kind
    return type(kind.__name__, (_Remembering, kind), {})


def _defined(value: t.Any) -> t.Any:
    """Give a value; a variable that is misspelt must not look like something denied."""
    if issubclass(type(value), Undefined):
        value._fail_with_undefined_error()
    return value


def _ask(oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
    allowed = ask(oso, actor, action, resource)
    if not allowed:
        app = this_app()
        log_unknown_action(app, state_of(app), oso, action)
        # A page may be denied a thousand rows: of an object nothing more is looked at.
        if type(resource) in SUSPECT_VALUES:
            log_unjudged_resource(app, state_of(app), oso, action, resource)
    return allowed


# -- pages -----------------------------------------------------------------------------


#: An answer, with the resource, which is held so that no other gets its identity.
_Answer = tuple[bool, t.Any]


#: What was answered to one actor by one state of a policy, by action and identity of the resource.
_Answers = defaultdict[str, dict[int, _Answer]]


class _Asker:
    """Who asked last without saying who it is."""

    __slots__ = ("actor", "answers", "engine", "holds", "oso")

    def __init__(self, oso: Oso, engine: Engine, sighting: Sighting, answers: _Answers) -> None:
        self.oso = oso
        self.engine = engine
        self.actor = sighting.actor
        self.holds = sighting.holds
        self.answers = answers


#: What has to become something else before it can be asked about.
_STAND_INS = (Undefined, LocalProxy)


class _Page:
    """What was asked while one template renders."""

    def __init__(self) -> None:
        self.is_open = False
        #: Whom the finder of the app has found, and by what else has found the actor.
        self.asker: _Asker | None = None
        self._askers: dict[ActorFinder, _Asker] = {}
        #: What was denied: actions, and actions with the class of a resource.
        self._denied: set[str | tuple[str, type]] = set()
        self._is_debug: bool | None = None
        #: By the identities of a policy's state and of an actor, with both.
        self._answers: dict[tuple[int, int], tuple[Engine, t.Any, _Answers]] = {}
        self._rows: dict[tuple[t.Any, type], dict[int, t.Any]] = {}
        #: A question came, since that was last looked at.
        self.has_asked = False
        self._modules: dict[Template, TemplateModule] = {}

    @contextlib.contextmanager
    def rendering(self) -> Iterator[None]:
        """Answer the questions of what is rendered meanwhile."""
        token = _page.set(self)
        self.is_open = True
        try:
            yield
        finally:
            self.is_open = False
            self.asker = None
            self._askers.clear()
            self._answers.clear()
            self._modules.clear()
            _page.reset(token)

    def note_asker(self, finder: ActorFinder | None, oso: Oso, sighting: Sighting | None) -> None:
        """Note who asks, if it can be told whether that is who asks the next question."""
        engine, asker = oso.engine, None
        if sighting is not None:
            answers = self._answers_to(engine, sighting.actor)
            asker = _Asker(oso, engine, sighting, answers)
        if finder is None:
            self.asker = asker
        elif asker is None:
            self._askers.pop(finder, None)
        else:
            self._askers[finder] = asker

    def ask_again(self, finder: ActorFinder | None, action: str, resource: t.Any) -> bool | None:
        """Answer a question of who asked last; ``None`` if it may be somebody else.

        It is the usual question of a page, and answered with less work than to find the actor.
        """
        asker = self.asker if finder is None else self._askers.get(finder)
        if asker is None or asker.oso._engine is not asker.engine or not asker.holds():
            return None
        answers = asker.answers
        known = answers[action].get(id(resource))
        if known is None:
            if issubclass(type(resource), _STAND_INS):
                return None
            return self._ask(answers, asker.oso, asker.actor, action, resource)
        self.has_asked = True
        return known[0]

    def is_first_denial(self, action: t.Any, resource: t.Any) -> bool:
        """Tell whether nothing like it was denied, and note it; a text is like no other."""
        kind = (action, type(resource))
        if type(action) is not str or kind[1] is str:
            return True
        is_first = kind not in self._denied
        self._denied.add(kind)
        return is_first

    def _answers_to(self, engine: Engine, actor: t.Any) -> _Answers:
        key = id(engine), id(actor)
        if key not in self._answers:
            self._answers[key] = engine, actor, defaultdict(dict)
        return self._answers[key][2]

    def ask(self, oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Answer from memory, or ask the policy."""
        # Other actions, such as 1, True and 1.0, may be equal without being alike.
        if type(action) is not str:
            self.has_asked = True
            return _ask(oso, actor, action, resource)
        answers = self._answers_to(oso.engine, actor)
        known = answers[action].get(id(resource))
        if known is None:
            return self._ask(answers, oso, actor, action, resource)
        self.has_asked = True
        return known[0]

    def _ask(self, answers: _Answers, oso: Oso, actor: t.Any, action: str, resource: t.Any) -> bool:
        self.has_asked = True
        # What is told of a denial is told once.
        allowed = (ask if action in self._denied else _ask)(oso, actor, action, resource)
        if not allowed:
            self._denied.add(action)
        answers[action][id(resource)] = allowed, resource
        if self._is_debug is None:
            self._is_debug = this_app().debug
        if self._is_debug:
            self._note_row(action, resource)
        return allowed

    def module_of(self, template: Template) -> TemplateModule:
        """Make the module of a template, or give it again if nothing was asked in it."""
        known = self._modules.get(template)
        if known is not None:
            return known
        had_asked, self.has_asked = self.has_asked, False
        try:
            module = template.make_module()
            if not self.has_asked:
                self._modules[template] = module
        finally:
            # Of a module within a module, both are asked in.
            self.has_asked |= had_asked
        return module

    def _note_row(self, action: str, resource: t.Any) -> None:
        """Warn of many questions that are one question about many rows; in debug mode."""
        if _is_one_too_many(self._rows, action, resource):
            _warn_of_many(this_app(), action, type(resource))


def _is_one_too_many(
    asked: dict[tuple[str, type], dict[int, t.Any]], action: str, resource: t.Any
) -> bool:
    """Note an object, and tell whether there are too many of its class by now, for once."""
    if type(resource).__module__ == "builtins":
        return False
    rows = asked.setdefault((action, type(resource)), {})
    if len(rows) > _MANY:
        return False
    rows[id(resource)] = resource
    return len(rows) > _MANY


def _note_row_of_program(app: Flask, action: t.Any, resource: t.Any) -> None:
    """Warn of a program that asks row by row; in debug mode."""
    state = find_request_state(app)
    if state is None or type(action) is not str:
        return
    asked = state.asked_rows = {} if state.asked_rows is None else state.asked_rows
    place = _program_line() if _is_one_too_many(asked, action, resource) else None
    known = state_of(app).lines_of_many
    if place is None or place in known:
        return
    known.add(place)
    name = type(resource).__name__
    app.logger.warning(
        "%s:%d asks for each of more than %d objects of %r whether %r is allowed, and may load what"
        " the policy reads of each of them. Ask about all at once: 'oso.filter(%r, objects)'. Or"
        " select only rows for which it is allowed: 'oso.scope(%r, %s)'.",
        *place,
        _MANY,
        name,
        action,
        action,
        action,
        name,
    )


def _program_line() -> tuple[str, int] | None:
    """Give the line of the program that asks."""
    frame: types.FrameType | None = sys._getframe()
    package = __name__.partition(".")[0]
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == package:
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)


_page: contextvars.ContextVar[_Page | None] = contextvars.ContextVar("flask_oso_page", default=None)


def _open_page() -> _Page | None:
    """Give the page that renders now, if one does."""
    page = _page.get()
    # A thread that was started with the context of a page may outlive the page.
    return page if page is not None and page.is_open else None


_END: t.Any = object()


class _Remembering(Template):
    """A template whose rendering is a page, and whose module is that of one page."""

    def render(self, *args: t.Any, **kwargs: t.Any) -> str:
        """Render the template as Jinja does."""
        with _Page().rendering():
            return super().render(*args, **kwargs)

    def generate(self, *args: t.Any, **kwargs: t.Any) -> Iterator[str]:
        """Render the template as Jinja does, piece by piece."""
        page, pieces = _Page(), super().generate(*args, **kwargs)
        while True:
            with page.rendering():
                # Templates of native types may give anything, so the end is no value of theirs.
                piece = next(pieces, _END)
            if piece is _END:
                return
            yield piece

    # Compiled templates call the next two for 'import' and for 'include … without context',
    # and Jinja the first one for 'module'.

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if self.environment.is_async:
            raise RuntimeError("Module is not available in async mode.")
        given = _globals_of(ctx, self)
        page = _open_page()
        return self.make_module(given) if given or page is None else page.module_of(self)

    async def _get_default_module_async(self, ctx: Context | None = None) -> TemplateModule:
        # What else awaits may ask meanwhile, so that no page can tell whether this one does.
        return await self.make_module_async(_globals_of(ctx, self))


def _adopt_templates() -> None:
    """Have the templates that are rendered now make their modules for each page, too.

    They may be of an environment that was not prepared: an overlay from before ``init_app``,
    or one of the program's own that was given ``can``.
    """
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        template: Template | None = frame.f_globals.get("__jinja_template__")
        if template is not None and not isinstance(template, _Remembering):
            kind = _remembering(type(template))
            template.environment.template_class = kind
            template.__class__ = kind
        frame = frame.f_back


def _globals_of(importer: Context | None, imported: Template) -> dict[str, t.Any]:
    """Give the globals that the template that imports has, and the imported one has not."""
    if importer is None:
        return {}
    return {key: importer.parent[key] for key in importer.globals_keys - imported.globals.keys()}


def _warn_of_many(app: Flask, action: str, cls: type) -> None:
    """Tell the log of the app where a page asks row by row, once for each line."""
    place = _template_line()
    known = state_of(app).lines_of_many
    if place is None or place in known:
        return
    known.add(place)
    app.logger.warning(
        "The template %r asks in line %d for each of more than %d objects of %r whether %r is"
        " allowed. Select the answers together with the rows: 'Oso.action_columns(actor, %s,"
        " [%r])'. Or select only rows for which it is allowed: 'Oso.authorized_query'.",
        *place,
        _MANY,
        cls.__name__,
        action,
        cls.__name__,
        action,
    )


def _template_line() -> tuple[str, int] | None:
    """Give the name and the line of the template that is rendered now."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        template: Template | None = frame.f_globals.get("__jinja_template__")
        if template is not None:
            name = template.name or template.filename or "<template>"
            return name, template.get_corresponding_lineno(frame.f_lineno)
    return None
