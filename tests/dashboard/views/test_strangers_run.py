"""Runs of a person's own network on screen: a stranger's runs nothing and says so, one's own is explained."""

import sys

import pytest
import streamlit as st
from scored_worlds import table_file
from screens import screen, words
from strangers import forged, import_state

from core import actions
from core.runs.watch import background_tasks, launch
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec
from dashboard.components import run_progress

_REFUSAL = "is code from outside Chaffinch. Nothing was run."
_NETWORK = """
from torch import nn
def make(dims, classes):
    return nn.Sequential(nn.Linear(dims[0], 4), nn.ReLU(), nn.Linear(4, classes))
"""


@pytest.fixture
def gift(run_of, tmp_path, monkeypatch):
    """A stranger's folder that could be imported; a process that is started would be seen."""
    found = forged(run_of("table"), tmp_path / "made")
    monkeypatch.syspath_prepend(str(found.root))
    monkeypatch.setenv("PYTHONPATH", str(found.root), prepend=":")
    for module in (launch, background_tasks):
        monkeypatch.setattr(module, "spawn", lambda *_: pytest.fail("a process was started"))
    with import_state():
        yield found
    assert not found.canary.exists()


def test_the_buttons_of_check_refuse_a_strangers_code(gift):
    at = screen("check", gift.run)
    at.selectbox(key="check_mode").select("full")
    at.button(key="start_check").click().run()
    assert not at.exception
    assert _REFUSAL in words(at)
    at.button(key="start_selftest").click().run()
    assert _REFUSAL in words(at)
    assert not gift.canary.exists()


def _with_a_button(*_, on_press, **__):
    """The box of a job has its button in the browser; this one can be pressed from here, with the same callback."""
    st.button("Resume", key="pressed", on_click=on_press, args=("resume",))


def test_resume_refuses_a_strangers_code(gift, monkeypatch):
    stopped = gift.copy(gift.root.with_name("stopped"), finished=False)
    monkeypatch.setattr(run_progress, "run_progress", _with_a_button)
    at = screen("scores", stopped.run)
    at.button(key="pressed").click().run()
    assert not at.exception
    assert _REFUSAL in words(at)
    assert not stopped.canary.exists()


def test_the_drawer_of_a_strangers_run_says_it_in_words_and_goes_on(gift):
    at = screen("explore", gift.run, example="r10", side="example")
    for part in ("why", "what_if", "training"):
        at.session_state[f"open_{part}"] = True
    at.run()
    assert not at.exception
    said = words(at)
    assert said.count(_REFUSAL) >= 2
    assert "--trust" in said
    assert "Nearest neighbors" in {part.label for part in at.expander}
    assert at.button(key="drawer_keep")


def test_ones_own_network_is_explained_until_its_file_changes(tmp_path, monkeypatch):
    code = tmp_path / "code" / "ones_own.py"
    code.parent.mkdir()
    code.write_text(_NETWORK)
    training = TrainingSpec(model="ones_own:make", epochs=2, seeds=1, checkpoints=1, folds=2)
    spec = RunSpec(str(table_file(tmp_path)), scores=("el2n",), map=False, training=training, threads=1)
    with import_state(), monkeypatch.context() as patch:
        patch.syspath_prepend(str(code.parent))
        actions.runs.run_here(spec, tmp_path / "run", SilentProgress(), trust=True)
        sys.modules.pop("ones_own")
    at = _drawer(tmp_path / "run")
    assert not at.exception
    assert "Nothing was run" not in words(at)
    assert "models with random weights" in words(at)
    assert "network (saw this row) says" in words(at)
    code.write_text(_NETWORK + "# changed\n")
    at = _drawer(tmp_path / "run", example="r11")
    assert f"{code}, has changed since you allowed it. Nothing was run." in words(at)


def _drawer(run, example="r10"):
    st.cache_resource.clear()  # and with it the process that explains, as when the server starts
    at = screen("explore", run, example=example, side="example")
    for part in ("why", "what_if"):
        at.session_state[f"open_{part}"] = True
    return at.run()
