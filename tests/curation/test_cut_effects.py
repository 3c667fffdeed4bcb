"""What stands at a cut, against sorting everything."""

from dataclasses import replace

import numpy as np
import pytest

from core.curation import ScoreColumn, ScoreView, apply_rules, cut_effects
from core.types.curation import Decision, Guardrails, Rules, Threshold

N = 400
BARE = Rules(guardrails=Guardrails(class_floor=0, class_cap=None, duplicates="off"))


@pytest.fixture
def curated(monkeypatch):
    monkeypatch.setattr(cut_effects, "_BLOCK", 37)  # several blocks, the last one short
    rng = np.random.default_rng(0)
    values = rng.integers(0, 60, N).astype(np.float32)  # many ties
    values[:9] = np.nan
    column = ScoreColumn("el2n", values, "hard", "difficulty", {"find_noise": 1})
    view = ScoreView(
        ids=np.array([f"r{k:03}" for k in rng.permutation(N)]),
        labels=rng.integers(0, 3, N),
        class_names=("x", "y", "z"),
        splits=np.where(rng.random(N) < 0.2, "test", "train"),
        scores={"el2n": column},
    )
    rules = Rules(thresholds=(Threshold("composite", "count", "above", 90),))
    decisions = {str(view.ids[20]): Decision("drop"), str(view.ids[30]): Decision("keep")}
    return view, rules, apply_rules(view, rules, decisions)


def test_the_rows_on_both_sides_of_the_cut_are_those_a_full_sort_gives(curated):
    outcome = curated[2]
    order = [r for r in np.argsort(outcome.rank) if outcome.source[r] in ("rule", "default")]
    gone = [r for r in order if not outcome.kept[r]][::-1][:12]
    stay = [r for r in order if outcome.kept[r]][:12]
    found = cut_effects.rows_next_to_cut(*curated, 12)
    assert [rows.tolist() for rows in found] == [gone, stay]
    every = cut_effects.rows_next_to_cut(*curated, 10 * N)
    assert len(every[0]) + len(every[1]) == len(order)


@pytest.mark.parametrize("kind", ["count", "percentile", "value"])
@pytest.mark.parametrize("class_name", [None, "y"])
def test_rows_beyond_are_those_the_threshold_takes(curated, kind, class_name):
    view, rules, outcome = curated
    cut = Threshold("el2n", kind, "above", 40.0, class_name)
    rows = [r for r in range(N) if view.splits[r] == "train"]
    rows = np.array([r for r in rows if class_name is None or view.labels[r] == 1])
    taken = apply_rules(view, replace(BARE, thresholds=(cut,)))  # no guardrail, no twin: what the cut itself drops
    assert cut_effects.rows_beyond(view, rules, outcome, cut) == (~taken.kept).sum() > 0
