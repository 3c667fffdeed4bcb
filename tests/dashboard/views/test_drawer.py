"""The drawer: what-ifs that are kept nowhere, lights, near-duplicates, steps from row to row, and the list of keys."""

import numpy as np
import pytest
from screens import screen, words

from core import actions
from dashboard.components.before_after import signed
from dashboard.components.toggle_parts import chosen_from_browser


def drawer(run, example, *parts, **query):
    """The drawer on an example with these parts open."""
    at = screen("explore", run, example=example, side="example", **query)
    for part in parts:
        at.session_state[f"open_{part}"] = True
    return at.run() if parts else at


def test_a_changed_cell_is_judged_and_kept_nowhere(run_of):
    path = run_of("table")
    run = actions.runs.open_run(path)
    before = {file: file.stat().st_mtime_ns for file in sorted(path.rglob("*"))}
    at = drawer(path, "r10", "what_if")
    row = 10
    at.multiselect(key=f"cells_{row}").select("x").select("word").run()
    assert "Nothing changed yet" in words(at)
    at.number_input(key=f"cell_{row}_x").set_value(-3.0)
    at.selectbox(key=f"cell_{row}_word").set_value("p")
    at.run()
    assert not at.exception
    said = words(at)
    assert "-3; word q" in said  # and what it becomes, whose arrow is not plain in this print
    assert "changes no data and is not kept" in said
    assert actions.curation.curation_state(run).rev == 0
    assert {file: file.stat().st_mtime_ns for file in sorted(path.rglob("*"))} == before


def test_missing_is_a_value(run_of):
    at = drawer(run_of("table"), "r10", "what_if")
    at.multiselect(key="cells_10").select("x").run()
    at.number_input(key="cell_10_x").set_value(None).run()
    assert "missing: the run" in words(at)


@pytest.mark.parametrize(("modality", "example"), [("text", "t10"), ("image", "i10")])
def test_words_and_blocks_are_offered_with_the_warning(run_of, modality, example):
    at = drawer(run_of(modality), example, "what_if")
    assert not at.exception
    said = words(at)
    assert "Nothing changed yet" in said
    assert "A what-if" in said
    assert ("press one to leave it out" if modality == "text" else "press one to cover it") in said


@pytest.mark.parametrize(
    ("modality", "example", "methods"),
    [
        ("table", "r10", ("integrated_gradients",)),
        ("text", "t10", ("gradient_shap", "reagent")),
        ("image", "i10", ("craft",)),
    ],
)
def test_attributions_have_lights_errors_and_concepts(run_of, modality, example, methods):
    at = drawer(run_of(modality), example, "why")
    for method in methods:
        at.selectbox(key="attribution").set_value(method).run()
        assert not at.exception
        said = words(at)
        assert "near 0 is good" in said or "Too few parts" in said, method
        assert ("Concepts of the explained class" in said) == (method == "craft")
        assert ("within two standard errors" in said) == (method == "reagent")
    if modality == "image":
        next(pills for pills in at.button_group if pills.key == "concept_10").set_value(1).run()
        assert not at.exception


def test_near_duplicates_are_those_of_the_guardrail(run_of):
    from core import actions

    path = run_of("text")
    view = actions.scores.score_view(actions.runs.open_run(path))
    similarity = actions.rules.default_rules(view).guardrails.duplicate_similarity
    rows, similar = actions.examples.near_duplicates(view, 12, similarity)
    at = drawer(path, "t12", "duplicates")
    said = words(at)
    assert f"Similarity of at least {similarity:g}" in said
    if len(rows):
        assert np.nanmax(similar) >= similarity
        assert "similarity" in said
    else:
        assert "no row is as similar" in said


def test_next_and_previous_follow_the_rows_below_the_map(run_of):
    path = run_of("table")
    at = drawer(path, "r10", order="row")
    at.button(key="move_next").click().run()
    assert at.query_params["example"] == "r11"
    at.button(key="move_previous").click().run()
    assert at.query_params["example"] == "r10"
    only_test = drawer(path, "r59", order="row", f=["split:test"])
    only_test.button(key="move_next").click().run()
    assert only_test.query_params["example"] == "r59"  # the last of the rows that pass the filter
    outside = drawer(path, "r10", order="row", f=["split:test"])
    outside.button(key="move_next").click().run()
    assert outside.query_params["example"] == "r48"  # the first of them


def test_undo_in_the_drawer_takes_back_the_last_change(run_of):
    path = run_of("table")
    at = drawer(path, "r10")
    assert at.button(key="drawer_undo").disabled
    at.button(key="drawer_drop").click().run()
    assert set(actions.curation.curation_state(actions.runs.open_run(path)).decisions) == {"r10"}
    at.run()
    at.button(key="drawer_undo").click().run()
    assert not actions.curation.curation_state(actions.runs.open_run(path)).decisions


def test_the_list_of_keys_opens_once(run_of):
    at = drawer(run_of("table"), "r10")
    assert "undo the last saved change" not in words(at)
    at.button(key="drawer_help").click().run()
    assert "undo the last saved change" in words(at)
    at.run()
    assert "undo the last saved change" not in words(at)


def test_a_table_row_has_bars(run_of):
    said = words(drawer(run_of("table"), "r10"))
    assert "percentile" in said
    assert "of the rows hold the same" in said


def test_what_the_browser_sends_is_read_with_suspicion():
    assert chosen_from_browser([3, 1, 1, 99, -2, "x"], 5) == (1, 3)
    assert chosen_from_browser("all", 5) == chosen_from_browser(None, 5) == ()


def test_changes_have_signs():
    assert (signed(0.25), signed(-0.25), signed(1e-7)) == ("+0.25", "−0.25", "0")


def test_the_explanation_is_of_the_prediction_shown_and_says_who_says_what(run_of):
    path = run_of("table")
    view = actions.scores.score_view(actions.runs.open_run(path))
    assert view.predicted_how == "out_of_fold"
    row = int(np.flatnonzero((view.predicted != view.labels) & ~view.held_out & (view.predicted >= 0))[0])
    shown, given = view.class_names[view.predicted[row]], view.class_names[view.labels[row]]
    at = drawer(path, str(view.ids[row]), "why", "what_if")
    assert not at.exception
    facts = [line for line in words(at).splitlines() if "towards " in line]
    assert any(shown in line for line in facts)
    assert not any(f'"{given}"' in line for line in facts)
    said = words(at)
    assert "(saw this row) says" in said
    assert f"models that did not see it say {shown}" in said
    assert "What-if, one seed" in said
    assert "EL2N (one seed)" in said
    assert f"Suggested, {shown}" in said
    switch = next(group for group in at.button_group if group.key == f"explained_{row}")
    switch.set_value("given").run()
    facts = [line for line in words(at).splitlines() if "towards " in line]
    assert any(given in line for line in facts)


def test_a_row_that_the_model_did_not_see_is_said_to_be_unseen(run_of):
    said = words(drawer(run_of("table"), "r50", "what_if"))
    assert "(did not see this row) says" in said
