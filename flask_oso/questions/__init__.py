"""What ``Oso`` needs for its questions, besides the engine.

``foreign_objects``, ``many_objects``, ``row_questions``
    proxies of Werkzeug, users of Flask-Login and mapped classes; what questions about many objects
    have in common; which rows satisfy the policy.
"""
