"""First learned, accumulated margin, threshold closeness: hand-made sequences and two-line loops."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import tiny_world

from core.scores import score_named
from core.scores.first_learned import first_right, presentations_to_learn
from core.types.errors import CurationError


def as_looks(sequence):
    return np.array([[c == "1"] for c in sequence])


@pytest.mark.parametrize(("sequence", "look"), [("0101", 2), ("111", 1), ("000", 4), ("0001", 4), ("1", 1), ("0", 2)])
def test_first_right_of_hand_made_sequences(sequence, look):
    assert first_right(as_looks(sequence))[0] == look


@pytest.mark.parametrize(("sequence", "look"), [("0101", 3), ("111", 0), ("000", 3), ("1010", 4), ("011", 1), ("0", 1)])
def test_presentations_to_learn_is_one_plus_the_last_wrong_look(sequence, look):
    assert presentations_to_learn(as_looks(sequence))[0] == look


def test_first_learned_averages_seeds_and_breaks_ties_below_one_step():
    world, method = tiny_world(), score_named("first_learned")
    trace, y = world.evidence.trace, world.examples.labels
    correct = trace.logits.argmax(axis=-1) == y
    rows = np.flatnonzero(trace.trained)
    for counted, count in (("first", first_right), ("last_wrong", presentations_to_learn)):
        known = np.mean([count(one) for one in correct], axis=0)
        plain = world.score(method, counted=counted, break_ties=False).values
        broken = world.score(method, counted=counted).values
        np.testing.assert_array_equal(plain[rows], known[rows].astype(np.float32))
        assert ((broken - plain)[rows] > 0).all()
        assert ((broken - plain)[rows] < 0.5).all()  # steps are 1/2 with two seeds
        assert len(np.unique(broken[rows])) > len(np.unique(plain[rows]))
    assert world.score(method).undefined == {"unlabeled row": 3, "held-out row": 12}


def test_first_learned_prefers_what_was_recorded_at_presentation():
    world, method = tiny_world(), score_named("first_learned")
    seen = np.zeros(world.evidence.trace.logits.shape[:3], dtype=np.uint8)
    seen[:, 3:] = 1
    recorded = replace(world, evidence=replace(world.evidence, trace=replace(world.evidence.trace, seen_correct=seen)))
    values = recorded.score(method, break_ties=False).values[world.evidence.trace.trained]
    assert set(values) == {4.0}
    assert recorded.score(method).meta["recorded"] == "presentation"
    with pytest.raises(CurationError, match="not recorded"):
        world.score(method, recorded="presentation")


def probabilities(world):
    z = world.evidence.trace.logits.astype(float)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def test_accumulated_margin_is_a_sum_of_probability_margins_and_not_aum():
    world, method = tiny_world(), score_named("accumulated_margin")
    p, y = probabilities(world), world.examples.labels
    values, first = world.score(method).values, world.score(method, burn_out=2).values
    for i in np.flatnonzero(y >= 0):
        margins = p[:, :, i, y[i]] - np.delete(p[:, :, i], y[i], axis=-1).max(axis=-1)
        assert values[i] == pytest.approx(margins.sum(axis=1).mean(), rel=1e-5, abs=1e-6)
        assert first[i] == pytest.approx(margins[:, :2].sum(axis=1).mean(), rel=1e-5, abs=1e-6)
    assert np.nanmax(np.abs(values)) <= 6
    assert not np.allclose(values, world.score(score_named("aum"), last_epoch="all").values, equal_nan=True)


def test_threshold_closeness_is_confidence_times_its_rest_and_bounds_the_variance():
    world = tiny_world()
    confidence = world.score(score_named("confidence")).per_seed.astype(float)
    found = world.score(score_named("threshold_closeness"))
    np.testing.assert_allclose(found.per_seed, confidence * (1 - confidence), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.values, found.per_seed.mean(axis=0), rtol=1e-6)
    variability = world.score(score_named("variability")).per_seed
    known = np.isfinite(found.values)
    assert (variability[:, known] ** 2 <= found.per_seed[:, known] + 1e-6).all()
    assert found.values[known].max() <= 0.25
