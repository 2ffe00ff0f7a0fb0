"""What the gateway refuses ends in quarantine, with its bytes, the rule and what the client was told."""

from base64 import b64decode
from contextlib import closing
from datetime import timedelta
from hashlib import sha256

import httpx
import msgspec

from flowguard.events.rejected import KEPT_BYTES
from flowguard.rounds import gold
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.gateway.conftest import Stored
from flowguard_tests.gateway.examples import encoded, order
from flowguard_tests.gateway.test_ingest import BAD


def test_refused_events_end_in_quarantine(gateway: httpx.Client, stored: Stored, settings: Settings) -> None:
    alone = [body for body, *_ in BAD]
    together = [encoded(order(price="1.234", note=note)) for note in ("x" * KEPT_BYTES, "y")]
    good = encoded(order())
    told = [entry for body in alone for entry in _entries(gateway, body)]
    told += [entry for entry in _entries(gateway, b"[%b,%b,%b]" % (together[0], good, together[1])) if "rule" in entry]
    expected = [
        (entry["rule"], entry.get("field"), entry["message"], body[:KEPT_BYTES], "open")
        for entry, body in zip(told, [*alone, *together], strict=True)
    ]
    assert sum(len(body) > KEPT_BYTES for body in (*alone, *together)) == 4

    with closing(open_warehouse(settings)) as warehouse:
        _roll(settings, warehouse)
        kept = warehouse.query(
            "SELECT rule, field, message, payload, status FROM ops.quarantine "
            f"WHERE stage = 'gateway' AND _topic = '{settings.rejected_topic}'"
        )
        assert sorted(kept.rows(), key=str) == sorted(expected, key=str)
        assert warehouse.query("SELECT COUNT(*) FROM ops.quarantine WHERE stage <> 'gateway'").item() == 0
        gold.refresh(warehouse, settings)
        ledger = warehouse.query("SELECT topic, offsets, quarantined, silver_rows, balanced FROM gold.flow_ledger")
        assert sorted(ledger.rows()) == [
            (settings.orders_topic, 1, 0, 1, True),
            (settings.rejected_topic, len(expected), len(expected), 0, True),
        ]

    # Length and hash of the whole stay with the record.
    records = [msgspec.json.decode(value) for _, value in stored(settings.rejected_topic)]
    bodies = {sha256(body).hexdigest(): body for body in (*alone, *together)}
    assert {(record["sha256"], record["length"]) for record in records} == {
        (digest, len(body)) for digest, body in bodies.items()
    }
    assert all(b64decode(record["payload"]) == bodies[record["sha256"]][:KEPT_BYTES] for record in records)


def _entries(gateway: httpx.Client, body: bytes) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = gateway.post("/v1/events", content=body).json()["events"]
    return entries


def _roll(settings: Settings, warehouse: Warehouse) -> None:
    quick = settings.model_copy(update={"quiet_time": timedelta(milliseconds=200)})
    roll(quick, warehouse, run_id="run", on_commit=lambda _: None, each_minute=lambda *_: None)
