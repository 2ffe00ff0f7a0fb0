"""When an alert begins, when it is told again, and when it is over. Pure: what is known and seen in, changes out."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from flowguard.alerts.alert import OPEN, OVER, Alert
from flowguard.alerts.condition import Condition, Seen
from flowguard.alerts.message import text_of

GATHERS = timedelta(seconds=10)
"""An alert is told when it is so old: what fails together is then one message."""
SETTLES = timedelta(seconds=15)
"""An alert is over when its condition has been gone for this long; for twice as long each time that it came back."""
COMES_BACK = timedelta(hours=1)
"""One that is there again within this comes and goes. Also the longest that settling takes."""
GROWS = timedelta(hours=1)
"""An alert that grows is told again, but not sooner than this after it was told last."""


def step(known: Sequence[Alert], seen: Seen, now: datetime, *, owner: str, repeat: timedelta) -> list[Alert]:
    """The alerts that are new, and those that are different now.

    ``known``: those that are open, and those of the last days. ``repeat``: zero for never. What follows from something
    that is open, or is so now, does not begin, and if it is open stays so: one cause is one alert.
    """
    still_open = {alert.key: alert for alert in known if alert.state == OPEN}
    causes = {name for alert in still_open.values() for name in (alert.kind, alert.key)}
    causes |= {name for condition in seen.conditions for name in (condition.kind, condition.key)}
    conditions = [condition for condition in seen.conditions if not condition.follows & causes]
    consequences = {condition.key for condition in seen.conditions if condition.follows & causes}
    happened = {alert.key for alert in known if alert.severity == "info"}
    changed = []
    for condition in conditions:
        before = still_open.pop(condition.key, None)
        if before is not None:
            changed.append(_carried_on(before, condition, now, owner, repeat))
        elif condition.key not in happened:
            changed.append(begun(condition, now, owner))
    changed += [
        _absent(alert, _settles(alert, known), now)
        for alert in still_open.values()
        if alert.kind not in seen.unknown and alert.key not in consequences
    ]
    unchanged = set(known)
    return [alert for alert in changed if alert not in unchanged]


def begun(condition: Condition, now: datetime, owner: str) -> Alert:
    """A new alert. What has merely happened is over at once."""
    happened = condition.severity == "info"
    return Alert(
        id=uuid4().hex[:12],
        key=condition.key,
        kind=condition.kind,
        severity=condition.severity,
        state=OVER if happened else OPEN,
        table_name=condition.table,
        days=",".join(map(str, condition.days)),
        title=condition.title,
        text=text_of(condition, owner),
        members=_json(condition.members),
        times=condition.times,
        revision=1,
        began_at=condition.since,
        noticed_at=now,
        revised_at=now,
        over_at=now if happened else None,
    )


def _carried_on(before: Alert, condition: Condition, now: datetime, owner: str, repeat: timedelta) -> Alert:
    """``members`` stay those that people were told of, so that one that comes and goes is no growth."""
    waited, grown = now - before.revised_at, not condition.members <= set(json.loads(before.members))
    again = (bool(repeat) and waited >= repeat) or (grown and waited >= GROWS)
    fresh = begun(condition, now, owner)
    after = replace(before, absent_since=None)
    if again or _outline(fresh) != _outline(before):
        after = replace(
            after, severity=fresh.severity, title=fresh.title, text=fresh.text, days=fresh.days, times=fresh.times
        )
    if again or now - before.noticed_at < GATHERS:
        after = replace(after, members=fresh.members)
    return replace(after, revision=before.revision + 1, revised_at=now) if again else after


def _outline(alert: Alert) -> tuple[object, ...]:
    """What the text is written anew for. Figures in it that grow all the time are not worth a transaction."""
    return alert.severity, alert.title, alert.days, alert.times


def _absent(alert: Alert, settles: timedelta, now: datetime) -> Alert:
    since = alert.absent_since or now
    if now - since < settles:
        return replace(alert, absent_since=since)
    return replace(alert, absent_since=since, state=OVER, over_at=since)


def _settles(alert: Alert, known: Iterable[Alert]) -> timedelta:
    earlier = Counter(past.key for past in known if past.over_at and alert.noticed_at - past.over_at < COMES_BACK)
    return min(SETTLES * (1 << min(earlier[alert.key], 10)), COMES_BACK)


def _json(members: Iterable[str]) -> str:
    return json.dumps(sorted(members))
