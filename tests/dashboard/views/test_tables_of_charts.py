"""What a chart draws can be read as numbers, and rules say how sure they are of their rows."""

import numpy as np
from screens import screen, words

from core import actions
from core.curation import flip_risk
from core.curation.comparing import compare_pair


def test_the_histogram_as_a_table_counts_every_row(run_of):
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    at = screen("explore", run_of("table"), curve="table", score="el2n", f=["split:test"], by_class="yes")
    frame = next(f.value for f in at.dataframe if {"from", "to"} <= set(f.value.columns))
    assert frame["rows"].sum() == np.isfinite(view.scores["el2n"].values).sum() == 60
    assert frame["filtered"].sum() == 12
    classes = [name for name in frame.columns if name[0].isdigit()]
    np.testing.assert_array_equal(frame[classes].sum(axis=1), frame["rows"])


def test_rows_that_both_scores_put_first_are_a_selection(run_of):
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    found = compare_pair(view, "el2n", "aum").overlaps[-1]
    first = {
        name: set(np.argsort(sign * view.scores[name].values, kind="stable")[: found.count])
        for name, sign in (("el2n", -1), ("aum", 1))
    }
    at = screen("compare", run_of("table"), across="el2n", up="aum")
    at.button(key="overlap_2").click().run()
    assert set(at.session_state["selection"]) == first["el2n"] & first["aum"]
    assert len(found.rows) == found.shared > 0


def test_rules_say_which_rows_other_seeds_would_move(run_of):
    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    rules = actions.rules.default_rules(view)
    risk = flip_risk(view, rules, actions.outcomes.outcome(view, rules, {}))
    unstable = np.flatnonzero(risk >= 0.1)
    at = screen("rules", run_of("table"))
    assert f"{len(unstable):,} of {int(np.isfinite(risk).sum()):,} rows would change side" in words(at)
    if len(unstable):
        at.button(key="select_unstable").click().run()
        np.testing.assert_array_equal(at.session_state["selection"], unstable)
