"""Passes over the statements of a specialization: they do the same in fewer steps.

All that a specialization reads and tests is silent, so that a pass may move it. What is looked at
earlier, or more often, may make the function give up, but changes no answer. In brackets stands
what compilers call it.

``names``
    which names statements read and write.
``flags``
    what depends on a flag stands where the flag would be set (jump threading).
``row_comparisons``, ``indexing``
    the comparison of two rows with which a loop ends; a list that is gone through for each object
    of a chain is gone through once (a hash join).
``hoisting``
    what is the same in all turns of a loop is looked at once (loop-invariant code motion).
``unswitching``
    what stays the same is read and tested before a loop (loop unswitching).
``shortening``
    names and counts that nothing needs (copy propagation, dead code).
``constants``
    what differs in constants alone stands there once (code factoring).
``exclusion``
    which statements exclude each other; a value of one class is tested for no other (jump
    threading).
``passes``
    the above, in order.
``list_positions``, ``recursion``
    a loop over the rests of a list; functions that call themselves, as loops.
``searches``
    a list is searched where it stands, in what is done otherwise (inlining).
"""
