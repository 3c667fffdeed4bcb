"""A frozen encoder that cannot be used here is refused in words, before any work."""

from dataclasses import replace

import pytest

from core.runs.plan.prepare import check_training, embedding_named, plan_scores
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.runs import RunSpec, TrainingSpec

LITE0 = TrainingSpec(encoder="efficientnet_lite0")


@pytest.mark.parametrize(
    ("training", "modality", "what"),
    [
        (LITE0, Modality.TEXT, "reads image examples, not text"),
        (LITE0, Modality.TRACE, "reads image examples, not trace"),
        (replace(LITE0, encoder="efficientnet_lite"), Modality.IMAGE, 'Unknown encoder "efficientnet_lite"'),
        (replace(LITE0, model="my:network"), Modality.IMAGE, "reads the inputs themselves"),
        (replace(LITE0, mean=(0.5,), std=(0.5,)), Modality.IMAGE, "at its own size"),
        (replace(LITE0, image_size=(64, 64)), None, "at its own size"),
    ],
)
def test_what_does_not_go_with_an_encoder(training, modality, what):
    with pytest.raises(ModelError, match=what):
        check_training(training, modality)


def test_models_that_read_no_vectors_are_named():
    spec = RunSpec("x", modality="image", training=replace(LITE0, model="small_cnn"))
    with pytest.raises(ModelError, match="cannot read the vectors of efficientnet_lite0") as caught:
        plan_scores(spec)
    assert "linear_head" in caught.value.hint


def test_the_gradients_of_a_linear_head_say_nothing_and_those_of_a_deeper_one_do():
    spec = RunSpec("x", modality="image", training=LITE0)
    assert {plan.name: plan.why_not for plan in plan_scores(spec)}["vog"].startswith(
        "needs a network with hidden layers"
    )
    deeper = replace(spec, training=replace(LITE0, model="mlp"))
    assert {plan.name: plan.runs for plan in plan_scores(deeper)}["vog"]


def test_neighbors_are_those_of_the_encoder_unless_another_embedding_is_named():
    spec = RunSpec("x", training=LITE0)
    assert embedding_named(spec) == "efficientnet_lite0"
    assert embedding_named(replace(spec, embedding="pixels")) == "pixels"
    assert embedding_named(RunSpec("x")) == "auto"


def test_robust_suspicion_is_for_what_is_seen_through_an_encoder():
    def why(training):
        plans = plan_scores(RunSpec("x", modality="image", training=training))
        return next(plan for plan in plans if plan.name == "robust_suspicion")

    assert why(LITE0).runs
    assert "--encoder" in why(TrainingSpec()).why_not
