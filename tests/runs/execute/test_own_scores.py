"""Scores of a person's own: ranked, compared, combined, tabulated, exported and verified like any other."""

import json

import numpy as np
import pandas as pd
import pytest
from worlds import write_table

from core import actions
from core.cli import main
from core.composite import normalise
from core.types.curation import Guardrails, Rules, Threshold
from core.types.errors import CurationError, DataError, RulesError
from core.types.methods import Goal
from core.types.progress import SilentProgress
from core.types.recorded import RecordedFiles
from core.types.runs import RunSpec


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of two own columns (one where low is suspicious, one with a gap) beside one of ours, and its columns."""
    folder = tmp_path_factory.mktemp("own")
    data, _ = write_table(folder, 60)
    ids = pd.read_csv(data)["id"]
    rng = np.random.default_rng(2)
    mine, trust, loss = rng.normal(size=(3, 60))
    mine[5] = np.nan
    frame = pd.DataFrame({"id": ids, "mine": mine, "trust": trust, "loss": loss, "remark": "seen"})
    frame.sample(frac=1, random_state=0).to_csv(folder / "mine.csv", index=False)
    files = RecordedFiles(score_columns=str(folder / "mine.csv"), own_scores=("mine", "trust:low", "loss"))
    spec = RunSpec(str(data), scores=("lof",), map=False, recorded=files)
    done = actions.runs.run_here(spec, folder / "run", SilentProgress())
    return done, {"mine": mine, "trust": trust, "own_loss": loss}, folder


def test_values_are_those_of_the_file_whatever_its_order(made):
    run, columns, _ = made
    assert run.score_names == ("lof", "mine", "trust", "own_loss")
    for name, values in columns.items():
        np.testing.assert_array_equal(run.score(name).values, values.astype(np.float32))
    assert run.score("mine").undefined == {"no value in the file of own scores": 1}
    assert any("loss is called own_loss" in finding.text for finding in run.report)
    assert any("not used: remark" in finding.text for finding in run.report)


def test_each_is_ranked_from_its_suspicious_end(made):
    run, columns, _ = made
    for name, order in (("mine", np.argsort(-columns["mine"])), ("trust", np.argsort(columns["trust"]))):
        ranked = actions.scores.ranked(run, name, 10)
        assert ranked["example_id"].tolist() == run.examples.ids[order[:10]].tolist()


def test_they_are_a_family_of_the_composite(made):
    """Equal weights: the mean of the family of own scores, each turned to its suspicious end, beside that of ours."""
    run, columns, _ = made
    view = actions.scores.score_view(run)
    rules = Rules(goal=Goal.FIND_NOISE.value, group_weights={"density": 0.0})
    outcome = actions.outcomes.outcome(view, rules, {})
    free = ~view.held_out
    terms = [
        sign * normalise(columns[name].astype(np.float32), "rank", None, free)
        for name, sign in (("mine", 1), ("trust", -1), ("own_loss", 1))
    ]
    np.testing.assert_allclose(outcome.composite, np.nanmean(terms, axis=0), atol=1e-6)
    assert {view.scores[name].group for name in columns} == {"own"}


def test_a_rule_may_cut_at_one_of_them(made):
    run, columns, _ = made
    view = actions.scores.score_view(run)
    free_hand = Guardrails(class_floor=0, class_cap=None, duplicates="off")
    rules = Rules(thresholds=(Threshold("trust", "count", "below", 4),), guardrails=free_hand)
    dropped = np.flatnonzero(~actions.outcomes.outcome(view, rules, {}).kept)
    free = np.flatnonzero(~view.held_out)
    assert set(dropped) == set(free[np.argsort(columns["trust"][free])[:4]])


def test_table_compare_and_words_know_them(made):
    run, columns, _ = made
    table = actions.scores.scores_table(run)
    np.testing.assert_array_equal(table["trust"], columns["trust"].astype(np.float32))
    assert actions.scores.method_in(run, "trust").inspect_first == "lowest"
    assert actions.scores.method_in(run, "lof") is actions.methods.score("lof")
    with pytest.raises(CurationError, match="Unknown score"):
        actions.scores.method_in(run, "yours")
    names = {method.name for method in actions.scores.methods_of(run)}
    assert {"mine", "trust", "own_loss", "loss"} <= names


def test_an_export_carries_them_and_verifies_to_the_last_level(made, capsys):
    run, columns, folder = made
    rules = folder / "rules.json"
    weights = {"mine": 2.0, "trust": 0.5}
    rules.write_text(json.dumps(Rules(score_weights=weights, thresholds=()).to_json()))
    assert main(["export", str(run.path), "--rules", str(rules), "--out", str(folder / "out"), "--yes"]) == 0
    exported = pd.read_csv(folder / "out" / "decisions.csv")
    np.testing.assert_allclose(exported["trust"], columns["trust"], rtol=1e-6)
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["scores"]["trust"]["group"] == "own"
    assert manifest["provenance"]["spec"]["recorded"]["score_columns"] == "mine.csv"
    assert main(["verify", str(folder / "out"), "--run", str(run.path)]) == 0
    assert capsys.readouterr().out.count("passed") == 3


@pytest.mark.parametrize(
    "rules",
    [
        {"score_weights": {"yours": 1.0}},
        {"thresholds": [{"score": "yours", "kind": "count", "drop": "above", "cut": 1}]},
        {"group_weights": {"theirs": 1.0}},
    ],
)
def test_a_rules_file_naming_what_there_is_not_is_refused_in_two_lines(made, tmp_path, rules):
    run, _, _ = made
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    with pytest.raises(RulesError, match="Unknown") as told:
        actions.rules.chosen_rules(actions.scores.score_view(run), tmp_path / "rules.json", None, None)
    assert len(told.value.lines().splitlines()) == 2


def test_a_self_test_says_why_they_are_not_in_it(made):
    from core.runs.check.self_tests import _made_elsewhere

    run, columns, _ = made
    assert set(_made_elsewhere(run)) == set(columns)


def test_a_changed_column_is_noticed(made, tmp_path):
    run, _, folder = made
    again = actions.runs.open_run(run.path)
    assert again.inputs()[1] == ""
    kept = (folder / "mine.csv").read_bytes()
    try:
        frame = pd.read_csv(folder / "mine.csv")
        frame.assign(trust=frame["trust"] + 1).to_csv(folder / "mine.csv", index=False)
        assert "has changed" in actions.runs.open_run(run.path).inputs()[1]
    finally:
        (folder / "mine.csv").write_bytes(kept)


def test_more_than_rules_can_combine_are_refused_before_the_work(made, tmp_path):
    run, _, _ = made
    pd.DataFrame(np.ones((60, 30)), columns=[f"c{i}" for i in range(30)]).to_csv(tmp_path / "s.csv", index=False)
    spec = RunSpec(run.spec.source, recorded=RecordedFiles(score_columns=str(tmp_path / "s.csv")))
    with pytest.raises(DataError, match="30 own scores"):
        actions.runs.run_here(spec, tmp_path / "run", SilentProgress())
    assert not (tmp_path / "run").exists()
