"""How small the stack of a thread may be in which deep work is done."""

from __future__ import annotations

import sys

#: Since 3.13 CPython frees what is nested or chained deep, a list in lists for example, by
#: recursion on the stack of C, up to ten thousand levels. It ends the process in a thread
#: with less than the usual stack, whoever made those lists.
SMALL_STACK = 256 * 1024 if sys.version_info < (3, 13) else 8 * 1024 * 1024
