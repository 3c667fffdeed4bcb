"""What a click does is on disk before the screen says so, once, and seen by every session."""

import numpy as np
from screens import screen, words

from core import actions
from core.types.curation import Action, Change
from dashboard.session import url


def _explore(run, rows):
    at = screen("explore", run)
    at.session_state["selection"] = np.array(rows, np.int64)
    return at.run()


def test_drop_selected_is_on_disk(run_of):
    run = actions.runs.open_run(run_of("table"))
    _explore(run_of("table"), [5, 6]).button(key="verb_drop").click().run()
    said = actions.curation.curation_state(run).decisions
    assert {i: d.action for i, d in said.items()} == {"r05": Action.DROP, "r06": Action.DROP}


def test_verbs_wait_for_a_selection(run_of):
    at = screen("explore", run_of("table"))
    assert at.button(key="verb_drop").disabled
    assert not at.button(key="select_filtered").disabled


def test_a_second_tab_is_told_about_a_conflict(run_of):
    run = actions.runs.open_run(run_of("table"))
    first = _explore(run_of("table"), [5])
    actions.curation.decide(run, ["r05", "r20"], Change(Action.KEEP), token="elsewhere")
    # this tab still shows the revision before: its click must not go through unseen
    first.session_state["revisions"] = {run.run_id: 0}
    first.button(key="verb_drop").click().run()
    assert "another tab" in words(first)
    assert {d.action for d in actions.curation.curation_state(run).decisions.values()} == {Action.KEEP}


def test_a_second_tab_on_other_rows_is_no_conflict(run_of):
    run = actions.runs.open_run(run_of("table"))
    first = _explore(run_of("table"), [5])
    actions.curation.decide(run, ["r20"], Change(Action.KEEP), token="elsewhere")
    first.session_state["revisions"] = {run.run_id: 0}
    first.button(key="verb_drop").click().run()
    assert "another tab" not in words(first)
    assert set(actions.curation.curation_state(run).decisions) == {"r05", "r20"}


def test_the_same_token_applies_once(run_of):
    run = actions.runs.open_run(run_of("table"))
    for _ in range(2):
        actions.curation.decide(run, ["r07"], Change(Action.DROP), token="one click")
    assert actions.curation.curation_state(run).rev == 1


def test_a_filter_in_the_address_is_applied(run_of):
    at = screen("explore", run_of("table"), f=["split:test"])
    assert "12 / 60 points" in words(at)


def test_search_finds_an_id(run_of):
    at = screen("explore", run_of("table"), words="r07")
    assert "1 / 60 points" in words(at)


def test_the_example_in_the_address_is_in_the_drawer(run_of):
    at = screen("explore", run_of("table"), example="r07", side="example")
    assert not at.exception
    assert "r07" in [text.value for text in at.text]


def test_text_of_the_dataset_is_never_markup(run_of):
    at = screen("explore", run_of("text"), example="t02", side="example")
    assert not any(
        "<script" in str(element.value)
        for kind in ("markdown", "html")
        for element in at.get(kind)
        if getattr(element, "value", None)
    )


def test_preset_button_saves_its_rules(run_of):
    run = actions.runs.open_run(run_of("table"))
    preset = actions.rules.presets()[1]
    screen("rules", run_of("table")).button(key=f"preset_{preset.name}").click().run()
    assert actions.curation.curation_state(run).rules == preset.build(actions.scores.score_view(run))


def test_guardrail_change_is_saved(run_of):
    run = actions.runs.open_run(run_of("table"))
    screen("rules", run_of("table")).number_input(key=f"floor_{run.run_id}@0").set_value(3).run()
    assert actions.curation.curation_state(run).rules.guardrails.class_floor == 3


def test_export_writes_what_the_screen_says(run_of, tmp_path):
    run = actions.runs.open_run(run_of("table"))
    at = screen("export", run_of("table"))
    at.text_input(key=f"out_{run.run_id}").set_value(str(tmp_path / "out")).run()
    at.button(key="write_export").click().run()
    view = actions.scores.score_view(run)
    kept = actions.outcomes.outcome(view, actions.rules.default_rules(view), {}).counts["kept"]
    assert f"Written: {kept:,} of 60 rows kept" in words(at)
    assert len((tmp_path / "out" / "curated.csv").read_text().splitlines()) - 1 == kept


def test_what_is_looked_at_stands_in_the_url():
    assert {"run", "example", "f", "range"} <= set(url.NAMES)
