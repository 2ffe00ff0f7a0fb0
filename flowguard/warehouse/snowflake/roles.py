"""What an administrator has to run once, so that FlowGuard can do the rest: a role with no more than it needs."""

from flowguard.errors import InvalidSettings
from flowguard.settings import Settings

_SCRIPT = """\
USE ROLE SECURITYADMIN;
CREATE ROLE IF NOT EXISTS {role};
USE ROLE SYSADMIN;
CREATE DATABASE IF NOT EXISTS {database};
CREATE WAREHOUSE IF NOT EXISTS {warehouse}
    WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
USE ROLE SECURITYADMIN;
GRANT USAGE ON WAREHOUSE {warehouse} TO ROLE {role};
GRANT USAGE, CREATE SCHEMA ON DATABASE {database} TO ROLE {role};
GRANT ROLE {role} TO USER {user};
"""
"""The role owns the schemas that it creates, and so the stage, tables and views in them: nothing else is granted."""


def script(settings: Settings) -> str:
    """The SQL, for the names that the settings have. Raises InvalidSettings without a user."""
    if settings.snowflake_user is None:
        raise InvalidSettings("whom to grant the role? Set FLOWGUARD_SNOWFLAKE_USER, in the environment or .env")
    return _SCRIPT.format(
        role=settings.snowflake_role,
        database=settings.snowflake_database,
        warehouse=settings.snowflake_warehouse,
        user=settings.snowflake_user,
    )
