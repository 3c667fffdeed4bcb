"""Planted faults and the bundled samples: the key tells the truth about the file."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.datasets import SAMPLES, load_examples, sample_key, sample_path
from core.datasets.faults import FaultShares, plant
from core.datasets.perturb import near_image, near_number, near_text
from core.types.errors import DataError
from core.types.examples import Roles


def key_of(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "key.csv", dtype=str, keep_default_na=False)


def table(folder, suffix, rows=80):
    """A table whose labels are a function of its rows, with ids and a held-out split."""
    frame = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(rows)],
            "x": np.arange(rows) * 1.5,
            "n": np.arange(rows),
            "label": [f"c{i % 3}" for i in range(rows)],
            "split": ["valid" if i % 4 == 0 else "train" for i in range(rows)],
        }
    )
    path = folder / f"a.{suffix}"
    if suffix == "parquet":
        parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in frame.to_dict("records")))
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
def test_the_key_names_every_planted_row(tmp_path, suffix):
    source = table(tmp_path, suffix)
    planted = plant(source, FaultShares(0.2, duplicates=0.1, conflicts=0.05), 0, tmp_path / "out")
    assert planted.data.name == f"data.{suffix}"
    before, after, key = load_examples(source), load_examples(planted.data), key_of(tmp_path / "out")
    assert key["example_id"].tolist() == after.ids.tolist()
    assert (planted.flipped, planted.duplicates, planted.conflicts) == (12, 6, 3)
    labels = np.array(after.class_names, dtype=object)[after.labels]
    wrong = labels != key["original_label"].to_numpy()
    np.testing.assert_array_equal(wrong, key["is_fault"] == "1")
    np.testing.assert_array_equal(wrong[: len(before)], key["fault"][: len(before)] == "label_flip")
    assert set(after.splits[np.flatnonzero(key["fault"] != "")]) == {"train"}
    assert after.ids[: len(before)].tolist() == before.ids.tolist()
    assert after.columns["x"].tolist()[: len(before)] == before.columns["x"].tolist()


def test_ids_made_from_content_survive_a_flip(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y,label\n" + "".join(f"{i},{i % 7},{'ab'[i % 2]}\n" for i in range(40)))
    plant(path, FaultShares(0.25), 3, tmp_path / "out")
    before, after = load_examples(path), load_examples(tmp_path / "out" / "data.csv")
    assert before.ids.tolist() == after.ids.tolist() == key_of(tmp_path / "out")["example_id"].tolist()
    assert int((before.labels != after.labels).sum()) == 10


def test_images_in_arrays(tmp_path, digits_npz):
    planted = plant(digits_npz, FaultShares(0.1, duplicates=0.1), 0, tmp_path / "out")
    before, after, key = load_examples(digits_npz), load_examples(planted.data), key_of(tmp_path / "out")
    assert (len(before), len(after)) == (60, 66)
    assert int((before.labels != after.labels[:60]).sum()) == 6 == int((key["fault"] == "label_flip").sum())
    assert len(set(after.exact_duplicate_of)) == 66, "near, not exact"


def test_images_in_folders_and_manifests(tmp_path, class_folder):
    plant(class_folder, FaultShares(0.34), 0, tmp_path / "out")
    before, after, key = load_examples(class_folder), load_examples(tmp_path / "out" / "data"), key_of(tmp_path / "out")
    given = dict(zip(before.ids, np.array(before.class_names)[before.labels], strict=True))
    names = np.array(after.class_names)[after.labels]
    assert key["example_id"].tolist() == after.ids.tolist()
    assert key["original_label"].tolist() == [given[i] for i in after.ids]
    np.testing.assert_array_equal(names != key["original_label"], key["is_fault"] == "1")
    assert int((key["is_fault"] == "1").sum()) == 2
    lines = [f"{p.relative_to(class_folder).as_posix()},{p.parent.name}" for p in sorted(class_folder.rglob("*.png"))]
    (class_folder / "list.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    plant(class_folder / "list.csv", FaultShares(0.34), 0, tmp_path / "listed")
    again, listed = load_examples(tmp_path / "listed" / "data.csv"), key_of(tmp_path / "listed")
    assert listed["example_id"].tolist() == again.ids.tolist() == before.ids.tolist()
    np.testing.assert_array_equal(again.labels != before.labels, listed["is_fault"] == "1")


def test_same_seed_same_bytes(tmp_path):
    source = table(tmp_path, "csv")
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        plant(source, FaultShares(0.2, duplicates=0.1), seed, tmp_path / name)
    one, two, three = ((tmp_path / n / "data.csv").read_bytes() for n in ("one", "two", "three"))
    assert one == two != three


@pytest.mark.parametrize(("flip", "words"), [(1.5, "not a share"), (-0.1, "not a share")])
def test_shares_are_checked(tmp_path, flip, words):
    with pytest.raises(DataError, match=words):
        plant(table(tmp_path, "csv"), FaultShares(flip), 0, tmp_path / "out")


def test_a_full_folder_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        plant(table(tmp_path, "csv"), FaultShares(0.1), 0, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["How do I top up?", "x", "", "42", "Why", "ok."])
def test_near_texts_differ_a_little(text):
    for seed in range(10):
        near = near_text(text, np.random.default_rng(seed))
        assert near != text
        assert abs(len(near) - len(text)) <= 1


def test_near_images_and_numbers_differ_a_little():
    rng = np.random.default_rng(0)
    for pixels in (np.zeros((4, 4), np.uint8), rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)):
        near = near_image(pixels, rng)
        assert near.dtype == np.uint8
        assert 0 < np.abs(near.astype(int) - pixels).max() <= 40  # 6 % of 255 and four standard deviations of noise
    assert 0 < abs(near_number(50.0, 10.0, rng, whole=False) - 50) < 0.6
    assert abs(near_number(50.0, 10.0, rng, whole=True) - 50) >= 1


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_samples_are_what_their_card_says(sample):
    examples, key = load_examples(sample.name), key_of(sample_path(sample.name).parent)
    assert sample_key(sample.name).parent == sample_path(sample.name).parent
    assert (len(examples), examples.modality, examples.name) == (sample.rows, sample.modality, sample.name)
    assert key["example_id"].tolist() == examples.ids.tolist()
    train = examples.splits == "train"
    assert 0.15 <= 1 - train.mean() <= 0.20
    assert train[np.flatnonzero(key["fault"] != "")].all()
    flips = (key["fault"] == "label_flip").sum()
    assert flips / train.sum() == pytest.approx(0.05, abs=0.003)  # 5 % of the rows before copies were added
    labels = np.array(examples.class_names, dtype=object)[examples.labels]
    planted = key["fault"].isin(["label_flip", "near_duplicate_conflict"]).to_numpy()
    assert (labels[planted] != key["original_label"][planted]).all()
    clean = (key["is_fault"] == "0").to_numpy()
    assert (labels[clean] == key["original_label"][clean]).all()
    counts = np.bincount(examples.labels)
    assert counts.min() < 0.5 * np.median(counts) or len(counts) == 2


def test_samples_rebuild_to_the_same_bytes(shared_data, tmp_path, monkeypatch):
    import importlib.util

    folder = sample_path("adult").parents[1]
    spec = importlib.util.spec_from_file_location("make_samples", folder / "make_samples.py")
    maker = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "make_samples", maker)
    spec.loader.exec_module(maker)
    monkeypatch.setattr(maker, "HERE", tmp_path)
    for make in (maker.make_digits, maker.make_banking, maker.make_adult):
        make(shared_data)
    for sample in SAMPLES:
        again = load_examples(tmp_path / sample.name / sample.file)
        assert again.fingerprint == load_examples(sample.name).fingerprint
        assert (tmp_path / sample.name / "key.csv").read_bytes() == sample_key(sample.name).read_bytes()


def test_roles_decide_what_is_flipped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,label,other\n" + "".join(f"{i},{'ab'[i % 2]},{'pq'[i % 2]}\n" for i in range(20)))
    plant(path, FaultShares(0.5), 0, tmp_path / "out", roles=Roles(label="other"))
    before, after = pd.read_csv(path), pd.read_csv(tmp_path / "out" / "data.csv")
    assert (before["label"] == after["label"]).all()
    assert int((before["other"] != after["other"]).sum()) == 10
