"""``flask oso lint``: what is wrong with a policy, with codes.

``sarif``
    findings in the format that code hosts and editors read.
``command``
    the command.
"""

from .command import lint

__all__ = ["lint"]
