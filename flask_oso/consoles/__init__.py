"""Consoles with line editing, for the REPL and the debugger, and the colors of policies.

``prompt_console``, ``readline_console``, ``choice``
    a console on prompt_toolkit; one on readline; the choice of one that is available.
``highlighting``
    the lexer of Pygments, for consoles and pages.
"""
