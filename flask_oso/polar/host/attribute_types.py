"""The types of attributes, as far as declared fields and annotations of a class tell.

In go a registered class and a name; out comes a ``Shape``: text, a number, an object of a
registered class; ``None`` if it is not known. An annotation that is text is read and never
evaluated. Nothing enforces them at run time, so a shape may cause a warning and nothing else.
"""

from __future__ import annotations

import ast
import enum
import sys
import types
import typing as t
from collections.abc import Mapping

from .class_facts import MOST_RELATIVES, annotations_of, relatives
from .data_adapter import Relation
from .registry import Host


class Sort(enum.Enum):
    """Kinds of values; a value of one kind never equals one of another. For messages."""

    TEXT = "a string"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    DATE = "a date"
    UUID = "a UUID"
    ENUM = "a member of an Enum"
    OBJECT = "an object"
    LIST = "a list"


class Shape(t.NamedTuple):
    """The type of a value.

    :param cls: the class of an object or of a member of an ``Enum``.
    :param name: the name of the class in the policy.
    :param element: the shape of the elements of a list.
    """

    sort: Sort
    cls: type | None = None
    name: str = ""
    element: t.Any = None


TEXT, NUMBER, BOOLEAN = Shape(Sort.TEXT), Shape(Sort.NUMBER), Shape(Sort.BOOLEAN)
_LIST = Shape(Sort.LIST)
_PLAIN: Mapping[tuple[str, str], Shape] = {
    ("builtins", "str"): TEXT,
    ("builtins", "bool"): BOOLEAN,
    ("builtins", "int"): NUMBER,
    ("builtins", "float"): NUMBER,
    ("decimal", "Decimal"): NUMBER,
    ("datetime", "date"): Shape(Sort.DATE),
    ("datetime", "datetime"): Shape(Sort.DATE),
    ("uuid", "UUID"): Shape(Sort.UUID),
    ("builtins", "list"): _LIST,
    ("builtins", "set"): _LIST,
    ("builtins", "frozenset"): _LIST,
}
#: Generic types that do not change the type of the value: ``Optional[X]`` is looked at as ``X``.
_WRAPPERS = frozenset(("Annotated", "Final", "Mapped", "Optional", "Required"))
_LISTS = frozenset(
    ("list", "List", "set", "Set", "frozenset", "FrozenSet", "WriteOnlyMapped", "DynamicMapped")
)


class Shapes:
    """The shapes of the attributes of registered classes, during one load.

    :param asks_mappers: whether to ask mappers of SQLAlchemy, which configures them.
    """

    def __init__(self, host: Host, *, asks_mappers: bool = False) -> None:
        self.host: t.Final = host
        self._asks_mappers = asks_mappers
        self._names = {cls: name for name, cls in reversed([*host.classes.items()])}
        self._by_name: dict[tuple[type, str], Shape | None] = {}
        self._has_plain_equality: dict[type, bool] = {}

    def of_class(self, cls: type | None) -> Shape | None:
        """Return the shape of the instances of a class."""
        if cls is None:
            return None
        plain = _PLAIN.get((cls.__module__, cls.__qualname__))
        if plain is not None:
            return plain
        if issubclass(cls, enum.Enum):
            is_mixed = issubclass(cls, (str, int, float)) or not self.compares_by_class(cls)
            return None if is_mixed else Shape(Sort.ENUM, cls, self._names.get(cls, cls.__name__))
        if cls not in self._names or cls.__module__ == "builtins" or _PLAIN_BASES & {*cls.__mro__}:
            return None
        return Shape(Sort.OBJECT, cls, self._names[cls])

    def name_of(self, cls: type) -> str | None:
        """Return the name that a class is registered under."""
        return self._names.get(cls)

    def of_attribute(self, owner: Shape | None, name: str) -> Shape | None:
        """Return the shape of an attribute of an object."""
        if owner is None or owner.sort is not Sort.OBJECT or owner.cls is None:
            return None
        key = owner.cls, name
        if key not in self._by_name:
            try:
                self._by_name[key] = self._find(owner.cls, name)
            except RecursionError:
                # An alias that names itself.
                self._by_name[key] = None
        return self._by_name[key]

    def compares_by_class(self, cls: type) -> bool:
        """Return whether objects of a class and its subclasses equal only objects of the class.

        That is assumed of an ``__eq__`` that was generated or mentions ``NotImplemented``.
        """
        if cls not in self._has_plain_equality:
            related = relatives(cls)
            self._has_plain_equality[cls] = len(related) <= MOST_RELATIVES and all(
                map(_rejects_other_classes, (vars(each).get("__eq__") for each in related))
            )
        return self._has_plain_equality[cls]

    def described(self, cls: type) -> list[t.Any]:
        """Return as plain data everything that this module can tell of a registered class."""
        own = self.of_class(cls)
        names = {
            name for each in cls.__mro__ for name in (*annotations_of(each), *_properties(each))
        }
        found = [(name, self.of_attribute(own, name)) for name in sorted(names)]
        shapes = [own, *(shape for _, shape in found)]
        enums = {shape.cls for shape in shapes if shape is not None and shape.sort is Sort.ENUM}
        members = sorted(str(vars(each)["_member_map_"]) for each in enums)
        return [repr(found), repr(own), members, self.compares_by_class(cls)]

    def _find(self, cls: type, name: str) -> Shape | None:
        """Look a name up as Python does; ``None`` if a subclass declares another type."""
        mro = {*cls.__mro__}
        derived = [each for each in relatives(cls) if each not in mro]
        if any(_redefines(each, name) for each in derived):
            return None
        for each in cls.__mro__:
            declared = self.host.fields.get(each, {}).get(name)
            if declared is not None:
                return self._of_declared(declared)
            if name in annotations_of(each):
                shape = self._of_annotation(annotations_of(each)[name], each)
                # A program may have a name of its own for ``Mapped``.
                return shape or self._of_mapped(cls, name)
            if name in vars(each):
                return self._of_property(vars(each)[name], each) or self._of_mapped(cls, name)
        return None

    def _of_mapped(self, cls: type, name: str) -> Shape | None:
        """Return the shape of a column or relation without annotation, from its mapper."""
        mapper = vars(cls).get("__mapper__") if self._asks_mappers else None
        known = None if mapper is None else mapper.attrs.get(name)
        other = getattr(getattr(known, "mapper", None), "class_", None)
        if not isinstance(other, type):
            return self.of_class(_type_of_column(known))
        shape = self.of_class(other)
        return _list_of(shape) if getattr(known, "uselist", True) else shape

    def _of_declared(self, declared: t.Any) -> Shape | None:
        if isinstance(declared, Relation):
            other = self.of_class(self.host.classes.get(declared.other_type))
            return other if declared.kind == "one" else _list_of(other)
        return self.of_class(declared) if isinstance(declared, type) else None

    def _of_property(self, value: t.Any, owner: type) -> Shape | None:
        function = getattr(value, "fget", None) if type(value) is property else None
        if not isinstance(function, types.FunctionType):
            return None
        return self._of_annotation(annotations_of(function).get("return"), owner)

    # -- annotations --------------------------------------------------------------------

    def _of_annotation(self, annotation: t.Any, owner: type) -> Shape | None:
        if isinstance(annotation, str):
            try:
                tree = ast.parse(annotation.strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            return self._of_text(tree, owner)
        if isinstance(annotation, type) and not t.get_args(annotation):
            return self.of_class(annotation)
        forward = getattr(annotation, "__forward_arg__", None)
        if isinstance(forward, str):
            return self._of_annotation(forward, owner)
        origin = t.get_origin(annotation)
        inner = [self._of_annotation(each, owner) for each in t.get_args(annotation)]
        if origin is types.UnionType or origin is t.Union:
            return _one_of(t.get_args(annotation), inner)
        return _wrapped(getattr(origin, "__name__", ""), inner)

    def _of_text(self, tree: ast.expr, owner: type) -> Shape | None:
        """Return the shape of an annotation that is a string."""
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return self._of_annotation(tree.value, owner)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
            return _one_of(
                [_constant(each) for each in (tree.left, tree.right)],
                [self._of_text(each, owner) for each in (tree.left, tree.right)],
            )
        if isinstance(tree, ast.Subscript):
            inside = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
            inner = [self._of_text(each, owner) for each in inside]
            return _wrapped(_last_name(tree.value), inner)
        return self._of_value(self._named(tree, owner), owner)

    def _of_value(self, value: t.Any, owner: type) -> Shape | None:
        return None if isinstance(value, str) else self._of_annotation(value, owner)

    def _named(self, tree: ast.expr, owner: type) -> t.Any:
        """Return the value of a name in the module of a class, or among registered classes."""
        if isinstance(tree, ast.Attribute):
            module = self._named(tree.value, owner)
            return vars(module).get(tree.attr) if isinstance(module, types.ModuleType) else None
        if not isinstance(tree, ast.Name):
            return None
        module = sys.modules.get(owner.__module__)
        for names in (vars(module) if module is not None else {}, _BUILT_IN):
            if tree.id in names:
                return names[tree.id]
        # The class may be imported under TYPE_CHECKING only, as the other side of a relation is.
        found = [cls for cls in self._names if cls.__name__ == tree.id]
        return found[0] if len(found) == 1 else None


_BUILT_IN = {cls.__name__: cls for cls in (str, bool, int, float, list, set, frozenset)}
_PLAIN_BASES = {str, int, float, list, tuple, dict, set, frozenset, bytes}


def _type_of_column(known: t.Any) -> type | None:
    """Return the class of the values of a column whose type is one of SQLAlchemy's own."""
    columns = getattr(known, "columns", ())
    kind = getattr(columns[0], "type", None) if columns else None
    if not type(kind).__module__.startswith("sqlalchemy."):
        return None
    try:
        found = kind.python_type  # type: ignore[union-attr]  # asked of a type of SQLAlchemy
    except NotImplementedError:
        return None
    return found if isinstance(found, type) else None


def _redefines(derived: type, name: str) -> bool:
    """Return whether a class redefines an attribute; a mapped attribute does not count."""
    if name in annotations_of(derived):
        return True
    own = vars(derived).get(name)
    return own is not None and type(own).__name__ != "InstrumentedAttribute"


def _properties(cls: type) -> list[str]:
    return [name for name, value in vars(cls).items() if type(value) is property]


def _list_of(element: Shape | None) -> Shape:
    return Shape(Sort.LIST, element=element)


def _wrapped(name: str, inner: list[Shape | None]) -> Shape | None:
    if not inner:
        return None
    if name in _WRAPPERS:
        return inner[0]
    return _list_of(inner[0]) if name in _LISTS else None


def _one_of(args: t.Sequence[t.Any], shapes: list[Shape | None]) -> Shape | None:
    """Return the shape of a union with ``None``; ``None`` for other unions."""
    left = [
        shape
        for arg, shape in zip(args, shapes, strict=True)
        if arg is not None and arg is not types.NoneType
    ]
    return left[0] if len(left) == 1 else None


def _constant(tree: ast.expr) -> t.Any:
    return tree.value if isinstance(tree, ast.Constant) else tree


def _last_name(tree: ast.expr) -> str:
    return tree.attr if isinstance(tree, ast.Attribute) else getattr(tree, "id", "")


def _rejects_other_classes(equality: t.Any) -> bool:
    if equality is None:
        return True
    code = getattr(equality, "__code__", None)
    if not isinstance(code, types.CodeType):
        return False
    is_generated = code.co_filename.startswith("<")
    return is_generated or "NotImplemented" in code.co_names
