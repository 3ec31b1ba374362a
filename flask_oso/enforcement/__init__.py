"""What an app does so that no request passes unjudged.

``authorizer``
    actor -> object -> decision -> denial.
``forgotten_checks``, ``vain_guards``, ``withheld_answers``
    views that asked a policy themselves; guards that the policy does not know; what is answered in
    place of what must not leave.
``commit_guard``, ``route_audit``, ``route_texts``, ``route_plans``, ``response_gates``
    what a request may commit; every route and how it is guarded; that in words; what is constant
    for a route; the gates before and after views.
"""
