"""Fuzzing: what arbitrary input does to each part, against an oracle of its own.

``targets/`` has one module for each part. Its ``target(data)`` takes any bytes, and raises
only if it found a fault, so every engine can drive it: the loop here, Hypothesis'
``fuzz_one_input``, atheris. ``corpus/`` keeps few inputs, one a file, that once were
interesting; the tests run each of them.

    python -m tests.fuzz --minutes 30

``choices``, ``words``, ``oracle``, ``policies``
    what targets are made of: bytes as choices; the words of Polar; what may be raised;
    policies made by choices.
``corpus``, ``seeds``, ``mutation``, ``coverage``, ``watch``, ``shrinking``, ``session``
    the loop: inputs on disk; texts to begin with; inputs made of others; which are new;
    running one and judging time and memory; making a finding small; one target under fire.
``campaign``, ``__main__``, ``with_atheris``
    several targets side by side; the command; another engine.
"""
