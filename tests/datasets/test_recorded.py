"""Logits, probabilities and embeddings recorded elsewhere, with labels from anywhere."""

import numpy as np
import pytest

from core.datasets import inspect_source, load_examples, load_trace
from core.types.errors import DataError
from core.types.examples import Modality, Roles

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(2, 4, 6, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(
    ("array", "shape"), [(LOGITS, (2, 4, 6, 3)), (LOGITS[0], (1, 4, 6, 3)), (LOGITS[0, 0], (1, 1, 6, 3))]
)
def test_logits_of_any_rank(tmp_path, array, shape):
    np.savez(tmp_path / "a.npz", logits=array, label=LABELS)
    examples, given = load_trace(tmp_path / "a.npz")
    assert given.logits.shape == shape
    np.testing.assert_array_equal(np.asarray(given.logits).ravel(), array.ravel())
    assert (examples.modality, examples.inputs, examples.class_names) == (Modality.TRACE, None, ("0", "1", "2"))
    assert load_examples(tmp_path / "a.npz").fingerprint == examples.fingerprint


def test_all_three_signals_and_the_persons_columns(tmp_path):
    probabilities = np.full((6, 3), 1 / 3)
    embeddings = RNG.normal(size=(6, 5)).astype(np.float32)
    np.savez(
        tmp_path / "a.npz",
        logits=LOGITS,
        pred_probs=probabilities,
        embeddings=embeddings,
        label=LABELS,
        source=np.array(list("abcdef")),
        argmax_label=LABELS[::-1],
    )
    examples, given = load_trace(tmp_path / "a.npz")
    np.testing.assert_array_equal(given.probabilities, probabilities)
    np.testing.assert_array_equal(given.embeddings, embeddings)
    assert examples.columns["source"].tolist() == list("abcdef")
    preview = inspect_source(tmp_path / "a.npz")
    assert (preview.loader, preview.roles.label, preview.rows) == ("traces", "label", 6)


def test_a_bare_npy_is_known_by_its_shape(tmp_path):
    (tmp_path / "labels.csv").write_text("label\n" + "\n".join(map(str, LABELS)) + "\n")
    for name, array, kind in (
        ("l", LOGITS[0], "logits"),
        ("p", np.full((6, 3), 1 / 3), "probabilities"),
        ("e", LOGITS[0, 0], "embeddings"),
    ):
        np.save(tmp_path / f"{name}.npy", array)
        _, given = load_trace(tmp_path / f"{name}.npy", labels_source=tmp_path / "labels.csv")
        assert getattr(given, kind) is not None


@pytest.mark.parametrize("suffix", ["csv", "txt", "npy", "npz"])
def test_labels_from_a_file_of_their_own(tmp_path, suffix):
    np.savez(tmp_path / "a.npz", pred_probs=np.full((6, 3), 1 / 3))
    path = tmp_path / f"labels.{suffix}"
    if suffix in ("csv", "txt"):
        path.write_text(("given\n" if suffix == "csv" else "") + "\n".join(map(str, LABELS)) + "\n")
    elif suffix == "npy":
        np.save(path, LABELS)
    else:
        np.savez(path, label=LABELS, other=LABELS * 0)
    examples, _ = load_trace(tmp_path / "a.npz", labels_source=path)
    assert examples.labels.tolist() == LABELS.tolist()


def test_labels_with_ids_are_joined_by_id(tmp_path):
    ids = np.array([f"r{i}" for i in range(6)])
    np.savez(tmp_path / "a.npz", pred_probs=np.full((6, 3), 1 / 3), id=ids)
    turned = list(zip(ids, LABELS, strict=True))[::-1]
    (tmp_path / "labels.csv").write_text("id,label\n" + "".join(f"{i},{c}\n" for i, c in turned))
    examples, _ = load_trace(tmp_path / "a.npz", labels_source=tmp_path / "labels.csv")
    assert examples.labels.tolist() == LABELS.tolist()
    (tmp_path / "labels.csv").write_text("id,label\n" + "".join(f"{i},{c}\n" for i, c in turned[1:]))
    with pytest.raises(DataError, match='no label for the id "r5"'):
        load_trace(tmp_path / "a.npz", labels_source=tmp_path / "labels.csv")


def test_labels_of_another_length_say_both(tmp_path):
    np.savez(tmp_path / "a.npz", pred_probs=np.full((6, 3), 1 / 3))
    (tmp_path / "labels.txt").write_text("0\n1\n")
    with pytest.raises(DataError, match=r"a\.npz has 6 rows, but labels\.txt has 2 rows"):
        load_trace(tmp_path / "a.npz", labels_source=tmp_path / "labels.txt")


def test_a_prediction_is_never_taken_for_the_label(tmp_path):
    np.savez(tmp_path / "a.npz", pred_probs=np.full((6, 3), 1 / 3), argmax_label=LABELS)
    with pytest.raises(DataError, match="no label column"):
        load_trace(tmp_path / "a.npz")
    assert load_trace(tmp_path / "a.npz", Roles(label="none"))[0].labels.tolist() == [-1] * 6


def test_integer_labels_are_output_numbers_even_with_gaps(tmp_path):
    np.savez(tmp_path / "a.npz", pred_probs=np.full((3, 5), 0.2), label=np.array([1, 4, 1]))
    examples, _ = load_trace(tmp_path / "a.npz")
    assert examples.labels.tolist() == [1, 4, 1]
    assert examples.class_count == 5


def test_real_probabilities(shared_data):
    examples, given = load_trace(
        shared_data / "mnist_t10k_pred_probs.npz", labels_source=shared_data / "t10k-labels-idx1-ubyte.gz"
    )
    agree = (np.asarray(given.probabilities).argmax(1) == examples.labels).mean()
    assert agree == pytest.approx(0.991, abs=0.0006)  # the data's README says 99.1 %, rounded
