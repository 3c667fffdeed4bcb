"""A few kilobytes that would unpack to gigabytes are refused in words by a reader with little memory, and quickly."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fuzzing import Reader
from pyarrow import parquet
from test_saved_datasets import TEXT, save, texts

from core.datasets import load_examples
from core.datasets.columnar import read_parquet
from core.datasets.limits import Size, text_size

MEGABYTE = 1 << 20
LONG = pa.array(["x" * MEGABYTE, "y"])
BLOWN_UP = pa.DictionaryArray.from_arrays(pa.array(np.zeros(4000, np.int32)), LONG)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("cache"), memory=1 << 30)
    yield reader
    reader.close()


def _table(column):
    return pa.table({"text": column, "label": ["a", "b"] * (len(column) // 2)})


def _parquet(table, **options):
    def make(folder):
        path = folder / "a.parquet"
        parquet.write_table(table, path, compression="zstd", **options)
        return path

    return make


def _lists():
    """Lists whose texts are one long text each, and one list of all of them."""
    offsets = pa.array([0, 3999, 4000], pa.int32())
    return pa.table({"v": pa.ListArray.from_arrays(offsets, BLOWN_UP), "label": ["a", "b"]})


def _prefixes(folder):
    """Different texts that share their long beginning: stored as differences they take little."""
    path = folder / "a.parquet"
    words = [("x" * (MEGABYTE // 8)) + f"{i:05d}" for i in range(6000)]
    parquet.write_table(
        _table(pa.array(words)),
        path,
        compression="zstd",
        use_dictionary=False,
        column_encoding={"text": "DELTA_BYTE_ARRAY", "label": "PLAIN"},
    )
    return path


def _nulls(folder):
    path = folder / "a.parquet"
    with parquet.ParquetWriter(path, pa.schema([("a", pa.string())])) as writer:
        for _ in range(10):
            writer.write_table(pa.table({"a": pa.nulls(4_000_000, pa.string())}))
    return path


def _saved(make_table, compression=None):
    def make(folder):
        table = make_table()
        place = save(folder / "set", texts(2), {"text": TEXT})
        options = pa.ipc.IpcWriteOptions(compression=compression)
        out = io.BytesIO()
        with pa.ipc.new_stream(out, table.schema, options=options) as writer:
            writer.write_table(table)
        (place / "data-00000-of-00001.arrow").write_bytes(out.getvalue())
        return place

    return make


def _new_keys(folder):
    path = folder / "a.jsonl"
    path.write_text("".join(f'{{"k{i}": 1}}\n' for i in range(30_000)))
    return path


def _csv(folder, text):
    path = folder / "a.csv"
    path.write_text(text)
    return path


def _nested_nothing():
    kind = pa.list_(pa.null(), 200_000_000)
    return pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.nulls(800_000_000), 200_000_000), "label": list("abab")},
                    pa.schema([("v", kind), ("label", pa.string())]))  # fmt: skip


BOMBS = {
    "parquet-dictionary-kept": _parquet(_table(BLOWN_UP)),
    "parquet-dictionary": _parquet(_table(BLOWN_UP), store_schema=False),
    "parquet-lists": _parquet(_lists(), store_schema=False),
    "parquet-differences": _prefixes,
    "parquet-nulls": _nulls,
    "parquet-zeros": _parquet(pa.table({"a": pa.array(np.zeros(20_000_000, np.int8))})),
    "arrow-dictionary": _saved(lambda: _table(BLOWN_UP)),
    "arrow-zstd": _saved(lambda: _table(pa.array(["x" * MEGABYTE] * 520)), "zstd"),
    "arrow-nulls": _saved(lambda: pa.table({"a": pa.nulls(300_000_000)})),
    "arrow-lists-of-nothing": _saved(_nested_nothing),
    "jsonl-new-keys": _new_keys,
    "csv-separators": lambda folder: _csv(folder, "a,b,c\n" + ",,\n" * 4_000_000),
    "csv-lines": lambda folder: _csv(folder, "a\n" + "1\n" * 6_000_000),
}


ONLY_WHILE_READ = ("parquet-differences",)  # what differences add up to is not known before


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_never_becomes_gigabytes(bomb, reader, tmp_path):
    outcome = reader.read(BOMBS[bomb](tmp_path))
    assert not outcome.crashed, outcome.crashed
    assert "would unpack to" in outcome.refused or (bomb in ONLY_WHILE_READ and "needs more memory" in outcome.refused)
    assert outcome.megabytes < 1000


def test_memory_that_runs_out_is_not_called_damage(tmp_path, monkeypatch):
    path = _parquet(_table(pa.array(["some words", "others"])))(tmp_path)
    monkeypatch.setattr("core.datasets.columnar.batch_text", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(Exception, match=r"a\.parquet needs more memory than there is"):
        load_examples(path)


@pytest.mark.parametrize("array", [
    pa.array(["ab", None, "c"]), pa.array([b"ab", None, b"c"]), pa.array(["ab", None, "c"], pa.large_string()),
    pa.array(["ab", None, "c"], pa.string_view()), pa.array(["ab", None, "c"]).dictionary_encode(),
    pa.array(["zzz", "ab", None, "c"], pa.string_view()).slice(1),
])  # fmt: skip
def test_text_is_counted_as_often_as_it_is_used(array):
    assert text_size(array) == Size(3, 3)


def test_texts_in_nested_columns_are_counted():
    assert text_size(pa.array([{"a": "xy", "b": ["z", "zz"]}, None])) == Size(2 + 2 + 2 + 2, 5 + 20 * 6)
    assert text_size(pa.array([[("key", 1)]], pa.map_(pa.string(), pa.int8()))) == Size(3, 3 + 20 * 2)


def test_parquet_of_every_encoding_reads_alike(tmp_path):
    words = [f"prefix {'common ' * 5}{i}" for i in range(300)]
    frame = pd.DataFrame({"text": words, "label": ["a", "b", None] * 100, "x": np.arange(300) + 0.25})
    expected = [tuple("" if pd.isna(cell) else str(cell) for cell in row) for row in frame.to_numpy(object).tolist()]
    for number, options in enumerate(
        [
            {},
            {"use_dictionary": False},
            {"row_group_size": 7},
            {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}},
        ]
    ):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(pa.Table.from_pandas(frame), path, **options)
        read = read_parquet(path)[0]
        assert [tuple(row) for row in read.to_numpy(object).tolist()] == expected
