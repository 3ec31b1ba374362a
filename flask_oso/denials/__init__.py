"""Which status a denial gets, and which answer.

``denial``, ``login_libraries``, ``reasons``
    the denied question; libraries with which an actor can log in; the reason that the policy gives
    to who is denied.
``explained_decision``, ``debug_page``
    the proof of a denial; the page that shows it to the developer, with its template and its style.
``problems``, ``denial_styles``, ``denial_handlers``
    HTTP errors as pages and as problem details; 401, 403 or 404; what the program answers in their
    place.
"""
