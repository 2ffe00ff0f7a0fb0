"""The settings of a home whose tables are on a fakesnow server."""

from pathlib import Path
from typing import Any

from flowguard.local.ports import HOST
from flowguard.settings import PACE_OF_SNOWFLAKE, Settings
from flowguard.warehouse.snowflake.connection import connector


def login(folder: Path, port: int) -> dict[str, Any]:
    """Settings by name, with a new private key in the folder: any key is accepted.

    The pace is that of a home on DuckLake, because nobody pays for the server.

    Raises:
        MissingComponent: Snowflake's connector is not installed.
    """
    connector()
    return {
        "warehouse": "snowflake",
        "snowflake_account": "fakesnow",
        "snowflake_user": "fakesnow",
        "snowflake_private_key": _private_key(folder / "key.pem"),
        "snowflake_endpoint": f"http://{HOST}:{port}",
        **{name: Settings.model_fields[name].default for name in PACE_OF_SNOWFLAKE},
    }


def _private_key(file: Path) -> Path:
    from cryptography.hazmat.primitives import serialization  # the connector brings it
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return file
