"""Label quality equals cleanlab, finds planted flips, and says what its numbers hang on."""

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint, estimate_joint
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from contracts.world import table

from core.scores import ScoreInputs, label_quality, score_named
from core.scores.label_quality import class_thresholds
from core.scores.shared.confident_joint import FILTERS, confident_joint
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.progress import SilentProgress

METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
quality = label_quality.label_quality


def score(labels, probabilities, **params):
    method = score_named("label_quality")
    examples = table(labels, classes=probabilities.shape[1])
    inputs = ScoreInputs(examples, Evidence(out_of_fold=probabilities), method.needs)
    return method.compute(inputs, method.params(**params), SilentProgress())


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    return rng.integers(5, size=400), rng.dirichlet(np.ones(5), size=400)


@pytest.mark.parametrize("method", METHODS)
def test_equals_cleanlab(given, method):
    np.testing.assert_allclose(quality(*given, method), get_label_quality_scores(*given, method=method), rtol=1e-12)
    np.testing.assert_allclose(score(*given, method=method).values, quality(*given, method), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS[:2])
def test_adjusted_for_thresholds_equals_cleanlab_in_blocks(given, method, monkeypatch):
    monkeypatch.setattr(label_quality, "_BLOCK_ROWS", 64)
    known = get_label_quality_scores(*given, method=method, adjust_pred_probs=True)
    np.testing.assert_allclose(quality(*given, method, adjust=True), known, rtol=1e-9)


def test_formulas_by_hand():
    p = np.array([[0.7, 0.2, 0.1]])
    assert quality(np.array([1]), p)[0] == pytest.approx(0.2)
    assert quality(np.array([1]), p, "normalized_margin")[0] == pytest.approx((0.2 - 0.7 + 1) / 2)
    w = -(p * np.log(p)).sum() / np.log(3) / 0.2
    assert quality(np.array([1]), p, "confidence_weighted_entropy")[0] == pytest.approx(np.log(1 + w) / w)


def test_thresholds_are_the_mean_self_confidence_of_each_class(given):
    labels, p = given
    np.testing.assert_allclose(class_thresholds(labels, p), [p[labels == c, c].mean() for c in range(5)])


def test_joint_before_and_after_calibration_is_cleanlabs(given):
    meta = score(*given).meta
    assert meta["confident_counts"] == compute_confident_joint(*given, calibrate=False).astype(int).tolist()
    assert meta["confident_joint"] == compute_confident_joint(*given, calibrate=True).astype(int).tolist()
    known = estimate_joint(*given)
    np.testing.assert_allclose(confident_joint(*given).joint, known, rtol=1e-12)
    assert meta["noise_rate"] == pytest.approx(1 - np.trace(known))
    np.testing.assert_allclose(known.sum(axis=1) * 400, np.bincount(given[0]))
    shares = [1 - known[c, c] / known[c].sum() for c in range(5)]
    assert list(meta["noise_by_class"].values()) == pytest.approx(shares, abs=1e-4)
    top = np.unravel_index(np.argmax(known - np.diag(np.diag(known))), known.shape)
    assert meta["most_mixed_up"][0] == [str(top[0]), str(top[1]), pytest.approx(known[top] * 400, abs=0.06)]


@pytest.mark.parametrize("by", FILTERS)
def test_flags_are_cleanlabs(given, by):
    result = score(*given, flag_by=by)
    known = find_label_issues(*given, filter_by=by, n_jobs=1)
    np.testing.assert_array_equal(result.flags, known)
    assert result.meta["flagged_labels"] == known.sum() > 0


def test_confident_joint_by_its_definition(given):
    """A row counts for its most probable class when it has a candidate at all (one candidate: for that one)."""
    labels, p = given
    counts = np.zeros((5, 5), dtype=int)
    for y, row in zip(labels, p, strict=True):
        candidates = [c for c in range(5) if row[c] >= class_thresholds(labels, p)[c] - 1e-6]
        if candidates:
            counts[y, candidates[0] if len(candidates) == 1 else row.argmax()] += 1
    np.testing.assert_array_equal(confident_joint(labels, p).counts, np.maximum(counts, np.eye(5, dtype=int)))


def test_many_classes_keep_the_pairs_and_not_the_table():
    rng = np.random.default_rng(0)
    meta = score(rng.integers(40, size=800), rng.dirichlet(np.ones(40), size=800)).meta
    assert "confident_joint" not in meta
    assert len(meta["most_mixed_up"]) == 10
    assert len(meta["noise_by_class"]) == 40


def test_a_perfect_classifier_flags_nothing():
    labels = np.repeat(np.arange(4), 25)
    result = score(labels, np.eye(4)[labels] * 0.96 + 0.01)
    assert result.meta["flagged_labels"] == 0
    assert result.skill == 1.0


def test_planted_flips_are_lowest():
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(4), 100)
    p = np.eye(4)[truth] * 4 + rng.random((400, 4))
    labels = truth.copy()
    labels[::20] = (labels[::20] + 1) % 4
    result = score(labels, p / p.sum(axis=1, keepdims=True))
    assert set(np.argsort(result.values)[:20]) == set(range(0, 400, 20))
    assert 15 <= result.meta["flagged_labels"] <= 25


def test_the_count_never_stands_without_the_accuracy(given):
    result = score(*given)
    text = next(c for c in result.checks if c.name == "flagged labels")
    assert text.light == "amber"  # random probabilities: right on about a fifth
    assert f"{result.meta['out_of_fold_accuracy']:.1%}" in text.text


def test_columns_must_cover_the_labels():
    with pytest.raises(DataError, match="columns"):
        score(np.array([0, 1, 2]), np.full((3, 2), 0.5))
    with pytest.raises(DataError, match="No labeled row"):
        score(np.array([-1, -1]), np.full((2, 2), 0.5))
