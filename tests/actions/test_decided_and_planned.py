"""What both doors rely on: importing is cheap, and decisions are checked before they are saved."""

import subprocess
import sys

import pytest
from worlds import write_table

from core import actions
from core.types.curation import Action, Change
from core.types.errors import CurationError, RulesError, RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

HEAVY = ("torch", "umap", "numba", "sklearn", "captum", "shap", "cleanlab", "streamlit")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from _pytest.monkeypatch import MonkeyPatch

    folder = tmp_path_factory.mktemp("run")
    with MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        data, _ = write_table(folder / "data")
        spec = RunSpec(
            str(data), scores=("label_quality", "knn_distance"), training=TrainingSpec(folds=3), map=False, threads=1
        )
        return actions.runs.run_here(spec, folder / "run", SilentProgress())


def test_importing_the_actions_imports_nothing_heavy():
    code = (
        "import sys; from core import actions; [getattr(actions, name) for name in actions.FILES];"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_reading_a_finished_run_needs_neither_torch_nor_umap(made):
    code = (
        f"import sys; from core import actions; run = actions.runs.open_run({str(made.path)!r});"
        "view = actions.scores.score_view(run);"
        "rules = actions.rules.default_rules(view); actions.outcomes.outcome(view, rules, {});"
        "actions.examples.neighbors(run, 0); actions.examples.example_input(run, 0);"
        "actions.explanations.attribution_methods(run); actions.curation.curation_state(run);"
        "actions.data.samples(); actions.runs.list_runs(); actions.scores.methods_table();"
        "actions.runs.plan_scores(run.spec);"
        "print([m for m in ('torch', 'umap', 'numba', 'captum', 'shap') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "[]", said.stderr


def test_decisions_reach_the_outcome_and_the_export_in_one_way(made, tmp_path):
    view = actions.scores.score_view(made)
    rules = actions.rules.default_rules(view)
    state = actions.curation.decide(made, ["row-1"], Change(Action.DROP, note="blurred"), token="1")
    state = actions.curation.decide(
        made, ["row-2"], Change(Action.RELABEL, label="z"), token="2", expected_rev=state.rev
    )
    found = actions.outcomes.outcome(view, rules, state.decisions)
    assert not found.kept[1]
    assert view.class_names[found.label_final[2]] == "z"
    report = actions.exports.export_run(made, rules, state.decisions, tmp_path / "e")
    assert (report.kept, report.dropped) == (found.counts["kept"], found.counts["dropped"])
    assert actions.curation.undo(made).decisions.keys() == {"row-1"}
    assert [e.summary for e in actions.curation.history(made, "row-1")] == ["drop 1 example"]


def test_unknown_ids_and_labels_are_refused_before_anything_is_saved(made):
    with pytest.raises(RulesError, match="not in this run, the first: 'nobody'"):
        actions.curation.decide(made, ["row-1", "nobody"], Change(Action.DROP), token="1")
    with pytest.raises(RulesError, match="not 'purple'"):
        actions.curation.decide(made, ["row-1"], Change(Action.RELABEL, label="purple"), token="2")
    assert actions.curation.curation_state(made).rev == 0


def test_two_tabs_on_one_state(made):
    seen = actions.curation.curation_state(made).rev
    actions.curation.decide(made, ["row-1"], Change(Action.DROP), token="a", expected_rev=seen)
    rules = actions.rules.default_rules(actions.scores.score_view(made))
    actions.curation.save_rules(made, rules, token="b", expected_rev=seen)  # rules and rows are not in each other's way
    with pytest.raises(RunError, match="Changed in another tab"):
        actions.curation.decide(made, ["row-0", "row-1"], Change(Action.KEEP), token="c", expected_rev=seen)
    with pytest.raises(RunError, match="Changed in another tab"):
        actions.curation.undo(made, expected_rev=seen)


def test_neighbors_are_never_the_row_itself_and_come_nearest_first(made):
    rows, distances = actions.examples.neighbors(made, 7, 5)
    assert 7 not in rows
    assert (distances[1:] >= distances[:-1]).all()


def test_an_input_is_shown_as_it_was_given(made):
    shown, why = actions.examples.example_input(made, 3)
    assert why == ""
    assert shown["kind"] in "abc"
    assert float(made.examples.columns["a"][3]) == shown["a"]


def test_plans_say_why_not(made):
    plans = {
        p.name: p
        for p in actions.runs.plan_scores(
            RunSpec("x", training=TrainingSpec(model="logistic_regression")), made.examples
        )
    }
    assert not plans["grand"].runs
    assert "needs a network" in plans["grand"].why_not
    assert plans["label_quality"].runs
    unlabeled = {p.name: p.runs for p in actions.runs.plan_scores(made.spec, _without_labels(made.examples))}
    assert unlabeled["knn_distance"]
    assert not unlabeled["el2n"]


def _without_labels(examples):
    from dataclasses import replace

    return replace(examples, labels=examples.labels * 0 - 1)


def test_a_run_that_is_none_is_told_in_words(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        actions.runs.open_run(tmp_path)
    with pytest.raises(CurationError, match="knows no run"):
        actions.runs.open_run("nobody")
