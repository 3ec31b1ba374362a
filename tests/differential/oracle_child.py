"""The child process that holds the other engine: programs in, outcomes out, a line each.

Started by ``oracle.py`` with the interpreter that has ``oso``; it needs nothing of this
project beyond the world and the runner. Its memory is limited, since some programs make
oso take all there is.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import typing as t
from pathlib import Path

MEMORY = 2 * 1024**3


def main() -> None:
    """Answer until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What oso writes on standard output on its own must not mix with the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    run = _make_run()
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


def _make_run() -> t.Callable[[t.Any], t.Any]:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import oso

    from tests.differential.runner import Runner
    from tests.support.models.world import populate

    def make_oso() -> t.Any:
        made = oso.Oso()
        populate(made)
        return made

    return Runner(make_oso).run


if __name__ == "__main__":
    main()
