"""What a program for oso 0.27 has to change, found by reading it; nothing of it is run.

``findings``, ``program_files``
    what is found, with a code; the files of a program, and their syntax trees.
``import_order``, ``resource_classes``, ``requirements``, ``policy_changes``, ``program_changes``
    where ``install_as_oso`` stands; classes that are judged in the place of objects; packages that
    are installed; what means something else in a policy; the same in Python.
``migration_check``
    all findings about some paths.
"""
