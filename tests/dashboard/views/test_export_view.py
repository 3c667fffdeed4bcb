"""Export on screen: the ways of writing, and what it asks first."""

import pytest
from screens import screen, words

from core import actions
from core.export import read_manifest
from core.types.curation import Guardrails, Rules, Threshold
from dashboard.tables import flip_risks

ALL = Threshold("composite", "value", "above", -9.0)


def _ready(run_of, tmp_path, rules=None):
    """The page with its folder filled in, after saving these rules."""
    run = actions.runs.open_run(run_of("table"))
    if rules is not None:
        actions.curation.save_rules(run, rules, token="x")
    at = screen("export", run_of("table"))
    return at.text_input(key=f"out_{run.run_id}").set_value(str(tmp_path / "out")).run()


def test_parquet_and_safe_cells_are_choices_that_say_what_they_do(run_of, tmp_path):
    at = _ready(run_of, tmp_path)
    at.multiselect(key="export_formats").select("parquet").run()
    at.checkbox(key="spreadsheet_safe").check().run()
    assert "Puts an apostrophe before 0 cells" in words(at)
    at.button(key="write_export").click().run()
    outputs = read_manifest(tmp_path / "out")["outputs"]
    assert sorted(outputs) == ["curated.csv", "curated.parquet", "decisions.csv", "decisions.parquet"]
    assert outputs["curated.csv"]["spreadsheet_safe"]
    at.button(key="verify_now").click().run()
    assert "curated.csv is what the run gives" in words(at)


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        (Rules(strategy="top_fraction", strategy_params={"keep_fraction": 0.0}), "The rules keep nothing"),
        (Rules(strategy="top_fraction", strategy_params={"keep_fraction": 1.0}), "The rules keep everything"),
        (Rules(thresholds=(ALL,), guardrails=Guardrails(0, None)), "No training row would be left of"),
    ],
    ids=["fault-90-nothing", "fault-90-everything", "fault-90-empties"],
)
def test_rules_that_keep_nothing_everything_or_empty_a_class_ask_first(run_of, tmp_path, rules, asked):
    at = _ready(run_of, tmp_path, rules)
    assert asked in words(at)
    assert at.button(key="write_export").disabled
    assert not (tmp_path / "out").exists()
    next(box for box in at.checkbox if box.key.startswith("meant_")).check().run()
    at.button(key="write_export").click().run()
    assert (tmp_path / "out" / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            Rules(strategy="class_balanced", strategy_params={"keep_fraction": 0.5}),
            "Not worked out for the strategy Class",
        ),
        (Rules(), "Nothing to cross: these rules make no cut."),
        (
            Rules(thresholds=(Threshold("label_quality", "percentile", "below", 9.0),)),
            "no score of these rules was comp",
        ),
    ],
)
def test_the_reason_why_flip_risks_are_unknown_is_the_true_one(run_of, rules, why):
    from types import SimpleNamespace

    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    opened = SimpleNamespace(
        run=run, view=view, rules=rules, outcome=actions.outcomes.outcome(view, rules, {}), at="x", change=why
    )
    found = flip_risks.unstable(opened)
    assert len(found.rows) == 0
    assert why in found.text
