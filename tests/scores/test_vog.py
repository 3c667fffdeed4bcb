"""VoG: on linear networks it is known in closed form; its stage and form stand in its name."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from contracts.world import tiny_world
from torch import nn

from core.models.network import Network
from core.scores import score_named
from core.scores.vog import normalize_in_class
from core.training.passes import PassOutputs, PassSettings, run_pass
from core.training.spread import StageSpreads
from core.types.errors import CurationError
from core.types.progress import SilentProgress
from core.types.signals import Signal

ROWS, CHANNELS, SIDE, CLASSES = 12, 3, 2, 3
PIXELS = CHANNELS * SIDE * SIDE


class Linear(Network):
    """z = W x + b on the flattened image."""

    def __init__(self, weights: np.ndarray):
        super().__init__()
        self.head = nn.Linear(PIXELS, CLASSES)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weights))
            self.head.bias.zero_()

    def features_from(self, x):
        return x.flatten(1)


class Images:
    """Encoded images, batch by batch."""

    def __init__(self, pixels: np.ndarray):
        self.pixels = torch.from_numpy(pixels)

    def __len__(self):
        return len(self.pixels)

    def batch(self, rows):
        return self.pixels[torch.from_numpy(np.asarray(rows))]


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    pixels = rng.standard_normal((ROWS, CHANNELS, SIDE, SIDE)).astype(np.float32)
    return pixels, np.arange(ROWS) % CLASSES, rng.standard_normal((4, CLASSES, PIXELS)).astype(np.float32)


def spread_of(pixels, labels, checkpoints, batch=5) -> np.ndarray:
    """[N] as a training with these weight matrices after its epochs records it."""
    spreads = StageSpreads(len(labels), {"all": tuple(range(1, len(checkpoints) + 1))})
    for epoch, weights in enumerate(checkpoints, start=1):
        spreads.begin(epoch)
        run_pass(
            Linear(weights),
            Images(pixels),
            labels,
            frozenset({Signal.INPUT_GRADIENT_SPREAD}),
            progress=SilentProgress(),
            into=PassOutputs(input_gradients=spreads.add),
            settings=PassSettings(batch=batch),
        )
        spreads.end(epoch)
    return spreads.results["all"]


def test_of_a_linear_network_it_is_the_spread_of_the_labels_weights(given):
    pixels, labels, checkpoints = given
    found = spread_of(pixels, labels, checkpoints)
    by_class = checkpoints.reshape(4, CLASSES, CHANNELS, -1).astype(np.float64).mean(axis=2).std(axis=0).mean(axis=1)
    np.testing.assert_allclose(found, by_class[labels], rtol=1e-5)  # single-precision moments
    # All rows of a class alike: nothing is left to compare within it.
    np.testing.assert_array_equal(normalize_in_class(by_class[np.repeat(labels, 2)], np.repeat(labels, 2)), 0.0)


def test_channels_are_averaged_before_the_spread_is_taken(given):
    """Opposite changes of two channels cancel in their mean; taken per channel, the spread would be large."""
    pixels, labels, checkpoints = given
    cube = np.zeros((4, CLASSES, CHANNELS, SIDE * SIDE), dtype=np.float32)
    cube[:, :, 0] = np.arange(4)[:, None, None]
    cube[:, :, 1] = -np.arange(4)[:, None, None]
    weights = cube.reshape(4, CLASSES, PIXELS)
    assert weights.std(axis=0).mean() > 0.7  # the other order
    np.testing.assert_allclose(spread_of(pixels, labels, weights), 0.0, atol=1e-7)
    assert spread_of(pixels, labels, checkpoints).min() > 0.1


def test_a_saturated_prediction_still_has_its_gradient(given):
    """The logit is differentiated, not the probability, which is flat where the network is sure."""
    pixels, labels, checkpoints = given
    sure = spread_of(1000.0 * pixels, labels, checkpoints)
    np.testing.assert_allclose(sure, spread_of(pixels, labels, checkpoints), rtol=1e-5)


def test_the_same_checkpoint_again_adds_nothing(given):
    """Gradients do not pile up over visits, and the mean is over the checkpoints of the stage."""
    pixels, labels, checkpoints = given
    np.testing.assert_allclose(spread_of(pixels, labels, [checkpoints[0]] * 3), 0.0, atol=1e-7)
    twice = spread_of(pixels, labels, np.repeat(checkpoints, 2, axis=0))
    np.testing.assert_allclose(twice, spread_of(pixels, labels, checkpoints), rtol=1e-5)


def test_unlabeled_rows_take_the_predicted_class(given):
    pixels, labels, checkpoints = given
    same = np.repeat(checkpoints[:1], 3, axis=0) * np.array([1, 2, 3])[:, None, None].astype(np.float32)
    predicted = Linear(same[0])(torch.from_numpy(pixels)).argmax(1).numpy()
    none = spread_of(pixels, np.full(ROWS, -1), same)
    np.testing.assert_allclose(none, spread_of(pixels, predicted, same), rtol=1e-5)
    assert (labels != predicted).any()


def test_the_name_says_stage_and_form():
    world = tiny_world()
    shown = lambda name, **params: world.score(score_named(name), **params).meta["shown_as"]  # noqa: E731
    assert shown("vog") == "VoG (late, class-normalized)"
    assert shown("vog", normalized=False) == "VoG (late, raw)"
    assert shown("vog", stage="all", absolute=True) == "VoG (all, class-normalized, absolute)"
    assert shown("vog_early") == "VoG (early, class-normalized)"
    assert score_named("vog").title == "VoG (late)"
    assert score_named("vog_early").title == "VoG (early)"
    stage = next(c for c in world.score(score_named("vog_early")).checks if c.name == "stage")
    assert stage.text.startswith("VoG (early, class-normalized) is over 3 checkpoints (epochs 1, 3, 6)")


def test_stages_differ_and_only_the_late_one_takes_a_side():
    world = tiny_world()
    early, late = (world.score(score_named(name)).values for name in ("vog_early", "vog"))
    assert not np.array_equal(early, late)
    np.testing.assert_array_equal(early, world.score(score_named("vog"), stage="early").values)
    assert not any(score_named("vog_early").orientation.values())
    assert score_named("vog").orientation["find_noise"] == 0


def test_a_training_without_stages_says_so():
    world = tiny_world()
    whole = {"all": world.evidence.input_gradient_spread["all"]}
    short = replace(world, evidence=replace(world.evidence, input_gradient_spread=whole))
    assert short.score(score_named("vog")).meta["stage"] == "all"
    with pytest.raises(CurationError, match="too short"):
        short.score(score_named("vog_early"))


def test_fewer_than_five_rows_are_no_class_of_their_own():
    values, labels = np.arange(14.0) ** 2, np.array([0] * 5 + [1] * 5 + [2] * 4)
    out = normalize_in_class(values, labels)
    assert out[:5].mean() == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(out[10:], (values[10:] - values.mean()) / values.std())


def test_fault_35_the_only_row_of_its_class_has_no_vog_and_says_so():
    values, labels = np.arange(12.0), np.array([0] * 6 + [1] * 5 + [2])
    found = normalize_in_class(values, labels)
    assert np.isnan(found).tolist() == [False] * 11 + [True]
    world = tiny_world(unlabeled=0)
    alone = world.examples.labels.copy()
    alone[alone == 2] = 1
    alone[0] = 2
    changed = replace(world, examples=replace(world.examples, labels=alone))
    result = changed.score(score_named("vog"))
    assert np.flatnonzero(np.isnan(result.values)).tolist() == [0]
    assert result.undefined == {"the only row of its class": 1}
    assert np.isfinite(changed.score(score_named("vog"), normalized=False).values).all()
