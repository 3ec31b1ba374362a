"""Pages of an application: with the policy, with the same checks by hand, and unguarded.

``python -m benchmarks pages --help`` says how to run it. The modules, in reading order:

``models``, ``rows``
    organizations, teams, projects, tasks, comments, invitations; 5,000 tasks of them.
``policy.polar``
    64 rules about them.
``by_hand``
    the same as functions and statements.
``application``
    a list of tasks with buttons, the pages of a task and of a project, guarded in each way.
``measuring``, ``command``
    how pages are compared, timed and shown.
"""
