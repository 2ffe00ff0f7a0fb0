"""The connector's errors become ours: what may be tried again, and what a person has to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

from flowguard.errors import FlowGuardError, InvalidInput, InvalidSettings, WarehouseBusy, WarehouseUnavailable
from flowguard.warehouse.snowflake.connection import connector

_LOGIN = {251006, 251008, 390100, 390101, 390144, 390186, 390189, 390303, *range(394300, 394307)}
_EXPIRED = {390104, 390110, 390111, 390112, 390114, 390195, 390318}
_LOCKED = {625}
_CANCELLED = {604}
"""Somebody cancelled the statement or suspended the virtual warehouse under it."""
_NO_WAREHOUSE = {606, 90073, 2043001}
_NOT_AUTHORISED = {3001, 3003, 3041}
_MISSING = {2003, 2043}
_ANSWERED = {290408, 290429, *range(290500, 290600)}
"""What HTTP says of a server that is in trouble, for as long as the connector has tried."""
_NETWORK = {250003, 250006, 250007, 250008, 253003, 253006, 261000}


@contextmanager
def translated() -> Iterator[None]:
    """What Snowflake, or the way to it, refuses."""
    errors = connector().errors
    try:
        yield
    except errors.Error as error:
        raise _ours(error, isinstance(error, errors.OperationalError | errors.InterfaceError)) from error
    except OSError as error:
        raise _unavailable(error) from error
    except ValueError as error:
        if "key" in str(error).lower() or "passphrase" in str(error).lower():
            raise InvalidSettings(f"FLOWGUARD_SNOWFLAKE_PRIVATE_KEY cannot be read: {error}") from error
        raise


def _ours(error: Exception, transient: bool) -> FlowGuardError:
    code = getattr(error, "errno", None)
    if code in _EXPIRED:
        return WarehouseUnavailable(f"Snowflake's login has expired, the next attempt logs in again: {error}")
    if code in _LOCKED:
        return WarehouseBusy(f"Snowflake: another transaction holds the lock; nothing was written: {error}")
    if code in _NO_WAREHOUSE:
        return InvalidSettings(
            f"Snowflake: no virtual warehouse: set FLOWGUARD_SNOWFLAKE_WAREHOUSE to one that exists, GRANT USAGE ON "
            f"WAREHOUSE it to the role, and see that it may run: AUTO_RESUME on, its quota not used up: {error}"
        )
    if code in _NOT_AUTHORISED:
        return InvalidSettings(
            f"Snowflake: FLOWGUARD_SNOWFLAKE_ROLE lacks a privilege; GRANT it what is named here: {error}"
        )
    if code in _MISSING:
        return InvalidInput(
            f"Snowflake: this does not exist, or FLOWGUARD_SNOWFLAKE_ROLE may not see it; `flowguard warehouse init` "
            f"creates schemas and tables, what `--roles` prints makes database and grants: {error}"
        )
    if code in _LOGIN or (code == 250001 and not transient):  # it is also what a network that is down is told as
        return InvalidSettings(
            f"Snowflake refuses the login: compare FLOWGUARD_SNOWFLAKE_ACCOUNT, _USER, _ROLE and the key or token: "
            f"{error}"
        )
    if transient or code in _NETWORK | _ANSWERED | _CANCELLED:
        return _unavailable(error)
    return InvalidInput(f"Snowflake: {error}")


def _unavailable(error: Exception) -> WarehouseUnavailable:
    return WarehouseUnavailable(
        f"Snowflake does not answer; what was being written is there whole or not at all, and it is safe to try "
        f"again: {error}"
    )
