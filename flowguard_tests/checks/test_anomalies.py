"""What docs/adr/0016-checks-and-anomalies.md promises of the anomaly checks, in simulated years."""

import pytest

from benchmarks.anomalies import METRICS, measured, year

SEEDS = range(4)


def test_drops_are_caught_and_false_alarms_are_few() -> None:
    found = measured({seed: year(seed) for seed in SEEDS})
    assert found["metric"].to_list() == list(METRICS)
    for metric in found.iter_rows(named=True):
        assert metric["caught_100"] == 1, (SEEDS, metric)
        assert metric["caught_50"] >= 0.9, (SEEDS, metric)
        assert metric["false_alarms"] <= 1, (SEEDS, metric)


@pytest.mark.parametrize("orders", [30, 3000])
def test_a_lost_day_is_caught_in_small_and_large_shops(orders: int) -> None:
    found = measured({seed: year(seed, orders=orders) for seed in range(2)})
    assert found["caught_100"].to_list() == [1, 1, 1]
