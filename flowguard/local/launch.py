"""Become the program that the arguments name, once the guard knows about this process, with default signals.

What is started in the background of a script inherits that SIGINT is ignored, and Dagster's servers would never stop.
"""

import os
import signal
import sys

GO = b"\n"

if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if os.read(0, 1) != GO:
        sys.exit("the supervisor ended before this process was known to the guard")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execv(sys.argv[1], sys.argv[1:])
