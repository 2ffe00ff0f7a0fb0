"""Pages of Dagster that an alert links to."""

from datetime import date
from urllib.parse import quote, urlencode

from flowguard.alerts.condition import Link
from flowguard.settings import Settings

_REPOSITORY = "__repository__@flowguard"


class Links:
    """Links into the web page that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._page = settings.webserver_page

    def run(self, run_id: str) -> Link:
        return Link("Run", f"{self._page}/runs/{run_id}")

    def backfill(self, backfill_id: str) -> Link:
        return Link("Backfill", f"{self._page}/runs/b/{backfill_id}")

    def asset(self, table: str, day: date | None = None) -> Link:
        shown = "?" + urlencode({"view": "partitions", "partition": day}) if day else ""
        return Link("Asset", f"{self._page}/assets/{_path(table)}{shown}")

    def check(self, table: str, name: str) -> Link:
        return Link(
            f"Check {name}", f"{self._page}/assets/{_path(table)}?{urlencode({'view': 'checks', 'checkDetail': name})}"
        )

    def sensor(self, name: str) -> Link:
        return Link("Sensor", f"{self._page}/locations/{_REPOSITORY}/sensors/{name}")

    def schedule(self, name: str) -> Link:
        return Link("Schedule", f"{self._page}/locations/{_REPOSITORY}/schedules/{name}")


def _path(table: str) -> str:
    return "/".join(quote(part) for part in table.split("."))
