"""What ``Oso`` needs for its questions, besides the engine.

``foreign_objects``, ``row_questions``
    proxies of Werkzeug, users of Flask-Login and mapped classes; which rows satisfy the policy.
"""
