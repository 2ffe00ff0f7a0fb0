"""A fakesnow server, in the environment that `make` creates for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowguard.local.ports import free_port
from flowguard.settings import Settings, load_settings
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

PYTHON = Path(sys.prefix) / "fakesnow" / "bin" / "python"
SERVER = Path(__file__).with_name("fakesnow_server.py")


@contextmanager
def fakesnow(log: Path) -> Iterator[str]:
    """The address of a server that forgets everything at its end. Skips the test where it cannot be had."""
    require("fakesnow")
    require("snowflake")
    port = free_port()
    with log.open("w") as output:
        command = [PYTHON, "-I", SERVER, "--server", "--port", str(port)]
        own = os.environ | {"TMPDIR": str(log.parent)}  # its stages are left when it is killed
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=own)
        try:
            wait_until(lambda: "running on" in log.read_text(), patience=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()


def private_key(file: Path) -> Path:
    """A new key, written to a file."""
    from cryptography.hazmat.primitives import serialization  # the connector brings it
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return file


def settings_for(home: Path, endpoint: str, key: Path) -> Settings:
    """Settings of a home whose tables are on the server."""
    return load_settings(
        home,
        warehouse="snowflake",
        snowflake_account="fakesnow",
        snowflake_user="tests",
        snowflake_private_key=key,
        snowflake_endpoint=endpoint,
    )
