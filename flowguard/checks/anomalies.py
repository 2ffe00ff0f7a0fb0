"""Whether a day is as usual: compared with the same weekday of the weeks before, by a band that is shown.

The middle of the band is the median of that weekday, in the eight weeks before the day. How wide it is follows from
how far the days of these weeks, of all weekdays, were from the median of their own weekday: the median of that (the
median absolute deviation) times 1.4826 estimates a standard deviation which outliers do not move, and 3.5 of those are
allowed, as Iglewicz and Hoaglin recommend. See docs/adr/0016-checks-and-anomalies.md.
"""

from dataclasses import dataclass

from flowguard.checks.check import LOOKED_AT, Check, calendar, days_of
from flowguard.checks.gold import BEHIND

WEEKS = 8
FEWEST_WEEKS = 4
"""With fewer same weekdays before it, a day is not judged."""
DEVIATIONS = 3.5
DEVIATIONS_PER_MAD = 1.4826
SMALLEST_PART = 0.1
"""Of what is usual: less is told however much the days differ."""
FEWEST_ORDERS = 10
"""Where the median of a weekday is lower, the day is not judged by its volume."""
FEWEST_CLICKS, FEWEST_ROWS = 100, 50
"""A day with fewer says nothing about its shares."""
_BACK = 7 * WEEKS


@dataclass(frozen=True)
class Usual:
    """What is compared, and how.

    ``figures`` selects the value of the days at hand and the weeks before: columns day, value, and weight, how many
    orders it is of. Of a ``volume`` a day without a row has 0, and days differ in proportion to the median; otherwise
    it is a percentage, such a day tells nothing, and days differ by points. ``margin`` is the least half of the band,
    as a part of the median or in points. ``drops``: whether too little is a failure too; ``early``: whether too much
    is, before the day is over. ``limit`` is the upper end of the band of a day that has too little before it.
    """

    table: str
    name: str
    what: str
    day: str
    figures: str
    volume: bool
    margin: float
    drops: bool = False
    early: bool = True
    limit: float | None = None

    @property
    def check(self) -> Check:
        high, low = "value > upper" + ("" if self.early else " AND is_over"), "value < lower AND is_over"
        return Check(
            self.table,
            self.name,
            f"{self.what}: as usual for that weekday",
            f"SELECT judged.* FROM ({self._judged}) AS judged WHERE {high}" + (f" OR {low}" if self.drops else ""),
            self.day,
            error=False,
            verdict=self._judged,
        )

    @property
    def _judged(self) -> str:
        value = "COALESCE(figures.value, 0)" if self.volume else "figures.value"
        scale = "weekdays.median" if self.volume else "1"
        comparable = " AND weekdays.median > 0" if self.volume else ""
        enough = f" AND weekdays.weight >= {FEWEST_ORDERS}" if self.volume else ""
        allowed = f"{DEVIATIONS} * {DEVIATIONS_PER_MAD} * spreads.deviation"
        lower = f"GREATEST(bands.median - bands.margin, {SMALLEST_PART} * bands.median)" if self.drops else "NULL"
        upper = "bands.median + bands.margin"
        if self.limit is not None:
            upper = f"COALESCE({upper}, {self.limit})"
        return f"""
WITH looked AS (SELECT day FROM {LOOKED_AT} AS looked_at(day)),
figures AS ({self.figures}),
began AS (
    SELECT looked.day, MIN(figures.day) AS first_day
    FROM looked
    JOIN figures ON figures.day >= looked.day - INTERVAL '{_BACK}' DAY
    GROUP BY looked.day
),
past AS (
    SELECT began.day, DATE_DIFF('day', calendar.day, began.day) % 7 AS weekday, {value} AS value,
        COALESCE(figures.weight, 0) AS weight
    FROM began
    JOIN {calendar(_BACK)} AS calendar(day) ON calendar.day >= began.first_day AND calendar.day < began.day
    LEFT JOIN figures ON figures.day = calendar.day
),
weekdays AS (
    SELECT day, weekday, MEDIAN(value) AS median, MEDIAN(weight) AS weight, COUNT(value) AS history
    FROM past
    GROUP BY day, weekday
),
spreads AS (
    SELECT past.day, MEDIAN(ABS(past.value - weekdays.median) / {scale}) AS deviation
    FROM past
    JOIN weekdays ON weekdays.day = past.day AND weekdays.weekday = past.weekday{comparable}
    GROUP BY past.day
),
bands AS (
    SELECT weekdays.day, weekdays.history, weekdays.median,
        GREATEST({allowed}, {self.margin}) * {scale} AS margin
    FROM weekdays
    JOIN spreads ON spreads.day = weekdays.day
    WHERE weekdays.weekday = 0 AND weekdays.history >= {FEWEST_WEEKS}{enough}
)
SELECT
    looked.day AS {self.day}, ROUND({value}, 4) AS value, ROUND({lower}, 4) AS lower, ROUND({upper}, 4) AS upper,
    ROUND(bands.median, 4) AS median, COALESCE(bands.history, 0) AS history,
    COALESCE(looked.day < (SELECT MAX(arrival_date) FROM ops.ingest_ranges), FALSE)
        AND looked.day NOT IN ({BEHIND}) AS is_over
FROM looked
LEFT JOIN figures ON figures.day = looked.day
LEFT JOIN bands ON bands.day = looked.day
"""


def _share(table: str, name: str, what: str, day: str, missing: str, rows: str | None = None) -> Usual:
    """The percentage of a day's rows in which something is missing."""
    among = f" AND {rows}" if rows else ""
    figures = f"""
    SELECT {day} AS day, CAST(100.0 * SUM(CASE WHEN {missing} THEN 1 ELSE 0 END) / COUNT(*) AS DOUBLE) AS value,
        COUNT(*) AS weight
    FROM {table}
    WHERE {days_of(day, _BACK)}{among}
    GROUP BY {day}
    HAVING COUNT(*) >= {FEWEST_ROWS}
"""
    return Usual(table, name, what, day, figures, volume=False, margin=5)


_DAILY = """
    SELECT date AS day, CAST({figure} AS DOUBLE) AS value, total_orders AS weight
    FROM gold.daily_order_metrics
    WHERE {of_days}
"""
_OF_DAYS = days_of("date", _BACK)
_CONVERSION = f"""
    SELECT date AS day, CAST(100.0 * SUM(converted_clicks) / SUM(clicks) AS DOUBLE) AS value, SUM(clicks) AS weight
    FROM gold.funnel_metrics
    WHERE {_OF_DAYS}
    GROUP BY date
    HAVING SUM(clicks) >= {FEWEST_CLICKS}
"""
_QUARANTINED = f"""
    SELECT day, MAX(share) AS value, 1 AS weight
    FROM (
        SELECT day, topic, CAST(100.0 * SUM(refused) / SUM(records) AS DOUBLE) AS share
        FROM (
            SELECT arrival_date AS day, topic, end_offset - start_offset - skipped AS records, 0 AS refused
            FROM ops.ingest_ranges
            WHERE {days_of("arrival_date", _BACK)} AND kind = 'records'
            UNION ALL
            SELECT _arrival_date, _topic, 0, 1
            FROM ops.quarantine
            WHERE {days_of("_arrival_date", _BACK)} AND status = 'open' AND stage <> 'gateway'
        ) AS counted
        GROUP BY day, topic
        HAVING SUM(records) > 0
    ) AS shares
    GROUP BY day
"""
ANOMALIES = (
    Usual(
        *("gold.daily_order_metrics", "orders_as_usual", "Orders of a day", "date"),
        _DAILY.format(figure="total_orders", of_days=_OF_DAYS),
        volume=True,
        margin=0.15,
        drops=True,
    ),
    Usual(
        *("gold.daily_order_metrics", "revenue_as_usual", "Revenue of a day", "date"),
        _DAILY.format(figure="total_revenue", of_days=_OF_DAYS),
        volume=True,
        margin=0.15,
        drops=True,
    ),
    Usual(
        *("gold.funnel_metrics", "conversion_as_usual", "Percentage of a day's clicks that became orders", "date"),
        _CONVERSION,
        volume=False,
        margin=1,
        drops=True,
        early=False,
    ),
    Usual(
        *("ops.quarantine", "quarantine_share"),
        "Percentage of a topic's records of a day that are open entries, of the topic with the most; what the gateway "
        "refused, and what a person discarded, does not count; at most 5 where there is nothing to compare with",
        *("_arrival_date", _QUARANTINED),
        volume=False,
        margin=5,
        limit=5,
    ),
    _share(
        *("silver.attributed_orders", "unattributed_share", "Percentage of a day's orders without a click"),
        *("order_date", "click_event_id IS NULL", "model = 'last_click'"),
    ),
    _share(
        *("silver.orders_cleaned", "without_session_share", "Percentage of a day's orders without a session_id"),
        *("order_date", "session_id IS NULL"),
    ),
    _share(
        *("silver.clicks_cleaned", "without_session_share", "Percentage of a day's events without a session_id"),
        *("event_date", "session_id IS NULL"),
    ),
    _share(
        *("silver.clicks_cleaned", "without_position_share", "Percentage of a day's events without a position"),
        *("event_date", "position IS NULL"),
    ),
    _share(
        *("silver.clicks_cleaned", "without_page_share", "Percentage of a day's events without a page"),
        *("event_date", "page IS NULL"),
    ),
)
