"""Kept images as files: class folders of copies and of links, and one array; each says what decisions.csv says."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from exported import RULES, read_table, world
from PIL import Image

from core.curation import apply_rules
from core.datasets import load_examples
from core.export import RunFacts, RunRows, read_manifest, verify, write_export
from core.export.manifest import manifest_hash, to_text
from core.export.weights import sample_weights
from core.types.curation import Rules
from core.types.errors import CurationError
from core.types.examples import Modality
from core.types.exports import ExportOptions

ALL = ("csv", "images", "links", "npz")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """(view with files, decisions, run as verify sees it, folder of the sources): some names occur in two folders."""
    view, decisions, _ = world()
    source = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (len(view), 5, 6, 3), dtype=np.uint8)
    paths = [f"{k % 2}/img {k // 2}.png" for k in range(len(view))]
    for path, image in zip(paths, pixels, strict=True):
        (source / path).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(source / path)
    names = ("..", "a/b: c", *view.class_names[2:])
    decisions = {k: replace(d, label=None, action=None) if d.label else d for k, d in decisions.items()}
    view = replace(view, source_path=np.array(paths, object), class_names=names, columns=None)
    facts = RunFacts(
        modality=Modality.IMAGE,
        read_input=pixels.__getitem__,
        image_file=lambda row: source / paths[row],
        in_folder=True,
    )
    return view, decisions, RunRows(view, None, facts=facts), source


@pytest.fixture
def made(photos, tmp_path):
    """(what was exported, outcome, folder)."""
    view, decisions, run, source = photos
    out = tmp_path / "out"
    write_export(view, RULES, decisions, {}, None, out, ExportOptions(ALL), run.facts)
    return view, run, apply_rules(view, RULES, decisions), out, source


@pytest.mark.parametrize(("name", "place"), [("images", "images"), ("links", "linked_images")])
def test_every_kept_image_lies_in_the_folder_of_its_label(made, name, place):
    view, run, outcome, out, _ = made
    head, *rows = read_table(out / f"{place}.csv")
    assert head == ["file", "example_id", "label_final", "sha256"]
    assert [row[1] for row in rows] == view.ids[outcome.kept].tolist()
    there = {p.relative_to(out).as_posix() for p in (out / place).rglob("*") if not p.is_dir()}
    assert there == {row[0] for row in rows}
    assert len(there) == outcome.kept.sum()
    folders = {}
    for file, example_id, label, digest in rows:
        original = run.facts.image_file(view.row_of[example_id])
        assert (out / file).read_bytes() == original.read_bytes()
        assert (out / file).is_symlink() == (name == "links")
        assert digest == hashlib.sha256(original.read_bytes()).hexdigest()
        folders.setdefault(label, set()).add(file.split("/")[1])
    assert all(len(one) == 1 for one in folders.values()), "one folder for each label"
    assert len(set.union(*folders.values())) == len(folders), "and another for each"


def test_the_array_holds_the_kept_images_and_scores_again(made, tmp_path):
    view, run, outcome, out, _ = made
    kept = np.load(out / "kept_images.npz", allow_pickle=False)
    rows = np.flatnonzero(outcome.kept)
    np.testing.assert_array_equal(kept["images"], np.stack([run.facts.read_input(row) for row in rows]))
    np.testing.assert_array_equal(kept["labels"], outcome.label_final[rows])
    np.testing.assert_array_equal(kept["sample_weight"], np.nan_to_num(sample_weights(view, outcome)[rows]))
    assert kept["example_ids"].tolist() == view.ids[rows].tolist()
    again = load_examples(out / "kept_images.npz")
    assert len(again) == len(rows)
    assert again.modality is Modality.IMAGE


def test_the_same_export_is_the_same_bytes_and_verifies(made, photos, tmp_path):
    view, decisions, run, _ = photos
    out = made[3]
    assert set(read_manifest(out)["outputs"]) >= {"images.csv", "linked_images.csv", "kept_images.npz"}
    assert all(report.ok for report in verify(out, 2, run=run))
    write_export(view, RULES, decisions, {}, None, tmp_path / "again", ExportOptions(ALL), run.facts)
    for path in (p for p in out.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(out)).read_bytes(), path.name


def test_an_earlier_export_is_replaced_and_a_file_of_the_persons_below_it_is_not(made, photos):
    view, decisions, run, _ = photos
    out = made[3]
    (out / "images/mine.png").write_bytes(b"mine")
    with pytest.raises(CurationError, match=r"images/mine\.png"):
        write_export(view, RULES, decisions, {}, None, out)
    (out / "images/mine.png").unlink()
    write_export(view, RULES, decisions, {}, None, out)
    assert not (out / "images").exists()


def _first(out, place):
    return out / read_table(out / f"{place}.csv")[1][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: _first(out, "images").write_bytes(b"other"), "was changed"),
        (lambda out: _first(out, "images").unlink(), "is missing"),
        (lambda out: (out / "images/new.png").write_bytes(b"new"), "not listed in images.csv"),
        (lambda out: shutil.copytree(out / "images", out / "kept.png"), ""),
        (lambda out: _seal_list(out, "../../etc/passwd"), "names a file outside"),
    ],
    ids=["changed", "gone", "more", "beside", "outside"],
)
def test_what_was_done_to_the_images_is_found(made, change, said):
    out = made[3]
    change(out)
    first = verify(out, 1)[0]
    assert first.ok == (not said)
    assert said in " ".join(first.details)


def _seal_list(out, name):
    """Another list, with its hash in the manifest forged as well."""
    text = (out / "images.csv").read_text("utf-8").replace(read_table(out / "images.csv")[1][0], name)
    (out / "images.csv").write_text(text, "utf-8")
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    manifest["outputs"]["images.csv"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (out / "manifest.json").write_bytes(to_text(manifest).encode())


def test_entries_of_an_array_become_files_and_cannot_be_linked(photos, tmp_path):
    view, _, run, _ = photos
    facts = replace(run.facts, image_file=lambda row: None, in_folder=False)
    bare = replace(view, source_path=None)
    write_export(bare, RULES, {}, {}, None, tmp_path / "o", ExportOptions(("csv", "images")), facts)
    _, (file, example_id, *_), *_ = read_table(tmp_path / "o/images.csv")
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "o" / file)), run.facts.read_input(view.row_of[example_id])
    )
    with pytest.raises(CurationError, match="Links are to image files in a folder"):
        write_export(bare, RULES, {}, {}, None, tmp_path / "p", ExportOptions(("csv", "links")), facts)


def test_images_of_two_sizes_are_no_array_and_nothing_is_left_half_written(photos, tmp_path):
    view, _, run, _ = photos
    facts = replace(run.facts, read_input=lambda row: np.zeros((4 + row % 2, 4, 3), np.uint8))
    with pytest.raises(CurationError, match="differ in size"):
        write_export(view, Rules(), {}, {}, None, tmp_path / "o", ExportOptions(("csv", "npz")), facts)
    assert not any(tmp_path.iterdir())
