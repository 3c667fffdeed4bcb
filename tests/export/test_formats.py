"""Every registered hand-over format: what all promise, and what each says of the rows."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exported import RULES, read_table, world

from core.curation import apply_rules, label_suggested
from core.curation.review import review_queue
from core.datasets.huggingface import read_saved
from core.export import FORMATS, RunFacts, RunRows, read_manifest, verify, write_export
from core.export.manifest import manifest_hash, to_text
from core.export.weights import sample_weights
from core.types.curation import Rules
from core.types.errors import CurationError
from core.types.examples import Modality
from core.types.exports import ExportOptions

OF_IMAGES = ("images", "links", "npz")  # what only images are handed over in: test_materialized.py
ALL = tuple(one.name for one in FORMATS if one.name not in OF_IMAGES)
FILES = tuple(file for one in FORMATS if one.name in ALL for file in one.files)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(view, decisions, run as verify sees it, folder) of one export in every format, of texts with files and a map."""
    view, decisions, frame = world()
    view = replace(view, source_path=np.array([f"a b/{k}.png" for k in range(len(view))], object))
    points = np.random.default_rng(1).normal(size=(len(view), 2)).astype(np.float32)
    facts = RunFacts(modality=Modality.TEXT, text="text", map_points=points)
    out = tmp_path_factory.mktemp("formats") / "out"
    write_export(view, RULES, decisions, {"check": "done"}, frame, out, ExportOptions(ALL), facts)
    return view, decisions, RunRows(view, frame, facts=facts), out


@pytest.fixture
def outcome(made):
    return apply_rules(made[0], RULES, made[1])


def test_each_writes_what_it_says_and_the_manifest_records_it(made):
    out, said = made[3], read_manifest(made[3])["outputs"]
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert there == {"manifest.json", *said} == {"manifest.json", *FILES}
    assert all(report.ok for report in verify(out, 2, run=made[2]))
    assert all(report.ok for report in verify(out, 2))  # what the run alone knows is then passed over


def test_the_same_export_is_the_same_bytes(made, tmp_path):
    view, decisions, run, out = made
    write_export(view, RULES, decisions, {"check": "done"}, run.columns, tmp_path / "o", ExportOptions(ALL), run.facts)
    for path in (p for p in out.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "o" / path.relative_to(out)).read_bytes(), path.name


def test_an_earlier_export_with_folders_is_replaced_and_foreign_files_below_are_not(made, tmp_path):
    view, decisions, run, _ = made
    for _ in range(2):
        write_export(view, RULES, decisions, {}, run.columns, tmp_path / "o", ExportOptions(("csv", "hf")), run.facts)
    (tmp_path / "o/huggingface/mine.txt").write_text("mine")
    with pytest.raises(CurationError, match=r"huggingface/mine\.txt"):
        write_export(view, RULES, decisions, {}, run.columns, tmp_path / "o")


@pytest.mark.parametrize("name", FILES[len(FORMATS[0].files) :])
def test_a_forged_file_is_found_though_its_hash_is_forged_too(made, tmp_path, name):
    view, decisions, run, _ = made
    write_export(view, RULES, decisions, {"check": "done"}, run.columns, tmp_path / "o", ExportOptions(ALL), run.facts)
    _forge(tmp_path / "o" / name)
    _seal(tmp_path / "o", name)
    first, second = verify(tmp_path / "o", 2, run=run)
    assert first.ok
    assert not second.ok
    assert name in second.details[0]


def _forge(path):
    """Change one value, and leave a file that still reads."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        pq.write_table(
            table.set_column(1, table.column_names[1], [table.column(1).take([*range(1, len(table)), 0])]), path
        )
    elif path.suffix == ".arrow":
        table = pa.ipc.open_stream(path.read_bytes()).read_all()
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.take([*range(1, len(table)), 0]))
    else:
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(bytes(data))


def _seal(out, name):
    import hashlib

    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    manifest["outputs"][name]["sha256"] = hashlib.sha256((out / name).read_bytes()).hexdigest()
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (out / "manifest.json").write_bytes(to_text(manifest).encode())


def test_a_manifest_names_no_file_outside(made, tmp_path):
    view, decisions, run, _ = made
    write_export(view, RULES, decisions, {}, run.columns, tmp_path / "o")
    manifest = json.loads((tmp_path / "o/manifest.json").read_text("utf-8"))
    manifest["outputs"]["../secret"] = {"sha256": "0" * 64, "rows": 1}
    (tmp_path / "o/manifest.json").write_bytes(to_text(manifest).encode())
    with pytest.raises(CurationError, match="is no file of an export"):
        verify(tmp_path / "o", 1)


def test_hugging_face_rows_are_those_of_decisions(made, outcome):
    view, _, run, out = made
    table = pa.ipc.open_stream((out / "huggingface/data-00000-of-00001.arrow").read_bytes()).read_all()
    assert table.column("kept").to_pylist() == outcome.kept.tolist()
    assert table.column("label_final").to_pylist() == outcome.label_final.tolist()
    assert table.column("text").to_pylist() == run.columns["text"].tolist()
    assert table.column("amount").to_pylist() == [int(cell) for cell in run.columns["amount"]]
    assert table.column("example_id").to_pylist() == view.ids.tolist()
    weights = np.array(table.column("sample_weight").to_pylist(), float)
    np.testing.assert_array_equal(weights.astype(np.float32), sample_weights(view, outcome))
    back, _ = read_saved(out / "huggingface")  # our own reader of what save_to_disk writes
    assert len(back) == len(view)


def test_the_real_library_opens_the_hugging_face_folder(made, outcome):
    if not _installed("datasets"):
        pytest.skip("Hugging Face datasets is not installed")
    code = (
        "import json, sys; from datasets import load_from_disk; opened = load_from_disk(sys.argv[1]);"
        "kept = opened.filter(lambda row: row['kept'], load_from_cache_file=False);"
        "print(json.dumps([opened['kept'][:], opened.features['label_final'].names, kept.num_rows]))"
    )
    command = [sys.executable, "-I", "-c", code, str(made[3] / "huggingface")]  # -I: tests/datasets is not the library
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    assert json.loads(said) == [outcome.kept.tolist(), list(made[0].class_names), outcome.kept.sum()]


def _installed(package):
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def test_row_numbers_and_loader(made, outcome):
    out = made[3]
    np.testing.assert_array_equal(np.load(out / "kept_rows.npy"), np.flatnonzero(outcome.kept))
    weights = np.load(out / "kept_weights.npy")
    expected = np.nan_to_num(sample_weights(made[0], outcome)[outcome.kept])
    np.testing.assert_array_equal(weights, expected)
    code = (
        f"import sys; sys.path.insert(0, {str(out)!r}); import kept;"
        "part = kept.subset(list(range(1000))); drawn = list(kept.sampler(5000));"
        "print(len(part), part[3], all(kept.WEIGHTS[k] > 0 for k in drawn), len(drawn))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == [str(len(weights)), str(np.flatnonzero(outcome.kept)[3]), "True", "5000"]


def test_label_studio_tasks_are_the_queue_with_our_suggestions(made):
    view, _, run, out = made
    tasks = json.loads((out / "labelstudio/tasks.json").read_text("utf-8"))
    rows = review_queue(view, RULES).order[:100].tolist()
    assert [task["data"]["example_id"] for task in tasks] == [view.ids[row] for row in rows]
    suggested = label_suggested(view)
    for task, row in zip(tasks, rows, strict=True):
        guess = suggested[row] if suggested[row] >= 0 else view.predicted[row]
        [result] = task["predictions"][0]["result"]
        assert result["value"]["choices"] == [view.class_names[guess]]
        assert task["data"]["text"] == run.columns["text"][row]
    config = ElementTree.parse(out / "labelstudio/labeling_config.xml")
    assert [choice.get("value") for choice in config.iter("Choice")] == list(view.class_names)
    control = config.find("Choices")
    assert (control.get("name"), control.get("toName")) == (result["from_name"], result["to_name"])
    assert config.find("Text").get("value") == "$text"


def test_a_class_name_is_no_markup_in_the_labeling_config(made, tmp_path):
    view, _, run, _ = made
    names = ('"/><Evil a="&', *view.class_names[1:])
    hostile, facts = replace(view, class_names=names), replace(run.facts, modality=Modality.IMAGE)
    write_export(hostile, RULES, {}, {}, run.columns, tmp_path / "o", ExportOptions(("csv", "labelstudio")), facts)
    config = ElementTree.parse(tmp_path / "o/labelstudio/labeling_config.xml")
    assert config.find(".//Evil") is None
    assert config.find(".//Choice").get("value") == names[0]
    task = json.loads((tmp_path / "o/labelstudio/tasks.json").read_text("utf-8"))[0]
    assert task["data"]["image"].startswith("/data/local-files/?d=a%20b/")


def test_images_of_an_array_go_along(made, tmp_path):
    view, _, run, _ = made
    pixels = np.random.default_rng(0).integers(0, 256, (len(view), 4, 4, 1), dtype=np.uint8)
    facts = replace(run.facts, modality=Modality.IMAGE, read_input=pixels.__getitem__)
    bare = replace(view, source_path=None)
    write_export(bare, RULES, {}, {}, None, tmp_path / "o", ExportOptions(("csv", "labelstudio")), facts)
    task = json.loads((tmp_path / "o/labelstudio/tasks.json").read_text("utf-8"))[0]
    assert _decoded(task["data"]["image"]) == pixels[view.row_of[task["data"]["example_id"]]][..., 0].tolist()


def _decoded(uri):
    import base64
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))).tolist()


def test_fiftyone_labels_and_files(made, outcome):
    view, out = made[0], made[3] / "fiftyone"
    labels, files = (json.loads((out / name).read_text("utf-8")) for name in ("labels.json", "data.json"))
    assert list(files) == list(labels["labels"]) == view.ids.tolist()
    assert files[view.ids[7]] == "data/a b/7.png"
    for row, said in enumerate(labels["labels"].values()):
        final = outcome.label_final[row]
        assert (said is None) == (final < 0)
        if said is not None:
            assert labels["classes"][labels["classes"].index(said["label"])] == view.class_names[final]
            assert said["attributes"]["kept"] == outcome.kept[row]


def test_atlas_has_the_map_and_cleanlab_its_columns(made, outcome):
    view, _, run, out = made
    table = pq.read_table(out / "atlas.parquet")
    np.testing.assert_array_equal(table.column("projection_y").to_numpy(), run.facts.map_points[:, 1])
    assert table.column("kept").to_pylist() == outcome.kept.tolist()
    head, *rows = read_table(out / "cleanlab.csv")
    assert head[:5] == ["example_id", "is_label_issue", "label_score", "given_label", "predicted_label"]
    assert [row[1] == "True" for row in rows] == (label_suggested(view) >= 0).tolist()
    scores = np.array([float(row[2] or "nan") for row in rows])
    assert (np.nanmin(scores), np.nanmax(scores)) >= (0, 0)
    assert np.nanmax(scores) <= 1


@pytest.mark.parametrize(
    ("name", "why"), [("atlas", "no map"), ("fiftyone", "image files"), ("xlsx", 'Unknown format "xlsx"')]
)
def test_what_cannot_be_handed_over_is_refused_and_nothing_is_written(name, why, tmp_path):
    view, _, frame = world()
    with pytest.raises(CurationError, match=why):
        write_export(view, Rules(), {}, {}, frame, tmp_path / "o", ExportOptions(("csv", name)))
    assert not any(tmp_path.iterdir())
