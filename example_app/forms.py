"""What the forms of all nouns have in common."""

from __future__ import annotations

from flask import flash, request

from .models import Base


def fill(row: Base, required: str, *others: str) -> bool:
    """Copy the fields of the form that was sent to a row.

    :return: whether a form was sent and the required field is not empty.
    """
    if request.method != "POST":
        return False
    for field in (required, *others):
        setattr(row, field, request.form.get(field, "").strip())
    if getattr(row, required):
        return True
    flash(f"Please give a {required}.")
    return False
