"""What ``Oso`` needs for its questions, besides the engine.

``foreign_objects``, ``row_questions``
    proxies of Werkzeug and users of Flask-Login; which rows satisfy the policy.
"""
