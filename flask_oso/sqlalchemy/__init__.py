"""SQLAlchemy: the only package here that imports it.

``register_models`` makes mapped classes known to policies, so that ``Oso.authorized_query``
can make one SELECT of a policy; ``SqlAlchemyAdapter`` reads relations that are declared by
hand. ``mapping`` describes classes, ``mapper_facts`` remembers what translations ask of it,
``memberships`` tells which rows are few, ``loaded`` what objects hold already, ``tables`` has
what subqueries read, ``translation`` makes SQL of conditions, ``dialects`` has what databases
spell differently, ``sessions`` says what an asynchronous session has to load before,
``queries`` puts them together.
"""

from .adapter import SqlAlchemyAdapter
from .queries import Selects, register_models

__all__ = ["Selects", "SqlAlchemyAdapter", "register_models"]
