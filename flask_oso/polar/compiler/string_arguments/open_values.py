"""What the solutions of a rule bind an argument to, by the compiled rules, as ``x in u.may(d)``.

In goes a rule with one open argument; out come the values that the rules yield for it, in the order
of the solver. It is what answers where a method gives the strings.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..classes.known_classes import SolverNeeded
from ..entry_points import new_clock
from ..scopes import Variant
from ..specialization.tables.function_maker import no_answer
from ..specialization.tables.search_maker import StringSearch
from .string_questions import StringProgram


class OpenValues:
    """The functions of one program that yield what an argument becomes.

    :param variable: stands for the open argument.
    :param as_data: gives arguments as compiled rules take them; ``None`` if the solver has to.
    :param plain: the classes whose objects they take as they are.
    """

    def __init__(
        self,
        program: StringProgram,
        variable: object,
        as_data: Callable[[tuple[t.Any, ...]], tuple[t.Any, ...] | None],
        plain: set[type],
    ) -> None:
        self._program, self._variable = program, variable
        self._as_data, self._plain = as_data, plain
        #: By the rule, the position of the argument, and the classes of the others.
        self._functions: dict[tuple[t.Any, ...], Callable[..., t.Any]] = {}

    def are_known(self, name: str, at: int, kinds: tuple[type, ...]) -> bool:
        """Tell whether there is a function for a rule and the classes of its other arguments."""
        return (name, at, *kinds) in self._functions

    def prepare(self, name: str, at: int, kinds: tuple[type, ...]) -> Callable[..., t.Any] | None:
        """Return the function, which is made now; ``None`` if there is none."""
        program = self._program
        are_kept = all(map(program.host.keeps, kinds))
        lineages = {
            position + (position >= at): lineage
            for position, kind in enumerate(kinds)
            if are_kept and kind is not int and (lineage := program.lineage(kind)) is not None
        }
        known = tuple(sorted(lineages.items()))
        made = program.open_function(Variant(name, len(kinds) + 1, (), False, known, open=(at,)))
        if made is not None and are_kept:
            self._functions[name, at, *kinds] = made
            if program.searches.get((name, at, *kinds)) is no_answer and list not in kinds:
                # Nothing on plain data is tried before.
                are_plain = self._plain.issuperset(kinds)
                search = self._search(made, name, at, are_plain=are_plain)
                program.searches[name, at, *kinds] = search
        return made

    def found(
        self, name: str, at: int, kinds: tuple[type, ...], args: tuple[t.Any, ...]
    ) -> set[t.Any] | None:
        """Return what the solutions of a rule bind an argument to.

        :param args: all arguments; that at ``at`` is ignored.
        :returns: ``None`` where the solver has to answer, as for a rule that leaves it open.
        """
        function = self._functions.get((name, at, *kinds)) or self.prepare(name, at, kinds)
        given = self._given(args, at)
        if function is None or given is None:
            return None
        return self._values(function, name, args, given)

    def _given(self, args: tuple[t.Any, ...], at: int) -> list[t.Any] | None:
        """Return arguments as compiled rules take them; ``None`` if the solver has to."""
        taken = self._as_data((*args[:at], *args[at + 1 :]))
        return None if taken is None else [*taken[:at], self._variable, *taken[at:]]

    def _values(
        self,
        function: Callable[..., t.Any],
        name: str,
        args: tuple[t.Any, ...],
        given: list[t.Any],
    ) -> set[t.Any] | None:
        """Call a function.

        :param given: the arguments as it takes them.
        """
        try:
            return {value for (value,) in function(*given, 0, new_clock())}
        except SolverNeeded:
            return None
        except Exception:
            # Also one of the application.
            self._program.raise_as_solver(name, args)
            raise

    def _search(
        self, function: Callable[..., t.Any], name: str, at: int, *, are_plain: bool
    ) -> StringSearch:
        """Return a function that gives the values, for callers that have looked at the classes.

        :param are_plain: whether compiled rules take all arguments as they are.
        """
        is_left, variable = False, self._variable

        def search(*args: t.Any) -> set[t.Any] | None:
            nonlocal is_left
            if is_left:
                return None
            given = [*args] if are_plain else self._given(args, at)
            if given is None:
                is_left = True
                return None
            given[at] = variable
            found = self._values(function, name, args, given)
            # The solver answers the next time, too.
            is_left = found is None
            return found

        return search
