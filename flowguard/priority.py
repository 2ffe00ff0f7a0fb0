"""Who goes first when the processors are busy: what brings events into the tables, before what reads them."""

import os

NICENESS = 10
"""Of two processes that want the same processor, the one that gives way gets about a tenth of it."""


def give_way() -> None:
    """Let this process, from now on, work where others leave it time."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
