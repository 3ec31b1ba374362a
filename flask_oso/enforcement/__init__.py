"""What an app does so that no request passes unjudged.

``denied_requests``, ``authorizer``, ``mistaken_questions``, ``raised_refusals``
    what a denial does to a request; actor -> object -> decision -> denial; arguments that cannot be
    meant; refusals of an Oso that reach Flask.
``policy_classes``, ``audit``
    models and the classes of guards, which policies know; every route and how it is guarded.
``commit_guard``, ``route_plans``
    what a request may commit; what is constant for a route.
``forgotten_checks``, ``withheld_answers``, ``inner_requests``, ``response_gates``
    views that asked a policy themselves; what is answered in place of what must not leave; requests
    that a view sends to its own application; the gates before and after views.
``row_filters``
    sessions that select only what the current actor may read.
"""
