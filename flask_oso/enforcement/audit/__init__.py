"""Every route of an app and how it is guarded, and whether its policy knows the guards.

``vain_guards``
    guards that the policy does not know.
``route_audit``, ``route_texts``
    every route and how it is guarded; that in words.
``asked_actions``, ``guard_findings``
    actions that nothing asks for, and routes whose actions no rule grants; all that is wrong with
    guards.
"""
