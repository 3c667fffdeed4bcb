"""Encoders: worked by hand, saved and loaded, and the same for networks and estimators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from training.tiny_worlds import WORLDS, columns, sentences, table_of

from core.models.encoding import fit_encoder, load_encoder
from core.models.text_encoding import TextEncoder
from core.types.errors import DataError
from core.types.examples import Modality
from core.types.image_format import ImageFormat


@pytest.mark.parametrize("kind", WORLDS)
def test_saved_and_loaded_encoders_encode_alike(kind: str, tmp_path: Path) -> None:
    examples = WORLDS[kind]()
    encoder = fit_encoder(examples, examples.train_rows)
    encoder.save(tmp_path)
    rows = np.array([4, 0, 9])
    one, two = encoder.encode(examples).batch(rows), load_encoder(tmp_path).encode(examples).batch(rows)
    pairs = zip(one, two, strict=True) if isinstance(one, tuple) else [(one, two)]
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)
    assert encoder.shape == load_encoder(tmp_path).shape
    assert encoder.matrix(examples).shape[0] == len(examples)


def test_table_columns_by_hand() -> None:
    frame = pd.DataFrame({"n": [1.0, 3.0, np.nan, 5.0], "c": pd.Series(["u", "v", None, "new"], dtype=object)})
    examples = table_of(frame, np.array([0, 1, 0, 1]), Modality.TABLE, held_out=1)
    encoder = fit_encoder(examples, np.array([0, 1, 2]))  # the last row is held out: its level and value are unseen
    wanted = [[-1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [3, 0, 0, 0, 0]]
    np.testing.assert_allclose(encoder.matrix(examples), wanted, atol=1e-6)  # float32
    assert encoder.columns_of == {"n": (0, 1), "c": (2, 3, 4)}


def test_many_levels_share_one_slot_and_extremes_are_cut() -> None:
    frame = pd.DataFrame({"c": [f"l{i}" for i in range(200)], "n": [0.0] * 199 + [1e9]})
    encoder = fit_encoder(table_of(frame, np.arange(200) % 2, Modality.TABLE), np.arange(200))
    matrix = encoder.matrix_of(frame)
    assert matrix.shape == (200, 66)  # 64 levels, other, one number
    assert np.array_equal(matrix[:, :65].sum(1), np.ones(200))
    assert matrix[:, 65].max() == 8


def test_text_weights_are_idf_times_log_counts_of_unit_length() -> None:
    texts = np.array(["good good bad", "good bad", "ugly"], dtype=object)
    examples = table_of(texts, np.array([0, 1, 2]), Modality.TEXT)
    encoder = fit_encoder(examples, np.arange(3))
    assert isinstance(encoder, TextEncoder)
    assert encoder.vocabulary == ("bad", "good", "good bad")  # terms in two texts or more
    raw = np.array([1, 1 + np.log(2), 1]) * (np.log(4 / 3) + 1)
    np.testing.assert_allclose(encoder.matrix(examples).toarray()[0], raw / np.linalg.norm(raw), rtol=1e-6)
    assert encoder.matrix(examples)[2].nnz == 0
    ids, weights = encoder.pairs(texts)
    assert ids.tolist() == [[1, 2, 3], [1, 2, 3], [0, 0, 0]]
    assert weights[2].tolist() == [0, 0, 0]


def test_terms_point_back_to_the_words_of_the_text() -> None:
    encoder = fit_encoder(sentences(), sentences().train_rows)
    text = "Late bad, LATE"
    tokens = encoder.tokens(text)
    assert [text[t.start : t.end] for t in tokens] == ["Late", "bad", "LATE"]
    terms = {encoder.vocabulary[t.id - 1]: t for t in encoder.terms(text)}
    assert terms["late"].tokens == (0, 2)
    assert terms["late bad"].tokens == (0, 1)
    ids, weights = encoder.pairs([text])
    assert [t.id for t in encoder.terms(text)] == ids[0].tolist()
    np.testing.assert_allclose([t.weight for t in encoder.terms(text)], weights[0], rtol=1e-6)


def test_images_are_standardised_per_channel() -> None:
    examples = WORLDS["image"]()
    encoder = fit_encoder(examples, np.arange(len(examples)))
    batch = encoder.encode(examples).batch(np.arange(len(examples))).numpy()
    np.testing.assert_allclose(batch.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((0, 2, 3)), 1, rtol=1e-5)
    assert fit_encoder(examples, np.arange(4), ImageFormat((16, 16))).encode(examples).batch(np.array([0])).shape == (
        1,
        3,
        16,
        16,
    )


def test_given_vectors_are_standardised_and_constant_columns_vanish() -> None:
    vectors = np.column_stack([np.arange(6.0), np.full(6, 2.0)])
    encoder = fit_encoder(table_of(vectors, np.arange(6) % 2, Modality.TRACE), np.arange(6))
    matrix = encoder.matrix(table_of(vectors, np.arange(6) % 2, Modality.TRACE))
    assert matrix[:, 1].tolist() == [0] * 6
    assert matrix[:, 0].std() == pytest.approx(1, rel=1e-6)


def test_what_cannot_be_encoded_is_said() -> None:
    with pytest.raises(DataError, match="no labeled training row"):
        fit_encoder(columns(), np.array([], dtype=int))
    with pytest.raises(DataError, match="no inputs to train on"):
        fit_encoder(table_of(None, np.arange(3), Modality.TRACE), np.arange(3))
    with pytest.raises(DataError, match="contain no words"):
        fit_encoder(table_of(np.array(["", " "], dtype=object), np.arange(2), Modality.TEXT), np.arange(2))
    with pytest.raises(DataError, match="'y' is not in the table"):
        fit_encoder(columns(), columns().train_rows).matrix_of(columns().inputs.drop(columns="y"))
