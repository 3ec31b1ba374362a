"""Tools for the authors of policies that need the database.

``first_policy``
    the policy that ``flask oso init`` writes.
``row_counts``, ``policy_diff``
    how many rows satisfy one condition and not another; who gains and loses which rows from one
    policy to another.
"""
