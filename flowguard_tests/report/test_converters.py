"""Best and worst, by what is sure. The expected bounds are Wilson's, computed elsewhere."""

import pytest

from flowguard.report.converters import best_and_worst, converter


@pytest.mark.parametrize(
    ("clicks", "converted", "low", "high"),
    [(10, 3, 10.78, 60.32), (1, 0, 0.0, 79.35), (1, 1, 20.65, 100.0), (400, 100, 21.00, 29.47)],
)
def test_credible_rates(clicks: int, converted: int, low: float, high: float) -> None:
    found = converter("x", clicks, converted)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_many_clicks_lead_not_a_lucky_one() -> None:
    named = {"lucky": (4, 4), "few": (6, 4), "sure": (200, 120), "unlucky": (4, 0), "unsure": (6, 0), "bad": (90, 2)}
    best, worst = best_and_worst(converter(name, *counts) for name, counts in named.items())
    assert [dish.name for dish in best] == ["sure", "few"]
    assert [dish.name for dish in worst] == ["bad", "unsure"]


@pytest.mark.parametrize(("count", "each"), [(0, 0), (1, 0), (2, 1), (5, 2), (30, 5)])
def test_no_dish_is_in_both(count: int, each: int) -> None:
    best, worst = best_and_worst(converter(f"d{number}", 20 + number, number % 7) for number in range(count))
    assert (len(best), len(worst)) == (each, each)
    assert not {dish.name for dish in best} & {dish.name for dish in worst}
