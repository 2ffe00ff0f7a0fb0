"""fakesnow: a server on loopback that answers as Snowflake does, out of a DuckDB in memory; for tests and the demo.

It has a DuckDB of its own, so an environment of its own, which ``make`` creates inside of this one.
"""

import sys
from pathlib import Path

from flowguard.errors import MissingComponent
from flowguard.local.fakesnow.login import login

_PYTHON = Path(sys.prefix) / "fakesnow" / "bin" / "python"
_SERVER = Path(__file__).with_name("server.py")


def command(directory: Path, port: int) -> list[str]:
    """The command line that runs the server in the foreground; at its end its tables are gone.

    Raises:
        MissingComponent: it is not installed.
    """
    if not _PYTHON.exists():
        raise MissingComponent(f"fakesnow is not installed in {sys.prefix}: make demo WAREHOUSE=snowflake")
    return [str(_PYTHON), "-I", str(_SERVER), str(directory), str(port)]


__all__ = ["command", "login"]
