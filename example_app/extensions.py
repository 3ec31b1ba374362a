"""The extensions. Each is made here, without an app, and prepared by ``create_app``."""

from __future__ import annotations

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.orm import DeclarativeBase

from flask_oso import FlaskOso


class Base(DeclarativeBase):
    """What ``db.Model`` is made of."""


db = SQLAlchemy(model_class=Base)
login = LoginManager()
login.login_view = "auth.index"
csrf = CSRFProtect()
# It knows the user from Flask-Login and the rows from Flask-SQLAlchemy, and policies may name
# every class that is mapped.
oso = FlaskOso(models=db.Model)
