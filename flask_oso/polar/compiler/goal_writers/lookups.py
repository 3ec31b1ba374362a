"""The code for goals that compute a result: a lookup, a call of Python, arithmetic.

The result is compared with the value of the result variable, or bound to it.
"""

from __future__ import annotations

import ast
import typing as t

from ...host import sandbox
from ...nodes import Call, Dictionary, Expression, List, Operator, Origin, Slot, Term, Value
from ...traversal import is_operation
from ..classes.plain_classes import is_plain
from ..goal_forms import searched_in, written_term
from ..quotations import expr, stmt
from ..scopes import Ref, pending_goals
from ..snippets import assign, call, compared, is_none, is_type, load, negate, tuple_of
from .patterns import PatternGoals
from .places import Continuation


class LookupGoals(PatternGoals, frozen=False):
    """Writes goals that compute a result."""

    # -- lookups

    def lookup(self, term: Expression) -> Continuation:
        """Write ``x.a = v``, ``x.(a) = v`` or ``x.m(…) = v``."""
        owner, key, result = term.args
        inner = written_term(key)
        value = self.ref(owner)
        if value is None:
            if isinstance(inner, Call):
                raise self.not_compilable("a method of a variable that is not bound yet")
            return self.wait_for_any(owner, inner, result)
        if self._is_row_relation(inner):
            related = self._related(value, inner, result)
            if related is not None:
                return related
        name = self.writer.fresh()
        if isinstance(inner, Call):
            self._method(name, value, inner, self._searched_for(inner, result))
            return self._computed(result, Ref(name))
        if not self._key(name, value, inner):
            raise self.not_compilable("a lookup of a field that is not known yet")
        return self._looked_up(value, self._read_from(value, inner, name), result)

    def _read_from(self, value: Ref, key: Term, name: str) -> Ref:
        """Return what was read of a value; of one among many, it is one among many."""
        among = value.among if self._is_row_relation(key) else None
        if among is not None:
            path = (*among.path, str(t.cast(Value, key).value))
            among = among._replace(path=path)
        return Ref(name, read=self.span, among=among)

    def _related(self, value: Ref, key: Term, result: Term) -> Continuation:
        """Write that a relation leads to a row; only where keys do not tell, the relation is read.

        ``None`` for a lookup of something else.
        """
        known, attribute = self.operand(result), str(t.cast(Value, key).value)
        if known is None and self._is_compared_later(result):
            return self._unread(value, attribute, result)
        if known is None or known.shape is not None or known.literal is not None:
            return None
        self.checked(value)
        answer, name, body = self.writer.fresh(), self.writer.fresh(), list[ast.stmt]()
        told = call("leads_to", load(value.name), ast.Constant(attribute), load(known.name))
        fails = ast.If(negate(load(answer)), [self.place.fail()], [])
        self.out += [assign(answer, told), ast.If(is_none(load(answer)), body, [fails])]
        if known.is_unread:
            read = call("read_relation", load(known.name))
            body.append(self.mark(assign(known.name, read)))
        inside = self.replaced(out=body)
        inside.attribute(name, value, attribute)
        following = inside._looked_up(value, Ref(name, read=self.span), result)
        return None if following is None else (following[0], self.out, following[2])

    def _is_row_relation(self, key: Term) -> bool:
        relations = self.writer.names.host.row_relations
        return isinstance(key, Value) and type(key.value) is str and key.value in relations

    def _is_compared_later(self, result: Term) -> bool:
        """Tell whether a result is only compared with a relation that a later goal reads.

        It is in ``x.a = y.b``, where both results are variables that the policy has no names for.
        """
        cell = self.cell(result)
        if cell is None or cell.waiting or t.cast(Slot, result).origin is not Origin.LOOKUP:
            return False
        if self.scope.count_names(cell) != 2:
            return False
        for goal, clause, _ in pending_goals(self.rest):
            if is_operation(goal, Operator.DOT):
                _, key, other = goal.args
                is_same = isinstance(other, Slot) and self.scope.cell(clause, other.index) is cell
                if is_same:
                    is_made = t.cast(Slot, other).origin is Origin.LOOKUP
                    return is_made and self._is_row_relation(key)
        return False

    def _unread(self, value: Ref, attribute: str, result: Term) -> Continuation:
        """Write that a relation that need not be loaded is put off until it is compared."""
        self.checked(value)
        name, body = self.writer.fresh(), list[ast.stmt]()
        self.replaced(out=body).attribute(name, value, attribute)
        unread = call("unread_relation", load(value.name), ast.Constant(attribute))
        is_read = is_none(load(name))
        self.out += [assign(name, unread), ast.If(is_read, body, [])]
        ref = Ref(name, read=self.span, is_unread=True)
        return self.bind(self.unbound(result), ref)

    def _looked_up(self, owner: Ref, made: Ref, result: Term) -> Continuation:
        """Write that the result equals a field; an entry of a dictionary is the left operand."""
        known = self.operand(result)
        is_told = known is None or known.shape is not None or known.literal is not None
        if owner.cls is not None or is_told:
            return self._computed(result, made)
        known = t.cast(Ref, known)
        is_entry = is_type(owner.name, "dict")
        sides = self.equality(made, known), self.equality(known, made)
        self.fail_unless(ast.IfExp(is_entry, *sides))
        return self.known_equal(made, known)

    def _key(self, name: str, value: Ref, key: Term) -> bool:
        known = self.ref(key)
        if known is None:
            return False
        if isinstance(key, Value) and type(key.value) is str:
            self.attribute(name, value, key.value)
            return True
        self.check_placed(known)
        places = self.constants(self.goal, value.place, known.written)
        found = call("read_key", self.checked(value), self.checked(known), *places)
        self.out.append(self.mark(assign(name, found)))
        self.fail_unless(compared(load(name), ast.IsNot(), load("missing")))
        return True

    def _computed(self, result: Term, made: Ref) -> Continuation:
        """Write that the result is what was computed."""
        known = self.operand(result)
        if known is not None:
            return self.equal(known, made)
        cell = self.unbound(result)
        if self.scope.count_names(cell) > 1:
            # The policy has a name for it, and may use it after a method changed the object.
            self.out.append(stmt("if type(X) is list: X = copied_list(X)", X=made.name))
        return self.bind(cell, made)

    # -- calls of Python

    def _searched_for(self, key: Call, result: Term) -> Ref | None:
        """Return what the goal that follows looks for in the keys of a dictionary: ``x`` in
        ``x in d.keys()``.
        """
        cell, is_keys = self.cell(result), key.name == "keys" and not key.args and not key.kwargs
        if not is_keys or cell is None or cell.ref is not None or cell.waiting:
            return None
        item = searched_in(result, self.rest, self.clause)
        found = None if item is None else self.ref(item)
        return None if found is None or found.shape is not None else found

    def _method(self, name: str, value: Ref, key: Call, searched: Ref | None = None) -> None:
        names = tuple(keyword for keyword, _ in key.kwargs)
        arguments = self._arguments(key)
        is_unrestricted = sandbox.is_unrestricted(key.name)
        is_unrestricted = is_unrestricted and not self.writer.names.is_relation(key.name)
        is_direct = not names and all(map(self._is_never_copied, key.args))
        how = (key.name, self.span, names, value.place, is_unrestricted, is_direct)
        method = self.constants(how)
        owner, clock = self.checked(value), load("clock")
        made: ast.expr = call("call_method", owner, *method, arguments, clock)
        if is_unrestricted and is_direct:
            made = call("call_directly", owner, ast.Constant(key.name), arguments, clock, *method)
        if searched is not None:
            keys = "key_in(D, K) if type(D) is dict and type(K) in scalars else MADE"
            made = expr(keys, D=self.checked(value), K=self.checked(searched), MADE=made)
        self.out.append(self.mark(assign(name, made)))

    def _is_never_copied(self, arg: Term) -> bool:
        """Tell whether an argument is known to be no list and no dictionary of somebody else."""
        inner = written_term(arg)
        if isinstance(inner, (List, Dictionary)):
            # It is made for the call.
            return True
        ref = self.operand(arg)
        return ref is not None and (ref.literal is not None or ref.cls is not None)

    def _arguments(self, called: Call) -> ast.expr:
        """Write the arguments of a call of Python, keyword arguments last."""
        args = [*called.args, *(arg for _, arg in called.kwargs)]
        return tuple_of([self._argument(arg) for arg in args])

    def _argument(self, term: Term) -> ast.expr:
        inner = written_term(term)
        if isinstance(inner, List):
            if inner.rest is not None:
                raise self.not_compilable("an argument that is a list with a rest")
            return ast.List([self._part(part) for part in inner.items], ast.Load())
        if isinstance(inner, Dictionary):
            keys: list[ast.expr | None] = [ast.Constant(key) for key, _ in inner.fields]
            return ast.Dict(keys, [self._part(part) for _, part in inner.fields])
        ref = self.operand(term)
        if ref is None:
            raise self.not_compilable("an argument that is not bound yet")
        if ref.shape is not None:
            return self.replaced(clause=ref.shape.clause)._argument(ref.shape.term)
        return self.checked(ref)

    def _part(self, term: Term) -> ast.expr:
        """Write a part of an argument: Python gets copies of lists within lists, too."""
        part = self._argument(term)
        return part if isinstance(term, Value) else call("copied", part)

    def construction(self, term: Expression) -> Continuation:
        """Write ``new Class(…) = v``."""
        made, result = term.args
        called = t.cast(Call, written_term(made))
        cls = self.writer.names.host.classes.get(called.name)
        if cls is None:
            raise self.not_compilable("a class that is not registered")
        if not is_plain(cls):
            # In the solver the new value is an object, and not a native value of Polar.
            raise self.not_compilable("a new value of a class of Polar's own values")
        name = self.writer.fresh()
        names = tuple(keyword for keyword, _ in called.kwargs)
        what = self.constants(cls, (called.name, called.span, names))
        value = call("construct", *what, self._arguments(called), load("clock"))
        self.out.append(self.mark(assign(name, value)))
        return self._computed(result, Ref(name, cls=cls))

    # -- arithmetic

    def arithmetic(self, term: Expression) -> Continuation:
        """Write ``a + b = v``."""
        left, right, result = term.args
        refs = self.ref(left), self.ref(right)
        if refs[0] is None or refs[1] is None:
            return self.wait_for_any(*term.args)
        known = self.ref(result)
        name = self.writer.fresh()
        shown = load("missing") if known is None else self.checked(known)
        values = self.checked(refs[0]), self.checked(refs[1])
        value = call("calculate", *values, *self.constants(term), shown)
        self.out.append(self.mark(assign(name, value)))
        return self._computed(result, Ref(name, written=term.span))

    def assignment(self, term: Expression) -> Continuation:
        """Write ``x := y``, where nothing is known of ``x``."""
        target, source = term.args
        cell = self.cell(target)
        if cell is None or cell.ref is not None or cell.waiting:
            raise self.not_compilable("an assignment to what may have a value")
        if self.scope.count_names(cell) > 1:
            raise self.not_compilable("an assignment to what may have a value")
        ref = self.ref(source)
        if ref is not None:
            return self.bind(cell, ref)
        self.scope.unite(cell, self.unbound(source))
        return self.go_on()

    # -- waiting

    def wait_for_any(self, *terms: Term) -> Continuation:
        """Suspend the goal until one of its unbound operands is bound."""
        slots = [term for term in terms if isinstance(term, Slot) and self.ref(term) is None]
        return self.wait(*(self.unbound(slot) for slot in slots))

    def constants(self, *values: t.Any) -> list[ast.expr]:
        """Write constants."""
        return [load(self.writer.names.constant(value)) for value in values]
