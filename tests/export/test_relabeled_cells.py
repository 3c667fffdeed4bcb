"""curated.csv says the final label of each row, also where the first row of a class was relabeled itself."""

import csv

import pytest
from worlds import write_table

from core import actions
from core.types.curation import Action, Change
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


@pytest.fixture
def run(tmp_path):
    training = TrainingSpec(epochs=1, seeds=1, checkpoints=1, folds=2)
    spec = RunSpec(
        source=str(write_table(tmp_path)[0]), scores=("knn_distance",), training=training, map=False, threads=1
    )
    return actions.runs.run_here(spec, tmp_path / "run", SilentProgress())


def test_labels_of_rows_that_stood_first_in_their_class(run, tmp_path):
    labels = run.examples.labels
    first = {name: int((labels == code).argmax()) for code, name in enumerate(run.examples.class_names)}
    moved = {first["x"]: "y", first["y"]: "z", int((labels == 0).nonzero()[0][1]): "y"}
    for row, label in moved.items():
        actions.curation.decide(run, [str(run.examples.ids[row])], Change(Action.RELABEL, label), token=str(row))
    view = actions.scores.score_view(run)
    decisions = actions.curation.curation_state(run).decisions
    rules = actions.rules.chosen_rules(view, None, "remove_label_errors", None)
    actions.exports.export_run(run, rules, decisions, tmp_path / "out")
    with open(tmp_path / "out/curated.csv", encoding="utf-8") as file:
        said = {line["id"]: line["label"] for line in csv.DictReader(file)}
    assert {row: said[str(run.examples.ids[row])] for row in moved} == moved
    assert [report.ok for report in actions.exports.verify_export(tmp_path / "out", level=2)] == [True, True]
