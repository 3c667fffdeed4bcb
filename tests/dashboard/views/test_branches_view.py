"""Branches on the screen: made, switched, compared, renamed, removed; each with its own undo."""

import numpy as np
from screens import screen, words

from core import actions
from core.types.curation import Action, Change, Guardrails, Rules, Threshold


def _made(run_of, name="strict"):
    at = screen("rules", run_of("table"))
    at.text_input(key="branch_name").set_value(name).run()
    return at.button(key="branch_make").click().run()


def test_what_is_done_in_a_branch_stays_there(run_of):
    run = actions.runs.open_run(run_of("table"))
    at = _made(run_of)
    assert at.query_params["branch"] == "strict"
    at.button(key="preset_balanced_half").click().run()
    assert actions.curation.curation_state(run, "strict").rules.preset == "balanced_half"
    assert actions.curation.curation_state(run).rules is None
    at.button(key="branch_0").click().run()
    assert "branch" not in at.query_params
    assert actions.branches.last_branch(run) == "main"


def test_a_decision_goes_to_the_branch_of_the_page(run_of):
    run = actions.runs.open_run(run_of("table"))
    actions.branches.make_branch(run, "strict", token="x")
    at = screen("explore", run_of("table"), branch="strict")
    at.session_state["selection"] = np.array([5], np.int64)
    at.run().button(key="verb_drop").click().run()
    assert set(actions.curation.curation_state(run, "strict").decisions) == {"r05"}
    assert not actions.curation.curation_state(run).decisions


def test_two_branches_are_compared_and_their_rows_selected(run_of):
    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    actions.branches.make_branch(run, "half", token="x")
    free = Guardrails(class_floor=0, class_cap=None, duplicates="off")
    half = Rules(thresholds=(Threshold("composite", "percentile", "above", 70.0),), guardrails=free)
    actions.curation.save_rules(run, half, token="y", branch="half")
    actions.curation.save_rules(run, Rules(guardrails=free), token="z")
    main = actions.outcomes.outcome(view, Rules(guardrails=free), {})
    other = actions.outcomes.outcome(view, half, {})
    at = screen("compare", run_of("table"), branch="half", pane="branches")
    lost = np.flatnonzero(main.kept & ~other.kept)
    assert len(lost) > 5
    assert f"“main” keeps, “half” drops: {len(lost):,}" in words(at)
    at.button(key="branch_rows_1").click().run()
    np.testing.assert_array_equal(at.session_state["selection"], lost)
    frame = next(f.value for f in at.dataframe if "only in main" in f.value.columns and "Class" in f.value.columns)
    assert frame["only in main"].sum() == len(lost)
    assert frame["kept in half"].sum() == other.counts["kept"]


def test_one_branch_says_how_to_make_another(run_of):
    at = screen("compare", run_of("table"), pane="branches")
    assert "One branch only" in words(at)


def test_an_address_with_a_branch_that_is_gone_shows_main_and_says_so(run_of):
    at = screen("explore", run_of("table"), branch="never there")
    assert not at.exception
    assert "no branch" in words(at)
    assert "branch" not in at.query_params


def test_a_removed_branch_is_restored_from_the_menu(run_of):
    run = actions.runs.open_run(run_of("table"))
    at = _made(run_of)
    actions.curation.decide(run, ["r05"], Change(Action.DROP), token="t", branch="strict")
    at.run().button(key="branch_remove").click().run()
    assert [b.name for b in actions.branches.list_branches(run)] == ["main"]
    gone = actions.branches.list_branches(run, removed=True)[0]
    at.button(key=f"restore_{gone.curation}").click().run()
    assert set(actions.curation.curation_state(run, "strict").decisions) == {"r05"}


def test_a_taken_name_is_refused_in_words(run_of):
    at = _made(run_of)
    at.text_input(key="branch_to_strict").set_value("Main").run()
    at.button(key="branch_rename").click().run()
    assert "branch 'Main' already" in words(at)
