"""What tests share: makers of applications, models, databases and engines.

Read ``world`` (the classes of the cases), ``cases`` (``.polar`` files), ``answers`` (how an Oso
answers a question), ``policies`` (policies and engines without an Oso), ``people`` (plain actors),
``sites`` (applications), ``shop``, ``documents`` and ``gallery`` (models), ``databases`` and
``servers``, ``stores`` (a data adapter), ``consoles`` (prompts), ``choices`` (what is random),
``value_kinds`` (values of every kind), ``sizes`` and ``skips`` (how much is tested), ``children``
(other processes) and ``stacks`` (little of Python's stack left).
"""
