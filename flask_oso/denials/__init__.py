"""Which status a denial gets, and which answer.

``denial``, ``login_libraries``, ``problems``, ``denial_styles``, ``denial_handlers``
    the question; who can log in; HTTP errors as pages and as problem details; 401, 403 or 404; what
    the program answers in their place.
``explained_decision``, ``debug_page``
    why; the page that tells the developer, with its template and its style.
"""
