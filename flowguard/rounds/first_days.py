"""Whose first day moved: a late event, or one that no longer counts, changes how many are new on another day too.

A person is new on the first day on which they were there. When they turn out to have been there on day D, or not to
have been, then besides D their next day may be concerned, and no other. So nothing before the changed days is read.
"""

from collections.abc import Sequence

from flowguard.gold.tables import USER_SESSIONS
from flowguard.models.render import in_scope
from flowguard.models.scope import Scope
from flowguard.rounds.changes import Changes
from flowguard.warehouse import Session

_COLUMNS = ", ".join(USER_SESSIONS.column_names)
_BOTH = f"""
SELECT {_COLUMNS}, 1 AS now FROM new_{USER_SESSIONS.name}
UNION ALL
SELECT {_COLUMNS}, 0 FROM {USER_SESSIONS.full_name} WHERE {{scopes}}
"""
_CHANGED_DAYS = f"""
SELECT DISTINCT date FROM (SELECT date FROM before_and_now GROUP BY {_COLUMNS} HAVING COUNT(*) = 1) AS changed
"""
_CAME_OR_WENT = "SELECT date, user_id FROM before_and_now GROUP BY date, user_id HAVING MIN(now) = MAX(now)"
_NEXT_DAYS = f"""
WITH line AS (
    SELECT date, user_id, 1 AS moved FROM came_or_went
    UNION ALL
    SELECT date, user_id, 0 FROM {USER_SESSIONS.full_name}
    WHERE date > CAST('{{first}}' AS DATE) AND user_id IN (SELECT user_id FROM came_or_went)
),
days AS (
    SELECT date, user_id, MAX(moved) AS moved FROM line GROUP BY date, user_id
),
followed AS (
    SELECT moved, LEAD(date) OVER (PARTITION BY user_id ORDER BY date) AS next_date FROM days
)
SELECT DISTINCT next_date FROM followed WHERE moved = 1 AND next_date IS NOT NULL
"""


def compare(session: Session, scopes: Sequence[Scope]) -> None:
    """Keep what scopes of user_sessions hold beside what was computed for them, before it is swapped in."""
    within = " OR ".join(in_scope(USER_SESSIONS, scope) for scope in scopes)
    session.keep("before_and_now", _BOTH.format(scopes=within))
    session.keep("came_or_went", _CAME_OR_WENT)


def concerned(session: Session) -> Changes:
    """The days on which user_sessions changed, and those whose newcomers may be others now; after the swap."""
    days = set(session.query(_CHANGED_DAYS).to_series())
    first = session.query("SELECT MIN(date) FROM came_or_went").item()
    if first is not None:
        days |= set(session.query(_NEXT_DAYS.format(first=first)).to_series())
    return {(USER_SESSIONS.full_name, day): 0 for day in days}
