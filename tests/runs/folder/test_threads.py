"""Threads that wait do not spin, and the number of threads is the one that a person set."""

import subprocess

import pytest

from core.runs.folder.run_folder import default_threads
from core.types import child

_TOLD = "import os; print(os.environ['GOMP_SPINCOUNT'], os.environ['KMP_BLOCKTIME'])"
_COMMAND = "from core.cli import main; main(['methods']); " + _TOLD


@pytest.fixture
def unset(monkeypatch):
    for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("said", "threads"), [("1", 1), ("3", 3), (" 2,4", 2)])
def test_what_a_person_set_counts(unset, monkeypatch, said, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert default_threads(leave_a_core=True) == default_threads(leave_a_core=False) == threads


@pytest.mark.parametrize("said", ["", "0", "-2", "many"])
def test_without_a_number_all_cores_count(unset, monkeypatch, said):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert default_threads(leave_a_core=False) >= default_threads(leave_a_core=True) >= 1


def test_children_and_the_command_line_wait_without_spinning(unset, monkeypatch):
    """Every job, check, self-test and explaining worker is a child of this kind; `run` is the command line itself."""
    assert child.environment()["GOMP_SPINCOUNT"] == "0"
    environment = {k: v for k, v in child.environment().items() if k not in ("GOMP_SPINCOUNT", "KMP_BLOCKTIME")}
    told = subprocess.run(child.python("-c", _COMMAND), env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "0 0"
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    assert child.environment()["GOMP_SPINCOUNT"] == "1000"
