"""A day's report, from the tables to the files and back into a table."""

from datetime import UTC, date, datetime

from flowguard.errors import InvalidInput
from flowguard.gold.tables import DAILY_REPORT
from flowguard.models.frame import frame
from flowguard.report.files import Files, write
from flowguard.report.page import Report, render
from flowguard.report.queries import ask
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse


def compose(warehouse: Warehouse, settings: Settings, day: date) -> Report:
    """The report on a UTC day, as the tables are now.

    Raises:
        InvalidInput: the day is in the future, or before the start date.
    """
    made_at = datetime.now(UTC).replace(tzinfo=None)
    if day > made_at.date():
        raise InvalidInput(f"{day} is in the future: in UTC it is {made_at:%Y-%m-%d %H:%M}, give a day until then")
    if day < settings.start_date:
        raise InvalidInput(f"{day} is before {settings.start_date}, the first day of this home (FLOWGUARD_START_DATE)")
    return render(ask(warehouse, day, settings.currency, made_at))


def publish(warehouse: Warehouse, settings: Settings, report: Report) -> Files:
    """Keep a report: its files first, so that the row in ``gold.daily_report`` never names one that is not there."""
    files = write(report, settings.home)
    day, made_at = report.figures.day, report.figures.made_at
    path = str(files.html.relative_to(settings.home))
    with warehouse.session() as session, session.transaction():
        session.execute(f"DELETE FROM {DAILY_REPORT.full_name} WHERE date = CAST('{day}' AS DATE)")
        session.insert(DAILY_REPORT, frame(DAILY_REPORT, [(day, report.headline, report.markdown, path, made_at)]))
    return files
