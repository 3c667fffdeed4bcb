"""An address opens what this workspace knows; folders from elsewhere wait for a click, and errors end in a way on."""

import shutil
from pathlib import Path

import pytest
from screens import screen, words
from streamlit import config
from streamlit.testing.v1 import AppTest

import dashboard
from core import actions
from core.store import run_registry

PAGE = str(Path(dashboard.__file__).with_name("page.py"))


def _page(step, run):
    at = AppTest.from_file(PAGE, default_timeout=600)
    at.session_state["go"] = step
    at.query_params["run"] = str(run)
    return at.run()


def test_a_run_folder_from_elsewhere_waits_for_a_click(run_of):
    folder = run_of("table")
    for step in ("explore", "scores"):
        at = _page(step, folder)
        assert not at.exception
        assert "not opened here before" in words(at)
        assert str(folder) in words(at)
        assert "Open this folder" in words(at)
        assert "60 / 60 points" not in words(at)
    assert not actions.runs.is_at_home(str(folder))
    actions.runs.admit_run(folder)  # what the button does
    assert "60 / 60 points" in words(_page("explore", folder))


def test_runs_of_this_workspace_and_samples_are_at_home(run_of, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(run_of("table"), own)
    assert not actions.runs.is_at_home(str(own))
    run_registry().register("some-id", own, state="finished", name="own", modality="table", rows=60)
    assert actions.runs.is_at_home(str(own))
    assert actions.runs.is_at_home("digits")
    assert actions.runs.is_at_home(str(actions.runs.open_run("digits").path))
    assert actions.runs.is_at_home("no-such-run"), "what is no folder is looked up by name"


@pytest.mark.parametrize("name", ["x" * 5000, "/" + "x" * 5000, "/proc/self/mem", "no-such-run", "/no/such/folder"])
def test_a_name_that_is_no_run_is_two_lines_and_a_link_to_start(name):
    at = _page("explore", name)
    assert not at.exception
    assert "Go to Start</a>" in words(at)
    assert "`python" not in words(at)
    assert "Something went wrong" not in words(at)
    assert "x" * 2500 not in words(at)


def test_one_damaged_run_hides_no_other(run_of, tmp_path):
    broken, newer = tmp_path / "broken", tmp_path / "newer"
    for place in (broken, newer):
        shutil.copytree(run_of("table"), place)
    (broken / "spec.json").write_text('{"format": ')
    (newer / "spec.json").write_text('{"format": 9, "spec": {}}')
    for number, place in enumerate((broken, run_of("table"), newer)):
        run_registry().register(f"run-{number}", place, state="stopped", name=place.name, modality="", rows=0)
    at = screen("start")
    assert not at.exception
    lines = at.dataframe[-1].value.set_index("Run")["State"]
    assert len(lines) == 3
    assert lines["run-0"].startswith("cannot be read: ")
    assert lines["run-1"] == "stopped"
    assert "newer version" in lines["run-2"]


@pytest.fixture
def open_to_all(monkeypatch):
    """The server as it is with --server.address 0.0.0.0."""
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    yield
    config.set_option("server.address", before)


def _undo_pressed(run):
    at = screen("explore", run, side="example", example="r05")
    at.button(key="drawer_drop").click().run()
    return at


def test_without_login_or_proxy_visitors_from_elsewhere_decide_nothing(run_of, open_to_all, monkeypatch):
    at = _undo_pressed(run_of("table"))
    assert "answers on 0.0.0.0 without a login" in words(at)
    assert not actions.curation.curation_state(actions.runs.open_run(run_of("table"))).decisions
    actions.runs.admit_run(run_of("table"))
    assert "answers on 0.0.0.0 without a login" in words(_page("rules", run_of("table"))), "the banner is on the page"
    monkeypatch.setenv("CHAFFINCH_BEHIND_PROXY", "yes")
    at = _undo_pressed(run_of("table"))
    assert "without a login" not in words(at)
    assert "r05" in actions.curation.curation_state(actions.runs.open_run(run_of("table"))).decisions


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_alone_needs_no_login(address):
    from dashboard.session import access

    before = config.get_option("server.address")
    config.set_option("server.address", address)
    try:
        assert access.exposed() is None
    finally:
        config.set_option("server.address", before)
