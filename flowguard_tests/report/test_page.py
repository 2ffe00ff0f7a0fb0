"""What people read: well-formed, self-contained, escaped, and plain about what is not there."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from flowguard.report.converters import converter
from flowguard.report.figures import Arrival, LedgerLine, Refused, Seller
from flowguard.report.page import render
from flowguard_tests.report.figures import DAY, figures, totals, without_data
from flowguard_tests.report.html import Page

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b\n\n# c",
    "&amp; {{ 7 * 7 }} {% raw %}",
    "</svg></style><b>",
    "[link](javascript:x) *b* `c`",
    "\u202egnp.exe",
]


def said(text: str) -> str:
    """As text that does not care where a line may break."""
    return text.replace("\u00a0", " ")


def test_the_day_beside_the_two_that_it_is_compared_with() -> None:
    text = said(render(figures()).markdown)
    assert "# Monday, 23 November 2026" in text
    assert "2 orders, EUR 1,230.50 gross, −50.0 % on the day before." in text
    lines = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert lines["Orders"] == "| Orders | 2 | −50.0 % (−2 from 4) | from none (+2 from 0) |"
    assert lines["Net revenue"] == (
        "| Net revenue | EUR 1,200.00 | −51.2 % (−1,261.00 from 2,461.00) | from none (+1,200.00 from 0.00) |"
    )
    assert lines["Refunds"] == "| Refunds | EUR 30.50 | from none (+30.50 from 0.00) | from none (+30.50 from 0.00) |"
    assert lines["Conversion"] == "| Conversion | 25.0 % | −5.0 pts (from 30.0 %) | no data |"
    assert lines["Average order"] == "| Average order | EUR 615.25 | unchanged (from 615.25) | no data |"


def test_the_page_says_the_same() -> None:
    text = said(Page(render(figures()).html).text)
    for part in (
        "Orders 2 by 2 people vs Sun 22 Nov ▼ −50.0 % −2 vs Mon 16 Nov ▲ from none +2",
        "Conversion 25.0 % 2 of 8 clicks became orders vs Sun 22 Nov ▼ −5.0 pts was 30.0 % vs Mon 16 Nov no data",
        "Refunds EUR 30.50 for 1 order of this day",
        "✓ Ledger balances ! 1 check fails 3 records in quarantine",
        "Ramen noodles 2 EUR 1,230.50 100.0 %",
        "price gateway 3 3 before_start silver 2 redriven 2",
        "The events of this day arrived on Mon 23 Nov (10).",
        "Days and hours are UTC. One order is one item",
    ):
        assert part in text, part


def test_days_without_events_are_zero_from_the_first_that_has_any() -> None:
    trend = figures().trend
    assert [day.date for day in trend] == [DAY - timedelta(ago) for ago in range(20, -1, -1)]
    assert [day.orders for day in trend if day.orders] == [1, 4, 2]


def test_it_is_well_formed_and_needs_nothing_else() -> None:
    html = render(figures()).html
    page = Page(html)
    assert page.tags.count("svg") == 4
    assert {"script", "link", "img", "image", "iframe", "object", "use", "foreignobject"}.isdisjoint(page.tags)
    assert "://" not in html
    assert not re.search(r"url\(|@import|\son\w+=", html)
    links = [value for _, name, value in page.attributes if name in ("href", "src", "xlink:href")]
    ids = {value for _, name, value in page.attributes if name == "id"}
    assert links and {link.removeprefix("#") for link in links} <= ids


@pytest.mark.parametrize("name", NASTY)
def test_names_from_outside_are_text(name: str) -> None:
    of_name = converter(name, 5, 1)
    made = render(
        figures(
            sellers=[Seller(name, name, 2, Decimal("9.00"))],
            dishes=[of_name, converter("Mochi", 5, 0)],
            categories=[of_name],
            quarantine=[Refused("gateway", name, "open", 1)],
            ledger=[LedgerLine(name, 1, 0, 0, 0, 0, 0, 0, 0, False)],
        )
    )
    page = Page(made.html)
    assert " ".join(name.split()) in page.text
    assert set(page.tags) == set(Page(render(figures()).html).tags)
    rows = [line for line in made.markdown.splitlines() if "EUR\u00a09.00" in line]
    [row] = rows
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert not re.search(r"(?<!\\)[<`*\[]", row)


def test_a_day_without_data_says_so() -> None:
    made = render(without_data())
    text = Page(made.html).text
    assert "No data for this day" in text and "The first day with events is Tuesday, 3 November 2026." in text
    assert "Nothing arrived on this day." in text and "All checks pass" in text
    assert "Orders by hour" not in text and Page(made.html).tags.count("svg") == 0
    assert made.headline == "No order, impression or click is known of this day."
    assert "**No data for this day.**" in made.markdown
    assert "no events of any day" in Page(render(without_data(first_day=None)).html).text


def test_the_first_day_has_nothing_to_be_compared_with() -> None:
    made = render(figures(first_day=DAY, days={DAY: totals(0, 2, "10.00")}))
    assert said(made.headline) == "2 orders, EUR 10.00 gross."
    assert "vs Sun 22 Nov no data vs Mon 16 Nov no data" in said(Page(made.html).text)
    assert "| Orders | 2 | no data | no data |" in made.markdown
    assert "a week ago" not in Page(made.html).text


def test_clicks_without_orders_and_orders_without_clicks() -> None:
    looked_at = render(figures(days={DAY: totals(0, 0, "0", clicks=3)}, sellers=[], first_day=DAY))
    text = said(Page(looked_at.html).text)
    assert "There was no order on this day." in text and "Average order –" in text and "Nothing was sold" in text
    ordered = render(figures(days={DAY: totals(0, 1, "4.00")}, dishes=[], categories=[], first_day=DAY))
    text = said(Page(ordered.html).text)
    assert "There was no click on this day." in text and "Conversion –" in text


def test_what_is_missing_is_named() -> None:
    line = LedgerLine("orders.v1", 10, 7, 0, 0, 0, 5, 0, 0, False)
    made = render(figures(ledger=[line], arrivals=[Arrival(DAY, 5, False)]))
    text = Page(made.html).text
    assert "✗ Ledger does not balance" in text
    assert "orders.v1: 3 of its offsets are in no table, 2 of its Bronze rows neither in SILVER" in text
    assert "the ledger of that day does not balance" in text
    assert "**orders.v1 does not balance:** 3 of its offsets" in made.markdown


def test_a_day_that_is_not_over_or_not_settled_says_so() -> None:
    assert "not over" not in render(figures()).html
    noon = render(figures(made_at=datetime(2026, 11, 23, 12, 0), is_settled=False))
    assert "The day is not over" in noon.html and "The day is not over" in noon.markdown
    assert "still on their way" in noon.html and "still on their way" in noon.markdown


@pytest.mark.browser
def test_a_phone_shows_it_without_scrolling_sideways_and_without_asking_for_anything(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(figures(sellers=[Seller("x" * 200, "y" * 60, 1, Decimal("99999999.99"))])).html)
    requests: list[str] = []
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".narrow svg").is_visible() and not page.locator(".wide svg").is_visible()
    page.close()
    assert requests == [file.as_uri()]
