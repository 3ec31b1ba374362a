"""Tools for the authors of policies that need the database.

``first_policy``, ``policy_diff``
    the policy that ``flask oso init`` writes; who gains and loses which rows from one policy to
    another.
"""
