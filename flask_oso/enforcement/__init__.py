"""What an app does so that no request passes unjudged.

``authorizer``
    actor -> object -> decision -> denial.
``answer_origin``, ``forgotten_checks``, ``vain_guards``
    who answered a request; views that asked a policy themselves; guards that the policy does not
    know.
``commit_guard``, ``route_audit``, ``response_gates``
    what a request may commit; every route and how it is guarded; the gates before and after views.
"""
