"""Which status a denial gets, and which answer.

``denial``, ``login_libraries``, ``problems``, ``denial_styles``, ``debug_page``
    the question; who can log in; HTTP errors as pages and as problem details; 401, 403 or 404; why,
    for the developer.
"""
