"""All shapes, each under a name of its own."""

from __future__ import annotations

from ..contenders import is_installed
from . import (
    applications,
    compounds,
    containers,
    control,
    equality,
    everyday,
    first_elements,
    folders,
    inherited,
    libraries,
    many,
    named_by_data,
    objects,
    offices,
    others,
    recursion,
    roles,
    strangers,
    taken_apart,
    two_lists,
    values,
)
from .shape import Shape

_OF_PLAIN_OBJECTS = (
    *values.SHAPES,
    *containers.SHAPES,
    *compounds.SHAPES,
    *taken_apart.SHAPES,
    *objects.SHAPES,
    *equality.SHAPES,
    *roles.SHAPES,
    *folders.SHAPES,
    *inherited.SHAPES,
    *recursion.SHAPES,
    *control.SHAPES,
    *many.SHAPES,
    *others.SHAPES,
    *everyday.SHAPES,
    *applications.SHAPES,
    *strangers.SHAPES,
    *first_elements.SHAPES,
    *named_by_data.SHAPES,
    *offices.SHAPES,
    *libraries.SHAPES,
    *two_lists.SHAPES,
)


def all_shapes() -> tuple[Shape, ...]:
    """Give all shapes; without SQLAlchemy, those of plain objects."""
    if not is_installed("sqlalchemy"):
        return _OF_PLAIN_OBJECTS
    from . import rows

    return (*_OF_PLAIN_OBJECTS, *rows.SHAPES)


def named(only: str) -> list[Shape]:
    """Give the shapes whose names contain one of some words, separated by commas."""
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    shapes = all_shapes()
    if not words:
        return list(shapes)
    return [shape for shape in shapes if any(word in shape.name.lower() for word in words)]
