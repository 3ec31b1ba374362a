"""What a developer writes on views: which check a request has to pass before them.

``url_keys``, ``view_guards``, ``parents``
    which URL variables identify an object; the marks that guards leave on views; what an object
    belongs to.
``guard_checks``, ``object_loaders``, ``object_words``, ``receivers``, ``shortcuts``, ``passages``
    what is wrong with guards; where objects come from; objects by words such as ``User:1``; views
    behind guards that are no decorators; the usual way through a guard; how calls pass a check.
``view_checks``, ``blueprints``, ``declarations``, ``decorators``, ``list_guards``
    what a guard wants of a request; guards of whole blueprints; guards and exemptions of what is
    named; ``@authorize`` and its kin; ``@oso.lists``.
"""
