"""``flowguard report`` on a home without a platform."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.settings import fix_in_home, load_settings
from flowguard.warehouse import open_warehouse


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(tmp_path_factory.mktemp("home"))
    fix_in_home(settings)
    with closing(open_warehouse(settings)):
        return settings.home


def test_it_says_where_the_report_on_yesterday_is(home: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--home", str(home)])
    assert result.exit_code == 0, result.output
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    headline, page, text = result.stdout.splitlines()
    assert headline == "No order, impression or click is known of this day."
    assert (page, text) == tuple(str(home / "reports" / f"{yesterday}.{kind}") for kind in ("html", "md"))
    assert "No data for this day" in Path(page).read_text()


@pytest.mark.parametrize(
    ("day", "why"), [("2999-01-01", "is in the future"), ("1999-01-01", "FLOWGUARD_START_DATE"), ("monday", "--day")]
)
def test_a_wrong_day_is_said_and_nothing_is_written(home: Path, day: str, why: str) -> None:
    result = CliRunner().invoke(app, ["report", "--home", str(home), "--day", day])
    assert result.exit_code != 0 and why in result.stderr
    assert not list(home.glob(f"reports/{day}*"))


def test_a_home_without_tables_is_not_made_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--home", str(tmp_path / "none")])
    assert result.exit_code == 1 and "there is no warehouse" in result.stderr
    assert not (tmp_path / "none").exists()
