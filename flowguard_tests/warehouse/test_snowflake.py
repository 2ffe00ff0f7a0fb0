"""What the warehouse of production promises besides the contract."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flowguard.cli.main import app
from flowguard.errors import (
    FlowGuardError,
    InvalidInput,
    InvalidSettings,
    MissingComponent,
    StorageFailed,
    WarehouseBusy,
    WarehouseUnavailable,
)
from flowguard.models.ops import DIRTY_DAYS
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Staged, Warehouse, open_warehouse
from flowguard.warehouse.lock import file_lock
from flowguard.warehouse.snowflake import scratch, stage
from flowguard.warehouse.snowflake.connection import connect, connector
from flowguard.warehouse.snowflake.errors import translated
from flowguard_tests.require import require
from flowguard_tests.warehouse.samples import COUNT, dirty

KILLED = f"""
import os, signal
from flowguard.settings import load_settings
from flowguard.warehouse.snowflake.connection import connect
cursor = connect(load_settings()).cursor()
cursor.execute("BEGIN")
cursor.execute("DELETE FROM {DIRTY_DAYS.full_name}")
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A client that leaves a transaction behind."""


@pytest.fixture
def warehouse(on_fakesnow: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(on_fakesnow)) as opened:
        yield opened
        with opened.session() as session, session.transaction():
            session.execute(f"DELETE FROM {DIRTY_DAYS.full_name}")


def test_a_file_that_gives_other_rows_than_were_uploaded_rolls_the_transaction_back(warehouse: Warehouse) -> None:
    staged = warehouse.stage(DIRTY_DAYS, dirty(1, 2))
    taken_before, lost = staged, Staged(DIRTY_DAYS, ("nothing.parquet",), 1)
    with warehouse.session() as session:
        with session.transaction():
            session.append(staged)
        for wrong in (taken_before, lost):
            with pytest.raises(StorageFailed, match=r"loaded 0 of \d rows into OPS.DIRTY_DAYS"), session.transaction():
                session.insert(DIRTY_DAYS, dirty(3))
                session.append(wrong)
        assert session.query(COUNT).item() == 2


def test_nobody_writes_while_the_tables_are_frozen(warehouse: Warehouse, on_fakesnow: Settings) -> None:
    """Several statements see no one snapshot here."""
    lock = on_fakesnow.home / "warehouse" / "write.lock"
    with warehouse.session() as session, session.frozen():
        assert session.query(COUNT).item() == 0
        with pytest.raises(WarehouseBusy), file_lock(lock, 0.0):
            pass
    with file_lock(lock, 0.0):
        pass


def test_what_killed_processes_kept_goes_when_a_writer_opens(warehouse: Warehouse, on_fakesnow: Settings) -> None:
    long_ago, lately = (scratch.now() - timedelta(hours=hours) for hours in (25, 1))
    with warehouse.session() as session:
        session.execute(f"INSERT INTO ops.scratch (relation, kept_at) VALUES ('left', '{long_ago}')")
        session.execute(f"INSERT INTO ops.scratch (relation, kept_at) VALUES ('used', '{lately}')")
        open_warehouse(on_fakesnow).close()
        assert session.query("SELECT relation FROM ops.scratch").rows() == [("used",)]
        session.execute("DELETE FROM ops.scratch")


def files_on_the_stage(settings: Settings) -> set[str]:
    with connect(settings) as connection:
        return {row[0].removeprefix("landing/") for row in connection.cursor().execute("LIST @ops.landing")}


def test_files_leave_the_stage_once_no_transaction_can_need_them(
    warehouse: Warehouse, on_fakesnow: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = []
    for hours in (26, 24, 0):
        monkeypatch.setattr(stage, "now", lambda hours=hours: scratch.now() - timedelta(hours=hours))
        uploaded += warehouse.stage(DIRTY_DAYS, dirty(hours)).files
    with connect(on_fakesnow) as connection:
        connection.cursor().execute(f"PUT 'file://{__file__}' @ops.landing AUTO_COMPRESS = FALSE")
    long_ago, *lately = uploaded
    assert files_on_the_stage(on_fakesnow) >= set(uploaded)
    assert list(warehouse.maintain()) == ["remove files from the stage that no transaction needs any more"]
    left = files_on_the_stage(on_fakesnow)
    assert long_ago not in left
    assert left >= {*lately, Path(__file__).name}
    with warehouse.session() as session, session.transaction():
        session.append(Staged(DIRTY_DAYS, tuple(lately), 2))


def test_the_stage_is_looked_at_once_an_hour(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(warehouse.maintain())
    assert not list(warehouse.maintain())
    later = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert list(warehouse.maintain())


def test_a_session_leaves_nothing_that_it_kept(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.keep("frame", dirty(1, 2))
        session.keep("rows", "SELECT version FROM frame")
        assert session.query("SELECT COUNT(*) FROM ops.scratch").item() == 4
    assert warehouse.query("SELECT COUNT(*) FROM ops.scratch").item() == 0


def test_what_a_killed_client_has_begun_is_rolled_back(warehouse: Warehouse, on_fakesnow: Settings) -> None:
    with warehouse.session() as session, session.transaction():
        session.insert(DIRTY_DAYS, dirty(1))
    killed = subprocess.run([sys.executable, "-c", KILLED], env=as_environment(on_fakesnow), check=False)
    assert killed.returncode == -signal.SIGKILL
    with warehouse.session() as session:
        assert session.query(COUNT).item() == 1
        with session.transaction():
            session.execute(f"DELETE FROM {DIRTY_DAYS.full_name}")
        assert session.query(COUNT).item() == 0


@pytest.mark.parametrize(
    ("kind", "code", "ours"),
    [
        ("OperationalError", 250003, WarehouseUnavailable),  # the network
        ("ServiceUnavailableError", 503, WarehouseUnavailable),  # Snowflake is in trouble
        ("TooManyRequests", 429, WarehouseUnavailable),
        ("ProgrammingError", 390114, WarehouseUnavailable),  # the login has expired
        ("ProgrammingError", 625, WarehouseBusy),  # a lock
        ("DatabaseError", 390144, InvalidSettings),  # the key is not the user's
        ("ProgrammingError", 606, InvalidSettings),  # no virtual warehouse
        ("ProgrammingError", 3001, InvalidSettings),  # no privilege
        ("ProgrammingError", 2003, InvalidInput),  # no such table
        ("ProgrammingError", 1003, InvalidInput),  # bad SQL
    ],
)
def test_each_error_of_the_connector_becomes_one_of_ours(kind: str, code: int, ours: type[FlowGuardError]) -> None:
    require("snowflake")
    with pytest.raises(ours, match="its own words"), translated():
        raise getattr(connector().errors, kind)(msg="its own words", errno=code)


def test_without_the_connector_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snowflake.connector", None)
    with pytest.raises(MissingComponent, match=r"pip install 'flowguard\[snowflake\]'"):
        open_warehouse(load_settings(tmp_path, warehouse="snowflake"))


def test_what_a_login_lacks_is_named(tmp_path: Path) -> None:
    require("snowflake")
    with pytest.raises(InvalidSettings, match="needs FLOWGUARD_SNOWFLAKE_ACCOUNT, FLOWGUARD_SNOWFLAKE_USER"):
        connect(load_settings(tmp_path, warehouse="snowflake"))
    named = load_settings(tmp_path, warehouse="snowflake", snowflake_account="a", snowflake_user="u")
    with pytest.raises(InvalidSettings, match="FLOWGUARD_SNOWFLAKE_PRIVATE_KEY"):
        connect(named)
    with pytest.raises(InvalidSettings, match="no such file"):
        connect(named.model_copy(update={"snowflake_private_key": tmp_path / "key"}))


def init(settings: Settings, *options: str) -> Result:
    return CliRunner().invoke(app, ["warehouse", "init", *options], env=as_environment(settings))


def test_init_prints_the_script_of_the_role_without_asking_snowflake(tmp_path: Path) -> None:
    nobody = load_settings(tmp_path, warehouse="snowflake")
    assert "Set FLOWGUARD_SNOWFLAKE_USER" in init(nobody, "--roles").output
    said = init(nobody.model_copy(update={"snowflake_user": "loader"}), "--roles")
    assert said.exit_code == 0
    assert "GRANT ROLE FLOWGUARD TO USER loader;\n" in said.stdout


def test_init_is_for_snowflake(tmp_path: Path) -> None:
    refused = init(load_settings(tmp_path))
    assert refused.exit_code == 1
    assert "FLOWGUARD_WAREHOUSE is not snowflake" in refused.output
