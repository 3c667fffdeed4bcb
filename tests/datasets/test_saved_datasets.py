"""Folders as `save_to_disk` of Hugging Face datasets writes them: Arrow streams, a list of files, kinds of columns."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from core.datasets import inspect_source, load_examples
from core.types.errors import DataError
from core.types.examples import Modality, Roles

LABEL = {"names": ["neg", "pos"], "_type": "ClassLabel"}
TEXT = {"dtype": "string", "_type": "Value"}


def save(folder, table, features, shards=1):
    """The layout that datasets 2 and 4 write."""
    folder.mkdir(parents=True)
    names = [f"data-{i:05d}-of-{shards:05d}.arrow" for i in range(shards)]
    for i, name in enumerate(names):
        part = table.slice(i * len(table) // shards, (i + 1) * len(table) // shards - i * len(table) // shards)
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(part)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": n} for n in names]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    return folder


def info(features):
    """A spoiler that writes other features."""
    return lambda folder: (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


def state(files):
    """A spoiler that lists other data files."""
    return lambda folder: (folder / "state.json").write_text(json.dumps({"_data_files": files}))


def rename_field(folder):
    """A spoiler that makes a name of a column no UTF-8."""
    file = folder / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes().replace(b"text", b"\x80ext"))


def texts(count=10, first=0):
    words = [f"this is sentence number {i}" for i in range(first, first + count)]
    return pa.table({"text": words, "label": pa.array([i % 2 for i in range(count)], pa.int64())})


def images(count=6):
    rng, cells = np.random.default_rng(0), []
    for _ in range(count):
        out = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(out, "PNG")
        cells.append({"bytes": out.getvalue(), "path": None})
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table({"image": pa.array(cells, kind), "label": pa.array([i % 2 for i in range(count)])})


def test_texts_with_class_names(tmp_path):
    folder = save(tmp_path / "set", texts(), {"text": TEXT, "label": LABEL}, shards=3)
    examples = load_examples(folder)
    assert examples.modality is Modality.TEXT
    assert list(examples.inputs) == [f"this is sentence number {i}" for i in range(10)]
    assert examples.class_names == ("neg", "pos")
    assert list(examples.labels) == [i % 2 for i in range(10)]
    assert inspect_source(folder).rows == 10


def test_one_folder_a_split(tmp_path):
    for name, first in (("train", 0), ("test", 10)):
        save(tmp_path / "set" / name, texts(4, first), {"text": TEXT, "label": LABEL})
    (tmp_path / "set" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    assert list(load_examples(tmp_path / "set").splits) == ["train"] * 4 + ["test"] * 4


def test_images_are_unpacked_once_and_equal_what_was_saved(tmp_path):
    table = images()
    folder = save(tmp_path / "set", table, {"image": {"_type": "Image"}, "label": LABEL}, shards=2)
    assert inspect_source(folder, cache=tmp_path / "cache").modality is Modality.IMAGE
    examples = load_examples(folder, cache=tmp_path / "cache")
    unpacked = sorted(p.name for p in (tmp_path / "cache").rglob("*.png"))
    assert len(unpacked) == 6
    for row, cell in enumerate(table.column("image").to_pylist()):
        np.testing.assert_array_equal(examples.inputs[row], np.asarray(Image.open(io.BytesIO(cell["bytes"]))))
    assert examples.class_names == ("neg", "pos")


def test_captions_with_lone_carriage_returns_come_back(tmp_path):
    captions = ["a\rb", "\r", "c\nd", 'e"', "=f", ""]
    table = images().append_column("caption", pa.array(captions))
    features = {"image": {"_type": "Image"}, "label": LABEL, "caption": TEXT}
    examples = load_examples(save(tmp_path / "set", table, features), cache=tmp_path / "cache")
    assert examples.columns["caption"].tolist() == captions


def test_an_image_that_was_not_kept_inside_is_reported(tmp_path):
    cells = images().column("image").to_pylist()
    cells[2] = {"bytes": None, "path": "/etc/passwd"}
    table = images().set_column(0, "image", pa.array(cells, images().schema.field("image").type))
    examples = load_examples(
        save(tmp_path / "set", table, {"image": {"_type": "Image"}, "label": LABEL}), cache=tmp_path / "cache"
    )
    assert len(examples) == 5
    assert any("No such file" in finding.text for finding in examples.report)


def test_no_label_is_minus_one_there(tmp_path):
    table = texts(4).set_column(1, "label", pa.array([0, -1, 1, 1]))
    assert list(load_examples(save(tmp_path / "s", table, {"text": TEXT, "label": LABEL})).labels) == [0, -1, 1, 1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "data-00000-of-00001.arrow").write_bytes(b"ARROW1 no"), "damaged or truncated Arrow"),
        (lambda f: (f / "data-00000-of-00001.arrow").unlink(), "No such file"),
        (lambda f: (f / "state.json").write_text("{"), "state.json is damaged"),
        (lambda f: (f / "state.json").write_text('{"_data_files": []}'), "lists no data files"),
        (
            lambda f: (f / "state.json").write_text('{"_data_files": [{"filename": "../../x.arrow"}]}'),
            "outside the data folder",
        ),
        (
            lambda f: (f / "state.json").write_text('{"_indices_data_files": [{"filename": "i"}], "_data_files": []}'),
            "a view with an index",
        ),
        (info({"label": {"names": ["one"], "_type": "ClassLabel"}}), "1 class names"),
        (info(["text", "label"]), "features in dataset_info.json are no list of columns"),
        (info("text"), "features in dataset_info.json are no list of columns"),
        (info({"label": {"names": 5, "_type": "ClassLabel"}}), r'class names of the column "label" .* are no list'),
        (info({"label": {"names": [1, 2], "_type": "ClassLabel"}}), r'class names of the column "label" .* no list'),
        (info({"text": {"_type": "Image"}, "label": LABEL}), 'column "text" is named as images, but holds string'),
        (state([{"filename": 5}]), "lists no data files"),
        (state("data"), "lists no data files"),
        (state([{"filename": "a\0b"}]), "is a bad path"),
        (state([{"filename": "a" * 3000}]), "is a bad path"),
        (rename_field, "damaged or truncated Arrow: 'utf-8' codec"),
        (lambda f: (f / "dataset_dict.json").write_text('{"splits": 5}'), "lists no splits"),
        (lambda f: (f / "dataset_dict.json").write_text('{"splits": [5]}'), "names the split 5, which is not there"),
        (lambda f: (f / "dataset_dict.json").write_text("[]"), "is not a JSON object"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, spoil, words):
    folder = save(tmp_path / "set", texts(), {"text": TEXT, "label": LABEL})
    spoil(folder)
    with pytest.raises(DataError, match=words):
        load_examples(folder)


def test_a_cut_file_is_refused(tmp_path):
    folder = save(tmp_path / "set", texts(), {"text": TEXT, "label": LABEL})
    file = folder / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged or truncated"):
        load_examples(folder)


def test_files_and_splits_of_other_columns_are_refused(tmp_path):
    for name, table in (("train", texts(4)), ("test", texts(4).rename_columns(["words", "label"]))):
        save(tmp_path / "set" / name, table, {})
    (tmp_path / "set" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    with pytest.raises(DataError, match="the split test has other columns than the first: words, label, split"):
        load_examples(tmp_path / "set")


def test_features_that_say_nothing_of_a_column_leave_it_as_it_is(tmp_path):
    examples = load_examples(save(tmp_path / "set", texts(), {"label": 5, "other": {"_type": "ClassLabel"}}))
    assert examples.class_names == ("0", "1")


def test_compressed_streams_are_read_alike(tmp_path):
    table = texts(40)
    folder = save(tmp_path / "set", table, {"text": TEXT, "label": LABEL})
    plain = load_examples(folder)
    for compression in ("zstd", "lz4"):
        options = pa.ipc.IpcWriteOptions(compression=compression)
        file = folder / "data-00000-of-00001.arrow"
        with file.open("wb") as sink, pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=7)
        assert load_examples(folder).fingerprint == plain.fingerprint
        assert inspect_source(folder).rows == 40


def test_files_of_other_types_are_refused(tmp_path):
    folder = save(tmp_path / "set", texts(8), {"text": TEXT}, shards=2)
    other = texts(4).set_column(1, "label", pa.array(["a", "b"] * 2))
    with (folder / "data-00001-of-00002.arrow").open("wb") as sink, pa.ipc.new_stream(sink, other.schema) as writer:
        writer.write_table(other)
    with pytest.raises(DataError, match='data-00001-of-00002.arrow: the column "label" is string, but in data-00000'):
        load_examples(folder)


def test_images_alone_are_read(tmp_path):
    folder = save(tmp_path / "set", images().select(["image"]), {"image": {"_type": "Image"}})
    examples = load_examples(folder, roles=Roles(label="none"), cache=tmp_path / "cache")
    assert (len(examples), examples.modality) == (6, Modality.IMAGE)
