"""What there is to tell of a decision, and who hears of it.

``decision``, ``signals``, ``decision_log``, ``telemetry``, ``publisher``, ``denial_hints``
    the record; receivers of signals; the log; OpenTelemetry; who tells them all; denials that look
    like a mistake of the program.
"""
