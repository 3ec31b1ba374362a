"""What is raised where no condition of a database means what a policy says."""

from __future__ import annotations


class NotTranslatable(Exception):
    """A comparison that no condition expresses with the same meaning.

    :param fact: what is wrong, as text without a period.
    :param remedy: what to write instead.
    """

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.remedy = remedy
