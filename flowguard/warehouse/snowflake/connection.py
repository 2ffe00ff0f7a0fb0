"""Logging in: with a key pair, or with a token of OAuth."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flowguard.errors import InvalidSettings, MissingComponent
from flowguard.settings import Settings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_NEEDED = ("account", "user", "database")
_SESSION = {"TIMEZONE": "UTC", "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ", "LOCK_TIMEOUT": 600}
"""A transaction whose connection was cut keeps its locks until it has kept others waiting for five minutes."""
_LOGIN_SECONDS = 30
_STATEMENT_SECONDS = 300
"""So long the connector goes on by itself where the network fails; it cancels statements that take longer, too."""


def connect(settings: Settings) -> "SnowflakeConnection":
    """A connection with its database, role and virtual warehouse in use.

    Raises:
        MissingComponent: the connector is not installed.
        InvalidSettings: a setting is missing that Snowflake needs.
    """
    connection: SnowflakeConnection = connector().connect(**arguments(settings))
    return connection


def connector() -> ModuleType:
    """Snowflake's own library, which is imported only where Snowflake is used. Raises MissingComponent without it."""
    try:
        return import_module("snowflake.connector")
    except ImportError as error:
        raise MissingComponent(
            "FLOWGUARD_WAREHOUSE=snowflake needs Snowflake's connector: pip install 'flowguard[snowflake]'"
        ) from error


def arguments(settings: Settings) -> dict[str, Any]:
    """What the connector is told to log in. Raises InvalidSettings as `connect` does."""
    missing = [name for name in _NEEDED if not getattr(settings, f"snowflake_{name}")]
    if missing:
        names = ", ".join(f"FLOWGUARD_SNOWFLAKE_{name.upper()}" for name in missing)
        raise InvalidSettings(f"FLOWGUARD_WAREHOUSE=snowflake needs {names} too, in the environment or .env")
    return {
        "account": settings.snowflake_account,
        "user": settings.snowflake_user,
        "database": settings.snowflake_database,
        "role": settings.snowflake_role,
        "warehouse": settings.snowflake_warehouse,
        "schema": "OPS",
        "application": "FlowGuard",
        "login_timeout": _LOGIN_SECONDS,
        "network_timeout": _STATEMENT_SECONDS,
        "session_parameters": _SESSION,
        **_identity(settings),
        **_endpoint(settings),
    }


def _identity(settings: Settings) -> dict[str, Any]:
    if settings.snowflake_token:
        return {"authenticator": "oauth", "token": settings.snowflake_token.get_secret_value()}
    if settings.snowflake_private_key is None:
        raise InvalidSettings(
            "Snowflake needs FLOWGUARD_SNOWFLAKE_PRIVATE_KEY, the file of a private key in PEM, "
            "or FLOWGUARD_SNOWFLAKE_TOKEN, a token of OAuth"
        )
    if not settings.snowflake_private_key.is_file():
        raise InvalidSettings(
            f"FLOWGUARD_SNOWFLAKE_PRIVATE_KEY={settings.snowflake_private_key}: there is no such file"
        )
    passphrase = settings.snowflake_private_key_passphrase
    return {
        "authenticator": "SNOWFLAKE_JWT",
        "private_key_file": str(settings.snowflake_private_key),
        "private_key_file_pwd": passphrase.get_secret_value() if passphrase else None,
    }


def _endpoint(settings: Settings) -> dict[str, Any]:
    if settings.snowflake_endpoint is None:
        return {}
    parts = urlsplit(settings.snowflake_endpoint)
    return {"protocol": parts.scheme, "host": parts.hostname, "port": parts.port or 443}
