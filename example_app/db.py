"""The database: one engine for an app, one session for a request."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask import Flask, current_app, g
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from .models import Base
from .sample import make_sample


def init_app(app: Flask) -> None:
    """Give the app its engine, and the command that fills the database."""
    app.extensions["engine"] = sa.create_engine(app.config["DATABASE"])
    app.teardown_appcontext(close_session)
    app.cli.add_command(init_db_command)


def get_session() -> Session:
    """Return the session of this request; it is opened at the first call."""
    if "db_session" not in g:
        g.db_session = Session(current_app.extensions["engine"])
    session: Session = g.db_session
    return session


def close_session(_error: BaseException | None) -> None:
    """End the session of this request. What was not committed is lost."""
    session = g.pop("db_session", None)
    if session is not None:
        session.close()


def init_db() -> None:
    """Replace the database by one with the sample data."""
    engine = current_app.extensions["engine"]
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    get_session().add_all(make_sample())
    get_session().commit()


@click.command("init-db")
@with_appcontext
def init_db_command() -> None:
    """Replace the database by one with the sample data."""
    init_db()
    click.echo("The database holds the sample data.")
