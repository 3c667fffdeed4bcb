"""CSV, TSV, Parquet and JSONL against Python's own readers, and what is guessed from them."""

import csv
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.datasets import inspect_source, load_examples
from core.datasets.delimited import read_delimited, read_delimited_head
from core.types.errors import DataError
from core.types.examples import Modality, Roles

# What trips readers of CSV; no NUL (refused) and no carriage return (the csv module turns it into a line feed).
PIECES = ['"', '""', ",", "\n", ";", "\t", " ", "a", "NA", "1e5", "007", "é", "漢", "\u202e", "'", "\\", "\ufeff", "=1"]


@pytest.mark.parametrize("seed", range(40))
def test_csv_reads_as_the_csv_module_reads_it(tmp_path, seed):
    rng = np.random.default_rng(seed)
    rows = [tuple("".join(rng.choice(PIECES, rng.integers(0, 6))) for _ in range(3)) for _ in range(rng.integers(1, 9))]
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    frame, _ = read_delimited(path)
    assert list(frame.itertuples(index=False, name=None)) == rows


def test_head_of_a_large_csv_cuts_between_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + '1,"two\nlines, really"\n' * 50)
    frame, _ = read_delimited_head(path, size=200)
    assert 0 < len(frame) < 50
    assert set(frame["b"]) == {"two\nlines, really"}


def test_semicolons_and_byte_order_mark_are_noted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffage;label\n1;x\n2;y\n".encode())
    frame, notes = read_delimited(path)
    assert list(frame.columns) == ["age", "label"]
    assert len(notes) == 2
    assert [f.text for f in load_examples(path).report if f.code == "assumed"] == list(notes)


@pytest.fixture
def people():
    """Numbers with gaps, words with gaps, a label."""
    return pd.DataFrame(
        {
            "age": ["39", "?", "50", ""],
            "job": ["Clerk", "?", "NA", ""],
            "code": ["1", "NA", "3", "4"],
            "income": ["low", "high", "low", "high"],
        }
    )


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
def test_every_format_gives_the_same_table(tmp_path, people, suffix):
    path = tmp_path / f"people.{suffix}"
    if suffix in ("csv", "tsv"):
        people.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    elif suffix == "parquet":
        parquet.write_table(pa.Table.from_pandas(people, preserve_index=False), path)
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in people.to_dict("records")))
    examples = load_examples(path)
    csv_path = tmp_path / "again.csv"
    people.to_csv(csv_path, index=False)
    assert examples.modality is Modality.TABLE
    assert examples.roles.label == "income"
    assert examples.fingerprint == load_examples(csv_path).fingerprint
    features = examples.inputs
    assert features["age"].dtype == np.float64
    np.testing.assert_array_equal(features["age"].isna(), [False, True, False, True])
    assert features["job"].tolist() == ["Clerk", None, "NA", None]  # NA may be a category, in a column of words
    np.testing.assert_array_equal(features["code"].to_numpy(), [1, np.nan, 3, 4])
    assert "missing: 5 cells in 2 rows (age 2, job 2, code 1)" in [f.text for f in examples.report]


def test_shards_of_parquet_are_one_table(tmp_path, people):
    for name, part in (("b", people[2:]), ("a", people[:2])):
        parquet.write_table(pa.Table.from_pandas(part, preserve_index=False), tmp_path / f"{name}.parquet")
    assert load_examples(tmp_path).columns["job"].tolist() == people["job"].tolist()
    assert inspect_source(tmp_path).rows == 4


def test_typed_parquet_and_json_values_become_plain_text(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2]),
            "x": pa.array([0.1, None]),
            "flag": [True, False],
            "tags": [["a"], None],
            "label": pa.array(["u", "v"]).dictionary_encode(),
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    examples = load_examples(tmp_path / "a.parquet")
    assert examples.ids.tolist() == ["1", "2"]
    assert examples.columns.iloc[0].tolist() == ["1", "0.1", "true", '["a"]', "u"]
    assert np.isnan(examples.inputs["x"].iloc[1])


def test_text_roles_splits_and_groups_are_guessed(tmp_path):
    path = tmp_path / "a.csv"
    splits = ["train", "dev", "Test"] * 2
    rows = [f"u{i},some words about number {i},{'ab'[i % 2]},{splits[i]},g{i % 2}" for i in range(6)]
    path.write_text("\n".join(["uid,comment,intent,partition,group", *rows]) + "\n")
    preview = inspect_source(path)
    assert (preview.modality, preview.rows) == (Modality.TEXT, 6)
    assert preview.roles == Roles(id="uid", label="intent", text="comment", split="partition", group="group")
    assert [c.kind for c in preview.columns][1] == "text"
    examples = load_examples(path)
    assert examples.splits.tolist() == ["train", "valid", "test"] * 2
    assert examples.groups.tolist() == ["g0", "g1"] * 3
    assert examples.inputs[2] == "some words about number 2"


def test_roles_can_be_set_and_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,a,label,other\n5,1,x,p\n6,2,y,q\n")
    examples = load_examples(path, roles=Roles(id="none", label="other"))
    assert examples.class_names == ("p", "q")
    assert len(examples.ids[0]) == 16
    assert "id" in examples.inputs.columns
    unlabeled = load_examples(path, roles=Roles(label="none"))
    assert unlabeled.labels.tolist() == [-1, -1]
    assert "label" in unlabeled.inputs.columns


def test_a_wrong_split_word_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,label,fold_name\n1,x,train\n2,y,oops\n")
    with pytest.raises(DataError, match='"oops" in row 1'):
        load_examples(path, roles=Roles(split="fold_name"))


def test_ids_follow_content_not_position_nor_label(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("a,b,label\n1,2,x\n3,4,y\n1,2,x\n")
    second.write_text("label,b,a\ny,2,1\nx,2,1\nx,4,3\n")  # other order of rows and columns, other labels
    one, two = load_examples(first), load_examples(second)
    assert sorted(one.ids) == sorted(two.ids)
    assert one.ids[2] == one.ids[0] + "-2"
    assert one.exact_duplicate_of.tolist() == [0, 1, 0]
    assert one.fingerprint != two.fingerprint
    assert "1 exact duplicates carry another label" in [f.text for f in two.report]


@pytest.mark.parametrize("change", ["1,2,y", "9,2,x"])
def test_fingerprint_sees_every_label_and_cell(tmp_path, change):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("id,a,b,label\nk,5,6,y\nl,1,2,x\n")
    second.write_text(f"id,a,b,label\nk,5,6,y\nl,{change}\n")
    assert load_examples(first).fingerprint != load_examples(second).fingerprint
    assert load_examples(first).ids.tolist() == load_examples(second).ids.tolist()


def test_minus_one_is_unlabeled_unless_it_is_a_class(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,label\n1,-1\n2,0\n3,1\n")
    assert load_examples(path).labels.tolist() == [-1, 0, 1]
    path.write_text("a,label\n1,-1\n2,1\n3,1\n")
    assert load_examples(path).class_names == ("-1", "1")


def test_real_tables(shared_data):
    adult = load_examples(shared_data / "adult_10k.csv")
    assert (len(adult), adult.class_names, adult.roles.label) == (10_000, ("<=50K", ">50K"), "income")
    # pandas reads the same cells by another way
    expected = pd.read_csv(shared_data / "adult_10k.csv", na_values="?", skipinitialspace=True)
    assert int(adult.inputs.isna().to_numpy().sum()) == int(expected.isna().to_numpy().sum())
    np.testing.assert_array_equal(adult.inputs["age"], expected["age"])
    tweets = load_examples(shared_data / "airline_sentiment.csv", roles=Roles(label="label", text="text"))
    assert np.bincount(tweets.labels).tolist() == [9178, 3099, 2363]
    banking = load_examples(shared_data / "banking77_train.csv")
    assert (banking.modality, len(banking), banking.class_count) == (Modality.TEXT, 10_003, 77)
