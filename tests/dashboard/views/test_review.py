"""Both queues stop and go on: marks and answers are decisions on disk, whatever session asks."""

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.curation.review import review_queue
from core.types.curation import Action, Change, Decision, Rules, Threshold


def _queue(run_of):
    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    return run, view, review_queue(view, actions.rules.default_rules(view)).order


def test_progress_goes_on_where_it_stopped(run_of):
    run, view, order = _queue(run_of)
    at = screen("explore", run_of("table"), order="review")
    assert f"Reviewed 0 of {len(order)}" in words(at)
    at.button(key="review_go").click().run()
    assert str(view.ids[order[0]]) in [text.value for text in at.text]
    at.button(key="review_done").click().run()
    assert actions.curation.curation_state(run).decisions[str(view.ids[order[0]])].reviewed
    assert f"Reviewed 1 of {len(order)}" in words(at)
    assert str(view.ids[order[1]]) in [text.value for text in at.text]
    again = screen("explore", run_of("table"), order="review")  # another session
    assert f"Reviewed 1 of {len(order)}" in words(again)
    again.button(key="review_go").click().run()
    assert str(view.ids[order[1]]) in [text.value for text in again.text]


def test_the_label_is_right_keeps_a_dropped_row_and_goes_on(run_of):
    run, view, order = _queue(run_of)
    name = str(view.ids[order[2]])
    actions.curation.decide(run, [name], Change(Action.DROP), token="before")
    at = screen("explore", run_of("table"), order="review", side="example", example=name)
    at.button(key="review_done").click().run()
    said = actions.curation.curation_state(run).decisions[name]
    assert (said.action, said.reviewed, said.sampled) == (Action.KEEP, True, False)
    assert at.query_params["example"] == str(view.ids[order[3]])
    at.button(key="drawer_undo").click().run()
    said = actions.curation.curation_state(run).decisions[name]
    assert (said.action, said.reviewed) == (Action.DROP, False)


def test_skip_marks_as_looked_at_and_decides_nothing(run_of):
    run, view, order = _queue(run_of)
    name = str(view.ids[order[0]])
    at = screen("explore", run_of("table"), order="review", side="example", example=name)
    at.button(key="review_skip").click().run()
    said = actions.curation.curation_state(run).decisions[name]
    assert (said.action, said.reviewed) == (None, True)
    assert at.query_params["example"] == str(view.ids[order[1]])


@pytest.mark.parametrize("key", ["drawer_keep", "drawer_drop"])
def test_a_decision_in_review_order_goes_on(run_of, key):
    _, view, order = _queue(run_of)
    at = screen("explore", run_of("table"), order="review", side="example", example=str(view.ids[order[0]]))
    at.button(key=key).click().run()
    assert at.query_params["example"] == str(view.ids[order[1]])


def test_what_was_reviewed_is_not_lost_with_another_queue(run_of):
    run, view, order = _queue(run_of)
    names = [str(view.ids[row]) for row in order[:2]]
    actions.curation.decide(run, names, Change(reviewed=True), token="marks")
    actions.curation.save_rules(run, Rules(thresholds=(Threshold("el2n", "count", "below", 3),)), token="other")
    state = actions.curation.curation_state(run)
    assert not set(order[:2]) & set(review_queue(view, state.rules).order[:1])  # another queue
    said = words(screen("explore", run_of("table"), order="review"))
    assert "2 so far" in said or "Reviewed 2 of" in said


def _sample(run_of):
    run = actions.runs.open_run(run_of("table"))
    return run, actions.noise.review_sample(actions.scores.score_view(run))


def test_the_random_sample_is_asked_blind_in_its_own_order(run_of):
    path = run_of("table")
    run, ids = _sample(run_of)
    at = screen("check", path).button(key="review_sample").click().run()
    assert (at.query_params["order"], at.query_params["tab"]) == ("sample", "All")
    assert at.query_params["example"] == ids[0]
    query = {name: at.query_params[name] for name in ("order", "tab", "example", "side")}
    at = screen("explore", path, **query)
    said = words(at)
    assert f"Noise sample 0 of {len(ids)}" in said
    assert "Judge the label alone" in said
    told = {"Predicted", "Rose in training", "Export", "Because", "Distance to the cut", "Zone"}
    assert not told & {caption.value for caption in at.caption}
    assert "Scores of this example" not in said
    at.button(key="sample_right").click().run()
    assert at.query_params["example"] == ids[1]
    at.button(key="sample_unsure").click().run()
    at.session_state["open_relabel_" + str(int(ids[2][1:]))] = True
    at.run().button(key="sample_drop").click().run()
    decisions = actions.curation.curation_state(run).decisions
    assert actions.noise.sample_answers(actions.scores.score_view(run), decisions) == dict(
        zip(ids, ("right", "unsure", "wrong"), strict=False)
    )
    assert f"Noise sample 3 of {len(ids)}" in words(at)
    answered = screen("explore", path, **{**query, "example": ids[0]})
    assert "Predicted" in words(answered)
    at.button(key="drawer_undo").click().run()
    assert ids[2] not in actions.noise.sample_answers(
        actions.scores.score_view(run), actions.curation.curation_state(run).decisions
    )


def test_the_class_that_rose_in_training_is_a_second_suggestion(run_of):
    path = run_of("table")
    view = actions.scores.score_view(actions.runs.open_run(path))
    for row in (np.flatnonzero(view.rising >= 0)[0], np.flatnonzero(view.rising < 0)[0]):
        said = words(screen("explore", path, tab="All", side="example", example=str(view.ids[row])))
        assert ("Rose in training" in said) == (view.rising[row] >= 0)


def test_keys_of_the_gallery_answer_the_sample_too(run_of, monkeypatch):
    from dashboard.components import gallery
    from dashboard.panels import rows_panel

    run, ids = _sample(run_of)
    row = int(ids[0][1:])

    def pressed(*_, on_event, **__):
        on_event(gallery.GalleryEvent("key", row, (), "k"))

    monkeypatch.setattr(rows_panel.galleries, "gallery", pressed)
    screen("explore", run_of("table"), order="sample", tab="All")
    assert actions.curation.curation_state(run).decisions[ids[0]] == Decision(Action.KEEP, reviewed=True, sampled=True)


def test_tiles_of_the_sample_tell_nothing_before_the_answer(run_of, monkeypatch):
    from dashboard.tables import example_tiles

    path = run_of("table")
    drawn = []
    tile = example_tiles.tile
    monkeypatch.setattr(example_tiles, "tile", lambda *given: drawn.append(tile(*given)) or drawn[-1])
    screen("explore", path, order="sample", tab="All")
    _, ids = _sample(run_of)
    assert [t.name for t in drawn] == list(ids)
    assert {(t.suggested, t.kept, t.note) for t in drawn} == {("", True, "")}


def test_reviews_of_the_queue_do_not_count_for_the_noise_rate(run_of):
    run, view, order = _queue(run_of)
    at = screen("explore", run_of("table"), order="review", side="example", example=str(view.ids[order[0]]))
    for _ in range(4):
        at.button(key="review_done").click().run()
    decisions = actions.curation.curation_state(run).decisions
    assert len(decisions) == 4
    assert sum(s.reviewed for s in actions.noise.noise_rate(view, decisions).strata) == 0


def test_next_and_previous_follow_the_queue(run_of):
    _, view, order = _queue(run_of)
    at = screen("explore", run_of("table"), order="review", side="example", example=str(view.ids[order[1]]))
    at.button(key="review_next").click().run()
    assert str(view.ids[order[2]]) in [text.value for text in at.text]
    for _ in range(2):
        at.button(key="review_previous").click().run()
    assert str(view.ids[order[0]]) in [text.value for text in at.text]
    assert at.button(key="review_previous").disabled


def test_steps_are_for_the_queue_alone(run_of):
    at = screen("explore", run_of("table"), side="example", example="r07")
    assert "review_next" not in [button.key for button in at.button]
    locked = screen("explore", run_of("table"), order="review", side="example", example="r50")
    assert "not in the review queue" in words(locked)
