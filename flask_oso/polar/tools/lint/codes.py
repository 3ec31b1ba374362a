"""The codes of findings: stable names for programs, and for comments that ignore a finding."""

from __future__ import annotations

import enum
import re
import typing as t

from ..policy_check import Severity


class Code(enum.Enum):
    """A kind of finding: its code, its name, and how severe it is."""

    LOAD_ERROR = "OSO001", "load-error", Severity.ERROR
    UNKNOWN_CLASS = "OSO010", "unknown-class", Severity.WARNING
    CLASS_IN_QUOTES = "OSO011", "class-in-quotes", Severity.WARNING
    CLASS_AS_VALUE = "OSO012", "class-as-value", Severity.WARNING
    UNBOUND_NAME = "OSO013", "unbound-name", Severity.WARNING
    WRONG_ARITY = "OSO014", "wrong-number-of-arguments", Severity.WARNING
    UNDECLARED_NAME = "OSO015", "undeclared-name", Severity.WARNING
    UNKNOWN_ATTRIBUTE = "OSO016", "unknown-attribute", Severity.WARNING
    NEVER_EQUAL = "OSO017", "never-equal", Severity.WARNING
    NO_ALLOW_RULE = "OSO018", "no-allow-rule", Severity.WARNING
    BLOCKS_UNUSED = "OSO019", "blocks-unused", Severity.WARNING
    ONLY_IN_TESTS = "OSO020", "only-in-tests", Severity.WARNING
    CIRCULAR_ROLES = "OSO021", "circular-roles", Severity.WARNING
    CONFUSABLE_NAME = "OSO022", "confusable-name", Severity.WARNING
    WRONG_ROLES = "OSO023", "wrong-roles", Severity.WARNING
    NOBODY_EQUALS_NOBODY = "OSO024", "nobody-equals-nobody", Severity.WARNING
    AMBIGUOUS_OPERATORS = "OSO025", "ambiguous-operators", Severity.WARNING
    UNKNOWN_ESCAPE = "OSO026", "unknown-escape", Severity.WARNING
    OTHER_WARNING = "OSO099", "other-warning", Severity.WARNING
    SUBSUMED_RULE = "OSO101", "subsumed-rule", Severity.WARNING
    NEVER_APPLIES = "OSO102", "never-applies", Severity.WARNING
    CUT_OFF = "OSO103", "cut-off", Severity.WARNING
    MISSPELT_RULE = "OSO104", "misspelt-rule", Severity.WARNING
    PERMISSION_NEVER_GRANTED = "OSO201", "permission-never-granted", Severity.WARNING
    ROLE_NEVER_HELD = "OSO202", "role-never-held", Severity.WARNING
    ACTION_NEVER_ASKED = "OSO301", "action-never-asked", Severity.WARNING
    ROUTE_NEVER_ALLOWED = "OSO302", "route-never-allowed", Severity.WARNING
    ALLOWS_EVERYTHING = "OSO401", "allows-everything", Severity.WARNING
    OPEN_ACTOR = "OSO402", "open-actor", Severity.WARNING
    READ_PER_ROW = "OSO501", "read-per-row", Severity.NOTE
    NOT_COMPILED = "OSO601", "not-compiled", Severity.NOTE
    NOT_LISTED = "OSO602", "not-listed", Severity.NOTE
    IGNORE_WITHOUT_REASON = "OSO901", "ignore-without-reason", Severity.WARNING
    UNUSED_IGNORE = "OSO902", "unused-ignore", Severity.WARNING
    UNKNOWN_CODE = "OSO903", "unknown-code", Severity.WARNING

    def __init__(self, number: str, title: str, severity: Severity) -> None:
        self.number: t.Final = number
        self.title: t.Final = title
        self.severity: t.Final = severity


#: The codes by their number.
BY_NUMBER: t.Final = {code.number: code for code in Code}

#: What the messages of a load say, by code; the first that fits decides.
_MESSAGES: t.Final = (
    (r"Unknown specializer ", Code.UNKNOWN_CLASS),
    (r'"[^\n]*" is compared as a string; ', Code.CLASS_IN_QUOTES),
    (r"\S+ inside a pattern is compared with the class", Code.CLASS_AS_VALUE),
    (r"\S+ is a variable here, which equals anything", Code.UNBOUND_NAME),
    (r"Call to \S+ with ", Code.WRONG_ARITY),
    (r"Undeclared (role|permission|relation) |No block declares a ", Code.UNDECLARED_NAME),
    (r"[^\n]* (has no attribute|is no method)", Code.UNKNOWN_ATTRIBUTE),
    (
        r"[^\n]*(they are never equal|they always differ|they have no order|nothing is in it)",
        Code.NEVER_EQUAL,
    ),
    (r"\([^\n]* is the string, whose characters", Code.NEVER_EQUAL),
    (r"A (list|dictionary) equals no |What is in the text ", Code.NEVER_EQUAL),
    (r"\S+ stands in the place of the action, ", Code.NEVER_EQUAL),
    (r'"[^\n]*" is (a text like any other|one \w+, and not several)', Code.NEVER_EQUAL),
    (r"Your policy does not contain an allow rule", Code.NO_ALLOW_RULE),
    (r"Warning: your policy uses resource blocks but does not call", Code.BLOCKS_UNUSED),
    (r"[^\n]*never holds outside of ", Code.ONLY_IN_TESTS),
    (r"No rule gives anybody the role", Code.ROLE_NEVER_HELD),
    (r"Circular (role|permission|relation)s", Code.CIRCULAR_ROLES),
    (r"The name \S+ (is not|mixes) ", Code.CONFUSABLE_NAME),
    (r"[^\n]*may be nobody, who is nil", Code.NOBODY_EQUALS_NOBODY),
    (r"Expression without parentheses could be ambiguous", Code.AMBIGUOUS_OPERATORS),
    (r"Unknown escape ", Code.UNKNOWN_ESCAPE),
    (r"Left to the solver: ", Code.NOT_COMPILED),
    (r"A list of rows refuses ", Code.NOT_LISTED),
    (r"[^\n]*(The roles of resource|there is no resource|is not declared)", Code.WRONG_ROLES),
)


def code_of_message(severity: Severity, message: str) -> Code:
    """Give the code of a finding of the check of a policy."""
    found = next((code for pattern, code in _MESSAGES if re.match(pattern, message)), None)
    if severity is Severity.ERROR:
        # Only an attribute that no column has is both.
        return Code.UNKNOWN_ATTRIBUTE if found is Code.UNKNOWN_ATTRIBUTE else Code.LOAD_ERROR
    return found or Code.OTHER_WARNING
