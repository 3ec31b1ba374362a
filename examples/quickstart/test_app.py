"""Who may do what with the pages. Nobody knows Dora, who is anonymous then."""

import pytest
from app import app

USERS = ("ana", "ben", "cleo", "dora")


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/", [200, 200, 200, 200]),
        ("GET", "/pages/1", [200, 200, 403, 403]),
        ("PUT", "/pages/1", [200, 200, 403, 403]),
        ("GET", "/pages/2", [200, 200, 403, 403]),
        ("PUT", "/pages/2", [200, 403, 403, 403]),
        ("DELETE", "/organizations/lighthouse", [200, 403, 403, 403]),
        ("GET", "/pages/3", [404, 404, 404, 404]),
    ],
)
def test_roles(method, path, statuses):
    client = app.test_client()

    answers = [
        client.open(path, method=method, data="Renamed", headers={"User": name}) for name in USERS
    ]

    assert [answer.status_code for answer in answers] == statuses
