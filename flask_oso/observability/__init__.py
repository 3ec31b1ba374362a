"""What there is to tell of a decision, and who hears of it.

``decision``, ``signals``, ``decision_log``, ``telemetry``, ``publisher``
    the record; receivers of signals; the log; OpenTelemetry; who tells them all.
"""
