"""The review queue stops and goes on: marks are decisions on disk, whatever session asks."""

from screens import screen, words

from core import actions
from core.curation.review import review_queue
from core.types.curation import Action


def _queue(run_of):
    run = actions.open_run(run_of("table"))
    view = actions.score_view(run)
    return run, view, review_queue(view, actions.default_rules(view)).order


def test_progress_goes_on_where_it_stopped(run_of):
    run, view, order = _queue(run_of)
    at = screen("explore", run_of("table"), order="review")
    assert f"Reviewed 0 of {len(order)}" in words(at)
    at.button(key="review_go").click().run()
    assert str(view.ids[order[0]]) in [text.value for text in at.text]
    at.button(key="review_done").click().run()
    assert actions.curation_state(run).decisions[str(view.ids[order[0]])].reviewed
    assert f"Reviewed 1 of {len(order)}" in words(at)
    assert str(view.ids[order[1]]) in [text.value for text in at.text]
    again = screen("explore", run_of("table"), order="review")  # another session
    assert f"Reviewed 1 of {len(order)}" in words(again)
    again.button(key="review_go").click().run()
    assert str(view.ids[order[1]]) in [text.value for text in again.text]


def test_marking_keeps_what_was_decided(run_of):
    run, view, order = _queue(run_of)
    name = str(view.ids[order[2]])
    actions.decide(run, [name], Action.DROP, token="before")
    at = screen("explore", run_of("table"), order="review", side="example", example=name)
    at.button(key="review_done").click().run()
    said = actions.curation_state(run).decisions[name]
    assert (said.action, said.reviewed) == (Action.DROP, True)


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
