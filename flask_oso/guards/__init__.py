"""What a developer writes on views: which check a request has to pass before them.

``view_guards``, ``url_keys``, ``parents``
    the marks that guards leave on views; which URL variables identify an object; what an object
    belongs to.
``guard_checks``, ``view_checks``, ``object_loaders``, ``object_words``
    what is wrong with guards; what a guard wants of a request; where objects come from; objects
    by words such as ``User:1``.
``receivers``, ``blueprints``, ``declarations``, ``decorators``, ``list_guards``
    views behind guards that are no decorators; guards of whole blueprints; guards and exemptions of
    what is named; ``@authorize`` and its kin; ``@oso.lists``.
"""
