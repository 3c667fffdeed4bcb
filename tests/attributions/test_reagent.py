"""ReAGent's update against what each word of a linear bag is worth, and its standard error against repetition."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from core.attributions import Explained, TextParts
from core.attributions.method import Language
from core.attributions.reagent import ReagentParams, explain_by_reagent, importance
from core.types.errors import ModelError

VOCABULARY = ("filler", "bad", "poor", "fair", "good", "great")
WORTH = np.array([0.0, -1.2, -0.5, 0.1, 0.6, 1.3])  # what one occurrence adds to the second class's logit


class Bag(nn.Module):
    """Logits (0, worth of the words added up): counts of words in, no other weights."""

    def forward(self, counts):
        worth = counts @ torch.tensor(WORTH)
        return torch.stack([torch.zeros_like(worth), worth], dim=1)


def read(texts):
    return torch.tensor(
        [[[word.lower() for word in text].count(known) for known in VOCABULARY] for text in texts], dtype=torch.float64
    )


def about(words, seed=0, corpus=("filler",)):
    parts = TextParts(tuple(words), ((),) * len(words), np.zeros(len(words)))
    return Explained(
        Bag(),
        read([words]),
        None,
        ("down", "up"),
        1,
        parts,
        seed,
        language=Language(np.array(corpus, dtype=object), read),
    )


WORDS = ("fair", "bad", "great", "filler", "good", "poor")


def test_ranks_of_a_linear_bag_are_those_of_its_weights():
    found = explain_by_reagent(about(WORDS), ReagentParams(target="up", steps=8000))
    worth = np.array([WORTH[VOCABULARY.index(word)] for word in WORDS])
    assert np.argsort(found.values).tolist() == np.argsort(worth).tolist()
    # neighbors in rank differ by more than four errors: it is not chance that they came out right
    steps = np.diff(np.sort(found.values))
    assert steps.min() > 4 * found.errors.max()


def test_words_drawn_as_often_as_they_stand_in_the_corpus():
    """Where every word of the corpus is worth as much as the word itself, replacing it changes nothing."""
    same = explain_by_reagent(about(("good", "GOOD"), corpus=("good",)), ReagentParams(steps=64))
    assert np.abs(same.values).max() < 1e-12
    assert same.base == pytest.approx(same.output)
    mostly = explain_by_reagent(
        about(("good", "bad"), corpus=("bad",) * 9 + ("good",)), ReagentParams(target="up", steps=4000, replaced=0.5)
    )
    assert mostly.values[0] > 10 * mostly.errors[0]


def test_the_update_is_antisymmetric_and_finite():
    replaced = np.array([[True, False, False], [False, True, False]])
    values, errors = importance(np.array([0.4, -0.1]), replaced)
    plus, minus = np.log(0.7 / 0.3), np.log(0.45 / 0.55)  # logit((1 + d) / 2)
    first = np.array([plus, -plus, -plus]) + np.array([-minus, minus, -minus])
    assert np.allclose(values, (first - first.mean()) / 2)
    certain, _ = importance(np.array([1.0, -1.0]), replaced)
    assert np.isfinite(certain).all()
    assert np.isfinite(errors).all()


def test_the_error_is_the_spread_of_repetitions():
    runs = [explain_by_reagent(about(WORDS, seed), ReagentParams(target="up", steps=400)) for seed in range(40)]
    spread = np.std([run.values for run in runs], axis=0, ddof=1)
    said = np.mean([run.errors for run in runs], axis=0)
    # a standard deviation of 40 values is itself known to 1 / sqrt(78) = 11 %; six words are compared
    assert np.all(np.abs(spread / said - 1) < 0.4)


def test_same_seed_same_values():
    first, again, other = (explain_by_reagent(about(WORDS, seed), ReagentParams()) for seed in (3, 3, 4))
    assert (first.values == again.values).all()
    assert (first.values != other.values).any()


def test_texts_of_one_word_of_none_and_no_text():
    one = explain_by_reagent(about(("great",)), ReagentParams(target="up"))
    assert one.values[0] > 0  # without it the class is less likely
    assert explain_by_reagent(about(()), ReagentParams()).values.shape == (0,)
    with pytest.raises(ModelError, match="replaces words"):
        explain_by_reagent(dataclasses.replace(about(WORDS), language=None), ReagentParams())
