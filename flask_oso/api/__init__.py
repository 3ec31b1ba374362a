"""What ``FlaskOso`` is made of, by what it is for; ``extension.py`` puts it together.

``arguments``
    what the constructor is given, in the order of Flask's other extensions or in that of 0.27.
``guarding``, ``legacy_api``, ``mistaken_names``, ``questions``
    guards and exemptions of what is named; the calls of flask-oso 0.27; names that a FlaskOso does
    not have, and what to write instead; what is asked about the current actor, which templates
    know as ``oso``.
``initialization``
    how an app gets its first FlaskOso.
"""
