"""Crash points: named steps at which a test can end this process as a power cut would.

The code calls `crash_point` at each step where being killed would matter. Unless a test has armed one, that costs the
look at an empty dictionary. Nothing arms them but tests, from within the process that is to die.
"""

import os
import signal

CRASH_POINTS = {
    "round.planned": "a plan is made, nothing is read",
    "round.read": "records are read and decoded, nothing is staged",
    "round.staged": "files are written, no transaction is open",
    "round.begun": "the transaction is open, the offsets are known to come next",
    "round.bronze": "Bronze rows and quarantine are appended",
    "round.ranges": "the ranges are recorded too",
    "silver.deleted": "a model's rows of a scope are deleted, not yet inserted again",
    "attribution.begun": "orders and clicks are rebuilt where they are touched, attribution comes next",
    "attribution.rebuilt": "orders are attributed again, the outbox does not know",
    "attribution.forgotten": "what was told of orders that changed is deleted from the outbox",
    "attribution.noted": "the outbox knows what is to be published",
    "round.silver": "SILVER is rebuilt where it is touched",
    "round.dirty": "the next step is the commit",
    "round.committed": "committed, nobody knows yet",
    "round.done": "whoever follows the run knows",
    "acceptance.dirty": "the loss of records is written down, the next step is the commit",
    "publish.read": "changes are read from the outbox, no transaction of Kafka is open",
    "publish.begun": "a transaction of Kafka is open",
    "publish.sent": "Kafka has the records, not the progress that they make",
    "publish.counted": "Kafka has both, the next step is its commit",
    "publish.committed": "Kafka has committed, the home has no copy of the progress",
    "publish.copied": "the home has a copy of the progress",
    "stage.put": "a file is on Snowflake's stage, the COPY that takes it in comes later",
    "stage.copied": "a COPY has taken a file in, its rows are not counted",
    "gold.computed": "GOLD is computed from a snapshot, nothing is locked",
    "gold.deleted": "the old rows of a GOLD table are deleted",
    "gold.swapped": "all GOLD tables are swapped, their dirty days are still marked",
    "gold.cleared": "the next step is the commit",
    "gold.committed": "GOLD is committed",
    "maintenance.step": "the write lock is held, a step of the maintenance comes next",
    "maintenance.stepped": "a step of the maintenance is done",
    "backfill.staged": "a day of Bronze is decoded again and staged, no transaction is open",
    "backfill.deleted": "the day's rows and entries are deleted, their successors not yet appended",
    "backfill.appended": "the day is replaced, SILVER is not rebuilt",
    "backfill.dirty": "the next step is the commit",
    "backfill.committed": "the day is committed, nobody knows yet",
    "backfill.stepped": "a step is done and told of, the next one is not begun",
    "spark.planned": "files and plan are in the stage, the job is not submitted",
    "spark.computed": "the job is done, no table was changed",
    "spark.swapped": "SILVER's days are replaced, the next step is the commit",
    "spark.silver": "SILVER is committed, GOLD still has to follow",
    "alert.sent": "a receiver has answered, or failed to, and nothing of it is written down",
    "redrive.read": "entries are read and decoded again, nothing is staged",
    "redrive.staged": "files are written, no transaction is open",
    "redrive.begun": "the transaction is open, the entries are known to be as they were read",
    "redrive.entries": "the entries are replaced",
    "redrive.bronze": "their Bronze rows are there too",
    "redrive.silver": "SILVER is rebuilt where it is touched",
    "redrive.dirty": "the next step is the commit",
    "redrive.committed": "the batch is committed, the next one is not begun",
}
"""Every crash point with what has happened when it is reached."""

_armed: dict[str, int] = {}


def arm(name: str, passes: int = 0) -> None:
    """Kill this process when it reaches a crash point for the ``passes`` + 1st time."""
    if name not in CRASH_POINTS:
        raise ValueError(f"there is no crash point {name}, only {', '.join(CRASH_POINTS)}")
    _armed[name] = passes


def crash_point(name: str) -> None:
    """Die here, by SIGKILL, if a test has armed this point."""
    if name not in _armed:
        return
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    _armed[name] -= 1
