"""The guard: a process that outlives the supervisor, however that ends, and then stops what it left behind.

Its standard input is the list of process groups, a line for each that starts (``+123``) or has ended (``-123``).
The end of the input is the end of the supervisor, also by SIGKILL, because the kernel closes its side of the pipe.
Its argument is the number of seconds that the groups then have to stop by themselves.
"""

import signal
import sys
from collections.abc import Iterable

from flowguard.local import groups


def left_behind(lines: Iterable[str]) -> set[int]:
    """Read until the input ends; the groups that have started and not ended."""
    started: set[int] = set()
    for line in lines:
        group = int(line)
        if group > 0:
            started.add(group)
        else:
            started.discard(-group)
    return started


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups.end(left_behind(sys.stdin), float(sys.argv[1]))
