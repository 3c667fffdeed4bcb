"""Labels handed to the library count as the model's outputs do, or are refused in words (faults 36 and 37)."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from core import (
    InfluenceSettings,
    examples_from,
    influence_pairs,
    score,
    score_embeddings,
    score_logits,
    score_probabilities,
)
from core.types.errors import DataError
from core.types.labels import class_labels

CLASSES = 12  # "10.0" comes before "2.0" in the alphabet
CODES = np.arange(48) % CLASSES
NAMES = ["dog", "cat", "ant"]  # not in alphabetical order


@pytest.fixture(scope="module")
def logits():
    """[48, 12], nearly all right and sure."""
    rng = np.random.default_rng(0)
    return (4.0 * np.eye(CLASSES)[CODES] + rng.standard_normal((48, CLASSES))).astype(np.float32)


def by_hand(logits, codes):
    """EL2N as published."""
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.linalg.norm(p - np.eye(logits.shape[1])[codes], axis=1)


def head(outputs):
    """A network whose logits are its inputs."""
    network = nn.Linear(outputs, outputs, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.eye(outputs))
    return network


@pytest.mark.parametrize(
    "labels",
    [
        CODES.astype(float),
        CODES.astype(object),
        [float(c) for c in CODES],
        torch.tensor(CODES, dtype=torch.float64),
        pd.Series(CODES, dtype="float32"),
    ],
    ids=["float", "object", "list", "tensor", "series"],
)
def test_fault_36_whole_numbers_are_classes_in_number_order(labels, logits):
    """The oracle: EL2N of twelve classes by hand; in alphabetical order it would be 40 times as large."""
    wanted = by_hand(logits, CODES)
    assert wanted.mean() < 0.4
    found = score_logits(logits, labels, scores="el2n").table["el2n"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    np.testing.assert_allclose(score((logits, labels), head(CLASSES), scores="el2n").table["el2n"], wanted, rtol=1e-5)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    same = [score_probabilities(p, one, scores="label_quality").table for one in (labels, CODES)]
    assert same[0].equals(same[1])
    assert examples_from(logits, labels).labels.tolist() == CODES.tolist()


REAL = np.linspace(0.1, 30, 48)


@pytest.mark.parametrize(
    "call",
    [
        lambda z: score_logits(z, REAL),
        lambda z: score_probabilities(np.full((48, 12), 1 / 12), REAL),
        lambda z: score_embeddings(z, REAL),
        lambda z: score((z, REAL)),
        lambda z: score((z, REAL.round(1)), head(CLASSES)),
        lambda z: score(list(zip(z, REAL, strict=True)), head(CLASSES)),
        lambda z: examples_from(z, REAL),
        lambda z: influence_pairs(head(CLASSES), (z, REAL), (z, CODES)),
    ],
)
def test_fault_36_real_numbers_are_refused_everywhere(call, logits):
    with pytest.raises(DataError, match=r"Label [\d.]+ in row 0 is not a class"):
        call(logits)


@pytest.mark.parametrize(
    "call",
    [
        lambda z, t: score_logits(z, t),
        lambda z, t: score_probabilities(np.full((6, 3), 1 / 3), t),
        lambda z, t: score((z, t), head(3)),
        lambda z, t: score(examples_from(z, t), head(3)),
        lambda z, t: influence_pairs(head(3), (z, t), (z, t)),
    ],
)
def test_fault_37_texts_need_the_names_of_the_outputs(call):
    texts = np.array(NAMES * 2)
    with pytest.raises(DataError, match="which of .*outputs is which class") as caught:
        call(np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]], texts)
    assert "class_names=" in caught.value.hint


def test_fault_37_class_names_say_which_output_is_which():
    z, codes = 4 * np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 1]], np.array([0, 1, 2, 0, 1, 2])
    texts = np.array(NAMES, dtype=object)[codes]
    wanted = by_hand(z, codes)
    for found in (
        score_logits(z, texts, class_names=NAMES, scores="el2n").table,
        score((z, texts), head(3), class_names=NAMES, scores="el2n").table,
    ):
        np.testing.assert_allclose(found["el2n"], wanted, rtol=1e-5)
        assert found["label"].tolist() == texts.tolist()
    assert len(score(examples_from(z, texts, class_names=NAMES), head(3), scores="el2n").table) == 6
    pairs = [
        influence_pairs(head(3), (z, codes), (z, codes), settings=InfluenceSettings("tracin")).values,
        influence_pairs(
            head(3), (z, texts), (z, texts), settings=InfluenceSettings("tracin", class_names=NAMES)
        ).values,
    ]
    np.testing.assert_array_equal(pairs[0], pairs[1])
    with pytest.raises(DataError, match="2 class names, and the model has 3 outputs"):
        score_logits(z, texts, class_names=NAMES[:2])
    with pytest.raises(DataError, match="'cow' is not among the class names"):
        score_logits(z, ["cow", *texts[1:]], class_names=NAMES)
    with pytest.raises(DataError, match="twice"):
        score_logits(z, texts, class_names=["dog", "cat", "dog"])


def test_names_are_enough_where_no_output_counts_them():
    rng = np.random.default_rng(0)
    table = score_embeddings(rng.standard_normal((12, 4)), NAMES * 4, scores="knn_label_agreement").table
    assert table["label"].tolist() == NAMES * 4


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1.0, np.nan, 0.0], [1, -1, 0]),
        ([1, None, 0], [1, -1, 0]),
        ([True, False, True], [1, 0, 1]),
        (["b", "", None], ["b", None, None]),
        (pd.Series([1, pd.NA, 0], dtype="Int64"), [1, -1, 0]),
        (pd.Series(["b", None, "a"], dtype="category"), ["b", None, "a"]),
    ],
)
def test_missing_labels_are_unlabeled(labels, found):
    assert class_labels(labels).tolist() == found


@pytest.mark.parametrize("labels", [["a", 1], [object()], [[0, 1]], [[0], [1, 2]], np.array([1j]), [1e300], [np.inf]])
def test_what_is_no_label_is_refused_in_words(labels):
    with pytest.raises(DataError) as caught:
        class_labels(labels)
    assert caught.value.hint


def test_names_kept_as_bytes_are_read_as_the_texts_they_stand_for():
    assert class_labels(np.array(["café".encode(), b"tea"])).tolist() == ["café", "tea"]
    with pytest.raises(DataError, match="not UTF-8"):
        class_labels(np.array([b"caf\xe9"]))
