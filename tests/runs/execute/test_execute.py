"""One question, one folder: finished, gone on with, refused, damaged, cancelled, killed."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from worlds import write_logits, write_table

from core import actions
from core.numerics.trends import rising_class
from core.runs.execute import execute
from core.runs.folder.folder_lock import locked
from core.runs.plan import prepare
from core.types.errors import Cancelled, CurationError, RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState, TrainingSpec

SCORES = ("el2n", "loss", "grand_last", "label_quality", "knn_distance")


def spec_of(source, **changes) -> RunSpec:
    training = TrainingSpec(epochs=3, seeds=2, checkpoints=2, folds=3)
    return RunSpec(
        **{"source": str(source), "scores": SCORES, "training": training, "map": False, "threads": 1, **changes}
    )


def run(spec, out, progress=None):
    return actions.runs.run_here(spec, out, progress or SilentProgress())


def values_of(found) -> dict[str, np.ndarray]:
    return {name: np.array(found.score(name).values) for name in found.score_names}


def assert_same_scores(one, other) -> None:
    left, right = values_of(one), values_of(other)
    assert list(left) == list(right)
    for name, expected in left.items():
        np.testing.assert_array_equal(right[name], expected, err_msg=name)


class StopsAfter(SilentProgress):
    """Cancels at the given number of steps."""

    def __init__(self, steps: int):
        self.left = steps

    def advance(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise Cancelled


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table"))[0]


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    from _pytest.monkeypatch import MonkeyPatch

    with MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        return run(spec_of(table), tmp_path_factory.mktemp("runs") / "run")


def test_a_finished_run_holds_everything(finished):
    assert finished.state() is RunState.FINISHED
    assert finished.score_names == tuple(m.name for m in prepare.SCORES if m.name in SCORES)
    assert finished.examples.ids[:2].tolist() == ["row-0", "row-1"]
    assert finished.array("neighbors").shape == (90, 15)
    assert finished.array("curves_p").shape == (2, 3, 90)
    assert finished.array("kmeans").dtype == np.int32
    assert set(finished.card["seconds"]) == {"load", "embedding", "neighbors", "training", "scores", "clusters"}
    assert all(peak > 10 for peak in finished.card["peak_memory_mb"].values())
    assert finished.examples_with_inputs.inputs.shape[0] == 90


def test_curves_are_the_probability_of_the_given_label(finished):
    epochs, of_label, predicted = actions.examples.training_curve(finished, 5)
    logits = np.asarray(finished.array("logits")[:, :, 5], np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    # float16 keeps three digits
    np.testing.assert_allclose(of_label, expected[..., finished.examples.labels[5]], atol=1e-3)
    np.testing.assert_array_equal(predicted, logits.argmax(-1))
    assert epochs.tolist() == [1, 2, 3]


def test_the_rising_class_stands_beside_the_prediction(finished):
    labels = finished.examples.labels
    rising = finished.array("rising_class")
    np.testing.assert_array_equal(rising, rising_class(np.asarray(finished.array("logits"), np.float64), labels))
    assert 0 < (rising >= 0).mean() < 1
    assert not (rising == labels).any()
    assert np.array_equal(actions.scores.score_view(finished).rising, rising)
    names = np.array([*finished.examples.class_names, ""])
    assert actions.scores.scores_table(finished)["rising_class"].tolist() == names[rising].tolist()


def test_the_same_question_again_computes_nothing(finished, table):
    before = {p: p.stat().st_mtime_ns for p in finished.path.rglob("*.parquet")}
    again = run(spec_of(table), finished.path)
    assert again.run_id == finished.run_id
    assert {p: p.stat().st_mtime_ns for p in finished.path.rglob("*.parquet")} == before


def test_another_question_is_refused_in_words(finished, table):
    with pytest.raises(RunError, match="another run: seed was 0, now 1"):
        run(spec_of(table, seed=1), finished.path)


def test_a_folder_with_something_else_is_refused(table, tmp_path):
    (tmp_path / "letter.txt").write_text("keep me")
    with pytest.raises(RunError, match="not empty"):
        run(spec_of(table), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_two_runs_of_one_question_agree_to_the_last_bit(finished, table, tmp_path):
    assert_same_scores(finished, run(spec_of(table), tmp_path / "again"))


def test_a_cancelled_run_goes_on_to_the_same_scores(finished, table, tmp_path):
    with pytest.raises(Cancelled):
        run(spec_of(table), tmp_path / "r", StopsAfter(12))
    assert actions.runs.open_run(tmp_path / "r").state() is RunState.CANCELLED
    assert_same_scores(finished, run(spec_of(table), tmp_path / "r"))


def test_fault_84_a_changed_dataset_does_not_match(tmp_path):
    data, _ = write_table(tmp_path / "data")
    done = run(spec_of(data, scores=("el2n",)), tmp_path / "r")
    data.write_text(data.read_text().replace("row-5,", "row-5,9"))
    with pytest.raises(RunError, match="does not match"):
        run(spec_of(data, scores=("el2n",)), tmp_path / "r")
    assert actions.examples.example_input(actions.runs.open_run(done.path), 3)[0] is None
    with pytest.raises(RunError, match="does not match"):
        actions.exports.export_run(
            done, actions.rules.default_rules(actions.scores.score_view(done)), {}, tmp_path / "e"
        )


def test_a_run_opens_without_its_dataset(tmp_path):
    data, _ = write_table(tmp_path / "data")
    done = run(spec_of(data, scores=("el2n",)), tmp_path / "r")
    data.unlink()
    reopened = actions.runs.open_run(tmp_path / "r")
    shown, why = actions.examples.example_input(reopened, 0)
    assert shown is None
    assert "No such" in why
    np.testing.assert_array_equal(reopened.score("el2n").values, done.score("el2n").values)


def test_a_damaged_score_is_named_and_then_computed_again(table, tmp_path):
    done = run(spec_of(table), tmp_path / "r")
    expected = np.array(done.score("loss").values)
    path = next((tmp_path / "r" / "scores" / "loss").glob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged"):
        actions.runs.open_run(tmp_path / "r").score("loss")
    np.testing.assert_array_equal(run(spec_of(table), tmp_path / "r").score("loss").values, expected)


def test_one_failing_score_never_blocks_the_others(table, tmp_path, monkeypatch):
    def in_words(inputs, params, progress):
        raise CurationError("This score did not like the data.", "Leave it out.")

    def by_a_bug(inputs, params, progress):
        raise ZeroDivisionError("inside the score")

    broken = {"loss": in_words, "label_quality": by_a_bug}
    scores = tuple(dataclasses.replace(m, compute=broken.get(m.name, m.compute)) for m in prepare.SCORES)
    monkeypatch.setattr(prepare, "SCORES", scores)
    done = run(spec_of(table), tmp_path / "r")
    assert done.state() is RunState.INCOMPLETE
    assert set(done.score_names) == {"el2n", "grand_last", "knn_distance"}
    assert done.failures["loss"] == "This score did not like the data. Leave it out."
    assert "ZeroDivisionError" in done.failures["label_quality"]
    assert "inside the score" in (tmp_path / "r" / "log.txt").read_text()
    monkeypatch.undo()
    again = run(spec_of(table), tmp_path / "r")
    assert again.state() is RunState.FINISHED
    assert set(again.score_names) == set(SCORES)


def test_recorded_logits_need_no_model(tmp_path):
    done = run(spec_of(write_logits(tmp_path), scores=("all",)), tmp_path / "r")
    assert done.state() is RunState.FINISHED
    assert {"el2n", "aum", "forgetting"} <= set(done.score_names)
    assert "gradient norm" in done.card["not_here"]["grand"]
    assert actions.examples.training_curve(done, 0)[1].shape == (1, 4)
    assert actions.examples.example_input(done, 0)[0] is None


def test_a_score_asked_for_by_name_that_cannot_run_is_missed(tmp_path):
    done = run(spec_of(write_logits(tmp_path), scores=("el2n", "grand")), tmp_path / "r")
    assert done.state() is RunState.INCOMPLETE
    assert "gradient norm" in done.failures["grand"]


def test_two_jobs_on_one_run_are_refused(table, tmp_path):
    with locked(tmp_path / "r"), pytest.raises(RunError, match="already running"):
        execute.execute_run(spec_of(table), tmp_path / "r", SilentProgress())


_KILLED_TEN_TIMES = """
import json, os, pathlib, random, signal, sys, time
import cleanlab, torch  # before the forks, so that each job begins at once
from core import actions
from core.runs.execute import execute
from core.types.progress import SilentProgress
from core.types.runs import spec_from_json

spec, out, whole = spec_from_json(json.loads(sys.argv[1])), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def job(folder):
    process = os.fork()
    if process == 0:
        actions.runs.run_here(spec, folder, SilentProgress())
        os._exit(0)
    return process


started = time.monotonic()
assert os.waitpid(job(whole), 0)[1] == 0
lasts, moments, killed = time.monotonic() - started, random.Random(79), 0
for _ in range(10):
    process = job(out)
    time.sleep(moments.uniform(0.0, 0.6) * lasts)
    os.kill(process, signal.SIGKILL)
    killed += os.waitpid(process, 0)[1] == signal.SIGKILL
print(killed)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a POSIX signal")
def test_fault_79_kill_9_of_a_job_at_ten_random_moments_then_resume_gives_the_same_scores(finished, table, tmp_path):
    """Moments within the time that the whole job takes on this machine now; the answer is the same at any."""
    asked, out = json.dumps(spec_of(table).to_json()), tmp_path / "r"
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_TEN_TIMES, asked, str(out), str(tmp_path / "whole")],
        capture_output=True,
        text=True,
        timeout=1_500,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 1, "no kill came before the end"
    assert_same_scores(finished, run(spec_of(table), out))
