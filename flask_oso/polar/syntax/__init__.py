"""From text to syntax trees, and from a policy to its canonical style.

In goes the text of a policy or a query. Out come the nodes of ``nodes.py``, desugared for
evaluation; the formatter gives the same text in canonical layout. Python objects and loaded
rules are not known here.

``policy_test_nodes``
    the nodes of the tests in a policy, and of all statements.
``lr_tables``, ``lexer``
    the parse tables made from ``grammar.lark``; characters to tokens.
``confusables``, ``diagnostics``
    names that look like other names; the line of help for a syntax error.
``ast_builder``, ``lr_driver``, ``rule_forms``, ``parser``, ``desugar``
    productions to nodes; tokens to productions; rules that differ in their literals alone; texts to
    statements, with recovery from errors; expressions to the form that the solver evaluates.
``pretty_printer``, ``formatter``
    a layout algorithm for lines; a policy in its canonical style.
"""
