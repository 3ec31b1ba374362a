"""Text to nodes, and nodes to a policy in its canonical style.

In goes the text of a policy or a query. Out come the nodes of ``nodes.py``, in the form that
is evaluated; for the formatter, the same text laid out anew. Nothing is known here of Python
objects or of rules that are loaded.

``lr_tables``, ``lexer``
    the syntax, made from ``grammar.lark``; characters to tokens.
``confusables``, ``diagnostics``, ``hints``
    names that look like others; a token out of place; what was most likely meant.
``ast_builder``, ``lr_driver``, ``parser``, ``desugar``
    productions to nodes; tokens to productions; texts to statements; expressions to the form
    that the solver evaluates.
``pretty_printer``, ``formatter``
    lines from pieces that may be broken; a policy in its canonical style.
"""
