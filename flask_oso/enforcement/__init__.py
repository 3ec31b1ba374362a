"""What an app does so that no request passes unjudged.

``answer_origin``, ``forgotten_checks``
    who answered a request; views that asked a policy themselves.
``commit_guard``, ``route_audit``, ``response_gates``
    what a request may commit; every route and how it is guarded; the gates before and after views.
"""
