"""What tests share: makers of applications, models, databases and engines.

Read ``models`` (classes of all kinds), ``cases`` and ``lint_cases`` (``.polar`` files),
``answers`` (how an Oso answers a question), ``policies`` (policies and engines without an Oso),
``sites`` (applications), ``databases``, ``open_databases`` (what is left open is closed) and
``servers``, ``browsers``, ``consoles`` (prompts),
``choices`` (what is random), ``value_kinds`` (values of every kind), ``sizes`` and ``skips`` (how
much is tested), ``children`` (other processes) and ``stacks`` (little of Python's stack left).
"""
