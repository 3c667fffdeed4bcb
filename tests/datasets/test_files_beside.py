"""Files beside the inputs: how rows are found, which formats are read, and what is refused before any work."""

import json

import numpy as np
import pandas as pd
import pytest

from core.datasets.guarded import report_in_child
from core.datasets.sources import load_with_recorded
from core.types.errors import DataError
from core.types.recorded import RecordedFiles

N, C = 12, 3
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(2, N, C)).astype(np.float32)
VECTORS = RNG.normal(size=(N, 5)).astype(np.float32)
IDS = np.array([f"q{i}" for i in range(N)])
NAMES = ("cat", "dog", "emu")


@pytest.fixture
def texts(tmp_path):
    frame = pd.DataFrame(
        {"id": IDS, "text": [f"some words of row {i}" for i in range(N)], "label": [NAMES[i % C] for i in range(N)]}
    )
    frame.to_csv(tmp_path / "data.csv", index=False)
    return tmp_path


def loaded(folder, **files):
    named = {kind: str(folder / path) if kind != "own_scores" else path for kind, path in files.items()}
    return load_with_recorded(folder / "data.csv", RecordedFiles(**named), cache=folder)


def _npy(path, values, ids):
    np.save(path.with_suffix(".npy"), values)
    return path.with_suffix(".npy")


def _npz(path, values, ids):
    np.savez(path.with_suffix(".npz"), vectors=values, id=ids)
    return path.with_suffix(".npz")


def _csv(path, values, ids):
    frame = pd.DataFrame(values, columns=[f"v{i}" for i in range(values.shape[1])]).astype(np.float64)
    frame.assign(id=ids, label="x").to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def _lists(path, values, ids):
    frame = pd.DataFrame({"id": ids, "vector": list(values), "note": "n"})
    frame.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def _columns(path, values, ids):
    frame = pd.DataFrame(values, columns=[f"v{i}" for i in range(values.shape[1])]).assign(id=ids)
    frame.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def _json(path, values, ids):
    lines = [json.dumps({"id": i, "vector": v}) for i, v in zip(ids.tolist(), values.tolist(), strict=True)]
    path.with_suffix(".jsonl").write_text("\n".join(lines))
    return path.with_suffix(".jsonl")


@pytest.mark.parametrize("write", [_npy, _npz, _csv, _lists, _columns, _json])
def test_every_format_gives_the_same_vectors_in_the_order_of_the_examples(texts, write):
    order = np.arange(N) if write is _npy else RNG.permutation(N)  # a bare array has no ids
    path = write(texts / "vectors", VECTORS[order], IDS[order])
    examples, given = loaded(texts, embeddings=path)
    np.testing.assert_allclose(given.embeddings, VECTORS, rtol=1e-6)
    words = " ".join(finding.text for finding in examples.report if finding.code == "recorded")
    assert ("joined by row" if write is _npy else "joined by id") in words
    assert any("not used: label" in f.text for f in examples.report) == (write is _csv)


def test_lists_of_lists_are_epochs_inside_a_row(texts):
    rows = [moments.tolist() for moments in LOGITS.swapaxes(0, 1)]
    pd.DataFrame({"id": IDS, "logits": rows}).to_parquet(texts / "l.parquet")
    (texts / "classes.txt").write_text("\n".join(NAMES))
    files = RecordedFiles(logits=str(texts / "l.parquet"))
    _, given = load_with_recorded(texts / "data.csv", files, class_map=texts / "classes.txt", cache=texts)
    np.testing.assert_allclose(given.logits[0], LOGITS, rtol=1e-6)


def test_columns_named_for_classes_are_put_in_the_order_of_the_classes(texts):
    chances = np.exp(LOGITS[0]) / np.exp(LOGITS[0]).sum(axis=1, keepdims=True)
    frame = pd.DataFrame(chances[:, ::-1].astype(np.float64), columns=["prob_emu", "prob_dog", "prob_cat"])
    frame.assign(id=IDS).to_csv(texts / "p.csv", index=False)
    np.savez(texts / "l.npz", logits=LOGITS, class_names=np.array(NAMES))
    for files in ({"probabilities": "p.csv"}, {"probabilities": "p.csv", "logits": "l.npz"}):
        examples, given = loaded(texts, **files)
        order = [examples.class_names.index(name) for name in NAMES]
        np.testing.assert_allclose(given.probabilities[:, order], chances, rtol=1e-5)
        right = [NAMES[i % C] for i in range(N)]
        assert [examples.class_names[code] for code in examples.labels] == right


def test_numbers_as_labels_mean_the_output_of_that_number(tmp_path):
    """A class without an example keeps its place: label 2 is output 2."""
    frame = pd.DataFrame({"id": IDS, "text": "some words in here", "label": [0, 2] * (N // 2)})
    frame.to_csv(tmp_path / "data.csv", index=False)
    np.save(tmp_path / "l.npy", LOGITS)
    examples, _ = loaded(tmp_path, logits="l.npy")
    assert examples.class_names == ("0", "1", "2")
    assert set(examples.labels.tolist()) == {0, 2}


def test_image_files_may_be_named_instead_of_ids(tmp_path):
    from PIL import Image

    for number in range(4):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / f"{number}.png")
    names = np.array(["b/3.png", "a/2.png", "b/1.png", "a/0.png"])
    np.savez(tmp_path / "e.npz", embeddings=np.arange(8.0).reshape(4, 2), ids=names)
    examples, given = load_with_recorded(
        tmp_path / "photos", RecordedFiles(embeddings=str(tmp_path / "e.npz")), cache=tmp_path
    )
    by_path = dict(zip(names, np.arange(8.0).reshape(4, 2), strict=True))
    np.testing.assert_array_equal(given.embeddings, [by_path[path] for path in examples.source_path])
    assert any("image files" in finding.text for finding in examples.report)


def _features(folder, features, logits=LOGITS):
    np.savez(folder / "l.npz", logits=logits, class_names=np.array(NAMES))
    np.save(folder / "f.npy", features)
    return {"logits": "l.npz", "features": "f.npy"}


def _scores(folder, **columns):
    pd.DataFrame({"id": IDS, **columns}).to_csv(folder / "s.csv", index=False)
    return {"score_columns": "s.csv"}


def _vectors(folder, values=VECTORS, ids=IDS):
    np.savez(folder / "e.npz", embeddings=values, ids=ids)
    return {"embeddings": "e.npz"}


def _saved(folder, name, **arrays):
    np.savez(folder / name, **arrays)
    return name


def _parquet(folder, **columns):
    pd.DataFrame(columns).to_parquet(folder / "e.parquet")
    return {"embeddings": "e.parquet"}


def _written(folder, name, content):
    (folder / name).write_bytes(content)
    return name


NAN = np.nan
EVIL = {
    "length": (lambda f: _vectors(f, VECTORS[:-1], IDS[:-1]), "no row for the example"),
    "length without ids": (lambda f: {"embeddings": _saved(f, "e.npz", v=VECTORS[:-1])}, "has 11 rows, the data"),
    "unknown id": (lambda f: _vectors(f, ids=np.where(IDS == "q3", "who", IDS)), "not among the examples"),
    "duplicate id": (lambda f: _vectors(f, ids=np.where(IDS == "q3", "q4", IDS)), "duplicate ids"),
    "NaN column": (lambda f: _vectors(f, np.where(np.arange(5) == 2, NAN, VECTORS)), "column 2 of the embeddings"),
    "NaN row": (lambda f: _vectors(f, np.where(np.arange(N)[:, None] == 2, NAN, VECTORS)), "in 1 rows"),
    "objects": (lambda f: {"embeddings": _saved(f, "e.npz", v=np.array([[None]] * N))}, "object array"),
    "two arrays": (lambda f: {"embeddings": _saved(f, "e.npz", a=VECTORS, b=VECTORS)}, "2 arrays that may be"),
    "no array": (lambda f: {"embeddings": _saved(f, "e.npz", a=IDS)}, "holds no array"),
    "empty": (lambda f: {"embeddings": _saved(f, "e.npz", v=VECTORS[:, :0])}, "is empty"),
    "damaged": (lambda f: {"embeddings": _written(f, "e.npz", b"PK\3\4 no zip")}, "damaged"),
    "truncated": (lambda f: {"embeddings": _written(f, "e.npy", b"\x93NUMPY\1\0")}, "damaged"),
    "a pickle": (lambda f: {"embeddings": _written(f, "e.pkl", b"cos\nsystem\n")}, "no file of embeddings"),
    "a folder": (lambda f: {"embeddings": ""}, "is a folder"),
    "ragged": (lambda f: _parquet(f, vector=[[1.0]] * 6 + [[1.0, 2.0]] * 6), "no vectors of one length"),
    "null vectors": (lambda f: _parquet(f, vector=[None] + [[1.0]] * 11), "no vectors of one length"),
    "two lists": (lambda f: _parquet(f, a=[[1.0]] * N, b=[[1.0]] * N), "2 columns of lists"),
    "classes": (lambda f: {"logits": _saved(f, "l.npz", logits=LOGITS[..., :2])}, "which of the 2 outputs"),
    "which output": (lambda f: {"logits": _saved(f, "l.npz", logits=LOGITS)}, "which of the 3 outputs"),
    "other classes": (
        lambda f: {"logits": _saved(f, "l.npz", logits=LOGITS, class_names=np.array(["cat", "dog", "yak"]))},
        "not in the class names",
    ),
    "no probabilities": (
        lambda f: {"probabilities": _saved(f, "p.npz", probs=LOGITS[0], class_names=np.array(NAMES))},
        "outside 0..1",
    ),
    "other moments": (lambda f: _features(f, np.ones((3, N, 4))), "3 epochs"),
    "score text": (lambda f: {**_scores(f, mine="abc"), "own_scores": ("mine",)}, "no number"),
    "score infinite": (lambda f: _scores(f, mine=[np.inf] + [1.0] * 11), "infinite"),
    "score too large": (lambda f: _scores(f, mine=[1e300] + [1.0] * 11), "infinite"),
    "score blank": (lambda f: {**_scores(f, mine=NAN), "own_scores": ("mine",)}, "no value"),
    "score name": (lambda f: _scores(f, **{"../mine": np.ones(N)}), "cannot be the name"),
    "score absent": (lambda f: {**_scores(f, mine=np.ones(N)), "own_scores": ("yours",)}, "Unknown column"),
    "score twice": (lambda f: {**_scores(f, mine=np.ones(N)), "own_scores": ("mine", "mine:low")}, "named twice"),
    "no scores": (lambda f: _scores(f), "no column of numbers"),
}


@pytest.mark.parametrize("case", EVIL)
def test_what_does_not_fit_is_refused_in_two_lines(texts, case):
    make, words = EVIL[case]
    with pytest.raises(DataError, match=words.replace(".", r"\.")) as told:
        loaded(texts, **make(texts))
    assert len(told.value.lines().splitlines()) == 2


def test_features_that_the_last_layer_did_not_read_are_refused(tmp_path):
    """300 rows tell activations of another layer from those that make the logits."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"id": np.arange(300).astype(str), "text": "some words in here", "label": rng.integers(0, 3, 300)}
    )
    frame.to_csv(tmp_path / "data.csv", index=False)
    features = rng.normal(size=(2, 300, 4))
    logits = features @ rng.normal(size=(4, 3)) + 1.0
    np.save(tmp_path / "l.npy", logits.astype(np.float16))
    np.save(tmp_path / "f.npy", features.astype(np.float16))
    assert loaded(tmp_path, logits="l.npy", features="f.npy")[1].features.shape == (1, 2, 300, 4)
    np.save(tmp_path / "f.npy", np.maximum(features, 0.0))
    with pytest.raises(DataError, match="no linear function"):
        loaded(tmp_path, logits="l.npy", features="f.npy")


def test_rows_that_could_not_be_read_need_ids(tmp_path):
    from PIL import Image

    (tmp_path / "photos" / "a").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / "photos" / "a" / f"{number}.png")
    (tmp_path / "photos" / "a" / "0.png").write_bytes(b"no image")
    np.save(tmp_path / "e.npy", np.ones((2, 3)))
    with pytest.raises(DataError, match="which row is which"):
        load_with_recorded(tmp_path / "photos", RecordedFiles(embeddings=str(tmp_path / "e.npy")), cache=tmp_path)


def test_a_child_reads_them_under_its_limits_and_says_what_was_joined(texts):
    canary = texts / "ran"
    (texts / "e.npy").write_bytes(_pickled_canary(canary))
    with pytest.raises(DataError, match="object array"):
        report_in_child(texts / "data.csv", recorded=RecordedFiles(embeddings=str(texts / "e.npy")), cache=texts)
    assert not canary.exists()
    files = RecordedFiles(embeddings=str(texts / _vectors(texts)["embeddings"]))
    report = report_in_child(texts / "data.csv", recorded=files, cache=texts)
    assert any("embeddings: e.npz [12, 5], joined by id" in finding.text for finding in report.report)


def _pickled_canary(path):
    """A .npy of objects whose pickle makes a file when it is loaded."""
    from io import BytesIO

    class Canary:
        def __reduce__(self):
            return (open, (str(path), "w"))

    buffer = BytesIO()
    np.save(buffer, np.array([Canary()] * N, dtype=object), allow_pickle=True)
    return buffer.getvalue()
