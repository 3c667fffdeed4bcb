"""`open RUN`: the server starts with the run in front, and only a run that opens starts it."""

import os

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import actions, score_logits
from core.cli import main

_PAGE = """
import streamlit as st
from dashboard.session import navigation, url

navigation.sync()
navigation.open_asked_run()
st.text(f"run={navigation.run_key()} page={navigation.pending_page()}")
navigation.pop_pending_page()
url.write()
"""


@pytest.fixture
def run(tmp_path):
    logits = np.random.default_rng(0).normal(size=(2, 12, 3))
    return score_logits(logits, np.arange(12) % 3, scores=["el2n"]).save(tmp_path / "run")


@pytest.fixture
def started(monkeypatch):
    """The environments of servers that would have been started."""
    found = []
    monkeypatch.setattr(os, "execve", lambda program, command, environment: found.append(environment))
    return found


def test_the_named_run_reaches_the_server_and_is_at_home(run, started, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "another"))
    assert not actions.runs.is_at_home(str(run.path))
    main(["open", str(run.path), "--no-browser"])
    assert started[0]["CHAFFINCH_RUN"] == str(run.path)
    assert actions.runs.is_at_home(str(run.path))
    main(["open", "--no-browser"])
    assert "CHAFFINCH_RUN" not in started[1]


def test_what_is_no_run_starts_no_server(started, tmp_path, capsys):
    for name in (str(tmp_path), str(tmp_path / "nowhere"), "no-such-run"):
        assert main(["open", name]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 2
    assert not started


def test_a_browser_that_asks_for_nothing_sees_it_once(monkeypatch):
    monkeypatch.setenv("CHAFFINCH_RUN", "digits")
    at = AppTest.from_string(_PAGE).run()
    assert at.text[0].value == "run=digits page=explore"
    at.query_params.clear()
    assert at.run().text[0].value.endswith("page=None")
    asked = AppTest.from_string(_PAGE)
    asked.query_params["run"] = "adult"
    assert asked.run().text[0].value == "run=adult page=None"
