"""Saved datasets of which one file has changed bytes are read rightly or refused in words (thousands: see fuzzing)."""

import io
import json
import shutil

import pyarrow as pa
import pytest
from fuzzing import Reader, cases, mutated
from hypothesis import given
from test_saved_datasets import LABEL, TEXT, images, save, texts

DATA = "data-00000-of-00001.arrow"


def _stream(table, compression=None) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=4)
    return out.getvalue()


def _coded(table):
    return table.set_column(0, "text", table.column("text").dictionary_encode())


WORDS = [b'"', b"{", b"[]", b"5", b"null", b'"Image"', b'"ClassLabel"', b'"names"', b"../", b"\\u0000", b"[" * 3000]
SOURCES = {
    DATA: [_stream(texts()), _stream(texts(), "zstd"), _stream(texts(), "lz4"), _stream(_coded(texts()))],
    "pictures": [_stream(images())],
    "state.json": [json.dumps({"_data_files": [{"filename": DATA}]}).encode()],
    "dataset_info.json": [json.dumps({"features": {"text": TEXT, "label": LABEL}}).encode()],
    "dataset_dict.json": [json.dumps({"splits": ["train", "test"]}).encode()],
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("cache"))
    yield reader
    reader.close()
    print(f"highest memory {reader.highest:.0f} MB")


def _whole(folder, name):
    """A good dataset in which the file `name` will be changed."""
    if name == "dataset_dict.json":
        for split in ("train", "test"):
            save(folder / split, texts(4), {"text": TEXT, "label": LABEL})
        return folder
    shown = name == "pictures"
    return save(
        folder,
        images() if shown else texts(),
        {"image": {"_type": "Image"}, "label": LABEL} if shown else {"text": TEXT, "label": LABEL},
    )


@pytest.mark.parametrize("name", SOURCES)
def test_a_mutated_file_of_a_saved_dataset_is_read_or_refused_in_words(name, reader, tmp_path):
    folder = _whole(tmp_path / "set", name)
    chunks = {} if name in (DATA, "pictures") else {"chunks": WORDS}

    @cases(40)
    @given(mutated(SOURCES[name], **chunks))
    def reads(data):
        (folder / (DATA if name == "pictures" else name)).write_bytes(data)
        outcome = reader.read(folder)
        assert not outcome.crashed, outcome.crashed

    reads()
    shutil.rmtree(folder)
