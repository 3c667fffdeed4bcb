"""The rule that the map is sent decides, row by row, what the server decided: only a person's word and twins differ."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.curation import ScoreColumn, ScoreView, apply_rules, rule_edits
from core.types.curation import SOURCES, Guardrails, Rules, Source, Threshold
from dashboard.components.map_wire import browser_kept
from dashboard.session import cache
from dashboard.tables import map_rule

N = 600
FREE = Guardrails(class_cap=None, duplicates="off")
GOALS = {"find_noise": 1, "keep_hard": 1, "remove_redundant": 1, "keep_clean_core": -1}


@pytest.fixture
def view() -> ScoreView:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, N)
    columns = {
        name: ScoreColumn(name, (rng.normal(size=N) + (labels == 0)).astype(np.float32), "hard", group, GOALS)
        for name, group in (("el2n", "difficulty"), ("loss", "difficulty"), ("aum", "dynamics"))
    }
    splits = np.where(rng.random(N) < 0.2, "test", "train")
    return ScoreView(np.array([f"r{k:03}" for k in range(N)]), labels, tuple("wxyz"), splits, columns)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("cap", [None, 0.25, 0.5])
def test_the_browser_alone_decides_every_row_that_rules_decide(view, goal, share, cap):
    rules = Rules(goal=goal, group_weights={"dynamics": 0.3}, guardrails=Guardrails(class_cap=cap, duplicates="off"))
    rules = rule_edits.with_share(rules, share, rule_edits.droppable(view, rules))
    assert _unlike(view, rules).sum() <= 1  # a rank is rounded to one of 65,534 steps: the row nearest to the cut


@pytest.mark.parametrize("answer", ["keep_best", "keep_best_agreed", "exact"])
@pytest.mark.parametrize("floor", [0, 10, 60])
def test_rows_that_duplicates_leave_to_their_class_are_decided_by_the_browser_too(view, answer, floor):
    twins = (np.arange(N, dtype=np.int32) ^ 1)[:, None]
    alike = np.where(view.labels[:, None] == 0, 0.995, 0.5).astype(np.float32)  # half of class 0 would go
    view = replace(view, neighbors=twins, neighbor_similarity=alike)
    rules = Rules(guardrails=Guardrails(floor, None, answer))
    rules = rule_edits.with_share(rules, 0.3, rule_edits.droppable(view, rules))
    outcome = apply_rules(view, rules)
    assert (outcome.near_duplicates is not None) == (answer == "keep_best")
    assert (Source.DUPLICATE in outcome.source) == (answer == "keep_best_agreed")
    assert _unlike(view, rules).sum() <= 1


def test_a_cut_at_the_other_end_than_the_goals_is_drawn_where_it_is(view):
    cut = (Threshold("composite", "percentile", "above", 80.0),)
    assert _unlike(view, Rules(goal="keep_hard", thresholds=cut, guardrails=FREE)).sum() <= 1
    held = map_rule.map_rule(_opened(view, Rules(goal="keep_hard", thresholds=cut))).held
    assert held is None  # the class's last to go are then the farthest from the cut: the server names them


def _opened(view: ScoreView, rules: Rules) -> SimpleNamespace:
    return SimpleNamespace(view=view, rules=rules, outcome=apply_rules(view, rules))


def _unlike(view: ScoreView, rules: Rules) -> np.ndarray:
    opened = _opened(view, rules)
    outcome = opened.outcome
    ranks = cache.map_ranks("r", str(id(view)), view)
    rule = map_rule.map_rule(opened)
    assert rule is not None
    assert (~outcome.kept).sum() > 10
    by_rules = np.isin(outcome.source_code, [SOURCES.index(s) for s in (Source.RULE, Source.DEFAULT, Source.GUARDRAIL)])
    return (browser_kept(ranks, rule, N) != outcome.kept) & by_rules
