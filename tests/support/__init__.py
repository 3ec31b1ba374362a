"""What tests share: makers of applications, models, databases and engines.

Read ``world`` (the classes of the cases), ``cases`` (``tests/polar/cases``), ``answers`` (how an
Oso answers a question), ``sites`` (applications), ``shop`` and ``documents`` (models), ``servers``
(databases), ``stores`` (a data adapter), ``consoles`` (prompts), ``choices`` (what is random),
``sizes`` and ``skips`` (how much is tested), ``children`` (other processes) and ``stacks``
(little of Python's stack left).
"""
