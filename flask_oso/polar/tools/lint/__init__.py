"""The lint of policies: rules that are wrong in themselves, with stable codes.

In go texts and the registered names; out come findings. What is said to be "never" is certain: such
a rule can be removed without changing an answer.

``codes``, ``ignores``
    the kinds of findings; comments that ignore a finding.
``class_facts``, ``alternatives``, ``facts``
    which classes are part of others or exclude each other; the ways in which a rule can apply;
    what one of them says of each term, and whether it contradicts itself.
``reachability``, ``subsumption``, ``derivation``, ``misspelt_rules``, ``grants``, ``openness``,
``row_reads``
    rules that never apply; rules that another one makes superfluous, or several together; rules
    whose names are misspelt; permissions and roles that nobody has; rules that allow too much;
    relations that are read row by row.
``linter``
    all findings about a policy.
"""
