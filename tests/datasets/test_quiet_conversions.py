"""What is read as something else than it looks like is said in one line, or refused; nothing given is dropped."""

import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.datasets import inspect_source, load_examples
from core.runs.folder.source import load_source
from core.types.errors import DataError
from core.types.examples import Roles
from core.types.runs import RunSpec


def warnings(examples) -> str:
    return "\n".join(finding.text for finding in examples.report if finding.level == "warning")


def csv(folder, header, *rows):
    path = folder / "a.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def jsonl(folder, *records):
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def table(folder, **columns):
    path = folder / "a.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["0,33", "1,5", "-2,25"], '"x" looks like numbers with decimal commas (0,33): read as words'),
        (["1 000,5", "2,5", ""], "looks like numbers with decimal commas"),
        ([*map(str, range(20)), "n.a."], '"x" is read as words: 1 of 21 cells are no numbers (first: "n.a."'),
        (["3", "x1", "y"], ""),
        (["1", "2", "NA"], ""),
        (["a,b", "1,2", "c"], ""),
    ],
)
def test_words_that_were_meant_as_numbers_are_named(tmp_path, cells, words):
    lines = [f'"{cell}",{number},{"ab"[number % 2]}' for number, cell in enumerate(cells)]
    found = warnings(load_examples(csv(tmp_path, "x,y,label", *lines)))
    assert words in found
    assert bool(words) == ('"x"' in found)


def test_very_many_such_columns_are_named_in_twenty_lines(tmp_path):
    names = [f"c{i}" for i in range(30)]
    row = ",".join(['"0,5"'] * 30)
    examples = load_examples(csv(tmp_path, ",".join(names) + ",label", *[f"{row},{c}" for c in "abab"]))
    found = [f.text for f in examples.report if f.code == "read_as"]
    assert len(found) == 21
    assert found[-1] == "and 10 more such columns"


def test_lists_bytes_and_structs_of_parquet_are_said(tmp_path):
    examples = load_examples(table(tmp_path, v=[[0.5, 1.5], [2.5]] * 4, b=[b"abc", b"d"] * 4, label=["p", "q"] * 4))
    assert '"v" holds lists: each cell is read as one text' in warnings(examples)
    assert '"b" holds bytes: only how many there are is read' in warnings(examples)
    assert examples.inputs["v"][0] == "[0.5, 1.5]"
    assert examples.inputs["b"][1] == "<1 bytes>"


def test_values_of_several_kinds_in_jsonl_are_said(tmp_path):
    path = jsonl(tmp_path, {"x": 1, "v": [1], "label": 1}, {"x": "1", "v": [2], "label": "1"}, {"x": None, "label": 2})
    found = warnings(load_examples(path))
    assert '"x" holds numbers and texts: all are read as text' in found
    assert '"label" holds numbers and texts' in found
    assert '"v" holds lists: each cell is read as one text' in found


def test_half_an_emoji_is_replaced_and_said(tmp_path):
    """A tweet that was cut in the middle of a character."""
    path = jsonl(tmp_path, {"text": "such a fine day \ud83d", "label": "\ud83d"},
                 {"text": "a whole one \U0001f600 here", "label": "b"})  # fmt: skip
    examples = load_examples(path)
    assert list(examples.inputs) == ["such a fine day \ufffd", "a whole one \U0001f600 here"]
    assert examples.class_names == ("b", "\ufffd")
    assert "half a character (an emoji cut in two) in 2 cells" in warnings(examples)
    assert inspect_source(path).notes
    with pytest.raises(DataError, match="line 1: the name '.ud83d' holds half a character"):
        load_examples(jsonl(tmp_path, {"\ud83d": 1, "label": "a"}))


def test_endless_integers_are_refused_in_our_own_words(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"x": 1, "label": "a"}\n{"x": ' + "9" * 5000 + ', "label": "b"}\n')
    with pytest.raises(DataError, match="line 2: a number of 5,000 digits; write it as text"):
        load_examples(path)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["cat", "cat ", "dog"], 'is written in several ways, each its own: "cat" (1 rows) and "cat " (1 rows)'),
        (["caf\u00e9", "cafe\u0301", "x"], r'"cafe\u0301" (1 rows) and "caf\xe9" (1 rows)'),
        (["a\u00a0b", "a b", "a\u200bb"], "1 class is written in several ways"),
        (["NA", "None", "cat"], 'read as a class, not as no label: "NA" (1 rows), "None" (1 rows)'),
        (["cat", "Cat", "dog"], ""),
    ],
)
def test_labels_that_look_alike_or_absent_are_said(tmp_path, labels, words):
    lines = [f"{number},{label}" for number, label in enumerate(labels * 2)]
    examples = load_examples(csv(tmp_path, "a,label", *lines))
    found = warnings(examples)
    assert words.replace("(1 rows)", "(2 rows)") in found
    assert bool(words) == ("written in" in found or "not as no label" in found)


def test_fault_31_a_label_of_white_space_is_unlabeled(tmp_path):
    examples = load_examples(csv(tmp_path, "a,label", "1,x", "2,  ", "3,y", "4,\u00a0"))
    assert examples.labels.tolist() == [0, -1, 1, -1]
    assert "unlabeled: 2" in warnings(examples)


@pytest.mark.parametrize("column", ["id", "text", "label", "group"])
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_nul_in_any_column_is_refused(tmp_path, column, kind):
    """numpy drops NULs at the end of a text: "a" and "a\\0" would become one id."""
    cells = {name: [f"{name} {i} of some more words" for i in range(1200)] for name in ("id", "text", "group", "label")}
    cells["label"] = ["x", "y"] * 600
    cells[column][1100] += "\0"
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    path = table(tmp_path, **cells) if kind == "parquet" else jsonl(tmp_path, *rows)
    with pytest.raises(DataError, match=f'a NUL in row 1100 of the column "{column}"'):
        load_examples(path)


def test_a_nul_in_an_array_and_in_a_name_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), np.uint8), label=np.array(["a\0b", "c"]))
    with pytest.raises(DataError, match="holds characters that are no text in 1 rows .0."):
        load_examples(tmp_path / "a.npz", cache=tmp_path)
    with pytest.raises(DataError, match=r"the name of the column 'x.x00' holds a NUL"):
        load_examples(table(tmp_path, **{"x\0": [1, 2], "label": ["a", "b"]}))


@pytest.mark.parametrize("name", ["ids", "doc_id"])
def test_ids_by_other_names_are_ids_where_they_are_unique(tmp_path, name):
    unique = load_examples(csv(tmp_path, f"{name},x,label", "k1,1,a", "k2,2,b", "k3,3,a"))
    assert unique.ids.tolist() == ["k1", "k2", "k3"]
    twice = load_examples(csv(tmp_path, f"{name},x,label", "k1,1,a", "k1,2,b", "k3,3,a"))
    assert twice.roles.id is None
    blank = load_examples(csv(tmp_path, f"{name},x,label", *(f"k{i},{i},a" for i in range(1100)), " ,1,b"))
    assert blank.roles.id is None
    np.savez(tmp_path / "a.npz", images=np.arange(48, dtype=np.uint8).reshape(3, 4, 4), **{name: np.array([7, 8, 9])})
    examples = load_examples(tmp_path / "a.npz", roles=Roles(label="none"), cache=tmp_path)
    assert examples.ids.tolist() == ["7", "8", "9"]


def test_a_file_of_labels_beside_a_table_is_refused(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("label\nx\ny\n")
    source = csv(tmp_path, "a,b,category", "1,2,p", "3,4,q")
    for read in (load_examples, inspect_source):
        with pytest.raises(DataError, match=r"labels\.csv would not be used: a\.csv has columns or folders of its own"):
            read(source, labels=labels)


def test_embeddings_beside_images_are_the_embedding_and_outputs_are_named(tmp_path, digits_npz):
    given = dict(np.load(digits_npz))
    embeddings = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    path = tmp_path / "b.npz"
    np.savez(path, **given, embeddings=embeddings, pred_probs=np.full((60, 3), 1 / 3), odd=np.zeros((4, 4)))
    loaded = load_source(RunSpec(source=str(path)))
    np.testing.assert_array_equal(loaded.given.embeddings, embeddings)
    found = warnings(loaded.examples)
    assert 'not used: "pred_probs" (60, 3), "odd" (4, 4); to score what was recorded' in found
    assert any('takes its embedding from the array "embeddings"' in f.text for f in loaded.examples.report)
    assert load_source(RunSpec(source=str(path), embedding="pixels")).given.embeddings is None
    as_trace = load_source(RunSpec(source=str(path), modality="trace"))
    assert 'not used: "images" (60, 8, 8), "odd" (4, 4)' in warnings(as_trace.examples)
    assert not warnings(load_source(RunSpec(source=str(digits_npz))).examples)


def test_shards_with_other_types_of_numbers_are_read_and_said(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for name, x in (("a", [1, 2]), ("b", [1.5, None]), ("c", [None, None])):
        parquet.write_table(pa.table({"x": x, "label": ["p", "q"]}), folder / f"{name}.parquet")
    examples = load_examples(folder)
    assert '"x" holds whole numbers in one file and fractions in another' in warnings(examples)
    np.testing.assert_array_equal(examples.inputs["x"], [1, 2, 1.5, np.nan, np.nan, np.nan])


def test_numbers_too_large_to_reckon_with_are_missing_and_said(tmp_path):
    examples = load_examples(csv(tmp_path, "x,y,label", "1,1,a", "1e308,2,b", "-1e200,3,a", "inf,4,b", "1e99,5,a"))
    assert examples.inputs["x"].isna().tolist() == [False, True, True, True, False]
    assert "features beyond ±1e+100: 2 rows (1, 2); taken as missing" in warnings(examples)
    assert "NaN/inf features: 1 rows (3)" in warnings(examples)


def test_bars_separate_columns_and_one_column_alone_asks_for_its_separator(tmp_path):
    examples = load_examples(csv(tmp_path, "a|b|label", "1|2|x", "3|4|y"))
    assert examples.roles.features == ("a", "b")
    assert "read as separated by bars" in "\n".join(f.text for f in examples.report)
    with pytest.raises(DataError) as caught:
        load_examples(csv(tmp_path, "a b label", "1 2 x", "3 4 x"))
    assert 'its one column is named "a b label"' in caught.value.lines()
