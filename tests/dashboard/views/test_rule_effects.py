"""Rules says which rows a change moved and which weight would move how many: the same numbers as core's."""

import numpy as np
from screens import screen, words

from core import actions
from core.curation.sensitivity import changed_side, sensitivity
from core.types.curation import Action, Change


def _world(run_of):
    run = actions.runs.open_run(run_of("table"))
    return run, actions.scores.score_view(run)


def test_rows_that_changed_side(run_of):
    run, view = _world(run_of)
    at = screen("rules", run_of("table"))
    assert "Nothing yet: move a weight" in words(at)
    preset = actions.rules.presets()[1]
    at.button(key=f"preset_{preset.name}").click().run()
    gone, back = changed_side(
        actions.outcomes.outcome(view, actions.rules.default_rules(view), {}),
        actions.outcomes.outcome(view, preset.build(view), {}),
    )
    assert len(gone) + len(back)
    assert f"{len(gone):,} rows are dropped now and were kept, {len(back):,} are kept now" in words(at)
    way, rows = ("gone", gone) if len(gone) else ("back", back)
    at.button(key=f"select_{way}").click().run()
    np.testing.assert_array_equal(at.session_state["selection"], np.sort(rows))


def test_a_decision_is_no_change_of_rules(run_of):
    run, view = _world(run_of)
    at = screen("rules", run_of("table"))
    actions.curation.decide(run, [str(view.ids[5])], Change(Action.DROP), token="by hand")
    assert "Nothing yet: move a weight" in words(at.run())


def test_effects_of_the_weights_when_asked_for(run_of):
    _, view = _world(run_of)
    at = screen("rules", run_of("table"))
    assert not at.dataframe
    at.toggle(key="weight_effects").set_value(True).run()
    shown = at.dataframe[0].value
    expected = sensitivity(view, actions.rules.default_rules(view), {})
    assert [tuple(row) for row in shown.iloc[:, 2:].to_numpy(int)] == [(e.flips_down, e.flips_up) for e in expected]
