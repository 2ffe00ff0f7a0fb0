"""The same events give the same GOLD on DuckLake and on Snowflake, bytes for bytes."""

from datetime import timedelta

from flowguard.rounds import gold
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import late_clicks, opened, rolled, traffic
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own
from flowguard_tests.warehouse.same_gold import gold_as_csv


def test_the_same_offsets_give_the_same_gold(settings: Settings, on_fakesnow: Settings, produce: Produce) -> None:
    embedded = settings.model_copy(update={"quiet_time": timedelta(milliseconds=200), "chunk_records": 130})
    traffic(embedded, produce, 120)
    late_clicks(embedded, produce, 120)
    files = []
    for home in (embedded, in_database_of_its_own(embedded, on_fakesnow)):
        with opened(home) as warehouse:
            rolled(home, warehouse)
            gold.refresh(warehouse, home)
            files.append(gold_as_csv(warehouse))
    assert files[1] == files[0]
    assert all(text.count("\n") > 1 for text in files[0].values())
