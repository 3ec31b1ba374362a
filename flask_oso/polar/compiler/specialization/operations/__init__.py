"""The operations that specializations call: they run no code of an application, or give up.

In go values of any class; out comes an answer, or ``NotSilent``, for which a specialization
returns ``None``.

``plain_data``, ``comparisons``, ``containers``, ``named_operations``
    what holds of all elements of plain data; how values compare, and are searched for; what is read
    of dictionaries, lists and texts; the names of all of it.
"""
