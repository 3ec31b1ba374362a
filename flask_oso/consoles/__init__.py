"""Prompts for the REPL and the debugger.

``prompt_console``, ``readline_console``, ``choice``
    on prompt_toolkit; on readline; which one there is.
"""
