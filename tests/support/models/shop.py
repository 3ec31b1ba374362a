"""A shop for the tests of the commands: two people, three orders, with a database or without."""

from __future__ import annotations

import dataclasses
import typing as t

import flask_sqlalchemy
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso
from flask_oso.sqlalchemy import register_models
from tests.support.sites import make_app

POLICY = """
actor Customer {}

allow(customer: Customer, "read", order: Order) if
  order.customer = customer;

allow(customer: Customer, "cancel", order: Order) if
  order.customer = customer and
  not order.sent;

allow(nil, "GET", request: Request) if
  request.path = "/health";

allow(_: Customer, "create", Order);

allow("clerk", _, _: Order);
"""


class Base(orm.DeclarativeBase):
    """The tables of the shop."""


class Customer(Base):
    """Who orders."""

    __tablename__ = "customers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Order(Base):
    """What is ordered."""

    __tablename__ = "orders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    sent: orm.Mapped[bool] = orm.mapped_column(default=False)
    customer_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("customers.id"))
    customer: orm.Mapped[Customer] = orm.relationship()


class Line(Base):
    """What has a key of two columns."""

    __tablename__ = "lines"
    order_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("orders.id"), primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Coupon(Base):
    """What has a text as its key."""

    __tablename__ = "coupons"
    code: orm.Mapped[str] = orm.mapped_column(primary_key=True)


@dataclasses.dataclass(frozen=True)
class Parcel:
    """What a function of the program finds."""

    code: t.Any


def make_shop(policy: str = POLICY) -> Flask:
    """Make the shop, with its rows."""
    app = make_app("shop", SQLALCHEMY_DATABASE_URI="sqlite://")
    db = flask_sqlalchemy.SQLAlchemy(app, model_class=Base)
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Parcel)
    extension = FlaskOso(oso, app)
    extension.loader(Parcel)(lambda code: Parcel(code) if code != 9 else None)
    oso.load_str(policy)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        ann, bob = Customer(id=1), Customer(id=2)
        db.session.add_all([Order(id=1, customer=ann), Order(id=2, customer=ann, sent=True)])
        db.session.add_all([Order(id=3, customer=bob), Line(order_id=1, number=2)])
        db.session.add(Coupon(code="a,b"))
        db.session.commit()
        app.extensions["engine"] = db.engine
    return app
