"""FlaskOso: per-app state, configuration, decisions, and the two gates it puts up."""

from __future__ import annotations

import pathlib
import pickle
import typing as t

import flask
import pytest
import sqlalchemy as sa
from flask import Blueprint, g, redirect
from sqlalchemy import orm
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.local import LocalProxy

from flask_oso import (
    AuthorizationError,
    FlaskOso,
    ForbiddenError,
    NotFoundError,
    Oso,
    OsoError,
    authorize,
    authorizes_inside,
    current_oso,
    skip_authorization,
)
from flask_oso.polar.exceptions import (
    DuplicateClassAliasError,
    PolarFileNotFoundError,
    PolarRuntimeError,
)
from tests.support.sites import make_app, make_judged_site, make_site

# -- names and state -----------------------------------------------------------------


def test_init_app_keeps_state_on_the_app() -> None:
    """What belongs to an app is in its extensions, under one key."""
    app = make_app()
    extension = FlaskOso()
    oso = Oso()

    extension.init_app(app, oso)

    assert app.extensions["oso"].extension is extension
    assert app.extensions["oso"].oso is oso


def test_init_app_twice_changes_nothing(site: t.Any) -> None:
    """A second call for the same app is harmless."""
    state = site.app.extensions["oso"]

    site.guard.init_app(site.app)

    assert site.app.extensions["oso"] is state


def test_init_app_with_another_oso_is_refused(site: t.Any) -> None:
    """An app keeps its Oso unless 'set_oso' replaces it."""
    with pytest.raises(OsoError, match="This app already has an Oso"):
        site.guard.init_app(site.app, Oso())


def test_constructor_takes_oso_and_app() -> None:
    """The positional order is upstream's."""
    oso, app = Oso(), make_app()

    extension = FlaskOso(oso, app)

    assert extension.oso is oso
    assert extension.app is app


def test_app_is_the_current_one_without_one_of_its_own(site: t.Any) -> None:
    """Without an app from the constructor, 'app' is the current app."""
    with site.app.app_context():
        assert site.guard.app is site.app


def test_set_oso_registers_request_once() -> None:
    """The class Request is known to policies; the same Oso again is no error."""
    oso = Oso()
    extension = FlaskOso(oso)

    extension.set_oso(oso)

    assert oso.get_class("Request") is flask.Request


def test_two_extensions_share_an_oso() -> None:
    """An Oso that knows Request already is taken as it is."""
    oso = Oso()

    extensions = [FlaskOso(oso), FlaskOso(oso)]

    assert [each.oso for each in extensions] == [oso, oso]


def test_oso_with_another_class_named_request_is_refused() -> None:
    """A policy about requests would be about something else."""
    oso = Oso()
    oso.register_class(type("Request", (), {}))

    with pytest.raises(DuplicateClassAliasError):
        FlaskOso(oso)


def test_one_extension_serves_apps_with_one_oso() -> None:
    """Apps that are not given an Oso of their own share the extension's."""
    oso = Oso()
    extension = FlaskOso(oso)
    apps = [make_app("one"), make_app("two")]

    for app in apps:
        extension.init_app(app)

    assert [app.extensions["oso"].oso for app in apps] == [oso, oso]


def test_apps_with_osos_of_their_own() -> None:
    """What one app is given does not reach the other."""
    extension, one, two = FlaskOso(), make_app("one"), make_app("two")
    osos = [Oso(), Oso()]

    extension.init_app(one, osos[0])
    extension.init_app(two, osos[1])

    assert [app.extensions["oso"].oso for app in (one, two)] == osos


def test_set_oso_after_each_init_app() -> None:
    """'set_oso' outside a context is for the app initialized since the last."""
    extension, one, two = FlaskOso(), make_app("one"), make_app("two")
    osos = [Oso(), Oso()]

    extension.init_app(one)
    extension.set_oso(osos[0])
    extension.init_app(two)
    extension.set_oso(osos[1])

    assert [app.extensions["oso"].oso for app in (one, two)] == osos


def test_constructor_app_keeps_its_oso() -> None:
    """The constructor's app is not changed by what a later app gets."""
    one, two = make_app("one"), make_app("two")
    osos = [Oso(), Oso()]

    extension = FlaskOso(osos[0], one)
    extension.init_app(two)
    extension.set_oso(osos[1])

    assert [app.extensions["oso"].oso for app in (one, two)] == osos


def test_set_oso_inside_contexts() -> None:
    """Inside an app context 'set_oso' concerns that app."""
    extension, one, two = FlaskOso(), make_app("one"), make_app("two")
    osos = [Oso(), Oso()]
    extension.init_app(one)
    extension.init_app(two)

    with one.app_context():
        extension.set_oso(osos[0])
    with two.app_context():
        extension.set_oso(osos[1])

    assert [app.extensions["oso"].oso for app in (one, two)] == osos


def test_set_oso_replaces_again_and_again() -> None:
    """A second and a third Oso take effect for an app as the first did."""
    extension, app = FlaskOso(Oso()), make_app()
    extension.init_app(app)
    osos = [Oso(), Oso()]
    seen = []

    for oso in (*osos, osos[0]):
        extension.set_oso(oso)
        seen.append(app.extensions["oso"].oso)

    assert seen == [*osos, osos[0]]


def test_set_oso_after_the_constructor_took_the_app() -> None:
    """'FlaskOso(app=app)' and then 'set_oso' works."""
    app = make_app()
    oso = Oso()
    extension = FlaskOso(app=app)

    extension.set_oso(oso)

    assert extension.oso is app.extensions["oso"].oso is oso


# -- configuration -------------------------------------------------------------------


def policy_file(folder: pathlib.Path, text: str, name: str = "policy.polar") -> str:
    """Write a policy into a folder."""
    (folder / name).write_text(text)
    return name


def test_policies_load_relative_to_the_root(tmp_path: pathlib.Path) -> None:
    """OSO_POLICIES names files from the root of the app, and the app gets its own Oso."""
    app = make_app(
        folder=tmp_path, OSO_POLICIES=policy_file(tmp_path, 'allow("ann", "read", "page");')
    )

    FlaskOso(app=app)

    assert app.extensions["oso"].oso.is_allowed("ann", "read", "page")


def test_policies_load_into_the_given_oso(tmp_path: pathlib.Path) -> None:
    """Classes registered beforehand are known to the policies of the configuration."""
    app = make_app(folder=tmp_path)
    files = [
        policy_file(tmp_path, "allow(_: Post, _, _) if Post.OPEN;", "a.polar"),
        policy_file(tmp_path, "allow(_, _, _: Request);", "b.polar"),
    ]
    app.config["OSO_POLICIES"] = files
    post = type("Post", (), {"OPEN": True})
    oso = Oso()
    oso.register_class(post)

    FlaskOso(oso).init_app(app)

    assert oso.is_allowed(post(), "read", "anything")


def test_apps_that_share_an_oso_do_not_name_different_policies(tmp_path: pathlib.Path) -> None:
    """The second one does not start, and the policy of the first stays as it is."""
    paths = [tmp_path / f"{user}.polar" for user in ("ann", "eve")]
    for path in paths:
        path.write_text(f'allow("{path.stem}", "read", "page");')
    oso = Oso()
    extension, apps = FlaskOso(oso), [make_app("first"), make_app("second")]
    for app, path in zip(apps, paths, strict=True):
        app.config["OSO_POLICIES"] = [str(path)]
        app.add_url_rule("/", "page", authorize("read", "page")(lambda: "SECRET"))
    extension.init_app(apps[0])
    extension.set_get_actor(lambda: flask.request.args["user"])

    with pytest.raises(PolarRuntimeError, match=r"^Cannot load additional Polar code") as caught:
        extension.init_app(apps[1])

    assert caught.value.__notes__[1:] == [
        f"Two apps share an Oso and name different files: {paths[0]}, and {paths[1]}. Give each app"
        " an Oso of its own, as in 'init_app(app, Oso())'."
    ]
    answers = [app.test_client().get(f"/?user={p.stem}").status_code for app in apps for p in paths]
    assert answers == [200, 403, 500, 500]


def test_policies_shared_by_apps_load_once(tmp_path: pathlib.Path) -> None:
    """Two apps that share an Oso may name the same policies."""
    extension = FlaskOso(Oso())
    name = policy_file(tmp_path, 'allow("ann", "read", "page");')
    apps = [make_app("one", folder=tmp_path), make_app("two", folder=tmp_path)]

    for app in apps:
        app.config["OSO_POLICIES"] = [name]
        extension.init_app(app)

    assert extension.oso.is_allowed("ann", "read", "page")


def test_policies_of_two_apps_stay_apart(tmp_path: pathlib.Path) -> None:
    """Each app has the policy that its configuration names."""
    extension, one, two = (
        FlaskOso(),
        make_app("one", folder=tmp_path),
        make_app("two", folder=tmp_path),
    )
    one.config["OSO_POLICIES"] = policy_file(tmp_path, 'allow("ann", "a", "r");', "one.polar")
    two.config["OSO_POLICIES"] = policy_file(tmp_path, 'allow("ann", "b", "r");', "two.polar")

    extension.init_app(one)
    extension.init_app(two)

    assert one.extensions["oso"].oso.is_allowed("ann", "a", "r")
    assert not two.extensions["oso"].oso.is_allowed("ann", "a", "r")


@pytest.mark.parametrize("text", [None, "allow(", "allow(_, _, _) if unknown();"])
def test_policy_that_fails_stops_the_app(tmp_path: pathlib.Path, text: str | None) -> None:
    """A missing or wrong policy raises at 'init_app', and leaves the app untouched."""
    app = make_app(folder=tmp_path, OSO_POLICIES="policy.polar")
    if text is not None:
        policy_file(tmp_path, text)

    with pytest.raises(OsoError):
        FlaskOso(app=app)

    assert "oso" not in app.extensions


def test_missing_policy_file_names_its_setting(tmp_path: pathlib.Path) -> None:
    """A missing file keeps its error, and a note tells where its name came from."""
    app = make_app(folder=tmp_path, OSO_POLICIES="policy.polar")

    with pytest.raises(PolarFileNotFoundError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == f"Could not find file: {tmp_path / 'policy.polar'}"
    assert caught.value.__notes__ == [
        f"From 'OSO_POLICIES'; relative names start at the root of the app, {tmp_path}, or in the"
        " working directory."
    ]


def test_missing_policy_file_is_misspelt(tmp_path: pathlib.Path) -> None:
    """A file beside it whose name is alike is named."""
    policy_file(tmp_path, 'allow("ann", "read", "page");', "policy.polar")
    app = make_app(folder=tmp_path, OSO_POLICIES="polcy.polar")

    with pytest.raises(PolarFileNotFoundError) as caught:
        FlaskOso(app=app)

    assert caught.value.__notes__[0] == f"Did you mean {str(tmp_path / 'policy.polar')!r}?"


@pytest.mark.parametrize("name", ["app/rules.polar", "./app/rules.polar", "app/[x].polar"])
def test_policies_load_relative_to_the_working_directory(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that is not below the root of the app is looked for where the program runs."""
    root = tmp_path / "app"
    root.mkdir()
    policy_file(tmp_path, 'allow("ann", "read", "page");', name)
    monkeypatch.chdir(tmp_path)
    app = make_app(folder=root, OSO_POLICIES=[name])

    FlaskOso(app=app)

    assert app.extensions["oso"].oso.is_allowed("ann", "read", "page")


def test_policies_that_differ_in_both_places(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of two policies is in force must not depend on where the program was started."""
    root = tmp_path / "app"
    root.mkdir()
    policy_file(root, 'allow("ann", "read", "page");')
    policy_file(tmp_path, 'allow("eve", "read", "page");')
    monkeypatch.chdir(tmp_path)
    app = make_app(folder=root, OSO_POLICIES="policy.polar")

    with pytest.raises(OsoError) as caught:
        FlaskOso(app=app)

    assert str(caught.value) == (
        f"'OSO_POLICIES' names 'policy.polar', which is {root / 'policy.polar'} below the root of"
        f" the app and {tmp_path / 'policy.polar'} below the working directory, and they differ."
        " Give the path of the one that is meant."
    )
    assert "oso" not in app.extensions


def test_policies_that_are_equal_in_both_places(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies of one policy are one: that below the root of the app is loaded."""
    root = tmp_path / "app"
    root.mkdir()
    policy_file(root, 'allow("ann", "read", "page");')
    policy_file(tmp_path, 'allow("ann", "read", "page");')
    monkeypatch.chdir(tmp_path)
    app = make_app(folder=root, OSO_POLICIES="policy.polar")

    FlaskOso(app=app)

    assert app.extensions["oso"].oso.policy_files() == [str(root / "policy.polar")]


def test_patterns_start_at_the_root_of_the_app(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pattern matches in the working directory is not loaded."""
    root = tmp_path / "app"
    root.mkdir()
    policy_file(tmp_path, 'allow("ann", "read", "page");', "a.polar")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(PolarFileNotFoundError):
        FlaskOso(app=make_app(folder=root, OSO_POLICIES="*.polar"))


def test_unknown_key_warns_with_a_suggestion() -> None:
    """A misspelt OSO_* key is reported, with the key that was meant."""
    app = make_app(OSO_POLICYS=[])

    with pytest.warns(UserWarning, match=r"'OSO_POLICYS'\. Did you mean 'OSO_POLICIES'\?"):
        FlaskOso(app=app)


@pytest.mark.parametrize("key", ["OSO_CACHE_DIR", "OSO_COMPILED"])
def test_key_of_the_environment_is_told_apart(key: str) -> None:
    """What is read from the environment has no effect in the configuration."""
    app = make_app()
    app.config[key] = "0"

    with pytest.warns(UserWarning, match=f"'{key}'\\. It is read from the environment of the"):
        FlaskOso(app=app)


@pytest.mark.parametrize("value", ["false", 1, []])
def test_flag_that_is_no_bool_is_refused(value: t.Any) -> None:
    """A switch is True or False; anything else stops the app."""
    app = make_app(OSO_VETO_COMMITS=value)

    with pytest.raises(OsoError, match="'OSO_VETO_COMMITS' must be True or False"):
        FlaskOso(app=app)


def test_configuration_has_defaults() -> None:
    """All keys are there after 'init_app'."""
    app = make_app()

    FlaskOso(app=app)

    assert app.config["OSO_POLICIES"] is None
    assert app.config["OSO_ENFORCE"] == "warn"
    assert app.config["OSO_VETO_COMMITS"] is False


# -- authorize -----------------------------------------------------------------------


def test_authorize_returns_none_if_allowed(site: t.Any) -> None:
    """An allowed request goes on."""
    with site.app.test_request_context():
        assert site.guard.authorize("page", actor="ann", action="read") is None


def test_authorize_raises_forbidden_if_denied(site: t.Any) -> None:
    """A denied request is answered 403, described as 'Unauthorized'."""
    with site.app.test_request_context(), pytest.raises(Forbidden) as caught:
        site.guard.authorize("page", actor="eve", action="read")

    assert caught.value.description == "Unauthorized"


def test_authorize_defaults_to_current_user_and_method(site: t.Any) -> None:
    """Actor and action come from 'g' and the request."""
    with site.app.test_request_context(method="GET"):
        g.current_user = "ann"
        assert site.guard.authorize("page") is None


def test_actor_none_is_anonymous(site: t.Any) -> None:
    """An explicit actor 'None' is not the current user."""
    with site.app.test_request_context():
        g.current_user = "root"
        with pytest.raises(Forbidden):
            site.guard.authorize("page", actor=None)


@pytest.mark.parametrize("value", ["", 0, [], {}, False])
def test_authorize_uses_falsy_actors_as_given(value: t.Any) -> None:
    """A falsy actor is not replaced."""
    site = make_site('allow("root", _, _);')
    with site.app.test_request_context():
        g.current_user = "root"
        with pytest.raises(Forbidden):
            site.guard.authorize("page", actor=value)


def test_authorize_uses_an_empty_action_as_given() -> None:
    """An empty action is not replaced by the method."""
    site = make_site('allow(_, "GET", _);')
    with site.app.test_request_context(), pytest.raises(Forbidden):
        site.guard.authorize("page", actor="ann", action="")


@pytest.mark.parametrize("error", [AttributeError("no"), KeyError("no"), ValueError("no")])
def test_errors_of_the_actor_function(site: t.Any, error: Exception) -> None:
    """An AttributeError is explained, other errors are raised as they are."""

    def get_actor() -> t.NoReturn:
        raise error

    site.guard.set_get_actor(get_actor)
    expected = OsoError if isinstance(error, AttributeError) else type(error)

    with site.app.test_request_context(), pytest.raises(expected) as caught:
        site.guard.authorize("page", action="read")

    assert error in (caught.value, caught.value.__cause__)


def test_missing_current_user_is_explained() -> None:
    """Without a user on 'g' the text names the remedy, in the words of the documentation."""
    site = make_site()
    with site.app.test_request_context(), pytest.raises(OsoError) as caught:
        site.guard.authorize("page", action="read")

    assert str(caught.value).startswith(
        "Getting the current actor failed. You may need to override the current actor function"
        " with FlaskOso#set_get_actor"
    )
    assert caught.value.__notes__ == [
        "Set 'g.user' in a 'before_request' function (None for nobody), or find the actor in a"
        " function below '@oso.actor_loader'."
    ]


def test_function_that_fails_to_find_the_actor_is_named() -> None:
    """An 'AttributeError' of a function that was set is about that function, and not 'g'."""
    site = make_site()

    @site.guard.actor_loader
    def find_user() -> t.Any:
        return object().name  # type: ignore[attr-defined]

    with site.app.test_request_context(), pytest.raises(OsoError) as caught:
        site.guard.authorize("page", action="read")

    assert caught.value.__notes__ == [
        "The function that finds the actor raised AttributeError: 'object' object has no attribute"
        " 'name'."
    ]


def test_authorize_without_oso_is_refused() -> None:
    """Without an Oso there is no decision."""
    app = make_app()
    extension = FlaskOso(app=app)

    with (
        app.test_request_context(),
        pytest.raises(OsoError, match="Cannot perform authorization without oso instance"),
    ):
        extension.authorize("page", actor="ann", action="read")


def test_forgotten_init_app_is_told_apart_from_a_missing_policy() -> None:
    """An app that was never initialized is told so, and not to name its policy."""
    extension = FlaskOso(models=[Person])

    with make_app().test_request_context(), pytest.raises(OsoError) as caught:
        extension.authorize("page", actor="ann", action="read")

    assert caught.value.__notes__ == [
        "'init_app' of this FlaskOso was not called for the app. Call it where the app is made:"
        " 'oso.init_app(app)'."
    ]


def test_authorize_in_a_bare_app_context(site: t.Any) -> None:
    """With actor and action no request is needed."""
    with site.app.app_context():
        site.guard.authorize("page", actor="ann", action="read")
        with pytest.raises(Forbidden):
            site.guard.authorize("page", actor="eve", action="read")


def test_authorize_outside_contexts_is_refused(site: t.Any) -> None:
    """Without an app context the text says so."""
    with pytest.raises(OsoError) as caught:
        site.guard.authorize("page", actor="ann", action="read")

    assert str(caught.value).startswith(
        "Application context doesn't exist. Did you use oso outside the context of a request?"
    )


def test_request_proxy_is_the_request() -> None:
    """'flask.request' reaches the policy as the request itself."""
    site = make_site('allow(_, "GET", _: Request{path: "/open"});')

    with site.app.test_request_context("/open"):
        assert site.guard.authorize(flask.request, actor="eve") is None
    with site.app.test_request_context("/closed"), pytest.raises(Forbidden):
        site.guard.authorize(flask.request, actor="eve")


def test_custom_request_class_matches_request() -> None:
    """A subclass is a Request, and shows its attributes."""
    site = make_site('allow(_, "GET", r: Request) if r.tenant = "acme";')
    site.app.request_class = type("TenantRequest", (flask.Request,), {"tenant": "acme"})

    with site.app.test_request_context():
        assert site.guard.authorize(flask.request, actor="eve") is None


def test_proxies_are_unwrapped(site: t.Any) -> None:
    """Any LocalProxy reaches the policy as what it stands for."""
    ann, page = LocalProxy(lambda: "ann"), LocalProxy(lambda: LocalProxy(lambda: "page"))

    with site.app.test_request_context():
        assert site.guard.authorize(page, actor=ann, action="read") is None


def test_policy_error_is_raised() -> None:
    """A policy that fails raises, and nothing counts as authorized."""
    site = make_site("other(1);", OSO_ENFORCE="strict")

    @site.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        with pytest.raises(PolarRuntimeError):
            site.guard.authorize("page", actor="ann", action="read")
        return site.enter()

    assert site.open("/").status_code == 500


def test_refusals_of_oso_are_mapped_by_the_app(site: t.Any) -> None:
    """ForbiddenError and NotFoundError are for 'errorhandler'."""
    site.app.register_error_handler(ForbiddenError, lambda error: ("no", 403))
    site.app.register_error_handler(NotFoundError, lambda error: ("what?", 404))

    @site.app.get("/<action>")
    def view(action: str) -> t.Any:
        flask.current_app.extensions["oso"].oso.authorize("ann", action, "page")
        return "yes"

    assert [site.open(f"/{action}").status_code for action in ("read", "write")] == [200, 403]


@pytest.mark.parametrize("kind", [ForbiddenError, NotFoundError])
def test_refusals_can_be_pickled(kind: type[AuthorizationError]) -> None:
    """A refusal survives a process boundary."""
    copied = pickle.loads(pickle.dumps(kind()))

    assert type(copied) is kind
    assert copied.message == kind().message


@pytest.mark.parametrize("kind", [ForbiddenError, NotFoundError])
def test_refusals_are_not_policy_errors(kind: type[AuthorizationError]) -> None:
    """Denied and broken are told apart by class."""
    assert not issubclass(kind, PolarRuntimeError)
    assert kind().message.startswith(f"Oso {kind.__name__} -- ")


# -- misspelt actions ----------------------------------------------------------------

WORDS = 'allow("ann", "read", "page"); allow("ann", "edit", "page");'


def deny(site: t.Any, action: t.Any, resource: t.Any = "page") -> None:
    """Ask for what eve may not."""
    with site.app.app_context(), pytest.raises(Forbidden):
        site.guard.authorize(resource, actor="eve", action=action)


def test_misspelt_action_is_logged_once(caplog: t.Any) -> None:
    """A denial of a word that is nearly an action says so, the first time."""
    site = make_site(WORDS)

    deny(site, "eidt")
    deny(site, "eidt")

    assert [(record.name, record.levelname) for record in caplog.records] == [("site", "WARNING")]
    assert caplog.messages == [
        "The action 'eidt' is never allowed by the policy. Did you mean 'edit'?"
    ]


def test_misspelt_action_is_logged_for_each_app(caplog: t.Any) -> None:
    """What one app has said, another has not."""
    deny(make_site(WORDS), "eidt")
    deny(make_site(WORDS), "eidt")

    assert len(caplog.records) == 2


def test_log_shows_no_resource(caplog: t.Any) -> None:
    """Nothing of actor or resource is in the log, and an action cannot break its line."""
    deny(make_site(WORDS), "edit\n", "SECRET")

    assert caplog.messages == [
        r"The action 'edit\n' is never allowed by the policy. Did you mean 'edit'?"
    ]


@pytest.mark.parametrize(
    "action", ["edit", "fly", "", "eidt" * 100, 7, None, type("Word", (str,), {})("eidt")]
)
def test_other_denials_are_not_logged(caplog: t.Any, action: t.Any) -> None:
    """A known action, one like no other, a long one and what is no plain str are passed over."""
    site = make_site(WORDS)

    with site.app.test_request_context(), pytest.raises(Forbidden):
        site.guard.authorize("page", actor="eve", action=action)

    assert caplog.messages == []


def test_open_policies_are_not_logged(caplog: t.Any) -> None:
    """Where a rule allows any action, no word is wrong."""
    deny(make_site(WORDS + 'allow("root", _, _);'), "eidt")

    assert caplog.messages == []


def test_allowed_action_asks_for_no_words(monkeypatch: t.Any) -> None:
    """An allowed request costs nothing: the policy's actions are not even asked for."""
    site = make_site(WORDS)
    asked: list[Oso] = []
    monkeypatch.setattr(Oso, "known_actions", lambda self: asked.append(self))

    with site.app.app_context():
        site.guard.authorize("page", actor="ann", action="edit")

    assert asked == []


def test_denied_actions_are_remembered_within_bounds(monkeypatch: t.Any) -> None:
    """Words from requests fill neither memory nor time: after a hundred it is silent."""
    site = make_site(WORDS)
    asked: list[Oso] = []
    monkeypatch.setattr(Oso, "known_actions", lambda self: asked.append(self))

    for number in [*range(150), *range(150)]:
        deny(site, f"eidt{number}")

    assert len(asked) == 100


class Person:
    """Whom rules are about."""


@pytest.mark.parametrize("actor", ["ann", 7, {"id": 7}])
def test_actor_that_is_a_key_is_logged_once(caplog: t.Any, actor: t.Any) -> None:
    """A policy about objects denies every key, which looks like any denial."""
    app = make_app()
    extension = FlaskOso(Oso(), app)
    oso = app.extensions["oso"].oso
    oso.register_class(Person)
    oso.load_str('allow(_: Person, "read", "page"); allow(_visitor, "read", "door");')

    with app.app_context():
        for _ in range(2):
            with pytest.raises(Forbidden):
                extension.authorize("page", actor=actor, action="read")

    assert caplog.messages == [
        f"The actor is a value of type {type(actor).__name__!r}, and the policy is about objects of"
        " 'Person'. Give the object itself: on 'g.user', with '@oso.actor_loader', or from the"
        " 'user_lookup_loader' of Flask-JWT-Extended."
    ]


def test_actor_of_a_list_that_is_a_key_is_logged_once(caplog: t.Any) -> None:
    """A list for a key is empty, and looks like that of somebody who may read nothing."""
    app, base = make_app(), orm.declarative_base()
    names = {"__tablename__": "notes", "id": orm.mapped_column(sa.Integer, primary_key=True)}
    note = type("Note", (base,), names)
    extension = FlaskOso(Oso(), app, models=[note, Person])
    app.extensions["oso"].oso.load_str('allow(_: Person, "read", _: Note);')

    with app.app_context():
        for _ in range(2):
            assert "false" in str(extension.scope("read", note, actor=7))

    (message,) = caplog.messages
    assert message.startswith("The actor is a value of type 'int', and the policy is about objects")


@pytest.mark.parametrize(
    ("policy", "actor"),
    [
        ('allow(_: Person, "read", "page");', None),
        ('allow(_: Person, "read", "page");', Person),
        ('allow(_: Person, "edit", "page"); allow("root", "read", "page");', "ann"),
        ('allow(person, "read", "page") if person = "root";', "ann"),
        ('allow(_visitor, "edit", "page");', "ann"),
    ],
)
def test_other_actors_are_not_logged(caplog: t.Any, policy: str, actor: t.Any) -> None:
    """Nobody, an object, and a text where a policy is about texts, are denied in silence."""
    app = make_app()
    extension = FlaskOso(Oso(), app)
    oso = app.extensions["oso"].oso
    oso.register_class(Person)
    oso.load_str(policy)

    with app.app_context(), pytest.raises(Forbidden):
        extension.authorize("page", actor=actor, action="read")

    assert caplog.messages == []


def test_trouble_with_the_words_changes_no_denial(monkeypatch: t.Any) -> None:
    """A policy that cannot be asked, or a log that fails, leaves the answer 403."""
    site = make_site(WORDS)
    deny_log = type("Log", (), {"warning": property(lambda self: 1 / 0)})()
    monkeypatch.setattr(site.app, "logger", deny_log)

    deny(site, "eidt")
    monkeypatch.setattr(Oso, "known_actions", lambda self: 1 / 0)
    deny(site, "raed")


# -- the unauthorized action ---------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("log in", 200, b"log in"),
        (("teapot", 418, {"X-Kind": "pot"}), 418, b"teapot"),
        ({"error": "no"}, 200, b'{"error":"no"}\n'),
        ("", 200, b""),
    ],
)
@pytest.mark.parametrize("place", ["decorator", "inside", "hook"])
def test_unauthorized_action_gives_the_response(
    site: t.Any, place: str, answer: t.Any, status: int, body: bytes
) -> None:
    """What the unauthorized action returns is sent, and the view is not entered."""
    site.guard.set_unauthorized_action(lambda: answer)

    def inside() -> t.Any:
        site.guard.authorize("page", action="read")
        return site.enter()

    views = {"decorator": authorize(site.enter), "inside": inside, "hook": site.enter}
    site.app.add_url_rule("/", "view", views[place])
    if place == "hook":
        site.guard.perform_route_authorization(site.app)

    response = site.open("/")

    assert (response.status_code, response.data, site.entered) == (status, body, [])


def test_unauthorized_action_may_redirect(site: t.Any) -> None:
    """The usual action, a redirect to the login page, works."""
    site.guard.set_unauthorized_action(lambda: redirect("/login"))
    site.app.add_url_rule("/", "view", authorize(site.enter))

    response = site.open("/")

    assert (response.status_code, response.location) == (302, "/login")


def test_unauthorized_action_that_returns_nothing_is_403(site: t.Any) -> None:
    """An action that only logs does not let the view run."""
    site.guard.set_unauthorized_action(lambda: None)
    site.app.add_url_rule("/", "view", authorize(site.enter))

    assert (site.open("/").status_code, site.entered) == (403, [])


def test_unauthorized_action_may_be_async(site: t.Any) -> None:
    """A coroutine function is awaited, not taken for an answer."""

    async def action() -> str:
        return "log in"

    site.guard.set_unauthorized_action(action)
    site.app.add_url_rule("/", "view", authorize(site.enter))

    assert (site.open("/").data, site.entered) == (b"log in", [])


def test_actor_function_may_be_async(site: t.Any) -> None:
    """A coroutine function finds the actor, and is not taken for one."""

    async def get_actor() -> str:
        return "ann"

    site.guard.set_get_actor(get_actor)
    site.app.add_url_rule("/", "view", authorize(lambda: "page", resource="page"))

    assert site.open("/").status_code == 200


# -- require_authorization -----------------------------------------------------------


def test_require_needs_an_app() -> None:
    """Without an app the text says so."""
    with pytest.raises(
        OsoError, match="Cannot require authorization without Flask app object"
    ) as caught:
        FlaskOso().require_authorization()

    assert caught.value.__notes__ == ["Give it the app: 'init_app' keeps none."]


def test_forgotten_check_raises_in_testing(site: t.Any) -> None:
    """In testing the error reaches the test."""
    site.guard.require_authorization(site.app)
    site.app.testing = True
    site.app.add_url_rule("/", "view", site.enter)

    with pytest.raises(OsoError, match=r"Authorize not called\."):
        site.open("/")


def test_forgotten_check_names_the_view(site: t.Any) -> None:
    """The text is upstream's; a note names endpoint, file, line and remedy."""
    site.guard.require_authorization(site.app)
    site.app.testing = True
    site.app.add_url_rule("/", "view", site.enter)

    with pytest.raises(OsoError) as caught:
        site.open("/")

    code = site.enter.__func__.__code__
    assert str(caught.value) == "Authorize not called."
    assert caught.value.__notes__ == [
        f"The endpoint 'view' ({code.co_filename}:{code.co_firstlineno}) answered without calling"
        " 'authorize'; its answer was withheld. Call it, or 'scope' for a list; or exempt the view"
        " with '@skip_authorization'."
    ]


def ask_itself(policy: Oso) -> t.Any:
    """Ask a policy where a FlaskOso should be asked, and give nothing."""
    policy.authorize("ann", "read", "page")


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda: str(current_oso.authorize("ann", "read", "page")), "authorize"),
        (lambda: [current_oso.is_allowed("ann", "read", each) for each in ["page"]], "is_allowed"),
        (lambda: str(ask_itself(current_oso)), "authorize"),
    ],
)
def test_question_to_the_policy_itself_is_told_from_a_forgotten_one(
    site: t.Any, ask: t.Any, name: str
) -> None:
    """A question to the Oso itself authorizes nothing; a second note says so, and what does."""
    site.guard.require_authorization(site.app)
    site.app.testing = True
    site.app.add_url_rule("/", "view", ask)

    with pytest.raises(OsoError) as caught:
        site.open("/")

    assert str(caught.value) == "Authorize not called."
    assert caught.value.__notes__[0].startswith("The endpoint 'view' (")
    assert caught.value.__notes__[1] == (
        f"Its code calls '{name}'. That of an Oso, such as 'current_oso', does not count: call"
        " 'authorize' or 'load' of the FlaskOso, as in 'oso.authorize(\"read\", note)', or 'scope'"
        " for a list."
    )


def test_forgotten_check_is_named_at_the_border(site: t.Any) -> None:
    """Where a failing hook keeps the gate from its turn, the border adds the same note."""
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)
    site.app.register_error_handler(500, lambda error: "all is well")
    site.app.after_request(lambda response: 1 / 0)

    with pytest.raises(OsoError, match=r"^Authorize not called\.") as caught:
        site.open("/")

    assert "endpoint 'view'" in caught.value.__notes__[0]
    assert "or exempt the view" in caught.value.__notes__[0]


def test_decision_that_failed_is_named_at_the_border(site: t.Any) -> None:
    """Where 'authorize' was called in vain, the note does not say that it was not called."""
    site.guard.set_oso(Oso())
    site.app.register_error_handler(OsoError, lambda error: ("no", 500))
    site.app.add_url_rule("/", "view", authorize(site.enter))

    def succeed(response: flask.Response) -> flask.Response:
        response.status_code = 200
        return response

    site.app.after_request_funcs[None].insert(0, succeed)

    with pytest.raises(OsoError, match=r"^Authorize not called\.") as caught:
        site.open("/")

    assert "came to no decision" in caught.value.__notes__[0]


def test_forgotten_check_is_500(demanding: t.Any) -> None:
    """A forgotten check is a server error without the view's body."""
    demanding.app.add_url_rule("/", "view", demanding.enter)

    response = demanding.open("/")

    assert response.status_code == 500
    assert b"SECRET" not in response.data


def test_handler_for_500_sees_the_original_error(site: t.Any) -> None:
    """The app's error page gets 'Authorize not called.' as the original exception."""
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)
    site.app.register_error_handler(500, lambda e: (str(e.original_exception), 500))

    response = site.open("/")

    assert (response.status_code, response.data[:21]) == (500, b"Authorize not called.")


@pytest.mark.parametrize("user", ["ann", "eve"])
def test_inside_check_satisfies(demanding: t.Any, user: str) -> None:
    """A check inside counts, whether it allows or denies."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> str:
        demanding.guard.authorize("page", action="read")
        return "page"

    assert demanding.open("/", user).status_code == {"ann": 200, "eve": 403}[user]


def test_swallowed_denial_satisfies(site: t.Any) -> None:
    """A view that catches its denial and answers is taken at its word; not if strict."""
    site.guard.require_authorization(site.app)

    @site.app.get("/")
    @authorizes_inside
    def view() -> str:
        with pytest.raises(Forbidden):
            site.guard.authorize("page", action="read")
        return "something harmless"

    assert site.open("/").data == b"something harmless"


def test_skip_satisfies(demanding: t.Any) -> None:
    """An exempted view answers; the reason stays with the request."""
    reasons = []

    @demanding.app.get("/")
    @skip_authorization(reason="public")
    def view() -> str:
        reasons.append(vars(flask.request._get_current_object()))  # type: ignore[attr-defined]
        return "open"

    assert demanding.open("/").data == b"open"
    assert "public" in str(reasons)


def test_skip_inside_satisfies(demanding: t.Any) -> None:
    """The method 'skip_authorization' satisfies the requirement in a view that decides itself."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> str:
        demanding.guard.skip_authorization("public")
        return "open"

    assert demanding.open("/").data == b"open"


def test_direct_question_does_not_satisfy(demanding: t.Any) -> None:
    """Asking the Oso is not authorizing the request."""

    @demanding.app.get("/")
    @authorizes_inside
    def view() -> t.Any:
        demanding.app.extensions["oso"].oso.is_allowed("ann", "read", "page")
        return demanding.enter()

    assert demanding.open("/").status_code == 500


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/none", "GET", 404), ("/dir", "GET", 308), ("/", "PUT", 405)]
)
def test_routing_answers_pass(demanding: t.Any, path: str, method: str, status: int) -> None:
    """Where no route matches, there is nothing to authorize."""
    view = authorizes_inside(demanding.enter)
    demanding.app.add_url_rule("/", "view", view)
    demanding.app.add_url_rule("/dir/", "dir", view)

    assert demanding.open(path, method=method).status_code == status


def test_static_files_pass(tmp_path: pathlib.Path) -> None:
    """Static files of the app and of blueprints need no check."""
    (tmp_path / "a.css").write_text("p {}")
    app = make_app(static=tmp_path)
    app.register_blueprint(
        Blueprint("shop", "shop", static_folder=str(tmp_path), static_url_path="/shop/static")
    )
    FlaskOso(app=app).require_authorization(strict=True)
    client = app.test_client()

    paths = ("/static/a.css", "/shop/static/a.css", "/static/b.css")
    assert [client.get(path, buffered=True).status_code for path in paths] == [200, 200, 404]


def test_view_in_place_of_static_is_not_exempt(demanding: t.Any, tmp_path: pathlib.Path) -> None:
    """The exemption is for Flask's own function, not for the name 'static'."""
    demanding.app.view_functions["static"] = lambda filename: demanding.enter()

    assert demanding.open("/static/a.css").status_code == 500


def test_automatic_options_pass(demanding: t.Any) -> None:
    """Flask's answer to OPTIONS needs no check, and enters no view."""
    demanding.app.add_url_rule("/", "view", authorizes_inside(demanding.enter))

    response = demanding.open("/", method="OPTIONS")

    assert (response.status_code, demanding.entered) == (200, [])


def test_options_of_a_view_are_checked(demanding: t.Any) -> None:
    """A view that answers OPTIONS itself is a view."""
    demanding.app.add_url_rule("/", "view", demanding.enter, methods=["OPTIONS"])

    assert demanding.open("/", method="OPTIONS").status_code == 500


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418, 499, 503])
def test_aborts_keep_their_status(site: t.Any, status: int) -> None:
    """A view that aborts before it authorizes keeps its status, and nothing else."""
    site.guard.require_authorization(site.app)

    @site.app.get("/")
    def view() -> t.Any:
        flask.session["trace"] = "SECRET"
        return "SECRET", status, {"X-Secret": "SECRET"}

    site.app.secret_key = "key"
    response = site.open("/")

    assert response.status_code == status
    assert b"SECRET" not in response.data
    assert not {"X-Secret", "Set-Cookie"} & set(response.headers.keys())


def test_head_is_judged_as_get(site: t.Any) -> None:
    """Whoever may GET may HEAD, and nobody else."""
    site.app.add_url_rule("/", "view", authorize(resource="page")(site.enter))

    assert [site.open("/", user, method="HEAD").status_code for user in ("ann", "eve")] == [
        200,
        403,
    ]


def test_head_of_a_route_is_judged_as_get(site: t.Any) -> None:
    """HEAD is judged as GET under route authorization."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)

    assert [site.open("/", user, method="HEAD").status_code for user in ("ann", "eve")] == [
        200,
        403,
    ]


def test_strict_requirement_refuses_before_the_view() -> None:
    """The money does not move, and the message names the place and the remedies."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.testing = True

    @site.app.post("/pay")
    def pay() -> t.Any:
        return site.enter("MONEY MOVED")

    with pytest.raises(OsoError) as caught:
        site.open("/pay", "root", method="POST")

    assert site.entered == []
    text = str(caught.value)
    assert "'pay'" in text
    assert f"{__file__}:{pay.__code__.co_firstlineno}" in text
    assert "'@authorize'" in text
    assert "'@skip_authorization'" in text
    assert "'@authorizes_inside'" in text


def test_plain_requirement_runs_the_view_and_withholds(site: t.Any) -> None:
    """The plain form lets views decide inside, undeclared; it judges the answer."""
    site.guard.require_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)

    assert (site.open("/").status_code, site.entered) == (500, ["/"])


def test_declared_view_must_authorize() -> None:
    """A declaration opens the view, and does not let its answer out."""
    site = make_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/", "view", authorizes_inside(site.enter))

    assert (site.open("/", "root").status_code, site.entered) == (500, ["/"])


def test_route_authorization_counts_as_a_guard() -> None:
    """Under both switches an undecorated view is entered if its route is allowed."""
    site = make_judged_site(OSO_ENFORCE="strict")
    site.app.add_url_rule("/", "view", lambda: "page")

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]


# -- perform_route_authorization -----------------------------------------------------


def test_route_authorization_needs_an_app() -> None:
    """Without an app the text says so."""
    with pytest.raises(
        OsoError, match="Cannot perform route authorization without Flask app object"
    ):
        FlaskOso().perform_route_authorization()


def test_route_authorization_judges_the_request() -> None:
    """Actor, method and request are what is judged; what is denied is not entered."""
    site = make_judged_site('allow("ann", "POST", r: Request) if r.path = "/form";')
    site.app.add_url_rule("/form", "form", lambda: "form", methods=["GET", "POST"])
    site.app.add_url_rule("/other", "other", site.enter, methods=["POST"])

    requests = [("/form", "POST"), ("/form", "GET"), ("/other", "POST"), ("/none", "POST")]
    assert [site.open(path, "ann", method=method).status_code for path, method in requests] == [
        200,
        403,
        403,
        404,
    ]


def test_route_authorization_works_without_init_app() -> None:
    """Upstream's order of calls works: no 'init_app' is needed for the hook."""
    app = make_app()
    app.add_url_rule("/", "view", lambda: "page")
    extension = FlaskOso(Oso())
    extension.oso.load_str('allow(nil, "GET", _: Request);')
    extension.set_get_actor(lambda: None)

    extension.perform_route_authorization(app)

    assert app.test_client().get("/").status_code == 200


def test_route_authorization_includes_static_files_and_skipped_views() -> None:
    """Neither static files nor skipped views are exempt from route authorization."""
    site = make_judged_site()
    site.app.add_url_rule("/", "view", skip_authorization(site.enter))

    assert [site.open(path).status_code for path in ("/static/a.css", "/")] == [403, 403]


def test_user_may_be_loaded_by_a_later_function() -> None:
    """The function that loads the user may be registered afterwards."""
    app = make_app()
    app.add_url_rule("/", "view", lambda: "page")
    extension = FlaskOso(Oso(), app)
    extension.oso.load_str('allow("ann", "GET", _: Request);')
    extension.perform_route_authorization()

    @app.before_request
    def load() -> None:
        g.current_user = flask.request.args["user"]

    client = app.test_client()
    assert [client.get(f"/?user={user}").status_code for user in ("ann", "eve")] == [200, 403]


def test_later_function_cannot_answer_past_route_authorization(site: t.Any) -> None:
    """An answer that a later function gives in place of the view is judged as the view is."""
    site.guard.perform_route_authorization(site.app)
    site.app.before_request(lambda: "CACHED")
    site.app.add_url_rule("/", "view", site.enter)

    assert [site.open("/", user).data[:6] for user in ("ann", "eve")] == [b"CACHED", b"<!doct"]


def test_later_function_may_abort_before_the_judgement(site: t.Any) -> None:
    """A user loader that answers 401 is not turned into an error of the server."""
    site.guard.perform_route_authorization(site.app)
    site.guard.set_get_actor(lambda: g.nobody)
    site.app.before_request(lambda: flask.abort(401))
    site.app.add_url_rule("/", "view", site.enter)

    assert site.open("/").status_code == 401


def test_earlier_function_may_answer(site: t.Any) -> None:
    """What was registered before route authorization answers first, as upstream."""
    site.app.before_request(lambda: redirect("/login"))
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)

    assert site.open("/").status_code == 302


def test_route_authorization_precedes_blueprint_functions(site: t.Any) -> None:
    """A function of a blueprint runs for allowed requests only."""
    site.guard.perform_route_authorization(site.app)
    blueprint = Blueprint("shop", "shop")
    blueprint.before_request(lambda: site.enter(None))
    blueprint.add_url_rule("/", "view", lambda: "page")
    site.app.register_blueprint(blueprint)

    assert [site.open("/", user).status_code for user in ("ann", "eve")] == [200, 403]
    assert site.entered == ["/"]


def test_route_authorization_of_a_request_dispatched_by_hand(site: t.Any) -> None:
    """A request that does not come through WSGI is judged all the same."""
    site.guard.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)

    with site.app.test_request_context("/?user=eve"):
        response = site.app.full_dispatch_request()

    assert (response.status_code, site.open("/").status_code, site.entered) == (403, 403, [])


@pytest.mark.parametrize("order", [["ann", "eve"], ["eve", "ann"]])
def test_route_that_one_of_two_extensions_denies_is_denied(site: t.Any, order: list[str]) -> None:
    """The first allows and the second denies, or the other way round: the view is not entered."""
    site.guard.set_oso(Oso())
    extensions = [FlaskOso(Oso()) for _ in order]
    for extension, user in zip(extensions, order, strict=True):
        extension.oso.load_str(f'allow(user, _, _: Request) if user in ["{user}", "root"];')
        extension.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", site.enter)

    statuses = [site.open("/", user).status_code for user in ("ann", "eve", "root")]

    assert (statuses, site.entered) == ([403, 403, 200], ["/"])


@pytest.mark.parametrize("order", [["ann", "eve"], ["eve", "ann"]])
def test_blueprint_that_one_of_two_extensions_denies_is_denied(
    site: t.Any, order: list[str]
) -> None:
    """Each asks its own policy, and both must allow."""
    rooms = Blueprint("rooms", "rooms")
    for user in order:
        extension = FlaskOso(Oso(), site.app)
        extension.oso.load_str(f'allow(user, "enter", "hall") if user in ["{user}", "root"];')
        extension.set_get_actor(lambda: flask.request.args["user"])
        extension.guard(rooms, "enter", "hall")
    rooms.add_url_rule("/", "view", site.enter)
    site.app.register_blueprint(rooms)

    statuses = [site.open("/", user).status_code for user in ("ann", "eve", "root")]

    assert (statuses, site.entered) == ([403, 403, 200], ["/"])


@pytest.mark.parametrize("is_first", [True, False])
def test_decorator_and_guard_of_another_extension_must_both_allow(
    site: t.Any, is_first: bool
) -> None:
    """The decorator asks the first extension, whatever the second one allowed before."""
    strict, lax = Oso(), FlaskOso(Oso())
    strict.load_str('allow("root", "read", "page");')
    lax.oso.load_str("allow(_, _, _);")
    app, rooms = make_app("app"), Blueprint("rooms", "rooms")
    first, second = (FlaskOso(strict), lax) if is_first else (lax, FlaskOso(strict))
    first.init_app(app)
    second.init_app(app)
    for extension in (first, second):
        extension.set_get_actor(lambda: flask.request.args["user"])
    second.guard(rooms, "read", "page")
    rooms.add_url_rule("/", "view", authorize("read", "page")(lambda: "page"))
    app.register_blueprint(rooms)

    client = app.test_client()

    assert [client.get(f"/?user={user}").status_code for user in ("ann", "root")] == [403, 200]


@pytest.mark.parametrize("name", ["authorize", "load", "why"])
def test_extension_that_the_app_does_not_have_is_not_asked(site: t.Any, name: str) -> None:
    """Its policy is not that of the app, whatever it allows."""
    other = FlaskOso(Oso())
    other.oso.load_str("allow(_, _, _);")
    other.set_get_actor(lambda: "ann")
    other.loader(str)(lambda identity: identity)
    arguments = (str, "page") if name == "load" else ("page",)
    options = {"action": "read"} if name != "why" else {"resource": "page"}

    with site.app.test_request_context("/"), pytest.raises(OsoError) as caught:
        getattr(other, name)(*arguments, **options)

    assert str(caught.value) == (
        "The app has another FlaskOso than this one, whose policy it does not know. Ask the"
        " FlaskOso of the app, or call 'init_app' of this one, too."
    )


def test_decorators_that_ask_the_first_of_two_extensions_are_told_of(
    site: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says it once; nothing but the first extension is asked."""
    second = FlaskOso(Oso(), site.app)
    second.oso.load_str("allow(_, _, _);")
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))

    assert [site.open("/", "eve").status_code for _ in range(2)] == [403, 403]
    assert [record.getMessage() for record in caplog.records] == [
        "The app 'site' has 2 FlaskOso with policies of their own, and '@authorize' asks the one"
        " that was initialized first. To ask another one, call its 'guard', 'authorize' or 'load',"
        " or initialize it first."
    ]


def test_two_extensions_both_judge_routes(site: t.Any) -> None:
    """With two extensions decorators use the first, route authorization both."""
    second = FlaskOso(Oso())
    second.oso.load_str('allow(_, _, r: Request) if r.path = "/";')
    second.init_app(site.app)
    site.guard.perform_route_authorization(site.app)
    second.perform_route_authorization(site.app)
    site.app.add_url_rule("/", "view", authorize(resource="page")(lambda: "page"))
    site.app.add_url_rule("/other", "other", lambda: "other")

    answers = [("/", "ann"), ("/", "eve"), ("/other", "ann")]
    assert [site.open(*answer).status_code for answer in answers] == [200, 403, 403]


def test_not_found_before_authorizing_is_404(site: t.Any) -> None:
    """'raise NotFound()' before the check, as upstream's guide shows it, is 404."""
    site.guard.require_authorization(site.app)

    @site.app.get("/")
    def view() -> t.NoReturn:
        raise NotFound("SECRET")

    response = site.open("/")

    assert response.status_code == 404
    assert b"SECRET" not in response.data


@pytest.mark.parametrize("named", [3, ["policy.polar", 3]])
def test_policy_that_is_no_name(named: t.Any) -> None:
    """What is no name of a file is an error of the configuration."""
    with pytest.raises(
        OsoError, match="'OSO_POLICIES' must be the name of a file or a list, not 3"
    ):
        FlaskOso(make_app(OSO_POLICIES=named))
