"""AUM, forgetting, cartography, TracIn: hand-made sequences, two-line loops, first-order effects."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from contracts.world import tiny_world

from core.scores import ScoreInputs, score_named
from core.scores.aum import flag_by_threshold
from core.scores.forgetting import count_forgetting
from core.training.threshold_samples import threshold_sets
from core.types.errors import CurationError
from core.types.evidence import ThresholdRun
from core.types.progress import SilentProgress


def probabilities(logits):
    z = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return z / z.sum(axis=-1, keepdims=True)


def labeled(world):
    return np.flatnonzero(world.examples.labels >= 0)


def with_logits(world, logits, seen=None):
    trace = replace(
        world.evidence.trace,
        logits=logits,
        epochs=tuple(range(1, logits.shape[1] + 1)),
        learning_rates=(0.1,) * logits.shape[1],
        seeds=tuple(range(logits.shape[0])),
        seen_correct=seen,
    )
    return replace(world, evidence=replace(world.evidence, trace=trace))


def test_aum_is_a_two_line_loop():
    world = tiny_world()
    logits, y = world.evidence.trace.logits, world.examples.labels
    result = world.score(score_named("aum"), last_epoch="all")
    for i in labeled(world):
        margins = logits[:, :, i, y[i]] - np.delete(logits[:, :, i], y[i], axis=-1).max(axis=-1)
        assert result.values[i] == pytest.approx(margins.mean(), rel=1e-5, abs=1e-6)


def test_aum_of_one_epoch_of_constant_logits_and_of_shifted_ones():
    world = tiny_world(unlabeled=0)
    method = score_named("aum")
    logits = world.evidence.trace.logits
    first = with_logits(world, logits[:, :1]).score(method).values
    np.testing.assert_allclose(first, world.score(method, last_epoch="1").values)
    assert np.array_equal(with_logits(world, np.ones_like(logits)).score(method).values, np.zeros(60))
    shifted = with_logits(world, logits + 8.0).score(method).values  # a power of two: no rounding of its own
    np.testing.assert_allclose(shifted, world.score(method).values, atol=1e-5)
    with pytest.raises(CurationError, match="last_epoch"):
        world.score(method, last_epoch="0")


def test_aum_stops_where_the_labels_are_fitted_but_not_before_five_epochs():
    world = tiny_world(unlabeled=0)
    right = np.eye(3, dtype=np.float32)[world.examples.labels]
    fits_at = lambda t: np.stack([right if e >= t else -right for e in range(1, 13)])[None]  # noqa: E731
    assert with_logits(world, fits_at(7)).score(score_named("aum")).meta["last_epoch"] == 7
    assert with_logits(world, fits_at(2)).score(score_named("aum")).meta["last_epoch"] == 5
    never = with_logits(world, fits_at(13)).score(score_named("aum"))
    assert never.meta["last_epoch"] == 12
    late = with_logits(world, fits_at(7)).score(score_named("aum"), last_epoch="all")
    assert [c.light for c in late.checks if c.name == "memorization"] == ["amber"]


def blobs(rng):
    """2,000 points of four overlapping groups, 20 % of the labels flipped."""
    truth = rng.integers(4, size=2_000)
    x = 2.5 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[truth] + rng.standard_normal((2_000, 2))
    flip = rng.random(2_000) < 0.2
    return x, np.where(flip, (truth + rng.integers(1, 4, size=2_000)) % 4, truth), flip


def aum_of_training(x, labels, classes, epochs=60):
    """[N] AUM of a full-batch softmax regression on the coordinates and their product."""
    x = np.hstack([x, x[:, :1] * x[:, 1:], np.ones((len(x), 1))])
    weights, total, y = np.zeros((x.shape[1], classes)), np.zeros(len(x)), np.eye(classes)[labels]
    for _ in range(epochs):
        weights -= 0.1 * x.T @ (probabilities(x @ weights) - y) / len(x)
        z = x @ weights
        own = z[np.arange(len(x)), labels]
        z[np.arange(len(x)), labels] = -np.inf
        total += own - z.max(axis=1)
    return total / epochs


def test_threshold_samples_find_flipped_labels():
    rng = np.random.default_rng(0)
    x, labels, flip = blobs(rng)
    sets = threshold_sets(labels, 4, rng)
    assert len(np.intersect1d(*sets)) == 0
    assert len(sets[0]) == len(sets[1]) == 500
    values = [aum_of_training(x, np.where(np.isin(np.arange(2_000), rows), 4, labels), 5) for rows in sets]
    runs = [ThresholdRun(rows, one[None]) for rows, one in zip(sets, values, strict=True)]
    flagged, thresholds = flag_by_threshold(runs, 1)
    assert thresholds == [np.percentile(one[rows], 99) for rows, one in zip(sets, values, strict=True)]
    assert (flagged & flip).sum() / flip.sum() >= 0.9
    assert (flagged & flip).sum() / flagged.sum() >= 0.8


def test_threshold_sets_need_room():
    with pytest.raises(CurationError, match="no room"):
        threshold_sets(np.zeros(5, dtype=int), 1, np.random.default_rng(0))


@pytest.mark.parametrize(("sequence", "count"), [("0101", 1), ("111", 0), ("000", 3), ("1010", 2), ("1", 0), ("0", 1)])
def test_forgetting_of_hand_made_sequences(sequence, count):
    assert count_forgetting(np.array([[c == "1"] for c in sequence]))[0] == count


def test_forgetting_streams_to_the_batch_formula():
    rng = np.random.default_rng(0)
    correct = rng.random((12, 40)) < 0.5
    correct[:, :3] = False
    count, last, ever = np.zeros(40), np.zeros(40, dtype=bool), np.zeros(40, dtype=bool)
    for now in correct:
        count += last & ~now
        last, ever = now, ever | now
    assert np.array_equal(count_forgetting(correct), np.where(ever, count, 12))


def test_forgetting_sums_seeds_and_breaks_ties_below_one():
    world = tiny_world()
    method = score_named("forgetting")
    trace, y = world.evidence.trace, world.examples.labels
    correct = trace.logits.argmax(axis=-1) == y
    known = sum(count_forgetting(correct[s]) for s in range(2))
    rows = np.flatnonzero(trace.trained)
    plain, broken = world.score(method, break_ties=False).values, world.score(method).values
    assert np.array_equal(plain[rows], known[rows])
    assert np.array_equal(np.floor(broken[rows]), known[rows])
    assert len(np.unique(broken[rows])) > len(np.unique(plain[rows]))
    same = rows[plain[rows] == plain[rows[0]]]
    margin = trace.logits[:, :, same, y[same]] - np.where(
        np.eye(3, dtype=bool)[y[same]], -np.inf, trace.logits[:, :, same]
    ).max(axis=-1)
    assert np.array_equal(np.argsort(broken[same]), np.argsort(-margin.mean(axis=(0, 1))))


def test_forgetting_prefers_what_was_recorded_at_presentation():
    world = tiny_world()
    method, trace = score_named("forgetting"), world.evidence.trace
    seen = np.zeros(trace.logits.shape[:3], dtype=np.uint8)
    seen[:, ::2] = 1  # right, wrong, right, wrong, right, wrong: three events for each of two seeds
    recorded = with_logits(world, trace.logits, seen)
    assert set(np.floor(recorded.score(method).values[trace.trained])) == {6}
    assert recorded.score(method).meta["recorded"] == "presentation"
    np.testing.assert_array_equal(recorded.score(method, recorded="epoch_end").values, world.score(method).values)
    with pytest.raises(CurationError, match="not recorded"):
        world.score(method, recorded="presentation")


def test_cartography_of_a_known_sequence():
    world = tiny_world(unlabeled=0)
    p = np.array([0.2, 0.6, 0.7])
    y = world.examples.labels
    logits = np.empty((1, 3, 60, 3))
    for t in range(3):  # the label at p, the others share the rest
        logits[0, t] = np.log((1 - p[t]) / 2)
        logits[0, t, np.arange(60), y] = np.log(p[t])
    known = with_logits(world, logits)
    np.testing.assert_allclose(known.score(score_named("confidence")).values, p.mean(), rtol=1e-6)
    np.testing.assert_allclose(known.score(score_named("variability")).values, p.std(), rtol=1e-6)
    np.testing.assert_array_equal(known.score(score_named("correctness")).values, 2)
    widened = np.sqrt(p.var() + p.var() ** 2 / 2)
    np.testing.assert_allclose(known.score(score_named("variability"), include_ci=True).values, widened, rtol=1e-6)
    np.testing.assert_allclose(known.score(score_named("confidence"), burn_out=2).values, 0.4, rtol=1e-6)
    with pytest.raises(CurationError, match="burn_out"):
        known.score(score_named("confidence"), burn_out=4)


def test_variability_is_bounded_and_zero_for_one_epoch():
    world = tiny_world()
    confidence = world.score(score_named("confidence")).per_seed
    variability = world.score(score_named("variability")).per_seed
    rows = labeled(world)
    assert (variability[:, rows] <= np.sqrt(confidence * (1 - confidence))[:, rows] + 1e-6).all()
    one = with_logits(world, world.evidence.trace.logits[:, :1]).score(score_named("variability"))
    assert not one.values[rows].any()


def test_tracin_self_is_the_sum_of_squared_gradients_times_their_rates():
    world = tiny_world(unlabeled=0)
    rates = (0.4, 0.2, 0.1)
    kept = tuple(
        replace(c, checkpoint=replace(c.checkpoint, learning_rate=rates[i % 3]))
        for i, c in enumerate(world.evidence.checkpoints)
    )
    world = replace(world, evidence=replace(world.evidence, checkpoints=kept))
    y = world.examples.labels
    known = np.zeros((2, 60))
    for i, c in enumerate(kept):
        delta = probabilities(c.logits.astype(float)) - np.eye(3)[y]
        gradients = np.einsum("nc,nd->ncd", delta, np.hstack([c.features, np.ones((60, 1))])).reshape(60, -1)
        known[i // 3] += rates[i % 3] * (gradients**2).sum(axis=1)
    result = world.score(score_named("tracin_self"))
    np.testing.assert_allclose(result.per_seed, known, rtol=1e-5)
    silent = tuple(replace(c, checkpoint=replace(c.checkpoint, learning_rate=0.0)) for c in kept)
    unknown = replace(world, evidence=replace(world.evidence, checkpoints=silent)).score(score_named("tracin_self"))
    assert (unknown.values > 0).all()
    assert unknown.meta["learning_rates_known"] is False


def test_tracin_self_is_the_first_order_fall_of_the_own_loss():
    """One step of size eta on one example lowers its loss by eta times its squared gradient, as eta goes to 0."""
    torch.manual_seed(0)
    head, h, y = torch.nn.Linear(5, 3).double(), torch.randn(1, 5).double(), torch.tensor([2])
    before = torch.nn.functional.cross_entropy(head(h), y)
    grads = torch.autograd.grad(before, list(head.parameters()))
    square = float(sum((g**2).sum() for g in grads))
    for eta, within in ((1e-2, 2e-2), (1e-4, 2e-4)):
        with torch.no_grad():
            moved = torch.nn.functional.cross_entropy(
                torch.nn.functional.linear(h, head.weight - eta * grads[0], head.bias - eta * grads[1]), y
            )
        assert float((before - moved).detach()) / (eta * square) == pytest.approx(1.0, abs=within)


def test_unlabeled_and_held_out_rows_are_counted_apart():
    world = tiny_world(unlabeled=3, held_out=12)
    method = score_named("forgetting")
    result = method.compute(
        ScoreInputs(world.examples, world.evidence, method.needs), method.params(), SilentProgress()
    )
    assert result.undefined == {"unlabeled row": 3, "held-out row": 12}
