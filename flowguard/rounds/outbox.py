"""The outbox: what was last told of each order and model, so that a change is told once, with a revision that rises.

A rebuild asks it first (`recall`), because a revision rises only where the content differs from what was told; and
writes down afterwards what changed (`note`), in the same transaction. Kafka gets the changes in their sequence.
"""

from collections.abc import Sequence

from flowguard.faults import crash_point
from flowguard.models.ops import OUTBOX
from flowguard.models.render import digest
from flowguard.models.scope import Scope, covered
from flowguard.rounds.changes import Changes
from flowguard.warehouse import Session

_COLUMNS = ", ".join(OUTBOX.column_names)
_DIGEST = digest(
    *("user_id", "item_id", "category", "price"),
    *("click_event_id", "clicked_item_id", "clicked_category", "click_timestamp"),
)
_SAME = "{a}.order_id = {b}.order_id AND {a}.order_timestamp = {b}.order_timestamp AND {a}.model = {b}.model"
_CHANGED = f"""
WITH attributed AS (
    SELECT
        order_id, order_date, order_timestamp, user_id, model, revision, {_DIGEST} AS digest
    FROM silver.attributed_orders
    WHERE {{scopes}}
)
SELECT attributed.*, known.revision AS known_revision
FROM attributed
LEFT JOIN known ON {_SAME.format(a="known", b="attributed")}
WHERE {{touched}} AND (known.revision IS NULL OR known.revision <> attributed.revision)
UNION ALL
SELECT
    known.order_id, known.order_date, known.order_timestamp, known.user_id, known.model, known.revision + 1, NULL,
    known.revision
FROM known
LEFT JOIN attributed ON {_SAME.format(a="known", b="attributed")}
WHERE known.digest IS NOT NULL AND attributed.order_id IS NULL
"""
_DELETE = f"""
DELETE FROM ops.outbox AS old USING changed
WHERE {_SAME.format(a="old", b="changed")} AND old.order_date = changed.order_date AND {{scopes}}
"""
_CHANGED_DAYS = """
SELECT order_date, COUNT(*) AS orders, COUNT(known_revision) AS revised FROM changed GROUP BY order_date
"""
# Of one order_id, a retraction comes before the order that takes its place: it has the lower revision.
_NUMBERED = """
SELECT
    order_id, order_date, order_timestamp, user_id, model, revision, digest,
    {last} + ROW_NUMBER() OVER (ORDER BY revision) AS sequence
FROM changed
"""
_PUBLISHED = "SELECT CAST(COALESCE(MAX(sequence), 0) AS BIGINT) FROM ops.publisher"


def recall(session: Session, scopes: Sequence[Scope]) -> None:
    """Keep in relation ``known`` what was told of the orders that scopes cover, and of those that ``ordered`` names."""
    touched = "user_id IN (SELECT user_id FROM touched) OR order_id IN (SELECT order_id FROM ordered)"
    session.keep("known", f"{told(scopes)} AND {_either(scopes, touched)}")


def told(scopes: Sequence[Scope]) -> str:
    """The SELECT of what was told of the orders that scopes cover."""
    return f"SELECT {_COLUMNS} FROM {OUTBOX.full_name} WHERE {covered(scopes, 'order_timestamp', 'order_date')}"


def note(session: Session, scopes: Sequence[Scope]) -> Changes:
    """Write down what is to be told of the orders that scopes cover; the days of those that changed.

    An order that is gone is retracted: a last revision without content.
    """
    bounds = covered(scopes, "order_timestamp", "order_date")
    touched = _either(scopes, "attributed.user_id IN (SELECT user_id FROM touched)")
    session.keep("changed", _CHANGED.format(scopes=bounds, touched=touched))
    days = session.query(_CHANGED_DAYS)
    if days.is_empty():
        return {}
    last = last_sequence(session)  # before the last may be deleted: no place is taken twice
    if days["revised"].sum():
        session.execute(_DELETE.format(scopes=covered(scopes, "old.order_timestamp", "old.order_date")))
        crash_point("attribution.forgotten")
    session.insert(OUTBOX, _NUMBERED.format(last=last))
    return {(OUTBOX.full_name, day): rows for day, rows, _ in days.iter_rows()}


def last_sequence(session: Session) -> int:
    """The place of the last change. What is known to be published needs not be looked at, however long it is."""
    published = published_sequence(session)
    newest = session.query(f"SELECT MAX(sequence) FROM {OUTBOX.full_name} WHERE sequence > {published}").item()
    return published if newest is None else int(newest)


def published_sequence(session: Session) -> int:
    """Up to where changes are known to be published, which may be further behind than Kafka's own account."""
    return int(session.query(_PUBLISHED).item())


def _either(scopes: Sequence[Scope], touched: str) -> str:
    """Whole scopes cover everything; of touched ones some."""
    return f"({touched})" if scopes[0].touched else "TRUE"
