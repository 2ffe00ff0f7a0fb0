"""A real Postgres on a Unix socket, for as long as a block lasts."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowguard_tests.waiting import wait_until

_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "nobody"


def program(name: str) -> Path | None:
    """Debian keeps them off the path; the newest wins."""
    found = shutil.which(name)
    installed = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda file: int(file.parts[-3]))
    return installed[-1] if installed else Path(found) if found else None


@contextmanager
def postgres() -> Iterator[str]:
    """Its URL, as SQLAlchemy takes it. It refuses to run as root, so it runs as somebody else there."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path is 107 bytes at most, pytest's are longer
    data = folder / "data"
    user = {}
    if os.geteuid() == 0:
        somebody = pwd.getpwnam(_UNPRIVILEGED)
        user = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)
    try:
        create = [str(program("initdb")), "-D", str(data), "-U", "dagster", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(create, check=True, capture_output=True, cwd=folder, **user)
        serve = [str(program("postgres")), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-F"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, cwd=folder, **user)
        try:
            ready = [str(program("pg_isready")), "-q", "-h", str(folder)]
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
            yield f"postgresql+psycopg2://dagster@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # clients are cut off
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
