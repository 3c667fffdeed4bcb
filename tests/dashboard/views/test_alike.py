"""Near-duplicates that would take many rows are a question on the screen; each answer is saved and ends it."""

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """60 embeddings of which every second is almost the row before it."""
    folder = tmp_path_factory.mktemp("twins")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 8)).astype(np.float32)
    rows[1::2] = rows[::2] + rng.normal(scale=0.02, size=(30, 8)).astype(np.float32)
    np.savez(folder / "twins.npz", X=rows, y=np.repeat(np.arange(30) % 3, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
        spec = RunSpec(
            str(folder / "twins.npz"),
            scores=("duplicate_similarity", "knn_shapley"),
            map=False,
            threads=1,
            training=TrainingSpec(epochs=2, seeds=1),
        )
        return actions.runs.run_here(spec, folder / "run", SilentProgress()).path


def asked(path):
    run = actions.runs.open_run(path)
    view, state = actions.scores.score_view(run), actions.curation.curation_state(run)
    outcome = actions.outcomes.outcome(view, state.rules or actions.rules.default_rules(view), state.decisions)
    return state.rules, outcome


@pytest.mark.parametrize("page", ["explore", "rules"])
def test_the_question_stands_where_rows_are_looked_at(twins, page):
    _, outcome = asked(twins)
    said = words(screen(page, twins))
    assert f"{outcome.near_duplicates.rows:,} rows" in said
    assert "look alike at 0.99" in said
    assert said.count("look alike") == 1  # the warning does not say it again


@pytest.mark.parametrize(
    ("button", "duplicates"),
    [
        ("alike_drop", "keep_best_agreed"),
        ("alike_leave", "exact"),
        ("alike_raise", "keep_best"),
    ],
)
def test_an_answer_is_saved_and_ends_the_question(twins, button, duplicates):
    at = screen("rules", twins).button(key=button).click().run()
    rules, outcome = asked(twins)
    assert rules.guardrails.duplicates == duplicates
    assert outcome.near_duplicates is None
    assert "look alike at" not in "".join(text.value for text in at.text)
    if button == "alike_raise":
        assert rules.guardrails.duplicate_similarity > 0.99


def test_the_rows_can_be_looked_at_before_the_answer(twins):
    at = screen("explore", twins).button(key="alike_show").click().run()
    assert len(at.session_state["selection"]) >= 30
    assert at.query_params["tab"] == "Selected"
    assert "look alike at" in words(at)


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("aggregator", "borda", "aggregator"),
        ("transform", "robust_z", "transform"),
    ],
)
def test_how_scores_are_joined_is_chosen_on_the_page(run_of, key, value, field):
    path = run_of("table")
    at = screen("rules", path)
    box = next(b for b in at.selectbox if b.key.startswith(f"{key}_"))
    box.set_value(value).run()
    assert getattr(actions.curation.curation_state(actions.runs.open_run(path)).rules, field) == value
    assert not at.exception


def test_every_way_to_join_scores_is_offered(run_of):
    at = screen("rules", run_of("table"))
    offered = {box.key.partition("_")[0]: box.options for box in at.selectbox}
    assert offered["aggregator"] == [one.title for one in actions.methods.aggregators()]
    assert offered["transform"] == [one.title for one in actions.methods.transforms()]
