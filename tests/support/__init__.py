"""What tests share: makers of applications, models, databases and engines.

Read ``models`` (classes of all kinds), ``cases`` and ``lint_cases`` (``.polar`` files),
``answers`` (how an Oso answers a question), ``policies`` (policies and engines without an Oso),
``sites`` (applications), ``databases`` and ``servers``, ``open_databases`` (tests leave none),
``lists`` (of rows, as statements), ``browsers``, ``consoles`` (prompts), ``choices`` (what is
random), ``value_kinds`` (values of every kind), ``sizes``, ``skips`` and ``reports`` (how much is
tested, and what is said of it), ``children`` (other processes), ``stacks`` (little of Python's
stack left) and ``holders`` (of what should have gone).
"""
