"""One selection, whatever made it: every source follows the mode, and it comes back by the address alone."""

import csv
import io
import json

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.curation import apply_rules, row_sets
from core.curation.comparing import compare_pair
from core.curation.facets import facet_of_labels, rows_in_range, rows_of_option

MODES = {"replace": [3, 4, 5], "add": [0, 3, 4, 5], "subtract": [0], "within": [3]}


def _selected(at) -> list[int]:
    return at.session_state["selection"].tolist()


def _with(run, rows, **query):
    at = screen("explore", run, **query)
    at.session_state["selection"] = np.array(rows, np.int64)
    at.session_state["selection_moved"] = True
    return at.run()


@pytest.mark.parametrize("mode", MODES)
def test_modes_are_those_of_sets(mode):
    assert row_sets.join(np.array([0, 3]), np.array([5, 4, 3]), mode).tolist() == MODES[mode]


@pytest.mark.parametrize("mode", MODES)
def test_every_button_that_selects_follows_the_mode(mode, run_of):
    run = run_of("table")
    view = actions.scores.score_view(actions.runs.open_run(run))
    at = screen("compare", run, across="el2n", up="aum", mode=mode)
    at.session_state["selection"] = np.arange(30)
    at.run()
    at.button(key="part_3").click().run()
    quadrant = np.flatnonzero(compare_pair(view, "el2n", "aum").quadrants == 3)
    assert _selected(at) == row_sets.join(np.arange(30), quadrant, mode).tolist()


def test_all_filtered_adds_to_what_is_there(run_of):
    at = _with(run_of("table"), [5], f=["split:test"], mode="add")
    at.button(key="select_filtered").click().run()
    assert _selected(at) == [5, *range(48, 60)]


def test_search_finds_words_in_text_columns(run_of):
    at = screen("explore", run_of("text"), words="HONEY")
    at.button(key="select_filtered").click().run()
    assert _selected(at) == list(range(1, 60, 3))


def test_a_range_and_a_bar_are_rows(run_of):
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    values, shown = view.scores["el2n"].values, np.arange(60) % 2 == 0
    low, high = np.quantile(values, [0.25, 0.5])
    expected = [r for r in range(60) if low <= values[r] <= high and r % 2 == 0]
    assert rows_in_range(view, "el2n", (low, high), shown).tolist() == expected
    label = facet_of_labels(view, apply_rules(view, actions.rules.default_rules(view)))
    assert rows_of_option(label, "bee", shown).tolist() == [
        r for r in range(60) if view.class_names[view.labels[r]] == "bee" and r % 2 == 0
    ]
    assert rows_of_option(label, "no such class", shown).tolist() == []


def test_a_selection_comes_back_by_the_address_alone(run_of):
    first = _with(run_of("table"), [7, 2, 40])
    name = first.query_params["sel"]
    again = screen("explore", run_of("table"), sel=name)
    assert _selected(again) == [2, 7, 40]
    assert "3 selected" in words(again)


def test_the_address_before_the_last_choice_brings_the_selection_before_it(run_of):
    at = _with(run_of("table"), [7])
    first = at.query_params["sel"]
    at.session_state["selection"] = np.array([8], np.int64)
    at.session_state["selection_moved"] = True
    at.run()
    at.session_state["url_confirmed"] = True  # as the browser says within seconds
    at.query_params["sel"] = first  # the back button
    assert _selected(at.run()) == [7]


def test_back_to_an_address_without_a_selection_selects_nothing(run_of):
    at = screen("explore", run_of("table"), pane="zones")
    at.button(key="select_filtered").click().run()
    assert len(_selected(at)) == 60
    at.session_state["url_confirmed"] = True
    del at.query_params["sel"]
    at.run()
    assert _selected(at) == []
    assert at.query_params["run"] == str(run_of("table"))


def test_a_click_that_overtakes_the_address_loses_nothing(run_of):
    at = screen("explore", run_of("table"))
    at.button(key="select_filtered").click().run()
    del at.query_params["sel"]  # the browser had not yet shown it when the next click was made
    at.run()
    assert len(_selected(at)) == 60
    assert "sel" in at.query_params


def test_an_address_whose_selection_is_gone_says_so(run_of):
    at = screen("explore", run_of("table"), sel="0123456789abcdef")
    assert "no longer kept" in words(at)
    assert _selected(at) == []
    assert "sel" not in at.query_params


def test_a_named_selection_is_saved_renamed_recalled_and_removed(run_of):
    run = actions.runs.open_run(run_of("table"))
    at = _with(run_of("table"), [5, 6])
    at.text_input(key="selection_name_box").set_value("odd ones").run()
    at.button(key="save_selection").click().run()
    assert actions.curation.curation_state(run).selections == {"odd ones": ("r05", "r06")}
    assert at.query_params["sel"] == "name:odd ones"
    at.text_input(key="rename_to_0_odd ones").set_value("strange").run()
    at.button(key="rename_0").click().run()
    assert actions.curation.curation_state(run).selections == {"strange": ("r05", "r06")}
    assert at.query_params["sel"] == "name:strange"
    shared = screen("explore", run_of("table"), sel="name:strange")
    assert _selected(shared) == [5, 6]
    shared.button(key="clear_selection").click().run()
    assert "0 selected" in words(shared)
    shared.button(key="recall_0").click().run()
    assert _selected(shared) == [5, 6]
    shared.button(key="forget_0").click().run()
    assert actions.curation.curation_state(run).selections == {}
    assert _selected(shared) == [5, 6], "removing its name lets no row go"


def test_the_exported_selection_holds_its_rows_and_their_columns(run_of):
    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    rules = actions.rules.default_rules(view)
    outcome = actions.outcomes.outcome(view, rules, {})
    text = actions.selections.selection_csv(view, rules, {}, outcome, np.array([40, 7])).decode()
    found = list(csv.DictReader(io.StringIO(text)))
    assert [row["example_id"] for row in found] == ["r07", "r40"]
    assert [row["word"] for row in found] == ["q", "q"]
    assert {"el2n", "cut_margin", "flip_risk", "zone", "kept"} <= set(found[0])


def test_the_table_shows_reasons_margins_and_what_is_selected_elsewhere(run_of):
    at = _with(run_of("table"), [5, 6], form="table", tab="All", order="row")
    table = next(f for f in at.dataframe if "because" in f.value.columns)
    frame = table.value
    outcome = _outcome(run_of)
    assert {"distance to the cut", "flip risk", "zone"} <= set(frame.columns)
    distance = frame["distance to the cut"].to_numpy(float)
    np.testing.assert_allclose(distance, outcome.margin, rtol=0, atol=0, equal_nan=True)
    assert json.loads(table.proto.selection_default)["selection"]["rows"] == [5, 6]


def _outcome(run_of):
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    return actions.outcomes.outcome(view, actions.rules.default_rules(view), {})
