"""CSV, Parquet and JSONL with bytes changed are read rightly or refused in words (thousands of them: see fuzzing)."""

import io
import json

import pandas as pd
import pyarrow as pa
import pytest
from fuzzing import Reader, cases, mutated
from hypothesis import given
from pyarrow import parquet

FRAME = pd.DataFrame({
    "id": [f"r{i}" for i in range(24)], "x": [i / 7 for i in range(24)], "color": ["red", "blue", "?"] * 8,
    "note": [f'a "quoted", long\nnote {i}' for i in range(24)], "split": ["train", "train", "test"] * 8,
    "label": ["cat", "dog"] * 12,
})  # fmt: skip
LABELS = [str(i % 3) for i in range(24)]


def _lines(frame: pd.DataFrame) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in frame.to_dict("records")).encode()


def _parquet(frame: pd.DataFrame, **options) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), out, **options)
    return out.getvalue()


SOURCES = {
    "csv": [FRAME.to_csv(index=False).encode(),
            FRAME.drop(columns=["id", "note"]).to_csv(sep=";", index=False).encode(),
            FRAME.assign(label=LABELS).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")],
    "tsv": [FRAME.to_csv(index=False, sep="\t").encode()],
    "jsonl": [_lines(FRAME), _lines(FRAME.assign(label=range(24), x=[[1, {"a": i}] for i in range(24)]))],
    "parquet": [_parquet(FRAME), _parquet(FRAME, compression="zstd", write_page_checksum=True),
                _parquet(FRAME.assign(v=[[i, 2] for i in range(24)], when=pd.Timestamp("2020-02-02"), b=b"\0\1"),
                         use_dictionary=False, compression="none")],
}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("cache"))
    yield reader
    reader.close()
    print(f"highest memory {reader.highest:.0f} MB")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated")


@pytest.mark.parametrize("kind", SOURCES)
def test_a_mutated_table_is_read_or_refused_in_words(kind, reader, folder):
    outcomes = []

    @cases(80)
    @given(mutated(SOURCES[kind]))
    def reads(data):
        path = folder / f"a.{kind}"
        path.write_bytes(data)
        outcome = reader.read(path)
        outcomes.append(outcome.refused)
        assert not outcome.crashed, outcome.crashed

    reads()
    assert 0 < sum(map(bool, outcomes)) < len(outcomes), "mutations that are all read, or all refused, try too little"


def test_a_column_that_does_not_fit_its_own_statistics_does_not_end_the_process(reader, folder):
    """Found by the test above: pyarrow aborts when such a column is asked for its size."""
    data = SOURCES["parquet"][0]
    required = data.replace(b"\x15\n%\x02\x18\x01x", b"\x15\n$\x02\x18\x01x")  # x is no longer optional
    assert required != data
    (folder / "a.parquet").write_bytes(required)
    assert "is damaged or truncated Parquet: Definition level" in reader.read(folder / "a.parquet").refused
