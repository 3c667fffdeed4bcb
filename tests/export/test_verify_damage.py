"""What verifying says about an export that someone or something changed."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exported import RULES, read_table, world, write_out

from core.curation import apply_rules
from core.export import Recomputed, RunRows, raise_if_failed, verify
from core.types.errors import VerifyError


def _edit(path: Path, row: int, column: str, cell: str) -> str:
    records = read_table(path)
    was = records[row + 1][records[0].index(column)]
    records[row + 1][records[0].index(column)] = cell
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(records)
    return was


@pytest.mark.parametrize(
    ("file", "column", "cell"),
    [
        ("decisions.csv", "kept", "1"),
        ("decisions.csv", "el2n", "9.5"),
        ("decisions.csv", "note", "new"),
        ("curated.csv", "label", "dog"),
        ("decisions.csv", "example_id", "other"),
    ],
)
def test_one_changed_cell_is_named(tmp_path, file, column, cell):
    write_out(tmp_path / "out")
    _edit(tmp_path / "out" / file, 7, column, cell if column != "kept" else _other_kept(tmp_path / "out", 7))
    first = verify(tmp_path / "out", level=1)[0]
    assert first.ok is False
    assert len(first.details) == 1
    assert f"{file} row 7" in first.details[0]
    assert repr(column) in first.details[0]
    with pytest.raises(VerifyError, match="row 7"):
        raise_if_failed([first])


def _other_kept(out: Path, row: int) -> str:
    records = read_table(out / "decisions.csv")
    return "01"[records[row + 1][records[0].index("kept")] == "0"]


def test_replaying_says_what_a_changed_verdict_should_be(tmp_path):
    write_out(tmp_path / "out")
    was = _edit(tmp_path / "out" / "decisions.csv", 7, "kept", _other_kept(tmp_path / "out", 7))
    second = verify(tmp_path / "out", level=2)[1]
    assert second.ok is False
    assert f"replaying gives {was!r}" in second.details[0]


def test_a_changed_input_does_not_replay(tmp_path):
    write_out(tmp_path / "out")
    _edit(tmp_path / "out" / "decisions.csv", 7, "el2n", "99.0")
    assert verify(tmp_path / "out", level=2)[1].ok is False
    _edit(tmp_path / "out" / "decisions.csv", 7, "el2n", "many")
    assert "'el2n' reads 'many'" in verify(tmp_path / "out", level=2)[1].details[0]


def test_other_damage_is_told(tmp_path):
    out = tmp_path / "out"
    write_out(out)
    path = out / "decisions.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert verify(out, level=1)[0].ok is False
    path.write_bytes(b"\xef\xbb\xbf" + whole)
    assert "header" in verify(out, level=1)[0].details[0]
    path.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])
    assert "59 rows instead of 60" in verify(out, level=1)[0].details[0]
    path.unlink()
    assert "missing" in verify(out)[0].details[0]
    assert verify(out)[1].ok is False


def test_a_changed_manifest_is_told(tmp_path):
    write_out(tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["rules"]["thresholds"][0]["cut"] = 50.0
    path.write_text(json.dumps(manifest), "utf-8")
    first, second, _ = verify(tmp_path / "out")
    assert "manifest.json was changed" in first.details[0]
    assert second.ok is False


def test_a_folder_without_a_manifest_is_no_export(tmp_path):
    with pytest.raises(VerifyError, match="manifest"):
        verify(tmp_path)


def test_recomputed_scores_are_compared_and_flips_listed(tmp_path):
    view, _ = write_out(tmp_path / "out")
    fresh = {n: c.values for n, c in view.scores.items()}
    order = np.random.default_rng(0).permutation(len(view))
    shuffled = Recomputed(view.ids[order].tolist(), {n: v[order] for n, v in fresh.items()})
    same = verify(tmp_path / "out", recompute=lambda: shuffled)
    assert same[2].ok is True
    moved = {**fresh, "el2n": -fresh["el2n"]}
    other = verify(tmp_path / "out", recompute=lambda: Recomputed(view.ids.tolist(), moved))[2]
    assert other.ok is False
    assert "el2n: differs by up to" in other.details[0]
    _, decisions, _ = world()
    other_el2n = replace(view.scores["el2n"], values=moved["el2n"])
    flipped = replace(view, scores={**view.scores, "el2n": other_el2n})
    changed = apply_rules(view, RULES, decisions).kept != apply_rules(flipped, RULES, decisions).kept
    assert set(other.flips) == set(view.ids[changed].tolist())
    assert other.flips


def test_networks_trained_elsewhere_must_order_the_rows_alike(tmp_path):
    view, _ = write_out(tmp_path / "out")
    fresh = {n: c.values for n, c in view.scores.items()}
    noise = np.random.default_rng(0).normal(0, 0.02 * float(np.nanstd(fresh["el2n"])), len(view))
    near = fresh["el2n"] + noise.astype(np.float32)

    def level_3(values, trained_again):
        answer = Recomputed(view.ids.tolist(), {**fresh, "el2n": values})
        return verify(tmp_path / "out", recompute=lambda: answer, trained_again=trained_again)[2]

    assert level_3(near, False).ok is False, "recorded evidence gives the same digits"
    assert level_3(near, True).ok is True
    assert level_3(-fresh["el2n"], True).ok is False


def test_scores_are_not_made_again_for_files_that_differ(tmp_path):
    write_out(tmp_path / "out")
    with (tmp_path / "out" / "decisions.csv").open("a") as file:
        file.write("\n")

    def never():
        raise AssertionError("minutes of work for a folder that is known to differ")

    assert verify(tmp_path / "out", recompute=never)[2].ok is None


def test_columns_read_again_that_differ_are_told(tmp_path):
    view, _ = write_out(tmp_path / "out")
    fresh, frame = {n: c.values for n, c in view.scores.items()}, world()[2]
    other = frame.assign(amount=[f"{k}0" for k in frame["amount"]])
    same, moved = (
        verify(
            tmp_path / "out",
            run=RunRows(view, frame),
            recompute=lambda columns=columns: Recomputed(view.ids.tolist(), fresh, columns),
        )[2]
        for columns in (frame, other)
    )
    assert same.ok
    assert (moved.ok, moved.text) == (False, "curated.csv is not what the data gives.")
    assert "column 'amount'" in moved.details[0]
