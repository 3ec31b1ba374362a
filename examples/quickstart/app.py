"""Pages of organizations, as a program for oso 0.15 and flask-oso: with the roles of its time.

Two lines are new, the first ones; all others are what such a program has. New programs are like
``example_app`` instead.
"""

import flask_oso

flask_oso.install_as_oso()

from pathlib import Path

from flask import Flask, abort, g, request
from flask_oso import FlaskOso, skip_authorization
from oso import Oso


class Organization:
    def __init__(self, name):
        self.name = name


class Page:
    def __init__(self, title, organization):
        self.title = title
        self.organization = organization


class Role:
    def __init__(self, name, resource):
        self.name = name
        self.resource = resource


class User:
    def __init__(self, name, roles):
        self.name = name
        self.roles = roles


lighthouse = Organization("Lighthouse")
pages = {1: Page("Handbook", lighthouse), 2: Page("Budget", lighthouse)}
users = {
    "ana": User("ana", [Role("owner", lighthouse)]),
    "ben": User("ben", [Role("member", lighthouse), Role("editor", pages[1])]),
    "cleo": User("cleo", []),
}

app = Flask(__name__)

oso = Oso()
oso.register_class(Organization)
oso.register_class(Page)
oso.register_class(User)
oso.load_files([Path(__file__).with_name("policy.polar")])
oso.enable_roles()

authorization = FlaskOso(oso=oso, app=app)
authorization.require_authorization(app)


@app.before_request
def find_user():
    g.current_user = users.get(request.headers.get("User"))


@app.route("/")
@skip_authorization
def index():
    return "Pages 1 and 2 are here."


@app.route("/pages/<int:page_id>")
def show(page_id):
    page = find_page(page_id)
    authorization.authorize(page, action="read")
    return page.title


@app.route("/pages/<int:page_id>", methods=["PUT"])
def rename(page_id):
    page = find_page(page_id)
    authorization.authorize(page, action="edit")
    page.title = request.get_data(as_text=True)
    return page.title


@app.route("/organizations/lighthouse", methods=["DELETE"])
def close_down():
    authorization.authorize(lighthouse)
    return "Closed down."


def find_page(page_id):
    return pages.get(page_id) or abort(404)
