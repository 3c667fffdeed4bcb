"""A job in a real Chromium: watched, cancelled, resumed by hand; killed with -9, found stopped, resumed, the same."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from pages import WAIT, browser, click, server, until

from core import actions
from core.cli import main
from core.store import run_registry
from core.types.runs import RunState

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is a POSIX signal"),
]
EPOCHS = "120"
_START = """
import sys
from core import actions
from core.types.runs import RunSpec, TrainingSpec
training = TrainingSpec(epochs=int(sys.argv[2]), seeds=1)
print(actions.runs.start_run(RunSpec(sys.argv[1], scores=("el2n", "aum"), training=training, map=False, threads=1)))
"""


def table_file(folder: Path) -> Path:
    """240 rows in three classes that two numbers give away."""
    rng = np.random.default_rng(0)
    kinds = np.arange(240) % 3
    lines = [f"r{i},{k + rng.normal(0, 0.3):.3f},{rng.normal(0, 0.3) - k:.3f},{'abc'[k]}" for i, k in enumerate(kinds)]
    path = folder / "rows.csv"
    path.write_text("id,x,y,label\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Starts a job in a workspace of its own and yields its id; ends what is left of it."""
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    done = subprocess.run(
        [sys.executable, "-c", _START, str(table_file(tmp_path)), EPOCHS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    yield done.stdout.strip()
    pid = run_registry().row(done.stdout.strip()).pid
    if actions.runs.run_status(done.stdout.strip()).state in (RunState.RUNNING, RunState.WAITING):
        os.kill(pid, signal.SIGKILL)


def words(page) -> str:
    """What the box of the job says; empty when there is none."""
    return page.evaluate("() => document.querySelector('.st-key-progress_box')?.innerText ?? ''")


def trains(page) -> bool:
    return "Training seed" in words(page)


@contextmanager
def slowed(run_id: str) -> Iterator[None]:
    """While it trains, the job works a twentieth of the time: no end before a hand met it; its heart beats on."""
    ended = threading.Event()

    def hold() -> None:
        while not ended.is_set():
            pid = run_registry().row(run_id).pid  # None between two jobs
            if not pid or not actions.runs.run_status(run_id).stage.startswith("Training"):
                ended.wait(0.02)
                continue
            for sign, seconds in ((signal.SIGSTOP, 1.0), (signal.SIGCONT, 0.05)):
                with suppress(ProcessLookupError):  # it was cancelled or killed meanwhile
                    os.kill(pid, sign)
                ended.wait(seconds)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        ended.set()
        holder.join()  # it ends with the job let go


def finish(page, run_id: str) -> None:
    """Press Resume and wait until the page shows the finished scores."""
    click(page, "Resume", ".st-key-progress_box")
    until(page, lambda: actions.runs.run_status(run_id).state == RunState.FINISHED, "the resumed run finishes")
    until(page, lambda: "2 of " in page.inner_text("body") and not words(page), "the page shows its scores")


def values(path: str | Path) -> dict[str, np.ndarray]:
    run = actions.runs.open_run(path)
    return {name: run.score(name).values for name in run.score_names}


def test_fault_79_cancel_kill_and_resume_by_hand(job, tmp_path):
    held = ExitStack()
    held.enter_context(slowed(job))  # before the server: that takes longer to start than the training
    with held, server(tmp_path / "home", tmp_path) as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/scores?run={job}")
        until(page, lambda: trains(page), "the page shows the training")
        assert re.search(r"last sign of life \d+ s ago", words(page)), words(page)
        click(page, "Cancel", ".st-key-progress_box")
        until(page, lambda: run_registry().row(job).cancel, "the job is asked to stop")
        held.close()
        until(page, lambda: "Cancelled" in words(page), "the page says that it is cancelled")
        assert actions.runs.run_status(job).state == RunState.CANCELLED

        with slowed(job):
            click(page, "Resume", ".st-key-progress_box")
            until(page, lambda: trains(page), "it trains again")
            os.kill(run_registry().row(job).pid, signal.SIGKILL)
        until(page, lambda: "Stopped" in words(page), "the page says that it stopped")
        page.goto(address)
        page.locator(".st-key-runs").wait_for(timeout=WAIT)
        page.goto(f"{address}/scores?run={job}")
        page.locator(".st-key-progress_box button", has_text="Resume").wait_for(timeout=WAIT)
        finish(page, job)
    whole = tmp_path / "whole"
    command = ["run", str(tmp_path / "rows.csv"), "--out", str(whole), "--scores", "el2n,aum", "--epochs", EPOCHS]
    assert main([*command, "--seeds", "1", "--no-map", "--threads", "1", "--quiet"]) == 0
    broken, unbroken = values(job), values(whole)
    assert set(broken) == set(unbroken) == {"el2n", "aum"}
    for name, expected in unbroken.items():
        np.testing.assert_array_equal(broken[name], expected)
