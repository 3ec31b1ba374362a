"""Makes a condition and a statement for SQLite of a policy, when a page asks about rows.

The classes of the data become mapped classes with tables. Their objects stay what they are, and get
keys, by which they are compared from then on.
"""

import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import io
import itertools
import json

import sqlalchemy as sa
import try_it
import try_it_rows
from sqlalchemy import orm
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm.state import InstanceState

from flask_oso.oso import Oso
from flask_oso.polar.exceptions import OsoError
from flask_oso.sqlalchemy import register_models

_NAME_OF_CLASS = "class"
#: Columns by the types of their values; what is none of them is JSON.
_TYPES = {
    bool: sa.Boolean(),
    int: sa.Integer(),
    float: sa.Float(),
    str: sa.String(),
    bytes: sa.LargeBinary(),
    decimal.Decimal: sa.Numeric(18, 6),
    datetime.datetime: sa.DateTime(),
    datetime.date: sa.Date(),
    datetime.time: sa.Time(),
}


class NoTable(Exception):
    """A class cannot have a table; the message says why."""


def answer(policy_text, data_text, question):
    """Give ``condition``, ``sql`` and ``tables``, or ``refused`` with the reason, as JSON."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        # It was all printed with the first answer.
        try:
            return json.dumps(_answer(policy_text, data_text, question))
        except (NoTable, OsoError) as error:
            return json.dumps({"refused": str(error)})
        except Exception as error:  # whatever is typed is told, and nothing else happens
            return json.dumps({"refused": f"{type(error).__name__}: {error}"})


def _answer(policy_text, data_text, question):
    # Anew, since the classes of the first answer have their attributes already.
    names = try_it.run_data(data_text)
    registry = orm.registry()
    map_classes(registry, names)
    give_keys(names)
    policy = Oso()
    for name, cls in try_it_rows.classes_of(names).items():
        policy.register_class(cls, name=name)
    register_models(policy, registry)
    try_it.add(policy, names, policy_text)
    _, arguments = try_it.call_in(policy, question)
    if arguments is None:
        raise NoTable("An argument cannot be made of classes that have tables.")
    return {
        "condition": str(policy.residual(*arguments)),
        "sql": _written(policy.authorized_query(*arguments)),
        "tables": f"{_tables(registry.metadata)}\n\n{_keys(names)}".strip(),
    }


def _written(statement):
    """Write a statement with its values in it, to be read."""
    dialect = sqlite.dialect()
    return _trimmed(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _tables(metadata):
    made = (sa.schema.CreateTable(table) for table in metadata.sorted_tables)
    return "\n\n".join(f"{_trimmed(each.compile(dialect=sqlite.dialect()))};" for each in made)


def _keys(names):
    """Say which row each object of the data is that has a name."""
    named = {name: value for name, value in names.items() if sa.inspect(value, raiseerr=False)}
    rows = {name: value for name, value in named.items() if not isinstance(value, type)}
    return "\n".join(
        f"-- {name} is {sa.inspect(type(value)).local_table.name} {value.id}"
        for name, value in rows.items()
    )


def _trimmed(text):
    return "\n".join(line.rstrip() for line in str(text).strip().replace("\t", "  ").splitlines())


# -- classes ---------------------------------------------------------------------------------


def map_classes(registry, names):
    """Map the classes of the data: see ``try_it_rows.rows_of``."""
    rows = try_it_rows.rows_of(names)
    for cls in rows:
        _open(cls)
    bases = {cls: _base_of(cls, rows) for cls in rows}
    roots = {cls: _root_of(cls, bases) for cls in rows}
    tables = {root: _make_table(registry, root, rows, roots) for root in set(roots.values())}
    for cls in sorted(rows, key=lambda each: len(each.__mro__)):
        _map_class(registry, cls, rows, bases[cls], {each: tables[roots[each]] for each in rows})
    orm.configure_mappers()


def _open(cls):
    """Take away what ``dataclass`` writes and rows cannot have; what is written by hand is kept.

    That is an equality of all values, for rows are compared by their keys, and a lock.
    """
    if "__slots__" in vars(cls):
        raise NoTable(f"{cls.__name__} has slots, and a class with a table needs a '__dict__'.")
    for name in ("__eq__", "__setattr__", "__delattr__") if dataclasses.is_dataclass(cls) else ():
        code = getattr(vars(cls).get(name), "__code__", None)
        if code and code.co_filename != "data":
            delattr(cls, name)
    if "__eq__" not in vars(cls) and vars(cls).get("__hash__", False) is None:
        cls.__hash__ = object.__hash__


def _base_of(cls, rows):
    found = [each for each in cls.__bases__ if each in rows]
    if len(found) > 1:
        raise NoTable(f"{cls.__name__} has two base classes: it has no table of its own here.")
    return found[0] if found else None


def _root_of(cls, bases):
    while bases[cls] is not None:
        cls = bases[cls]
    return cls


def _make_table(registry, root, rows, roots):
    """Make the table of a class; rows of its subclasses are there, too, with a name."""
    family = [cls for cls in rows if roots[cls] is root]
    columns = {}
    for cls in family:
        targets = {each.key: each.target for each in rows[cls].values() if _is_one(each)}
        for name, each in rows[cls].items():
            if isinstance(each, try_it_rows.Column) and name not in columns:
                keys = [_key_of(roots[targets[name]])] if name in targets else []
                optional = each.optional or cls is not root
                columns[name] = sa.Column(
                    name, _type_of(each.kind), *keys, primary_key=name == "id", nullable=optional
                )
    if len(family) > 1:
        columns[_NAME_OF_CLASS] = sa.Column(_NAME_OF_CLASS, sa.String, nullable=False)
    return sa.Table(_name_of(root), registry.metadata, *columns.values())


def _is_one(each):
    return isinstance(each, try_it_rows.One)


def _name_of(root):
    return root.__name__.lower()


def _key_of(root):
    return sa.ForeignKey(f"{_name_of(root)}.id")


def _type_of(kind):
    found = [made for each, made in _TYPES.items() if issubclass(kind, each)]
    return sa.Enum(kind) if issubclass(kind, enum.Enum) else found[0] if found else sa.JSON()


def _map_class(registry, cls, rows, base, tables):
    table = tables[cls]
    own = {name: each for name, each in rows[cls].items() if base is None or name not in rows[base]}
    properties = {}
    for name, each in own.items():
        if isinstance(each, try_it_rows.Column):
            properties[name] = table.c[name]
        elif _is_one(each):
            to_one = {"foreign_keys": [table.c[each.key]]}
            to_one["remote_side"] = [tables[each.target].c.id]
            properties[name] = orm.relationship(each.target, **to_one, viewonly=True)
        elif each.key:
            column = tables[each.target].c[each.key]
            joined = orm.foreign(column) == table.c.id
            properties[name] = orm.relationship(each.target, primaryjoin=joined, viewonly=True)
        else:
            pairs = _make_pairs(table, name, tables[each.target])
            properties[name] = orm.relationship(
                each.target,
                secondary=pairs,
                primaryjoin=pairs.c[0] == table.c.id,
                secondaryjoin=pairs.c[1] == tables[each.target].c.id,
                viewonly=True,
            )
    options = {"polymorphic_identity": cls.__name__} if _NAME_OF_CLASS in table.c else {}
    if base is not None:
        options["inherits"] = base
    elif options:
        options["polymorphic_on"] = table.c[_NAME_OF_CLASS]
    registry.map_imperatively(cls, None if base else table, properties=properties, **options)


def _make_pairs(table, name, target):
    """Make the table that says which rows are in the lists of which."""
    keys = [f"{table.name}_id", f"{target.name}_id" if target is not table else f"{name}_id"]
    ends = zip(keys, (table, target), strict=True)
    columns = [sa.Column(key, sa.ForeignKey(end.c.id), primary_key=True) for key, end in ends]
    return sa.Table(f"{table.name}_{name}", table.metadata, *columns)


# -- objects ---------------------------------------------------------------------------------


def give_keys(names):
    """Make objects of mapped classes, which were made before, rows with keys."""
    objects, rows = try_it_rows.objects_of(names), try_it_rows.rows_of(names)
    numbers = collections.defaultdict(lambda: itertools.count(1))
    for each in objects:
        mapper = sa.inspect(type(each))
        object.__setattr__(each, "_sa_instance_state", InstanceState(each, mapper.class_manager))
        number = next(numbers[mapper.local_table])
        if vars(each).get("id") is None:
            vars(each)["id"] = number
    for each in objects:
        values = vars(each)
        for name, attribute in rows[type(each)].items():
            if _is_one(attribute) and values.get(name) is not None:
                values[attribute.key] = values[name].id
    for each in objects:
        for attribute in sa.inspect(type(each)).attrs:
            vars(each).setdefault(attribute.key, None)
        orm.make_transient_to_detached(each)
