"""One row decided: notes that are never lost, a relabel that shows everywhere, and what a decision did in numbers."""

from dataclasses import replace

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.curation import consequences, emptied_classes
from core.curation.warnings import hardest_hit
from core.types.curation import Action, Change, Guardrails, Rules, Step
from dashboard.session.current_run import Opened


def drawer(run, example, **query):
    return screen("explore", run, example=example, side="example", **query)


def decisions_of(path):
    return actions.curation.curation_state(actions.runs.open_run(path)).decisions


def test_a_note_is_saved_by_enter_and_by_leaving_the_field(run_of):
    path = run_of("table")
    at = drawer(path, "r10")
    at.text_input(key="note_10").set_value("looks blurred").run()  # what Enter, and a click elsewhere, send
    assert decisions_of(path)["r10"].note == "looks blurred"
    assert "message: Note saved" in words(at)
    again = drawer(path, "r10")
    assert again.text_input(key="note_10").value == "looks blurred"


def test_a_note_and_the_click_that_ended_it_are_both_saved(run_of):
    path = run_of("table")
    at = drawer(path, "r10", order="row")
    at.text_input(key="note_10").set_value("twice")
    at.button(key="move_next").click().run()  # the field is left by the very click that opens the next row
    assert decisions_of(path)["r10"].note == "twice"
    assert at.query_params["example"] == "r11"
    assert at.text_input(key="note_11").value == ""


def test_a_note_that_was_refused_stays_and_can_be_saved_again(run_of, monkeypatch):
    path = run_of("table")
    at = drawer(path, "r10")
    assert "drawer_note" not in [button.key for button in at.button]
    from core.types.errors import RunError

    def full(*_, **__):
        raise RunError("The disk is full: this change was not saved.", "Make room, then do it again.")

    with monkeypatch.context() as patch:
        patch.setattr(actions.curation, "decide", full)
        at.text_input(key="note_10").set_value("keep me").run()
    assert "disk is full" in words(at)
    assert at.text_input(key="note_10").value == "keep me"
    at.button(key="drawer_note").click().run()
    assert decisions_of(path)["r10"].note == "keep me"


def test_a_field_that_says_what_is_saved_already_changes_nothing(run_of, monkeypatch):
    """Streamlit reports a field without a change too, when the run that drew it is cut short by the next key."""
    path = run_of("table")
    at = drawer(path, "r10")
    with monkeypatch.context() as patch:
        patch.setattr("dashboard.session.commands.decide", lambda *_: None)  # typed, and not saved
        at.text_input(key="note_10").set_value("a moment").run()
    at.text_input(key="note_10").set_value("").run()
    assert actions.curation.curation_state(actions.runs.open_run(path)).rev == 0


def test_undo_shows_the_note_of_before(run_of):
    at = drawer(run_of("table"), "r10")
    at.text_input(key="note_10").set_value("first").run()
    at.button(key="drawer_undo").click().run()
    assert at.text_input(key="note_10").value == ""


def test_a_relabel_shows_everywhere_and_closes_its_field(run_of):
    path = run_of("table")
    run = actions.runs.open_run(path)
    view = actions.scores.score_view(run)
    given = view.class_names[view.labels[10]]
    other = next(name for name in ("ant", "bee") if name != given)
    at = drawer(path, "r10")
    at.session_state["open_relabel_10"] = True
    at.run()
    at.selectbox(key="label_10").set_value(other).run()
    at.button(key="drawer_relabel").click().run()
    assert not at.session_state["open_relabel_10"]
    assert f"{given} → {other} (by you)" in [text.value for text in at.text]
    assert any("of the label as given" in text.value for text in at.text)
    filtered = screen("explore", path, f=[f"label:{other}"], words="r10")
    assert "1 / 60 points" in words(filtered)
    gone = screen("explore", path, f=[f"label:{given}"], words="r10")
    assert "0 / 60 points" in words(gone)


def test_the_tile_the_card_and_the_color_of_a_relabeled_row(run_of, monkeypatch):
    from core.curation.facets import facet_of_labels
    from dashboard.session import current_run, navigation, state
    from dashboard.tables import example_tiles, row_table

    path = run_of("table")
    run = actions.runs.open_run(path)
    actions.runs.admit_run(path)
    monkeypatch.setattr(navigation, "run_key", lambda: str(path))
    monkeypatch.setattr(state, "saw_revision", lambda *_: None)
    monkeypatch.setattr(navigation, "branch", lambda: "main")
    before = current_run.open_current()
    given = int(before.view.labels[10])
    other = (given + 1) % 3
    actions.curation.decide(run, ["r10"], Change(Action.RELABEL, label=before.view.class_names[other]), token="relabel")
    after = current_run.open_current()
    tile = example_tiles.tile(after, 10)
    assert (tile.given, tile.label) == (after.view.class_names[given], after.view.class_names[other])
    assert tile.label_color == example_tiles.tile(after, int(np.flatnonzero(after.view.labels == other)[0])).label_color
    assert "(by you)" in dict(example_tiles.hover_card(after, 10).lines)["label"]
    old, new = (facet_of_labels(o.view, o.outcome) for o in (before, after))
    assert (old.codes[10], new.codes[10]) == (given, other)
    assert old.version != new.version  # the map asks for its colors anew
    assert list(row_table.rows_frame(after, np.array([10]))["label"]) == [after.view.class_names[other]]


def test_a_locked_row_says_that_a_decision_has_no_effect(run_of):
    at = drawer(run_of("table"), "r50")
    at.button(key="drawer_drop").click().run()
    assert "r50 is held out and locked" in words(at)


def test_the_label_that_a_row_has_is_no_other_label(run_of):
    at = drawer(run_of("table"), "r20")
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    present = view.class_names[view.labels[20]]
    other = next(name for name in view.class_names if name != present)
    at.session_state["open_relabel_20"] = True
    at.run().selectbox(key="label_20").set_value(present).run()
    assert at.button(key="drawer_relabel").disabled
    assert "It has this label already." in words(at)
    at.selectbox(key="label_20").set_value(other).run()
    assert not at.button(key="drawer_relabel").disabled


def test_rows_that_follow_a_decision_about_others_are_counted(run_of):
    path = run_of("table")
    opened = _opened(path)
    kept = opened.outcome.kept.copy()
    kept[[3, 4, 5]] = ~kept[[3, 4, 5]]
    after = replace(opened.outcome, kept=kept)
    now_kept = int(kept[[4, 5]].sum())
    said = _words(opened, after)
    for count, what in ((now_kept, "kept"), (2 - now_kept, "dropped")):
        assert (f"{count} other row{'s' * (count > 1)} now {what}" in said) == bool(count)
    assert "other" not in _words(opened, opened.outcome)


def _words(opened, after):
    """Of row 3 dropped."""
    decided = Step(np.array([3]), Change(Action.DROP), opened.outcome, after, opened.curation.decisions)
    return consequences.decision_words(opened.view, opened.rules, decided)


def _opened(path):
    run = actions.runs.open_run(path)
    view, curation = actions.scores.score_view(run), actions.curation.curation_state(run)
    rules = actions.rules.default_rules(view)
    return Opened(run.run_id, run, "", view, curation, rules, actions.outcomes.outcome(view, rules, curation.decisions))


@pytest.fixture
def unguarded(run_of):
    path = run_of("table")
    run = actions.runs.open_run(path)
    actions.curation.save_rules(run, Rules(guardrails=Guardrails(class_floor=0, duplicates="off")), token="rules")
    return path, run, actions.scores.score_view(run)


def test_dropping_a_class_says_new_already_and_locked_and_shouts(unguarded):
    path, run, view = unguarded
    rows = np.flatnonzero(view.labels == 0)
    training = rows[~view.held_out[rows]]
    already = [str(view.ids[training[0]])]
    actions.curation.decide(run, already, Change(Action.DROP), token="before")
    at = screen("explore", path)
    at.session_state["selection"] = rows
    at.run().button(key="verb_drop").click().run()
    locked = len(rows) - len(training)
    assert f"{len(training) - 1} newly dropped · 1 already · {locked} held out, locked" in words(at)
    state = actions.curation.curation_state(run)
    outcome = actions.outcomes.outcome(view, state.rules, state.decisions)
    assert emptied_classes(view, outcome) == (view.class_names[0],)
    assert hardest_hit(view, outcome) == (view.class_names[0], len(training), 0)


def test_the_bar_is_red_where_a_class_is_gone():
    from dashboard.components import kept_bar

    def part(after):
        return kept_bar._parts(kept_bar.KeptSummary(9, 10, "card_arrival", 105, after))[2]

    assert part(0)[1]["class"] == "gone"
    assert part(0)[2] == "hardest hit class card_arrival: 105 → 0"
    assert part(105)[2] == "rarest class card_arrival 105 → 105"
    assert part(1)[1]["class"] == "soft"
