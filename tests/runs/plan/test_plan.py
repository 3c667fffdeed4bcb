"""Which scores a question can have is said before anything is trained."""

import pytest

from core.runs.plan.prepare import plan_scores
from core.types.runs import RunSpec, TrainingSpec


@pytest.mark.parametrize(
    ("training", "kept"),
    [
        (TrainingSpec(epochs=2), 2),
        (TrainingSpec(checkpoints=1), 1),
        (TrainingSpec(weights=("a.pt", "b.pt")), 2),
        (TrainingSpec(), None),
        (TrainingSpec(epochs=3), None),
    ],
)
def test_a_training_too_short_for_a_stage_is_planned_without_it(training, kept):
    plan = {one.name: one for one in plan_scores(RunSpec("banking", modality="text", training=training))}
    assert plan["vog"].runs == (kept != 1), "nothing varies over one checkpoint"
    assert plan["vog_early"].runs == (kept is None)
    there = "1 is kept" if kept == 1 else f"{kept} are kept"
    assert kept is None or plan["vog_early"].why_not == f"needs 3 checkpoints of the training: {there}"
