"""An export changed by someone who puts every hash right: with the run at hand nothing passes."""

import csv
import hashlib
import io
import json
import os
import shutil

import pyarrow.parquet as pq
import pytest
from worlds import write_table

from core import actions
from core.export import read_manifest
from core.export.changes import checksums_of
from core.export.manifest import manifest_hash, to_text
from core.export.records import record_findings
from core.types.curation import Action, Decision
from core.types.errors import CurationError
from core.types.exports import ExportOptions
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(run, its export with Parquet)."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        data, _ = write_table(folder / "data")
        spec = RunSpec(
            str(data), scores=("label_quality", "knn_distance"), training=TrainingSpec(folds=3), map=False, threads=1
        )
        run = actions.runs.run_here(spec, folder / "run", SilentProgress())
        decisions = {"row-1": Decision(Action.RELABEL, "z"), "row-2": Decision(Action.DROP)}
        rules = actions.rules.default_rules(actions.scores.score_view(run))
        actions.exports.export_run(run, rules, decisions, folder / "out", options=ExportOptions(("csv", "parquet")))
    return run, folder / "out"


@pytest.fixture
def export(made, tmp_path):
    """A copy to forge."""
    return shutil.copytree(made[1], tmp_path / "out")


def _rewrite(out, name, change):
    """Let `change` alter the records of a CSV, then put the hashes and checksums of the file right."""
    records = list(csv.reader(io.StringIO((out / name).read_bytes().decode(), newline="")))
    change(records)
    with (out / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(records)
    _seal(out, lambda manifest: manifest["outputs"][name].update(_checksums(*records)))


def _checksums(head, *rows):
    sums = checksums_of(head, list(rows))
    columns = [{"name": n, "sha256": digest.hexdigest()} for n, digest in zip(head, sums.columns, strict=True)]
    return {"columns": columns, "row_crc32": sums.row_text()}


def _seal(out, change=lambda manifest: None):
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    change(manifest)
    for name, record in manifest["outputs"].items():
        record["sha256"] = hashlib.sha256((out / name).read_bytes()).hexdigest()
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (out / "manifest.json").write_text(to_text(manifest), "utf-8")


def _cell(row, column, value):
    def change(records):
        records[row + 1][records[0].index(column)] = value

    return change


@pytest.mark.parametrize(
    ("column", "value"),
    [("a", "9.9999"), ("label", "x"), ("label", "w"), ("kind", ""), ("id", "row-1x"), ("split", "valid")],
)
def test_a_forged_value_fails_where_the_run_is_at_hand(made, export, column, value):
    row = next(r for r in range(4, 40) if _read(export, r, column) != value)
    _rewrite(export, "curated.csv", _cell(row, column, value))
    first, second = actions.exports.verify_export(export, made[0].path, level=2)
    assert first.ok, "the hashes are right"
    assert not second.ok
    assert f"column {column!r}" in second.details[0] or "row" in second.details[0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("label_quality", "0.5"),
        ("kept", "0"),
        ("label", "x"),
        ("split", "test"),
        ("source_index", "7"),
        ("zone", "clean"),
        ("note", "mine"),
    ],
)
def test_a_forged_cell_of_decisions_fails(made, export, column, value):
    _rewrite(export, "decisions.csv", _cell(11, column, value))
    reports = actions.exports.verify_export(export, made[0].path, level=2)
    assert [report.ok for report in reports] == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["decisions"].update({"row-9": {"action": "drop"}}),
        lambda m: m["rules"].update(thresholds=[]),
        lambda m: m["counts"].update(kept=1),
        lambda m: m["dataset"].update(class_names=["x", "z", "y"]),
        lambda m: m["scores"]["label_quality"].update(orientation={}),
        lambda m: m["outputs"].pop("curated.parquet"),
        lambda m: m["dataset"].update(fingerprint="0"),
        lambda m: m.update(remark="all is well"),
        lambda m: m["noise_estimate"].update(share=0),
        lambda m: m.update(near_duplicates_asked={"rows": 9, "share": 0.5, "similarity": 0.9, "limit": 0.05}),
        lambda m: m["outputs"]["curated.csv"].update(rows=1),
        lambda m: m["outputs"]["decisions.csv"].update(rows=99),
        lambda m: m.update(warnings=["All is well."]),
        lambda m: m.update(warnings=[]),
        lambda m: m["outputs"]["curated.csv"].update(row_crc32=""),
        lambda m: m["outputs"]["decisions.csv"]["columns"][0].update(sha256="0" * 64),
        lambda m: m["outputs"]["curated.csv"].update(altered_cells=[[0, 0]]),
        lambda m: m["outputs"]["decisions.csv"].update(altered_cells=[[0, 0]]),
        lambda m: m["outputs"]["decisions.csv"].update(spreadsheet_safe=False),
        lambda m: m["provenance"].update(run_id="another"),
        lambda m: m["provenance"]["spec"].update(seed=7),
        lambda m: m["provenance"]["versions"].update(torch="9.9"),
        lambda m: m["provenance"].update(noise_review={"share": 0.0}),
    ],
    ids=[
        "decision",
        "rules",
        "counts",
        "classes",
        "orientation",
        "parquet",
        "fingerprint",
        "entry",
        "noise",
        "asked",
        "rows kept",
        "rows",
        "warnings",
        "no warnings",
        "row checksums",
        "column checksums",
        "altered of curated",
        "altered of decisions",
        "decisions unsafe",
        "run",
        "spec",
        "versions",
        "review",
    ],
)
def test_a_forged_manifest_fails(made, export, change, request):
    _seal(export, change)
    reports = actions.exports.verify_export(export, made[0].path, level=2)
    assert [report.ok for report in reports] == (
        [False, True] if request.node.callspec.id == "parquet" else [True, False]
    )


@pytest.mark.parametrize("name", ["curated", "decisions"])
def test_a_forged_parquet_fails(made, export, name):
    table = pq.read_table(export / f"{name}.parquet")
    column = table.column("split").to_pylist()
    column[3] = "test" if column[3] != "test" else "train"
    table = table.set_column(table.schema.get_field_index("split"), "split", [column])
    pq.write_table(table, export / f"{name}.parquet")
    _seal(export)
    second = actions.exports.verify_export(export, made[0].path, level=2)[1]
    assert second.details == (f"{name}.parquet, column 'split': its values are not those of {name}.csv.",)


def test_without_the_run_it_says_what_it_did_not_check(made, export, monkeypatch, tmp_path):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "elsewhere"))
    (export / "curated.parquet").unlink()
    _seal(export, lambda manifest: manifest["outputs"].pop("curated.parquet"))
    _rewrite(export, "curated.csv", _cell(4, "a", "9.9999"))
    _, second, third = actions.exports.verify_export(export)
    assert second.ok
    assert second.text.endswith("values of curated.csv not checked: the run is not at hand.")
    assert (third.ok, third.text) == (None, "Not checked: the run is not at hand.")
    _rewrite(export, "curated.csv", _cell(4, "label", "x" if _read(export, 4, "label") != "x" else "y"))
    assert "the label reads" in actions.exports.verify_export(export)[1].details[0]


def _read(out, row, column):
    return list(csv.DictReader(io.StringIO((out / "curated.csv").read_text("utf-8"))))[row][column]


def test_a_run_that_is_damaged_is_not_at_hand(made, export, monkeypatch):
    copy = shutil.copytree(made[0].path, export.parent / "damaged")
    (copy / "examples.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("core.runs.export.files._known", lambda run_id: copy)
    text = actions.exports.verify_export(export, level=2)[1].text
    assert "values of curated.csv not checked: the run does not open" in text
    with pytest.raises(CurationError):
        actions.exports.verify_export(export, copy, level=2)


def test_the_data_itself_is_compared_where_scores_are_computed_again(made, export):
    reports = actions.exports.verify_export(export, made[0].path)
    assert [report.ok for report in reports] == [True, True, True]
    assert "recorded evidence" in reports[2].text


def test_a_run_without_networks_does_not_say_that_networks_were_trained(made, export):
    text = actions.exports.verify_export(export, made[0].path, retrain=True)[2].text
    assert text.startswith("Computed again from the data: ")


def test_a_manifest_gives_no_path_to_a_run(made, export, monkeypatch):
    monkeypatch.chdir(made[0].path.parent)
    for name in ("run", str(made[0].path), "../run/run"):
        _seal(export, lambda manifest, name=name: manifest["provenance"].update(run_id=name))
        assert "the run is not at hand" in actions.exports.verify_export(export, level=2)[1].text


@pytest.mark.parametrize("name", ["decisions.csv", "curated.csv", "curated.parquet"])
def test_a_pipe_is_no_file(export, name):
    (export / name).unlink()
    os.mkfifo(export / name)
    assert actions.exports.verify_export(export, level=2)[0].details == (f"{name} is missing.",)


def test_a_pipe_is_no_manifest(export):
    (export / "manifest.json").unlink()
    os.mkfifo(export / "manifest.json")
    with pytest.raises(CurationError, match="it is no file"):
        actions.exports.verify_export(export, level=2)


@pytest.mark.parametrize(
    ("safe", "altered", "cell", "is_true"),
    [
        (True, [[0, 1]], "'=1", True),
        (True, [], "=1", False),
        (True, [], "-1.5", True),
        (True, [[0, 1]], "'plain", False),
        (True, [[7, 1]], "'=1", False),
        (False, [], "=1", True),
        (False, [[0, 1]], "'=1", False),
    ],
)
def test_who_may_open_a_file_is_what_its_cells_say(safe, altered, cell, is_true):
    records = [["id", "text"], ["1", cell]]
    record = {**_checksums(*records), "altered_cells": altered, "spreadsheet_safe": safe}
    assert (record_findings("curated.csv", record, records, None) == []) is is_true


def test_the_manifest_reads_back(made):
    assert read_manifest(made[1])["outputs"]["curated.csv"]["rows"]
