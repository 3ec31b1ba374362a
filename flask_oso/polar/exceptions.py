"""The exceptions of the language.

Names, base classes and the leading words of messages are those of oso 0.27.3, since programs
catch and search for them. ``str(error)`` is the message alone, without upstream's line that
offers help.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .characters import with_escapes
from .sources import Span, located


class OsoError(Exception):
    """Base of all errors of Polar and Oso.

    Raised itself, it says that the application is put together in a wrong way; the message names
    the remedy. An error is never an allow.

    :param message: the text, with the place it concerns if there is one.
    :param details: data for programs, such as ``stack_trace``.
    """

    #: The problems of a load, if this error stands for several.
    _combined: tuple[OsoError, ...] = ()

    def __init__(self, message: str | None = None, details: dict[str, t.Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    @property
    def problems(self) -> tuple[OsoError, ...]:
        """All problems of the load that failed; otherwise just this error."""
        # An error that has itself as an attribute is freed by the garbage collector only.
        return self._combined or (self,)

    @property
    def stack_trace(self) -> str | None:
        """The backtrace of a run-time error, or ``None``."""
        return self.details.get("stack_trace") if self.details else None

    def __str__(self) -> str:
        return self.message or ""

    def __reduce__(self) -> tuple[t.Any, ...]:
        # The text names the problems.
        state = {k: v for k, v in self.__dict__.items() if k != "_combined"}
        return _rebuild, (type(self), state)


def _rebuild(kind: type[OsoError], state: dict[str, t.Any]) -> OsoError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    # Refusals have that of their class.
    Exception.__init__(error, getattr(error, "message", None))
    return error


class ParserError(OsoError):
    """The text is not Polar."""


class IntegerOverflow(ParserError):
    """An integer literal does not fit into 64 bits."""


class InvalidTokenCharacter(ParserError):
    """A character can neither start nor continue a token."""


class InvalidToken(ParserError):
    """Kept for code that catches it; never raised."""


class UnrecognizedEOF(ParserError):
    """The text ends in the middle of something: often a ``;`` or a bracket is missing."""


class UnrecognizedToken(ParserError):
    """The grammar does not allow a token where it is."""


class ExtraToken(ParserError):
    """Kept for code that catches it; never raised."""


class ValidationError(OsoError):
    """The text is Polar, and a check of the policy fails.

    Such as a call of an undefined rule, a name that no block declares, a rule that fits no rule
    type.
    """


class RolesValidationError(OsoError):
    """The configuration of the roles of oso 0.15 (``enable_roles``) is wrong."""

    def __init__(self, message: str | None = None, details: dict[str, t.Any] | None = None) -> None:
        super().__init__(f"Oso Roles Validation Error: {message}", details)


class OperationalError(OsoError):
    """The engine cannot work with a value or in a state."""


class UnknownError(OperationalError):
    """Kept for code that catches it; never raised."""


class FFIErrorNotFound(OsoError):
    """Kept for code that catches it; never raised."""


class PolarRuntimeError(OsoError):
    """A rule failed while it was asked: an object lacks an attribute, or a limit was reached.

    The message has the trace of the rules; ``stack_trace`` has it alone. An exception of a method
    that a rule calls is not wrapped: it comes out as it is.
    """


class UnsupportedError(PolarRuntimeError):
    """An operation is not defined for its operands.

    Of a list: a condition cannot be translated to a query with the same meaning. The message names
    it.
    """


class PolarTypeError(PolarRuntimeError):
    """A value is of the wrong kind.

    Such as a condition that is neither true nor false, or a coroutine that nobody awaited.
    """


class StackOverflowError(PolarRuntimeError):
    """The evaluation went too deep: often a rule calls itself without end."""


class UnregisteredClassError(PolarRuntimeError):
    """A policy names a class that was not registered: ``register_class`` or ``models`` do that."""


class DuplicateClassAliasError(PolarRuntimeError):
    """Two classes are registered under one name: ``register_class`` has ``name`` for another."""

    def __init__(self, name: str, old: object, new: object) -> None:
        super().__init__(f"Attempted to alias {new} as '{name}', but {old} already has that alias.")


class UnregisteredInstanceError(PolarRuntimeError):
    """Kept for code that catches it; never raised."""


class DuplicateInstanceRegistrationError(PolarRuntimeError):
    """Kept for code that catches it; never raised."""


class PolarFileExtensionError(PolarRuntimeError):
    """A policy file's name does not end in ``.polar``."""

    def __init__(self, file: object) -> None:
        super().__init__(
            f"Polar files must have .polar extension. Offending file: {with_escapes(str(file))}"
        )


class PolarFileNotFoundError(PolarRuntimeError):
    """A policy file does not exist."""

    def __init__(self, file: object) -> None:
        super().__init__(f"Could not find file: {with_escapes(str(file))}")


class PolarFileUnreadableError(PolarRuntimeError):
    """A policy file is there, and cannot be read as text.

    :param line: the line that is no text.
    """

    def __init__(self, file: object, reason: str, line: int | None = None) -> None:
        place = "" if line is None else f":{line}"
        super().__init__(f"{with_escapes(str(file))}{place}: {reason}")


class InlineQueryFailedError(PolarRuntimeError):
    """An inline query of a policy (``?= …;``) has no result."""


class UnexpectedPolarTypeError(PolarRuntimeError):
    """A result is a condition on a variable and not its value, and ``accept_expression`` is off."""


class InvalidQueryTypeError(PolarRuntimeError):
    """A query is neither a string nor a Predicate."""


class InvalidCallError(PolarRuntimeError):
    """A policy calls an attribute that cannot be called."""


class InvalidIteratorError(PolarRuntimeError):
    """A policy iterates over an object that cannot be iterated."""


class InvalidConstructorError(PolarRuntimeError):
    """Kept for code that catches it; never raised."""


_E = t.TypeVar("_E", bound=OsoError)
#: How many problems the message of a load shows: a generator makes one mistake in each rule.
_MOST_SHOWN = 100


def error_at(kind: type[_E], message: str, span: Span | None, **details: t.Any) -> _E:
    """Make an error whose message ends with its place and excerpt, if the span is known."""
    return kind(located(message, span), details or None)


def with_help(error: _E, line: str) -> _E:
    """Append a line of help, unless it is empty, to the message of an error not raised yet."""
    message = error.message or ""
    is_ended = not line or message.endswith("\n")
    error.message = f"{message}{line}" if is_ended else f"{message}\n{line}"
    error.args = (error.message,)
    return error


def too_deep(kind: type[_E], span: Span | None, limit: str = "") -> _E:
    """Make the error for an expression that is nested deeper than a limit allows."""
    message = f"This is nested too deep{limit}. Give its parts rules of their own."
    return error_at(kind, message, span)


def combined(problems: Sequence[OsoError]) -> OsoError:
    """Combine the problems of a load into one error.

    It has the class of the first problem, and its message begins with the first message, so
    programs that expect a single error find it; the others follow, separated by blank lines. Of
    very many it says how many more there are.

    :param problems: at least one, in the order in which they are shown.
    """
    first = problems[0]
    if len(problems) == 1:
        return first
    error = type(first).__new__(type(first))
    shown = [(problem.message or "").rstrip("\n") for problem in problems[:_MOST_SHOWN]]
    if len(problems) > _MOST_SHOWN:
        left = len(problems) - _MOST_SHOWN
        shown.append(f"And {left:,} more: the 'problems' of this error are all of them.")
    text = "\n".join(f"{each}\n" for each in shown)
    OsoError.__init__(error, text, first.details)
    error._combined = tuple(problems)
    return error
