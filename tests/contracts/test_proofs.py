"""The tables of claims name tests that there are, and wrong answers are seen by a test that looks."""

import ast

import numpy as np
import pytest
from contracts import proofs, spoiled
from contracts.proofs import ABSENT, PROVEN


@pytest.mark.parametrize("claim", [*PROVEN, *ABSENT])
def test_a_claim_has_its_test(claim):
    place, begun = {**PROVEN, **ABSENT}[claim]
    tree = ast.parse(proofs.place_of(place).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith(f"test_{begun}") for name in names), f"{claim}: no test_{begun}... in {place}"


def test_no_answer_is_left_as_it_was():
    numbers = np.array([0.5, 0.5, 0.5])
    for value in (numbers, np.arange(3), np.array([True, False]), 0.5, 3, True, (1.0, {"a": 0.25}), 1 / 3):
        assert str(spoiled.spoiled(value)) != str(value)
    first, second = spoiled.spoiled(numbers), spoiled.spoiled(numbers)
    assert not np.allclose(first, second), "two wrong answers that agree would prove a relation between them"


def test_functions_and_classes_are_right_again_outside():
    from core.scores.shared import formulas

    logits = np.zeros((2, 3))
    right = formulas.softmax(logits)
    with spoiled.core_is_wrong(formulas):
        assert not np.allclose(formulas.softmax(logits), right)
    np.testing.assert_array_equal(formulas.softmax(logits), right)
