"""What a developer writes on views: which check a request has to pass before them.

``view_guards``, ``url_keys``
    the marks that guards leave on views; which URL variables identify an object.
``guard_checks``, ``view_checks``, ``object_loaders``, ``object_words``
    what is wrong with guards; what a guard wants of a request; where objects come from; objects
    by words such as ``User:1``.
``receivers``, ``blueprints``, ``decorators``, ``list_guards``
    views that are given an object; guards of whole blueprints; ``@authorize`` and its kin;
    ``@oso.lists``.
"""
