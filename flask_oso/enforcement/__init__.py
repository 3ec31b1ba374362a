"""What an app does so that no request passes unjudged.

``authorizer``, ``mistaken_questions``, ``raised_refusals``
    actor -> object -> decision -> denial; arguments that cannot be meant; refusals of an Oso that
    reach Flask.
``forgotten_checks``, ``vain_guards``, ``withheld_answers``
    views that asked a policy themselves; guards that the policy does not know; what is answered in
    place of what must not leave.
``policy_classes``
    models and the classes of guards, which policies know.
``commit_guard``, ``route_audit``, ``route_texts``, ``route_plans``, ``response_gates``
    what a request may commit; every route and how it is guarded; that in words; what is constant
    for a route; the gates before and after views.
``asked_actions``
    actions that nothing asks for, and routes whose actions no rule grants.
"""
