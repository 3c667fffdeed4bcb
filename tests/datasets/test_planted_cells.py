"""What `plant` writes is whole or not there at all, reads back row by row, and runs in no spreadsheet."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from core.datasets import load_examples
from core.datasets.faults import FaultShares, plant
from core.datasets.spreadsheet import csv_text, safe_frame
from core.types.errors import DataError
from core.types.examples import Roles

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\t=1", "\rtext", "plain", "-0.5", "+3e5", "a\rb", "a\nb",
           'q"q']  # fmt: skip


def hostile_table(folder, suffix="csv"):
    """Thirty-six rows with such ids, texts, labels and one such column name."""
    cells = HOSTILE * 3
    frame = pd.DataFrame({"id": [f"{cell}{row}" for row, cell in enumerate(cells)], "=note": cells,
                          "x": [f"{row / 7 - 2:.3f}" for row in range(36)], "label": ["=a", "b"] * 18})  # fmt: skip
    path = folder / f"a.{suffix}"
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in frame.to_dict("records")))
    else:
        path.write_text(frame.to_csv(index=False, quoting=1, sep="\t" if suffix == "tsv" else ","), newline="")
    return path, frame


def is_run(cell: str) -> bool:
    """By hand: what a spreadsheet takes for a formula, numbers aside."""
    try:
        float(cell)
    except ValueError:
        return cell[:1] in ("=", "+", "-", "@", "\t", "\r")
    return False


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_planted_tables_hold_no_formula_and_read_back(tmp_path, suffix):
    source, frame = hostile_table(tmp_path, suffix)
    roles = Roles(id="id", label="label", features=("x", "=note"))
    done = plant(source, FaultShares(0.2, duplicates=0.1), 0, tmp_path / "out", roles=roles, modality="table")
    mark = "\t" if suffix == "tsv" else ","
    written = pd.read_csv(done.data, sep=mark, dtype=str, keep_default_na=False, lineterminator="\n")
    assert not [c for name in written for c in (name, *written[name]) if is_run(c)]
    kept = written[: len(frame)]
    assert [c.removeprefix("'") for c in kept["'=note"]] == frame["=note"].tolist()
    assert [c.removeprefix("'") for c in kept["id"]] == frame["id"].tolist()
    assert kept["x"].tolist() == frame["x"].tolist(), "numbers stay as they are"
    assert done.neutralised == sum(is_run(c.removeprefix("'")) and c[:1] == "'" for n in written for c in written[n])
    key = pd.read_csv(done.key, dtype=str, keep_default_na=False, lineterminator="\n")
    again = load_examples(done.data, "table", Roles(id="id", label="label", features=("x", "'=note")))
    assert key["example_id"].tolist() == again.ids.tolist()
    labels = np.array(again.class_names)[again.labels]
    np.testing.assert_array_equal(labels != key["original_label"].to_numpy(), key["is_fault"] == "1")


def test_json_lines_keep_their_cells(tmp_path):
    source, frame = hostile_table(tmp_path, "jsonl")
    done = plant(source, FaultShares(0.2), 0, tmp_path / "out", roles=Roles(id="id", label="label"), modality="table")
    again = [json.loads(line) for line in done.data.read_text().splitlines()]
    assert [r["=note"] for r in again] == frame["=note"].tolist()
    assert done.neutralised == 0


def test_manifest_paths_stay_paths(tmp_path, make_png):
    for number in range(6):
        (tmp_path / f"-{number}.png").write_bytes(make_png(100 + number))
    lines = [f"-{n}.png,{'ab'[n % 2]},=1+{n}" for n in range(6)]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,note", *lines]) + "\n")
    done = plant(tmp_path / "list.csv", FaultShares(0.34), 0, tmp_path / "out", roles=Roles(label="label"))
    assert done.neutralised == 6
    again = load_examples(done.data, roles=Roles(label="label"))
    assert again.source_path.tolist() == [f"./-{n}.png" for n in range(6)]


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "an earlier copy"])
@pytest.mark.parametrize("writer", ["core.datasets.planted_files.csv_text", "core.datasets.faults.csv_text"])
def test_fault_80_a_full_disk_leaves_nothing_planted(tmp_path, monkeypatch, before, writer):
    source, out = hostile_table(tmp_path)[0], tmp_path / "deep" / "out"
    roles = Roles(id="id", label="label")
    if before != "nothing":
        out.mkdir(parents=True)
    if before == "an earlier copy":
        plant(source, FaultShares(0.2), 3, out, roles=roles)
    held = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    class FullDisk:
        def __call__(self, *_):
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr(writer, FullDisk())
    with pytest.raises(DataError, match=r"out cannot be written: No space left on device\.") as caught:
        plant(source, FaultShares(0.2), 0, out, roles=roles)
    assert "Make room" in caught.value.hint
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == held
    assert out.exists() == (before != "nothing")
    monkeypatch.undo()
    assert plant(source, FaultShares(0.2), 0, out, roles=roles).rows == 36


def test_a_read_only_place_is_said(tmp_path):
    source = hostile_table(tmp_path)[0]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        plant(source, FaultShares(0.2), 0, tmp_path / "file" / "out", roles=Roles(id="id", label="label"))
    with pytest.raises(DataError, match="The seed is -1"):
        plant(source, FaultShares(0.2), -1, tmp_path / "out", roles=Roles(id="id", label="label"))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, bool, np.int64])
def test_near_images_stay_in_their_range(tmp_path, dtype):
    """A copy that leaves 0..1 or wraps below 0 would be read as another kind of pixels."""
    ramp = np.random.default_rng(0).random((30, 6, 6)) * (np.random.default_rng(1).random((30, 6, 6)) > 0.5)
    pixels = {np.float32: ramp, np.uint16: ramp * 4095, bool: ramp > 0.5, np.int64: ramp * 255}[dtype].astype(dtype)
    np.savez(tmp_path / "a.npz", images=pixels, label=np.arange(30) % 2)
    plant(tmp_path / "a.npz", FaultShares(0.1, duplicates=0.2), 0, tmp_path / "out")
    with np.load(tmp_path / "out" / "data.npz") as written:
        assert written["images"].min() >= pixels.min()
        assert written["images"].max() <= pixels.max()
        assert (written["images"][30:].reshape(6, -1) != pixels.reshape(30, -1)[:, None]).any(-1).all()
    assert len(set(load_examples(tmp_path / "out" / "data.npz", cache=tmp_path).exact_duplicate_of)) == 36


def test_key_and_table_quote_a_lone_carriage_return():
    frame = pd.DataFrame({"id": ["a\rb", "=x"], "value": [1.5, float("nan")]})
    assert csv_text(safe_frame(frame)) == '"id","value"\n"a\rb",1.5\n"\'=x",""\n'
    assert csv_text(safe_frame(frame[1:])) == "id,value\n'=x,\n"
