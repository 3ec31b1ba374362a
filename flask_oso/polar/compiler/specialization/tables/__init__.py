"""The tables by which a question finds its function.

``first_answers``
    which questions compiled rules answer before a function is made.
``drafts``
    the ways in which a function may be written: the first one that works.
``give_ups``, ``function_maker``
    functions that give up again and again; which classes have functions of their own, and which
    function they get.
``fused_tests``, ``shared_searches``, ``observed_searches``, ``search_maker``
    tests for several strings that become one; tests that share what they search for; searches
    behind calls of the application; which function finds all strings.
``dispatch``
    the tables: by a string, usually the action, and then by classes.
"""
