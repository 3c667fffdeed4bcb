"""Troubles of the workspace database, told in words."""

import sqlite3
from contextlib import closing

import pytest

from core.store import curation_log
from core.store import database as database_module
from core.store.database import database
from core.types.curation import Action, Change
from core.types.errors import RunError


def test_sqlite_syncs_every_commit():
    with database().writing() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_fault_85_a_newer_store_is_refused(own_workspace):
    curation_log().state("r")
    with closing(sqlite3.connect(own_workspace / "workspace.sqlite")) as raw, raw:
        raw.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    with pytest.raises(RunError, match="made by a newer version"):
        curation_log_afresh().state("r")


def curation_log_afresh():
    database_module._opened.cache_clear()
    return curation_log()


def test_fault_86_a_damaged_file_is_kept_and_what_can_be_read_is_copied(own_workspace):
    log = curation_log()
    log.decide("r", [f"id-{i}" for i in range(2_000)], Change(Action.DROP), token="1")
    log.decide("r", ["last"], Change(Action.KEEP), token="2")
    file = own_workspace / "workspace.sqlite"
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'run'").fetchone()[0]
        curation = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'curation'").fetchone()[0]
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(file.read_bytes())
    for page in (root, curation):
        content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    with pytest.raises(RunError, match="damaged") as caught:
        log.state("r")
    assert "2001 decisions" in caught.value.hint
    assert file.read_bytes() == bytes(content), "the original was touched"
    (own_workspace / "workspace.recovered.sqlite").replace(file)
    with database().reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision").scalar() == 2001
    state = curation_log_afresh().state("r")  # the page with the run's own row was lost, too
    assert (len(state.decisions), state.rev, state.can_undo) == (2001, 2, True)


def test_fault_86_something_else_in_the_place_of_the_database(own_workspace):
    (own_workspace / "workspace.sqlite").write_bytes(b"<html>not a database</html>" * 100)
    with pytest.raises(RunError, match="damaged"):
        curation_log().state("r")


def test_fault_80_a_full_disk_saves_no_decision_and_says_so(monkeypatch):
    log = curation_log()
    log.decide("r", ["a"], Change(Action.DROP), token="1")
    original = database_module._configure

    def small(connection, record):
        original(connection, record)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    monkeypatch.setattr(database_module, "_configure", small)
    with pytest.raises(RunError, match="disk is full"):
        curation_log_afresh().decide("r", [f"id-{i}" for i in range(5_000)], Change(Action.DROP), token="2")
    monkeypatch.setattr(database_module, "_configure", original)
    assert set(curation_log_afresh().state("r").decisions) == {"a"}


def test_a_workspace_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(RunError, match="cannot be made"):
        curation_log().state("r")


def test_a_network_file_system_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(database_module, "network_file_system", lambda folder: "nfs4")
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "far"))
    with pytest.raises(RunError, match="network file system") as caught:
        curation_log().state("r")
    assert "postgresql+psycopg://" in caught.value.hint


def test_a_url_that_is_none(monkeypatch):
    monkeypatch.setenv("CHAFFINCH_DATABASE", "not a url")
    with pytest.raises(RunError, match="not a database URL"):
        curation_log().state("r")


def test_a_file_that_is_moved_away_takes_no_more_changes(own_workspace):
    log = curation_log()
    log.decide("r", ["a"], Change(Action.DROP), token="1")
    log.database.file.rename(own_workspace / "elsewhere.sqlite")
    assert log.state("r").decisions == {}
    log.decide("r", ["b"], Change(Action.DROP), token="2")
    assert set(log.state("r").decisions) == {"b"}
