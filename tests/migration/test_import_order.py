"""Where ``install_as_oso`` has to stand."""

from __future__ import annotations

import typing as t

import pytest

CALL = "import flask_oso\nflask_oso.install_as_oso()\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"app.py": "import oso\n"}, ["M101 app.py:1"]),
        ({"app.py": "\nfrom polar.exceptions import OsoError\n"}, ["M101 app.py:2"]),
        ({"app.py": "def f():\n  from sqlalchemy_oso import register_models\n"}, ["M101 app.py:2"]),
        ({"a/b.py": "import oso\n", "z.py": "import oso\n"}, ["M101 z.py:1"]),
        ({"test_a.py": "import oso\n", "x/y.py": "import oso\n"}, ["M101 x/y.py:1"]),
        ({"p/settings.py": "INSTALLED_APPS = [\n 'django_oso']\n"}, ["M101 p/settings.py:2"]),
        ({"settings.py": "INSTALLED_APPS += ['django_oso']\n"}, ["M101 settings.py:1"]),
        ({"app.py": CALL + "import oso\n"}, []),
        ({"app.py": "import oso\n" + CALL}, ["M102 app.py:1"]),
        ({"app.py": "try:\n  import oso\nexcept ImportError: pass\n" + CALL}, ["M102 app.py:2"]),
        ({"app.py": "def f():\n  import oso\n" + CALL}, []),
        ({"app.py": "if t.TYPE_CHECKING:\n  import oso\n" + CALL}, []),
        ({"app.py": "from flask_oso import install_as_oso as i\ni()\nimport oso\n"}, []),
        ({"app.py": "from .oso import policy\nfrom . import oso\nimport polars\n"}, []),
        ({"app.py": "APPS = ['django_oso']\n"}, []),
        ({"app.py": "import flask_oso\n"}, []),
    ],
)
def test_install_line(places: t.Any, files: dict[str, str], found: list[str]) -> None:
    """It has to be there, and to run before the first import of what it stands for."""
    assert places(files) == found


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        ({"tests/test_a.py": "import oso\n"}, ["M103 tests/test_a.py:1"]),
        ({"tests/a_test.py": "import oso\n"}, ["M103 tests/a_test.py:1"]),
        ({"tests/test_a.py": "import app\n"}, []),
        ({"tests/test_a.py": CALL + "import oso\n"}, []),
        ({"tests/test_a.py": "import oso\n", "conftest.py": CALL}, []),
        ({"tests/deep/test_a.py": "import oso\n", "tests/conftest.py": CALL}, []),
        (
            {"tests/test_a.py": "import oso\n", "others/conftest.py": CALL},
            ["M103 tests/test_a.py:1"],
        ),
    ],
)
def test_install_line_of_tests(places: t.Any, tests: dict[str, str], found: list[str]) -> None:
    """Tests that import 'oso' themselves need it in a ``conftest.py`` beside or above them."""
    assert places({"app.py": CALL + "import oso\n", **tests}) == found


def test_settings_of_django_are_named(check: t.Any) -> None:
    """Django imports its settings before everything else of the project."""
    files = {
        "shop/urls.py": "from django_oso.auth import authorize\n",
        "shop/settings.py": "INSTALLED_APPS = ['django_oso']\n",
    }

    (found,) = check(files)

    assert found.message == (
        "'oso' is used here, and nothing calls 'install_as_oso'. Put 'import flask_oso;"
        " flask_oso.install_as_oso()' at the top of the settings, which Django imports first. It is"
        " used in 1 other file, too."
    )
