"""Which rows a program may read now, and which it has read. It knows no database.

``reads``
    who reads, and what was read in a request.
``waivers``
    blocks of code that read all rows, and why.
"""

from .reads import Access, AsyncSessionError, Reader, ReadRecord, Reads, UnfilteredRowsError

__all__ = [
    "Access",
    "AsyncSessionError",
    "ReadRecord",
    "Reader",
    "Reads",
    "UnfilteredRowsError",
]
