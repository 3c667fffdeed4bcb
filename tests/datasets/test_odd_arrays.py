"""Arrays that no honest recorder means: empty ones, probabilities that are none, labels of two dimensions."""

import numpy as np
import pytest

from core.datasets import inspect_source, load_examples, load_trace
from core.types.errors import DataError
from core.types.examples import Roles

IMAGES = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4)
LABELS = np.arange(5) % 2
EVEN = np.full((5, 4), 0.25, np.float32)


def changed(array: np.ndarray, row: int, values) -> np.ndarray:
    out = array.copy()
    out[row] = values
    return out


REFUSED = {
    "pictures of 0 rows": ({"images": IMAGES[:0], "label": LABELS[:0]}, '"images" is empty: its shape is (0, 4, 4)'),
    "pictures without height": ({"images": np.zeros((5, 0, 4, 3), np.uint8), "label": LABELS}, "shape is (5, 0, 4, 3)"),
    "pictures of two channels": ({"images": np.zeros((5, 2, 6, 7), np.uint8), "label": LABELS},
                                 "no array holds images [N, H, W(, C)] or features [N, d]. Arrays: images (5, 2, 6"),
    "texts alone": ({"words": np.array(["a", "b"])}, "Arrays: words (2,)"),
    "one number": ({"x": np.float32(3)}, "Arrays: x ()"),
    "features of 0 rows": ({"x": np.zeros((0, 3)), "y": LABELS[:0]}, '"x" is empty: its shape is (0, 3)'),
    "features of 0 columns": ({"x": np.zeros((5, 0)), "y": LABELS}, '"x" is empty: its shape is (5, 0)'),
    "logits of 0 epochs": ({"logits": np.zeros((0, 5, 2)), "label": LABELS}, '"logits" is empty: its shape is (0, 5'),
    "logits of 0 seeds": ({"logits": np.zeros((0, 2, 5, 2)), "label": LABELS}, "(0, 2, 5, 2)"),
    "logits of 0 classes": ({"logits": np.zeros((2, 5, 0)), "label": LABELS}, "its shape is (2, 5, 0)"),
    "logits of 0 rows": ({"logits": np.zeros((2, 0, 2)), "label": LABELS[:0]}, "its shape is (2, 0, 2)"),
    "embeddings of 0 columns": ({"embeddings": np.zeros((5, 0)), "label": LABELS}, "its shape is (5, 0)"),
    "probability above 1": ({"probabilities": changed(EVEN, 3, (1.3, -0.1, -0.1, -0.1)), "label": LABELS},
                            '"probabilities" has values outside 0..1 in 1 of 5 rows (3)'),
    "probability below 0": ({"oof_probs": changed(EVEN, 1, (0.6, 0.6, -0.1, -0.1)), "label": LABELS},
                            '"oof_probs" has values outside 0..1 in 1 of 5 rows (1)'),
    "probabilities of sum 2": ({"probs": changed(EVEN, 4, 0.5), "label": LABELS}, '"probs" does not sum to 1 in 1'),
    "logits called probabilities": ({"probabilities": np.full((5, 4), -1e308), "label": LABELS}, "5 of 5 rows (0, 1"),
    "one-hot y": ({"x": IMAGES, "y": np.eye(5, 3)}, '"x" has 5 rows, but "y" has the shape (5, 3)'),
    "y of one column": ({"x": IMAGES, "y": LABELS[:, None]}, '"y" has the shape (5, 1)'),
    "one-hot without a name": ({"x": IMAGES, "truth": np.eye(5, 3)}, '"truth" has the shape (5, 3)'),
    "one-hot beside logits": ({"logits": np.zeros((2, 5, 3)), "y": np.eye(5, 3)}, '"y" has the shape (5, 3)'),
}  # fmt: skip


def saved(folder, arrays):
    np.savez(folder / "a.npz", **arrays)
    return folder / "a.npz"


@pytest.mark.parametrize("case", REFUSED)
def test_odd_arrays_are_refused_in_words(tmp_path, case):
    arrays, words = REFUSED[case]
    source = saved(tmp_path, arrays)
    with pytest.raises(DataError) as caught:
        load_examples(source, cache=tmp_path / "cache")
    assert words in str(caught.value)
    assert caught.value.hint


def test_labels_of_two_dimensions_say_what_to_save(tmp_path):
    for roles in (Roles(), Roles(label="y")):
        with pytest.raises(DataError) as caught:
            inspect_source(saved(tmp_path, {"x": IMAGES, "y": np.eye(5, 3)}), roles=roles, cache=tmp_path)
        assert "y.argmax(axis=1) of one-hot labels" in caught.value.hint


def test_two_dimensional_arrays_beside_good_labels_are_no_matter(tmp_path):
    source = saved(tmp_path, {"x": IMAGES, "label": LABELS, "boxes": np.zeros((5, 4))})
    assert len(load_examples(source, cache=tmp_path)) == 5
    nameless = saved(tmp_path, {"x": IMAGES, "y": np.eye(5, 3)})
    assert len(load_examples(nameless, roles=Roles(label="none"), cache=tmp_path)) == 5


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounded_probabilities_and_rows_of_nan_are_read(tmp_path, dtype):
    """Half precision sums to .99..1.01; rows that are not finite are counted, never judged as probabilities."""
    logits = np.random.default_rng(0).normal(size=(40, 100))
    exact = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given = changed(exact.astype(dtype), 7, np.nan)
    examples, evidence = load_trace(saved(tmp_path, {"probabilities": given, "label": np.arange(40)}), cache=tmp_path)
    np.testing.assert_array_equal(evidence.probabilities, given)
    assert "NaN/inf probabilities: 1 rows (7)" in [f.text for f in examples.report]


@pytest.mark.parametrize(("codes", "row"), [([0x110000], 0), ([97, 0xD83D], 1), ([97, 0, 98], 2)])
def test_text_arrays_hold_text(tmp_path, codes, row):
    """numpy reads any 32 bits as a character; Python cannot print those above Unicode, no file holds half an emoji."""
    labels = np.array(["abc", "é", "", "\U0001f600x", "b"])
    stored = labels.view(np.uint32).reshape(5, 3).copy()
    stored[row] = [*codes, 0, 0][:3]
    source = saved(tmp_path, {"x": IMAGES, "label": stored.view("<U3").ravel()})
    with pytest.raises(DataError, match=rf'the array "label" holds characters that are no text in 1 rows \({row}\)'):
        load_examples(source, cache=tmp_path)
    examples = load_examples(saved(tmp_path, {"x": IMAGES, "label": labels}), cache=tmp_path)
    assert examples.class_names == ("abc", "b", "é", "\U0001f600x")
