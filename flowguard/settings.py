"""The settings, typed and frozen: the only place that reads the environment.

A setting comes from the first of: an argument, the environment (``FLOWGUARD_…``), ``.env`` in the working
directory, ``settings.env`` in the home (what was fixed when the home was created), its default.
"""

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from flowguard.errors import InvalidSettings

PREFIX = "FLOWGUARD_"
DEFAULT_HOME = Path(".flowguard")
SECRETS = {
    "alert_urls",
    "gateway_api_keys",
    "dashboard_password",
    "snowflake_private_key_passphrase",
    "snowflake_token",
}
AttributionModel = Literal["last_click", "first_click"]
PACE_OF_SNOWFLAKE = {
    "chunk_records": 50_000,
    "round_interval": timedelta(minutes=1),
    "gold_interval": timedelta(minutes=5),
    "report_interval": timedelta(minutes=1),
    "check_interval": timedelta(minutes=5),
    "freshness_limit": timedelta(minutes=15),
}
"""Defaults of its own, because a virtual warehouse that never sleeps costs money."""
_ON_SNOWFLAKE = "default on Snowflake: "


def two_years_back() -> date:
    """The default start date: the first of this month, two years back."""
    today = datetime.now(UTC).date()
    return today.replace(year=today.year - 2, day=1)


class Settings(BaseSettings):
    """Everything that can be set. Durations are seconds, or ISO 8601 such as ``PT30M``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(DEFAULT_HOME, description="Directory that holds the warehouse, Dagster's storage and logs")
    warehouse: Literal["ducklake", "snowflake"] = Field(
        "ducklake", description="Where the tables live: ducklake or snowflake"
    )

    snowflake_account: str | None = Field(None, description="Snowflake account, such as myorg-account1")
    snowflake_user: str | None = Field(None, description="Snowflake user")
    snowflake_private_key: Path | None = Field(None, description="File of the user's private key, PEM")
    snowflake_private_key_passphrase: SecretStr | None = Field(None, description="What that file is encrypted with")
    snowflake_token: SecretStr | None = Field(None, description="Token of OAuth, instead of a private key")
    snowflake_role: str = Field("FLOWGUARD", description="Role that owns the tables")
    snowflake_warehouse: str = Field("FLOWGUARD", description="Virtual warehouse that computes")
    snowflake_database: str = Field("FLOWGUARD", description="Database of the tables; nothing else needs be in it")
    snowflake_endpoint: str | None = Field(None, description="URL to reach Snowflake at, where not the account's own")

    spark_master: str = Field(
        "local[*]", description="Where Spark computes: local[*], spark://host:port, yarn, k8s://…"
    )
    spark_home: Path | None = Field(None, description="A Spark that is there; none: that of the extra 'spark'")
    spark_conf: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="More for spark-submit, such as spark.executor.memory=8g,spark.executor.cores=4"
    )
    spark_stage: Path | None = Field(
        None, description="Folder for what goes to Spark and back, which its whole cluster sees; none: in the home"
    )
    spark_from_events: int | None = Field(
        None, ge=1, description="A backfill of so many events or more is computed by Spark; none: only when asked for"
    )

    kafka_bootstrap_servers: str = Field("127.0.0.1:19092", description="Kafka brokers, host:port, comma-separated")
    orders_topic: str = Field("orders.v1", description="Topic of order events")
    clicks_topic: str = Field("clicks.v1", description="Topic of impressions and clicks")
    rejected_topic: str = Field("rejected.events.v1", description="Topic of events that the gateway refused")
    attributed_topic: str = Field("attributed.events.v1", description="Topic to which attributed orders are published")
    topic_partitions: int = Field(3, ge=1, description="Partitions of a topic that FlowGuard creates")
    consumer_group: str = Field("flowguard", description="Group whose offsets are committed for people's lag tools")

    start_date: date = Field(default_factory=two_years_back, description="First event day; earlier events are refused")
    currency: str = Field("USD", min_length=3, max_length=3, description="The shop's only currency, ISO 4217")
    future_tolerance: timedelta = Field(timedelta(minutes=5), description="How far an event time may exceed arrival")
    duplicate_window: timedelta = Field(timedelta(days=7), description="One order_id within it is one order")
    attribution_window: timedelta = Field(
        timedelta(minutes=30), ge=timedelta(0), description="How long before an order a click may have been its cause"
    )
    attribution_models: Annotated[tuple[AttributionModel, ...], NoDecode] = Field(
        ("last_click", "first_click"), description="Which click gets the credit: last_click, first_click"
    )
    published_models: Annotated[tuple[AttributionModel, ...], NoDecode] = Field(
        ("last_click",), description="The models whose attributed orders are published to Kafka"
    )

    chunk_records: int = Field(100_000, ge=1, description=f"Most records in one round; {_ON_SNOWFLAKE}50,000")
    poll_interval: timedelta = Field(timedelta(milliseconds=200), description="How often the broker is asked for news")
    round_interval: timedelta = Field(
        timedelta(milliseconds=600),
        description=f"Least time between small rounds; {_ON_SNOWFLAKE}1 minute, or so many records",
    )
    quiet_time: timedelta = Field(timedelta(minutes=10), description="A rolling run ends after this long without data")
    longest_life: timedelta = Field(timedelta(hours=1), description="A rolling run ends after this long anyway")
    gold_interval: timedelta = Field(
        timedelta(seconds=10), description=f"Least time between two refreshes of GOLD; {_ON_SNOWFLAKE}5 minutes"
    )
    report_interval: timedelta = Field(
        timedelta(seconds=20), description=f"Least time between materializations logged; {_ON_SNOWFLAKE}1 minute"
    )
    check_interval: timedelta = Field(
        timedelta(minutes=1), description=f"Least time between evaluations of checks; {_ON_SNOWFLAKE}5 minutes"
    )
    maintenance_interval: timedelta = Field(timedelta(minutes=1), description="Least time between compactions")
    freshness_limit: timedelta = Field(
        timedelta(minutes=5), description=f"Unread for longer than this is stale; {_ON_SNOWFLAKE}15 minutes"
    )
    expected_traffic: timedelta | None = Field(
        None, description="Orders and clicks that stay away for longer are a warning; none: that is nobody's fault"
    )

    report_schedule: str = Field("0 6 * * *", description="When the report on yesterday is made, as cron tells times")
    report_time_zone: str = Field("UTC", description="Time zone of that schedule; the days reported on are UTC days")

    history_days: int = Field(
        28, ge=0, le=365, description="Days of simulated shoppers with which `flowguard up` fills a new home; 0: none"
    )

    owner: str = Field(
        "team:data-platform",
        description="Who looks after the tables, in Dagster and alerts: team:… or an e-mail address",
    )
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Where alerts go, as apprise writes it: slack://…, mailtos://…, json://…; none: only logged"
    )
    alert_repeat: timedelta = Field(
        timedelta(days=1), ge=timedelta(0), description="An alert that is still open is told again after this; 0: never"
    )

    gateway_host: str = Field("127.0.0.1", description="Address that the gateway listens on")
    gateway_port: int = Field(8080, description="Port of the gateway and the storefront")
    gateway_api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field((), description="Accepted keys; none: open")
    gateway_cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), description="Other pages that may send")
    gateway_max_body_bytes: int = Field(1_048_576, description="Largest request body")
    gateway_max_batch: int = Field(1_000, description="Most events in one request")
    gateway_max_pending: int = Field(20_000, description="Events awaiting Kafka before 503 is answered")
    gateway_rate_limit: int = Field(0, description="Events a second and client before 429; 0: unlimited")
    gateway_timeout: timedelta = Field(timedelta(seconds=10), description="Wait for Kafka's acknowledgement")
    gateway_show_events: bool = Field(
        True, description="A page may ask for its own events in the tables; off where the tables are on another host"
    )

    dashboard_host: str = Field("127.0.0.1", description="Address that the dashboard listens on")
    dashboard_port: int = Field(8501, description="Port of the dashboard")
    dashboard_password: SecretStr | None = Field(None, description="Password of the dashboard; none: open")
    dashboard_user_header: str | None = Field(
        None, description="Header in which a proxy names the user; the dashboard refuses requests without it"
    )

    code_server_host: str = Field("127.0.0.1", description="Address of Dagster's code server")
    code_server_port: int = Field(4266, description="Port of Dagster's code server")
    webserver_host: str = Field(
        "127.0.0.1", description="Address at which Dagster's web page is asked, for the dashboard"
    )
    webserver_port: int = Field(3000, description="Port of Dagster's web page")
    webserver_url: str | None = Field(
        None, description="Where people reach Dagster's web page, for links; default: that port on this machine"
    )

    @model_validator(mode="before")
    @classmethod
    def _pace_of_the_warehouse(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {**PACE_OF_SNOWFLAKE, **given} if given.get("warehouse") == "snowflake" else given

    @field_validator(
        *("gateway_api_keys", "gateway_cors_origins", "attribution_models", "published_models", "spark_conf"),
        mode="before",
    )
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("alert_urls", mode="before")
    @classmethod
    def _urls(cls, value: object) -> object:
        """Separated by commas or blanks that a URL follows: a URL may have commas of its own."""
        if not isinstance(value, str):
            return value
        urls = tuple(url for url in re.split(r"[,\s]+(?=[\w+.-]+://)", value.strip(" ,")) if url)
        if wrong := [str(place) for place, url in enumerate(urls, 1) if not re.match(r"[\w+.-]+://\S", url)]:
            raise ValueError(f"number {', '.join(wrong)} is no URL such as json://host/path or slack://…")
        return urls

    @field_validator("spark_conf")
    @classmethod
    def _pairs(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [pair for pair in pairs if not re.match(r"spark\.[\w.-]+=", pair)]:
            raise ValueError(f"{', '.join(wrong)}: each is spark.NAME=VALUE")
        return pairs

    @field_validator("spark_master")
    @classmethod
    def _master(cls, master: str) -> str:
        if not re.match(r"local(\[.+\])?$|yarn$|(spark|k8s)://\S", master):
            raise ValueError("not a master such as local[*], spark://host:7077, yarn or k8s://https://host:port")
        return master

    @field_validator("owner")
    @classmethod
    def _owner(cls, owner: str) -> str:
        if not re.fullmatch(r"team:.+|[\w.%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", owner):
            raise ValueError("neither a team, such as team:data-platform, nor an e-mail address")
        return owner

    @field_validator("webserver_url")
    @classmethod
    def _page(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/\s]", url):
            raise ValueError("not an address such as https://dagster.example.com")
        return url.rstrip("/") if url else url

    @field_validator("duplicate_window", "attribution_window")
    @classmethod
    def _whole_seconds(cls, window: timedelta) -> timedelta:
        if window % timedelta(seconds=1):
            raise ValueError("whole seconds are needed: finer intervals are not written alike for every engine")
        return window

    @field_validator("attribution_models")
    @classmethod
    def _with_last_click(cls, models: tuple[AttributionModel, ...]) -> tuple[AttributionModel, ...]:
        if "last_click" not in models:
            raise ValueError("last_click is always needed: the funnels of GOLD count by it")
        return models

    @field_validator("published_models")
    @classmethod
    def _attributed(cls, models: tuple[AttributionModel, ...], info: ValidationInfo) -> tuple[AttributionModel, ...]:
        unknown = [model for model in models if model not in info.data.get("attribution_models", models)]
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} is not among {PREFIX}ATTRIBUTION_MODELS, so there is nothing to publish"
            )
        return models

    @field_validator("report_schedule")
    @classmethod
    def _cron(cls, schedule: str) -> str:
        fields = schedule.split()
        known = "minute hour day-of-month month day-of-week, such as 0 6 * * * for six each morning"
        if len(fields) != 5 or {"l", "w", "lw"} & set(re.split(r"[^a-z]+", schedule.lower())):
            raise ValueError(f"not five fields of cron: {known}")
        try:
            CronSim(" ".join(fields), datetime.now(UTC))
        except CronSimError as error:
            raise ValueError(f"{error}; cron's fields are {known}") from error
        return " ".join(fields)

    @field_validator("report_time_zone")
    @classmethod
    def _time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError("not a time zone by its name, such as UTC or Europe/Berlin") from error
        return name

    @property
    def start(self) -> datetime:
        """The first instant of the start date, naive UTC."""
        return datetime.combine(self.start_date, datetime.min.time())

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def webserver_page(self) -> str:
        """Where people reach Dagster's page, for links."""
        return self.webserver_url or f"http://127.0.0.1:{self.webserver_port}"

    @property
    def topics(self) -> tuple[str, str, str]:
        """The topics that are ingested."""
        return self.orders_topic, self.clicks_topic, self.rejected_topic


def load_settings(home: Path | None = None, **given: Any) -> Settings:
    """The settings of a home; arguments win over the environment.

    Raises:
        InvalidSettings: names the setting, the value's fault and every place that was searched.
    """
    home = (home or Path(_setting_of_home())).absolute()
    places = (home / "settings.env", Path(".env"))
    try:
        return Settings(_env_file=places, home=home, **given)  # type: ignore[call-arg]
    except ValidationError as error:
        raise InvalidSettings(_explain(error, places)) from error


def where_from(home: Path) -> dict[str, str]:
    """For each setting by name, the place that its value came from."""
    env_file, home_file = dotenv_values(".env"), dotenv_values(home / "settings.env")

    def place(name: str) -> str:
        key = f"{PREFIX}{name}".upper()
        if key in os.environ:
            return f"environment {key}"
        if key in env_file:
            return ".env"
        return str(home / "settings.env") if key in home_file else "default"

    return {name: place(name) for name in Settings.model_fields}


def fix_in_home(settings: Settings) -> None:
    """Write down, once, what must not change under existing data: start date and currency."""
    settings.home.mkdir(parents=True, exist_ok=True)
    file = settings.home / "settings.env"
    if not file.exists():
        file.write_text(f"{PREFIX}START_DATE={settings.start_date}\n{PREFIX}CURRENCY={settings.currency}\n")


def as_environment(settings: Settings) -> dict[str, str]:
    """What a child process needs in its environment to see the same settings, over this process's own.

    Secrets are found by the child where this process found them.
    """
    given = settings.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude=SECRETS)
    own = {
        f"{PREFIX}{name}".upper(): ",".join(value) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }
    return {
        **os.environ,
        **own,
        f"{PREFIX}WAREHOUSE": settings.warehouse,
        f"{PREFIX}CODE_SERVER_HOST": settings.code_server_host,
        f"{PREFIX}CODE_SERVER_PORT": str(settings.code_server_port),
        "DAGSTER_HOME": str(settings.dagster_home),
        # A run's process that a busy machine starts later than after 60 s is not a failed run.
        "DAGSTER_GRPC_TIMEOUT_SECONDS": "180",
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "60",
        "DO_NOT_TRACK": "1",
    }


def java_home() -> Path | None:
    """Where Java is, as people tell other programs too: no setting of FlowGuard's."""
    told = os.environ.get("JAVA_HOME")
    return Path(told) if told else None


def _setting_of_home() -> str:
    return os.environ.get(f"{PREFIX}HOME") or dotenv_values(".env").get(f"{PREFIX}HOME") or str(DEFAULT_HOME)


def _explain(error: ValidationError, places: tuple[Path, ...]) -> str:
    faults = "; ".join(
        f"{PREFIX}{'_'.join(map(str, fault['loc']))}".upper()
        + f"={'****' if fault['loc'][0] in SECRETS else repr(fault['input'])}: {fault['msg']}"
        for fault in error.errors()
    )
    return f"{faults}. Searched: the environment, {', '.join(str(place) for place in reversed(places))}"
