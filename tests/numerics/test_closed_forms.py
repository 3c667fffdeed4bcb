"""The float32 forms against the float64 formulas that the scores use."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.numerics.closed_forms import QUICK, closed_forms
from core.scores.shared import formulas

ROWS, CLASSES = 40_000, 7  # more than one block


def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = (rng.normal(size=(ROWS, CLASSES)) * rng.choice([0.1, 3, 30], (ROWS, 1))).astype(np.float32)
    logits[0] = 0.0  # all equal
    logits[1, :3] = 9.0  # several largest
    return logits, rng.integers(0, CLASSES, ROWS), rng.random(ROWS) * 9, rng.random(ROWS) * 9


def _wanted(name: str, z: np.ndarray, y: np.ndarray, one: np.ndarray, square: np.ndarray) -> np.ndarray:
    if name == "gradnorm_ood":
        return one * np.abs(formulas.softmax(z) - 1 / CLASSES).sum(1)
    if name == "grand_last":
        return formulas.error_norm(z, y) * np.sqrt(square)
    named = {
        "el2n": formulas.error_norm,
        "loss": formulas.cross_entropy,
        "margin": formulas.probability_margin,
        "margin_logit": formulas.logit_margin,
        "entropy": formulas.entropy,
        "least_confidence": formulas.doubt,
    }
    return named[name](z, y)


@pytest.mark.parametrize("name", QUICK)
def test_each_form_equals_the_float64_formula(name: str) -> None:
    z, y, one, square = _world()
    norms = [torch.from_numpy(v.astype(np.float32)) for v in (one, square)]
    found = closed_forms((name,), torch.from_numpy(z), torch.from_numpy(y), *norms)[name].numpy()
    # float32: differences of logits up to 200 are rounded to 1e-5, and with them exponentials by 1e-5
    np.testing.assert_allclose(found, _wanted(name, z.astype(np.float64), y, one, square), rtol=5e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["el2n", "loss", "entropy", "least_confidence"])
def test_rows_that_are_nearly_certain_keep_their_order(name: str) -> None:
    z = np.zeros((30, 4), np.float32)
    z[:, 2] = np.linspace(10, 25, 30)  # 1 - p from 1e-4 down to 4e-11, far below float32's 6e-8
    found = closed_forms((name,), torch.from_numpy(z), torch.full((30,), 2), None, None)[name].numpy()
    wanted = _wanted(name, z.astype(np.float64), np.full(30, 2), z, z)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)  # float64 rounds 1 - p itself
    assert (np.diff(found) < 0).all()


def test_unlabeled_rows_have_no_value_where_a_label_is_needed() -> None:
    norms = torch.ones(3)
    found = closed_forms(QUICK, torch.randn(3, 4), torch.tensor([1, -1, 2]), norms, norms)
    assert {n for n in QUICK if torch.isnan(found[n][1])} == {"el2n", "loss", "margin", "margin_logit", "grand_last"}
    assert not any(torch.isnan(found[n][[0, 2]]).any() for n in QUICK)
