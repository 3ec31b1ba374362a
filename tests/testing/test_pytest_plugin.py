"""The pytest plugin: its fixtures, what a test that fails prints, and '--oso-cov'."""

from __future__ import annotations

import re
import sys
import typing as t

import pytest

from flask_oso.testing.policy_coverage import IN_REPORT

pytestmark = pytest.mark.slow

pytest_plugins = "pytester"

POLICY = """\
allow("ana", "read", "diary");
allow("ana", "edit", "diary");

allow(user, "read", "page") if
  known(user);
allow(_, "break", x) if x.missing;
known("ben");
"""
APP = """\
from flask import Flask
from flask_oso import FlaskOso, authorize

def create_app():
    app = Flask("site", root_path=ROOT)
    app.config["OSO_POLICIES"] = "policy.polar"
    FlaskOso(app=app)
    app.add_url_rule("/", "diary", authorize(lambda: "x", action="read", resource="diary"))
    return app
"""
CONFTEST = """\
import pytest
from site_of_tests import create_app

@pytest.fixture
def app():
    return create_app()
"""
TESTS = """\
def test_ana(assert_allowed):
    assert_allowed("ana", "read", "diary")
"""
#: What the tests above leave untried, as coverage.py shows it.
REPORTED = [r"policy\.polar +6 +5 +17%   2-7"]
CONFIGURED = "[run]\nplugins = flask_oso.coverage\nsource = .\n"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a directory with an application, its policy and a test."""
    for name in ("POLAR_TIMEOUT_MS", "PYTEST_XDIST_WORKER", "COV_CORE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    (pytester.path / "policy.polar").write_text(POLICY, encoding="utf-8")
    pytester.makepyfile(site_of_tests=APP.replace("ROOT", repr(str(pytester.path))))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    return pytester


def run(project: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run tests in this process, with warnings as errors."""
    project.makepyfile(tests)
    return project.runpytest_inprocess("-q", "-W", "error", *arguments)


def run_alone(project: pytest.Pytester, *arguments: str, by: t.Any = ()) -> pytest.RunResult:
    """Run the tests of the project in a process of their own, with warnings as errors."""
    return project.run(sys.executable, *by, "-m", "pytest", "-q", "-W", "error", *arguments)


# -- fixtures ------------------------------------------------------------------------------


def test_oso_is_that_of_the_app(project: pytest.Pytester) -> None:
    """The fixture 'oso' is the one that the application asks."""
    tests = """
def test(oso, app):
    assert oso is app.extensions["oso"].oso
    assert oso.is_allowed("ana", "read", "diary")
"""
    run(project, tests).assert_outcomes(passed=1)


def test_oso_works_with_pytest_flask(project: pytest.Pytester) -> None:
    """Its fixtures stand beside ours, and take the same app."""
    tests = """
def test(client, as_user, oso):
    assert client.application.extensions["oso"].oso is oso
    assert as_user(client, "ana").get("/").status_code == 200
    assert as_user(client, "ben").get("/").status_code == 403
"""
    run(project, tests).assert_outcomes(passed=1)


def test_oso_without_an_app_says_what_to_write(project: pytest.Pytester) -> None:
    """The message is the whole of it: there is no traceback through the plugin."""
    project.makeconftest("")

    result = run(project, TESTS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "The fixture 'oso' takes the Oso of the fixture 'app', and there is none. Write one"
            " that gives your application, in 'conftest.py':",
            "",
            "    @pytest.fixture",
            "    def app():",
            "        return create_app()",
            "",
            "or a fixture 'oso' that gives an Oso, if there is no application.",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*_flask_oso_pytest*")
    result.stdout.no_fnmatch_line("During handling of the above exception*")


def test_oso_with_an_app_that_lacks_a_fixture(project: pytest.Pytester) -> None:
    """What the user's own fixture misses is not taken for a missing app."""
    project.makeconftest("import pytest\n\n@pytest.fixture\ndef app(db):\n    pass\n")

    result = run(project, TESTS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'db' not found"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("object()", "*TypeError: The fixture 'app' gave 'object' in place of a Flask app."),
        ("__import__('flask').Flask('x')", "*OsoError: No oso instance on current application.*"),
    ],
)
def test_oso_of_an_app_without_one(project: pytest.Pytester, given: str, message: str) -> None:
    """The error for an app without an Oso says what the fixture gave."""
    project.makeconftest(f"import pytest\n\n@pytest.fixture\ndef app():\n    return {given}\n")

    result = run(project, TESTS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


@pytest.mark.parametrize("given", ["oso", "FlaskOso(oso)"])
def test_own_oso_takes_the_place(project: pytest.Pytester, given: str) -> None:
    """A fixture of the same name wins, whether it gives an Oso or a FlaskOso."""
    project.makeconftest(f"""
import pytest
from flask_oso import FlaskOso, Oso

@pytest.fixture
def oso():
    oso = Oso()
    oso.load_str('allow("ana", "read", "diary");')
    return {given}
""")
    run(project, TESTS).assert_outcomes(passed=1)


def test_own_oso_that_is_none(project: pytest.Pytester) -> None:
    """Something else of that name is not asked."""
    project.makeconftest("import pytest\n\n@pytest.fixture\ndef oso():\n    return 7\n")

    result = run(project, TESTS)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TypeError: The fixture 'oso' gave 'int' in place of an Oso."])


# -- what a test prints --------------------------------------------------------------------


def test_assert_allowed_prints_the_proof(project: pytest.Pytester) -> None:
    """The question, and the rules that were tried; the traceback ends in the test."""
    tests = """
def test(assert_allowed):
    assert_allowed("eve", "read", "page")
"""
    result = run(project, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ['*assert_allowed("eve"*', "E *AssertionError: Expected allowed, got denied."]
    )
    result.stdout.fnmatch_lines(
        ['E *DENIED: "eve" may not "read" "page".', "E *known(user) *", "E *policy.polar:6:1*"]
    )
    result.stdout.no_fnmatch_line("*testing.py*")


def test_assert_denied_prints_the_proof(project: pytest.Pytester) -> None:
    """The question, and the rule that allows."""
    tests = """
def test(assert_denied):
    assert_denied("ben", "read", "page")
"""
    result = run(project, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: Expected denied, got allowed.",
            'E *ALLOWED: "ben" may "read" "page".',
            "E *known(user)*",
        ]
    )


@pytest.mark.parametrize("fixture", ["assert_allowed", "assert_denied"])
def test_broken_policy_is_an_error(project: pytest.Pytester, fixture: str) -> None:
    """A broken policy neither allows nor denies in an assertion."""
    tests = f"""
import pytest
from flask_oso import OsoError

def test({fixture}):
    with pytest.raises(OsoError, match="missing"):
        {fixture}("ana", "break", "page")
"""
    run(project, tests).assert_outcomes(passed=1)


def test_assert_matrix_prints_all_that_is_wrong(project: pytest.Pytester) -> None:
    """'assert_matrix' prints all that is wrong as a table, with the proof of the first."""
    tests = '''
def test(assert_matrix):
    assert_matrix(
        """
        actor | resource | read | edit | break
        ------+----------+------+------+------
        ana   | diary    | yes  | yes  | no
        ben   | page     | no   | yes  | no
        """,
        actors={"ana": "ana", "ben": "ben"},
        resources={"diary": "diary", "page": "page"},
    )
'''
    result = run(project, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: 4 of 6 answers are not as expected.",
            "E *actor  action  resource  expected  got",
            "E *ana    break   diary     denied    error",
            "E *ben    read    page      denied    allowed",
            "E *ben    edit    page      allowed   denied",
            "E *ben    break   page      denied    error",
            'E *BROKEN: An error ended the evaluation: whether "ana" may "break" "diary" *',
            "E *object has no attribute 'missing' at line 6, *",
        ]
    )
    result.stdout.no_fnmatch_line("*testing.py*")


# -- a plugin that nobody uses ---------------------------------------------------------------


def test_plugin_is_inert(project: pytest.Pytester) -> None:
    """Where no fixture of it is used, the package is not even imported."""
    project.makeconftest("")
    project.makepyfile("import sys\n\ndef test():\n    assert 'flask_oso' not in sys.modules\n")

    run_alone(project, "-p", "no:flask").assert_outcomes(passed=1)


def test_plugin_can_be_left_out(project: pytest.Pytester) -> None:
    """By its name, as any other."""
    result = run_alone(project, "-p", "no:flask_oso")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'assert_allowed' not found"])


@pytest.mark.full
def test_plugin_works_with_importlib(project: pytest.Pytester) -> None:
    """The way in which pytest imports tests is not of importance."""
    run_alone(project, "--import-mode=importlib", "-o", "pythonpath=.").assert_outcomes(passed=1)


@pytest.mark.full
def test_package_is_measured_from_its_first_line(project: pytest.Pytester) -> None:
    """The plugin does not import it before pytest-cov begins."""
    (project.path / ".coveragerc").write_text("[report]\ninclude = */flask_oso/polar/__init__.py\n")

    result = run_alone(project, "--cov=flask_oso", "--cov-report=term")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r".*flask_oso/polar/__init__\.py +\d+ +0 +100%"])


# -- coverage of rules -----------------------------------------------------------------------


def test_oso_cov_alone_reports_policies(project: pytest.Pytester) -> None:
    """Nothing else measures: policies are measured, and nothing else is."""
    result = run_alone(project, "--oso-cov")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["=* coverage of policies =*"])
    result.stdout.re_match_lines(REPORTED)
    result.stdout.no_fnmatch_line("*.py *%*")
    assert not (project.path / ".coverage").exists()


def test_oso_cov_in_the_report_of_pytest_cov(project: pytest.Pytester) -> None:
    """Policies stand beside the Python files."""
    result = run_alone(project, "--oso-cov", "--cov=.", "--cov-report=term-missing")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([*REPORTED, r"site_of_tests\.py +\d+ +0 +100%"])
    result.stdout.no_fnmatch_line("*coverage of policies*")


@pytest.mark.full
@pytest.mark.parametrize(
    "cov", [["-n2"], ["-n1", "--cov=.", "--cov-report=term-missing"]], ids=["alone", "pytest-cov"]
)
def test_oso_cov_with_several_processes(project: pytest.Pytester, cov: list[str]) -> None:
    """What each worker of pytest-xdist reaches is put together."""
    project.makepyfile(test_ben='def test(oso):\n    assert oso.is_allowed("ben", "read", "page")')

    result = run_alone(project, "--oso-cov", *cov)

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r"policy\.polar +6 +2 +67%   2, 6"])


@pytest.mark.full
def test_oso_cov_under_coverage_run(project: pytest.Pytester) -> None:
    """'--oso-cov' under 'coverage run' works with the line that 'coverage report' needs."""
    (project.path / ".coveragerc").write_text(CONFIGURED, encoding="utf-8")

    ran = run_alone(project, "--oso-cov", by=["-m", "coverage", "run"])
    report = project.run(sys.executable, "-m", "coverage", "report", "-m")

    ran.assert_outcomes(passed=1)
    ran.stdout.no_fnmatch_line("*coverage of policies*")
    report.stdout.re_match_lines(REPORTED)


@pytest.mark.full
def test_oso_cov_under_coverage_run_that_knows_no_policies(project: pytest.Pytester) -> None:
    """Policies are reported at the end of the tests, and it is said what the report needs."""
    ran = run_alone(project, "--oso-cov", by=["-m", "coverage", "run", "--source=."])
    report = project.run(sys.executable, "-m", "coverage", "report", "-m")

    ran.assert_outcomes(passed=1)
    ran.stdout.re_match_lines([*REPORTED, re.escape(IN_REPORT.rstrip())])
    ran.stdout.no_fnmatch_line("*.py *%*")
    report.stdout.re_match_lines([r"site_of_tests\.py +\d+ +0 +100%"])
    report.stdout.no_fnmatch_line("*policy.polar*")


@pytest.mark.full
def test_oso_cov_with_a_configured_plugin(project: pytest.Pytester) -> None:
    """To say it twice does no harm."""
    (project.path / ".coveragerc").write_text(CONFIGURED, encoding="utf-8")

    result = run_alone(project, "--oso-cov", "--cov", "--cov-report=term-missing")

    result.stdout.re_match_lines(REPORTED)


@pytest.mark.full
def test_oso_cov_without_a_policy(project: pytest.Pytester) -> None:
    """An empty report says so."""
    project.makepyfile("def test():\n    pass")

    result = run_alone(project, "--oso-cov")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["No policy file was loaded."])


def test_oso_cov_measures_nothing_with_no_cov(project: pytest.Pytester) -> None:
    """'--no-cov' is for debuggers, which a measurement disturbs."""
    result = run_alone(project, "--oso-cov", "--no-cov")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*policy.polar*")


def test_oso_cov_without_coverage(project: pytest.Pytester) -> None:
    """'--oso-cov' without coverage.py says what to install."""
    project.makepyfile(without="import sys\nsys.modules['coverage'] = None\n")

    result = run_alone(project, "-p", "no:pytest_cov", "-p", "without", "--oso-cov")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: '--oso-cov' needs coverage.py. Install it with: pip install"
            " 'flask-oso[[]coverage]'"
        ]
    )


# -- tests in policies ---------------------------------------------------------------------

TESTED = """\
allow(user: User, "read", note: Note) if note.author = user;
test "authors read" { assert allow(User{1}, "read", Note{1, author: User{1}}); }
test "all read" {
  assert allow(User{2}, "read", Note{1, author: User{1}}); }
"""


def test_tests_in_policies_are_collected(project: pytest.Pytester) -> None:
    """A policy with tests is a file of tests, and a failure shows its proof."""
    (project.path / "tested.polar").write_text(TESTED, encoding="utf-8")

    result = run(project, TESTS)

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*all read*", "line 4: assert allow(*", "It does not hold.", "*DENIED:*"]
    )


def test_policy_with_an_error_is_no_test_that_passes(project: pytest.Pytester) -> None:
    """A policy with tests that does not load is an error of the collection."""
    (project.path / "tested.polar").write_text(TESTED + "allow(", encoding="utf-8")

    result = run(project, TESTS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*hit the end of the file*"])


def test_policies_of_an_app_are_tested_with_its_classes(project: pytest.Pytester) -> None:
    """``oso_app`` names the app whose classes and other files belong to the tests."""
    with (project.path / "policy.polar").open("a", encoding="utf-8") as file:
        file.write('test "ana reads" { assert allow("ana", "read", "diary"); }\n')
    project.makeini("[pytest]\noso_app = site_of_tests:create_app\npythonpath = .")

    result = run(project, TESTS, "policy.polar")

    result.assert_outcomes(passed=1)


def test_app_that_is_not_there_is_told(project: pytest.Pytester) -> None:
    """A wrong name fails the collection, and tests are not run with other classes."""
    (project.path / "tested.polar").write_text(TESTED, encoding="utf-8")
    project.makeini("[pytest]\noso_app = site_of_tests:nothing\npythonpath = .")

    result = run(project, TESTS, "tested.polar")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'oso_app' names 'site_of_tests:nothing'*"])


def test_file_with_tests_alone_is_about_the_policy_of_the_app(project: pytest.Pytester) -> None:
    """A file that has no rules is tested together with the rules of ``oso_app``."""
    (project.path / "rules.polar").write_text(
        'test "ana reads" { assert allow("ana", "read", "diary"); }', encoding="utf-8"
    )
    project.makeini("[pytest]\noso_app = site_of_tests:create_app\npythonpath = .")

    result = run(project, TESTS, "rules.polar")

    result.assert_outcomes(passed=1)


def test_file_with_tests_alone_asks_for_the_app(project: pytest.Pytester) -> None:
    """Without ``oso_app`` its tests fail, and say which line is missing."""
    (project.path / "rules.polar").write_text(
        'test "ana reads" { assert allow("ana", "read", "diary"); }', encoding="utf-8"
    )

    result = run(project, TESTS, "rules.polar")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*This file has tests and no rules.*", "*oso_app = *"])


@pytest.mark.parametrize(("setting", "passed"), [("true", 2), ("false", 0)])
def test_policies_are_shared_where_the_configuration_says_so(
    project: pytest.Pytester, setting: str, passed: int
) -> None:
    """Each test has an application of its own, and the policy of the one before."""
    project.makeini(f"[pytest]\noso_share_policies = {setting}\n")
    tests = """
        import pytest
        from flask_oso import Oso

        ENGINES = []

        @pytest.mark.parametrize("number", [0, 1])
        def test_engine(number):
            oso = Oso()
            oso.load_str('allow("ana", "read", "diary");')
            ENGINES.append(oso.engine)
            other = Oso()
            other.load_str('allow("ana", "read", "diary");')
            assert other.engine is ENGINES[0]
    """

    run(project, tests).assert_outcomes(passed=passed, failed=2 - passed)
