"""Whether everything flows: what comes in, what waits, what is refused, whether the accounts balance."""

from functools import partial

import polars as pl
import streamlit as st

from flowguard.dashboard import lag, runs, source
from flowguard.dashboard.charts import flow as charts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import DAY, Days, Filters
from flowguard.dashboard.panel import panel, table, titled
from flowguard.dashboard.queries import flow as queries

_NONE = "No record arrived on these days."


def draw(filters: Filters) -> None:
    now, days = source.now(), filters.days
    recent = Days(now.date() - DAY, now.date())
    _lag()
    panel(
        "Events a minute",
        queries.TAKEN_IN,
        filters,
        partial(charts.per_minute, now=now),
        days=recent,
        explain="Records taken into the tables in each minute of the last hour, by topic. Each line of the grid "
        "is ten times the one below it.",
        empty="Nothing came in during the last hour.",
    )
    panel(
        "Where every record went",
        queries.LEDGER,
        filters,
        partial(_ledger, days=days),
        explain="The ledger of the records that arrived on these days, each count from its own table. GOLD counts "
        "orders, impressions and clicks by the day on which they happened, so what comes late, and refunds, which it "
        "keeps with their order, make it differ from SILVER.",
        empty=_NONE,
    )
    left, right = st.columns(2)
    with left:
        panel(
            "Refused records",
            queries.REFUSED_SHARE,
            filters,
            partial(charts.refused_share, days=days),
            explain="Records that are in quarantine, at whichever stage, in percent of all that arrived on the day.",
            empty=_NONE,
        )
    with right:
        panel(
            "Refused by rule",
            queries.RULES,
            filters,
            charts.rules,
            explain="Which rule the records in quarantine break, and at which stage that was seen.",
            empty="No record of these days is in quarantine.",
        )
    _examples(filters)
    _checks(filters)
    _alerts(filters)
    _runs()


def _lag() -> None:
    with titled("Waiting in Kafka"):
        found = lag.verdicts()
        if isinstance(found, str):
            st.warning(f"Unknown: {found}", icon=":material/cloud_off:")
            return
        with st.container(horizontal=True):
            for verdict in found:
                with st.container(width=230, gap="xxsmall"):
                    st.metric(verdict.topic, f"{verdict.lag_records:,}", help="Records that are not in the tables yet")
                    st.caption(f"{'' if verdict.passed else ':red[:material/error:] '}{verdict.text}")


def _ledger(rows: pl.DataFrame, days: Days) -> Chart | None:
    if rows["balanced"].all():
        st.markdown(":green-badge[:material/balance: The ledger balances]")
    else:
        st.error("The ledger does not balance: see `flowguard ledger --verify`", icon=":material/balance:")
    in_gold = source.ask(queries.IN_GOLD, days)
    return charts.ledger(rows, list(in_gold.iter_rows()))


def _examples(filters: Filters) -> None:
    with titled("Examples of refused records"):
        rows = source.ask(queries.EXAMPLES, filters.days)
        if rows.is_empty():
            st.info("No record of these days is in quarantine.", icon=":material/inbox:")
            return
        shown = rows.with_columns(
            pl.col("payload").map_elements(lambda payload: payload[:300].decode(errors="replace"), pl.String)
        )
        table(shown, "Examples of refused records", arrived_at="arrived at (UTC)")


def _checks(filters: Filters) -> None:
    with titled("Failing checks"):
        rows = source.ask(queries.FAILING, filters.days)
        if rows.is_empty():
            st.success("No check is known to fail on these days.", icon=":material/check_circle:")
        else:
            day = st.column_config.DateColumn("day", format="YYYY-MM-DD")
            table(rows, "Failing checks", day=day, since="since (UTC)", evaluated_at="evaluated at (UTC)")


def _alerts(filters: Filters) -> None:
    with titled("Alerts"):
        rows = source.ask(queries.ALERTS, filters.days)
        if rows.is_empty():
            st.success("No alert is open, and none began on these days.", icon=":material/notifications:")
        else:
            table(rows, "Alerts", began_at="since (UTC)", over_at="over (UTC)")


def _runs() -> None:
    with titled("Last runs"):
        found = runs.last_runs()
        if isinstance(found, str):
            st.warning(f"Dagster is away: {found}", icon=":material/cloud_off:")
            return
        st.markdown(f"[Open Dagster]({source.settings().webserver_page})")
        rows = pl.DataFrame(found, schema=list(runs.Run._fields), orient="row").with_columns(
            pl.col("began", "ended").cast(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M:%S").fill_null("–")
        )
        link = st.column_config.LinkColumn("in Dagster", display_text="open")
        table(rows, "Last runs", began="began (UTC)", ended="ended (UTC)", link=link)
