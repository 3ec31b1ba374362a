"""Which status a denial gets, and which answer.

``problems``, ``denial_styles``, ``debug_page``
    HTTP errors as pages and as problem details; 401, 403 or 404; why, for the developer.
"""
