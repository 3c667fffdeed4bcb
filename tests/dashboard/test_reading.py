"""Words and states that the screen takes from a run."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.runs.plan.score_states import score_states
from core.types.runs import RunSpec, RunState, RunStatus, RunSummary
from dashboard.panels import sample_strip
from dashboard.panels.score_detail import setting_lines
from dashboard.session import cache
from dashboard.views import start


def _run(**changed):
    facts = {"spec": RunSpec("x", scores=("el2n", "aum", "grand")), "score_names": (), "failures": {}, "card": {}}
    return SimpleNamespace(**facts | changed)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RunState.RUNNING, {"el2n": "done", "aum": "training seed 1 of 2", "grand": "waiting", "vog": "not asked for"}),
        (RunState.STOPPED, {"el2n": "done", "aum": "not run", "grand": "not run", "vog": "not asked for"}),
    ],
)
def test_a_running_job_says_where_each_score_stands(state, expected):
    status = RunStatus("r", state, "Training seed 1 of 2")
    assert score_states(_run(score_names=("el2n",)), list(expected), status) == expected


def test_a_score_that_failed_or_cannot_be_had_says_so():
    run = _run(spec=RunSpec("x"), failures={"el2n": "why"}, card={"not_here": {"vog": "needs pictures"}})
    states = score_states(run, ["el2n", "vog", "aum"], RunStatus("r", RunState.WAITING))
    assert states == {"el2n": "failed", "vog": "not possible here", "aum": "starting"}


def _name_kind_rows(listed: RunSummary) -> tuple[str, str, int | None]:
    return start._line(listed)[:3]


def test_rows_of_a_run_that_stopped_before_it_read_anything_are_unknown_not_zero(run_folder):
    assert _name_kind_rows(run_folder({})) == ("x", "", None)
    known = {
        "dataset": {
            "rows": 77,
            "name": "x.csv",
            "modality": "table",
            "class_names": [],
            "fingerprint": "f",
            "roles": {},
        }
    }
    assert _name_kind_rows(run_folder(known)) == ("x.csv", "table", 77)


@pytest.fixture
def run_folder(tmp_path):
    """Card of a run that the database knows no rows of -> its line in the list."""

    def make(card: dict) -> RunSummary:
        folder = tmp_path / f"run{len(card)}"
        folder.mkdir()
        asked = {"format": 1, "run_id": "r", "spec": RunSpec("x").to_json()}
        (folder / "spec.json").write_text(json.dumps(asked))
        (folder / "run.json").write_text(json.dumps(card))
        return RunSummary("r", "x", "", 0, RunState.STOPPED, "", Path(folder))

    return make


@pytest.mark.parametrize(("name", "tags"), [("digits", "img"), ("banking", "p"), ("adult", "table")])
def test_cards_show_real_examples_of_their_kind(name, tags):
    tree = sample_strip.strip(cache.sample_preview(name))
    kinds = [child[0] for child in tree[2:]]
    assert kinds == [tags] * {"img": 4, "p": 2, "table": 1}[tags]
    if tags == "table":
        header, body = tree[2][2], tree[2][3]
        assert [cell[2] for cell in header[2][2:]][-1] == "income"
        assert len(body) - 2 == 3


def test_settings_of_a_score_are_said_in_words_of_people():
    said = setting_lines({"epochs_read": [15, 16], "held_out_accuracy": None, "training_accuracy": 0.78554, "of": ()})
    assert said == ["epochs read: 15, 16", "training accuracy: 0.7855", "of: none"]
