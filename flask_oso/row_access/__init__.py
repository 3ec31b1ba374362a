"""Which rows a program may read now, and which it has read. It knows no database.

``async_sessions``
    what is raised where rows are to be read in a coroutine.
``reads``
    who reads, and what was read in a request.
``waivers``
    blocks of code that read all rows, and why.
"""
