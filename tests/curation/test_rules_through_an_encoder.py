"""Where a run has the score made to find wrong labels through an encoder, it ranks alone and says how many to drop."""

from dataclasses import replace

import numpy as np
import pytest
from oracles.small_views import column, view_of

from core.curation import goal_rules, preset_named, rank_rows, suspected_share
from core.curation.view import ScoreColumn
from core.types.methods import Goal

RNG = np.random.default_rng(0)
SUSPICION = RNG.normal(size=200).astype(np.float32)


def _view(share):
    signs = {
        str(goal): {"find_noise": 1, "keep_clean_core": -1, "most_helpful": -1}.get(goal.value, 0) for goal in Goal
    }
    own = ScoreColumn("robust_suspicion", SUSPICION, "noisy", "label_quality", signs)
    own = replace(own, definition={"meta": {"suspected_share": share}}, skill=0.4)
    el2n = column("el2n", RNG.normal(size=200).astype(np.float32))
    return view_of({"el2n": el2n, "robust_suspicion": own}, np.arange(200) % 2)


def test_it_alone_ranks_for_wrong_labels_and_not_for_other_goals():
    view = _view(0.17)
    rules = goal_rules(view, Goal.FIND_NOISE.value)
    assert rules.score_weights == {"el2n": 0.0, "robust_suspicion": 1.0}
    ranking = rank_rows(view, rules)
    assert ranking.order.tolist() == np.argsort(-SUSPICION, kind="stable").tolist()
    assert goal_rules(view, Goal.KEEP_HARD.value).score_weights == {}


@pytest.mark.parametrize(("said", "taken"), [(0.17, 0.17), (0.8, 0.30)])
def test_the_recommended_cut_drops_what_the_judges_doubt(said, taken):
    view = _view(said)
    assert suspected_share(view) == taken
    (threshold,) = preset_named("remove_label_errors").build(view).thresholds
    assert threshold.cut == pytest.approx(100 * (1 - taken))


def test_without_it_nothing_is_weighed_otherwise_than_before():
    view = _view(0.17)
    plain = view_of({"el2n": view.scores["el2n"]}, view.labels)
    assert goal_rules(plain, Goal.FIND_NOISE.value).score_weights == {"el2n": 1.0}
