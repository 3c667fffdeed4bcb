"""Robust suspicion against its formula row by row, and on flips that follow a pattern."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.library.arrays import examples_from
from core.scores.method import ScoreInputs
from core.scores.robust_suspicion import ROBUST_SUSPICION, confident_share, suspicion
from core.types.evidence import Evidence
from core.types.progress import SilentProgress

RNG = np.random.default_rng(0)
TRUE = np.arange(600) % 4
POINTS = (RNG.normal(size=(600, 8)) + 2.5 * np.eye(4, 8)[TRUE]).astype(np.float32)


def _out_of_fold(labels):
    out = np.zeros((600, 4))
    for fold in range(5):
        inside = np.arange(600) // 4 % 5 == fold
        model = LogisticRegression(max_iter=500).fit(POINTS[~inside], labels[~inside])
        out[inside] = model.predict_proba(POINTS[inside])
    return out


def _score(labels, ids=None, rows=np.arange(600)):
    examples = examples_from(None, labels[rows], ids=None if ids is None else list(ids[rows]))
    evidence = Evidence(out_of_fold=_out_of_fold(labels)[rows], embedding=POINTS[rows])
    inputs = ScoreInputs(examples, evidence, ROBUST_SUSPICION.needs, 0)
    return ROBUST_SUSPICION.compute(inputs, ROBUST_SUSPICION.params(), SilentProgress())


def _area(wrong, values):
    return (values[wrong][:, None] > values[~wrong][None]).mean()


def test_the_formula_row_by_row():
    first, second = RNG.dirichlet(np.ones(3), 20), RNG.dirichlet(np.ones(3), 20)
    labels = RNG.integers(0, 3, 20)
    found = suspicion(first, second, labels)
    for row, label in enumerate(labels):
        other = max(p for place, p in enumerate(first[row]) if place != label)
        expected = np.log(other / first[row, label]) - 2 * np.log(second[row, label])
        assert found[row] == pytest.approx(expected)


def test_certain_judges_leave_finite_values():
    sure = np.array([[1.0, 0.0], [1.0, 0.0]])
    found = suspicion(sure, sure, np.array([0, 1]))
    assert np.isfinite(found).all()
    assert found[1] > found[0]


def test_flips_that_follow_a_pattern_are_seen_by_the_second_judge():
    """A third of class 0 is called 1: the first judge learns to say so, the second does not."""
    labels, wrong = TRUE.copy(), np.zeros(600, bool)
    wrong[np.flatnonzero(TRUE == 0)[::3]] = True
    labels[wrong] = 1
    alone = -_out_of_fold(labels)[np.arange(600), labels]
    found = np.asarray(_score(labels).values, float)
    assert _area(wrong, found) > _area(wrong, alone) + 0.01
    assert _area(wrong, found) > 0.9


def test_the_second_judge_is_that_of_the_docstring():
    """Every fold refitted in plain words, from the folds that the score says."""
    from core.scores import robust_suspicion as module

    labels = TRUE.copy()
    labels[::9] = (labels[::9] + 1) % 4
    ids = np.array([f"row {number}" for number in range(600)])
    examples, first = examples_from(None, labels, ids=list(ids)), _out_of_fold(labels)
    fold_of = module._folds(examples, np.arange(600), 5, 0)
    assert np.bincount(fold_of).tolist() == [120] * 5
    clean = np.flatnonzero(first.argmax(1) == labels)
    x = POINTS.astype(float) - POINTS[clean].astype(float).mean(0)
    x *= 4 / np.sqrt((x[clean] ** 2).sum(1).mean())
    second = np.zeros((600, 4))
    for fold in range(5):
        seen = [row for row in clean if fold_of[row] != fold]
        model = LogisticRegression(C=100 / len(seen), max_iter=500).fit(x[seen], labels[seen])
        second[fold_of == fold] = model.predict_proba(x[fold_of == fold])
    np.testing.assert_allclose(_score(labels, ids).values, suspicion(first, second, labels), rtol=1e-4, atol=1e-4)


def test_copies_and_groups_stay_in_one_fold():
    from core.scores import robust_suspicion as module

    examples = examples_from(POINTS.repeat(2, axis=0)[:40], TRUE.repeat(2)[:40], ids=[f"{n}" for n in range(40)])
    fold_of = module._folds(examples, np.arange(40), 4, 0)
    assert (fold_of[::2] == fold_of[1::2]).all()
    grouped = replace(examples, groups=np.array([str(n // 10) for n in range(40)]))
    fold_of = module._folds(grouped, np.arange(40), 4, 0)
    assert all(len(set(fold_of[start : start + 10])) == 1 for start in range(0, 40, 10))


def test_the_confident_share_is_near_the_planted_one():
    for share in (0.1, 0.3):
        labels = TRUE.copy()
        flips = RNG.choice(600, int(share * 600), replace=False)
        labels[flips] = (labels[flips] + RNG.integers(1, 4, len(flips))) % 4
        assert confident_share(_out_of_fold(labels), labels) == pytest.approx(share, abs=0.05)
    assert confident_share(np.eye(4)[TRUE], TRUE) == 0.0
