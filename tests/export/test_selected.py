"""A selection as a file: the rows of decisions.csv, beside the user's own columns."""

import csv
import io
import json

import pandas as pd
import pytest
from worlds import write_table

from core import actions
from core.types.curation import Action, Change
from core.types.errors import RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        data, _ = write_table(folder / "data")
        spec = RunSpec(
            str(data), scores=("label_quality", "knn_distance"), training=TrainingSpec(folds=3), map=False, threads=1
        )
        return actions.runs.run_here(spec, folder / "run", SilentProgress())


def test_a_selection_says_what_decisions_csv_says(made, tmp_path):
    view = actions.scores.score_view(made)
    rules = actions.rules.default_rules(view)
    state = actions.curation.decide(made, ["row-5"], Change(Action.DROP, note="=1+1"), token="1")
    outcome = actions.outcomes.outcome(view, rules, state.decisions)
    rows = [71, 5, 6]
    text = actions.selections.selection_csv(view, rules, state.decisions, outcome, rows).decode()
    found = list(csv.DictReader(io.StringIO(text)))
    actions.exports.export_run(made, rules, state.decisions, tmp_path / "e")
    with (tmp_path / "e" / "decisions.csv").open(newline="") as file:
        whole = list(csv.DictReader(file))
    assert [r["example_id"] for r in found] == ["row-5", "row-6", "row-71"]
    for row, place in zip(found, (5, 6, 71), strict=True):
        assert {k: row[k] for k in whole[place]} == whole[place]
    assert found[0]["note"] == "'=1+1", "a formula in a note would run in a spreadsheet"
    source = pd.read_csv(made.spec.source, dtype=str)
    assert [r["a"] for r in found] == source["a"].iloc[[5, 6, 71]].astype(float).astype(str).tolist()
    assert [r["own_label"] for r in found] == source["label"].iloc[[5, 6, 71]].tolist()


def test_nothing_selected_is_a_file_of_names_alone(made):
    view = actions.scores.score_view(made)
    rules = actions.rules.default_rules(view)
    text = actions.selections.selection_csv(view, rules, {}, actions.outcomes.outcome(view, rules, {}), []).decode()
    assert text.startswith("example_id,")
    assert text.count("\n") == 1


def test_the_manifest_names_the_branch(made, tmp_path):
    actions.branches.make_branch(made, "strict", token="x")
    state = actions.curation.decide(made, ["row-7"], Change(Action.DROP), token="y", branch="strict")
    rules = actions.rules.default_rules(actions.scores.score_view(made))
    actions.exports.export_run(made, rules, state.decisions, tmp_path / "e", branch=state.branch)
    manifest = json.loads((tmp_path / "e" / "manifest.json").read_text())
    assert manifest["provenance"]["branch"] == "strict"
    assert "row-7" in manifest["decisions"]
    assert "row-7" not in actions.curation.curation_state(made).decisions
    assert all(report.ok for report in actions.exports.verify_export(tmp_path / "e", level=2))
    with pytest.raises(RunError, match="no branch 'gone'"):
        actions.curation.curation_state(made, "gone")


def test_the_command_line_exports_the_branch_that_it_names(made, tmp_path, capsys):
    from core.cli import main

    actions.branches.make_branch(made, "strict", token="x")
    actions.curation.decide(made, ["row-7"], Change(Action.DROP), token="y", branch="strict")
    run = str(made.path)
    assert not main(["export", run, "--branch", "strict", "--out", str(tmp_path / "s")])
    assert not main(["export", run, "--out", str(tmp_path / "m")])
    said = {name: json.loads((tmp_path / name / "manifest.json").read_text()) for name in "sm"}
    assert (said["s"]["provenance"]["branch"], said["m"]["provenance"]["branch"]) == ("strict", "main")
    assert ("row-7" in said["s"]["decisions"], "row-7" in said["m"]["decisions"]) == (True, False)
    assert main(["export", run, "--branch", "gone", "--out", str(tmp_path / "x")]) == 2
    assert "Its branches: main, strict" in capsys.readouterr().err
