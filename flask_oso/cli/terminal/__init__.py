"""What all commands share: words in, text out, and exit codes that tell the result.

``output``, ``running``, ``termination``
    tables, JSON and annotations; the application of a command and its exit codes; streams and
    signals.
``objects``, ``policy_sources``, ``findings``
    words such as ``User:1``; the texts of a policy as it was; what ``check`` and ``lint`` print.
"""
