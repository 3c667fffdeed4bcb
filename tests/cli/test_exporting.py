"""export on the command line: what it asks first, what it refuses, which ways of writing it offers."""

import csv
import json
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from core.cli import main
from core.export import read_manifest
from core.types.runs import RunState


def _export(capsys, out, *flags) -> tuple[int, str, list[str]]:
    """(exit code, what was said, the lines of an error)."""
    code = main(["export", "digits", "--out", str(out), *map(str, flags)])
    said = capsys.readouterr()
    return code, said.out, said.err.strip().splitlines()


def _rules(tmp_path, **more):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"guardrails": {"class_floor": 0, "class_cap": None}, **more}))
    return path


def _cut(value, class_name=None):
    return [{"score": "composite", "kind": "value", "drop": "above", "cut": value, "class_name": class_name}]


KEEP = ["--near-duplicates", "keep"]


@pytest.mark.parametrize(
    ("flags", "cut", "words"),
    [
        (["--keep-fraction", 0], None, "The rules keep nothing: all 1,204 rows"),
        (["--keep-fraction", 1], None, "The rules keep everything: none of the"),
        (KEEP, (9.0,), "The rules keep everything"),
        ([], (-9.0,), "None of the 1,204 rows"),
        ([], (-9.0, "3"), "No training row would be left of '3'"),
    ],
    ids=["fault-90-share-0", "fault-90-share-1", "fault-90-cut-nothing", "fault-90-cut-all", "fault-90-one-class"],
)
def test_rules_that_keep_nothing_everything_or_empty_a_class_ask_first(capsys, tmp_path, flags, cut, words):
    if cut is not None:
        flags = [*flags, "--rules", _rules(tmp_path, thresholds=_cut(*cut))]
    code, _, error = _export(capsys, tmp_path / "out", *flags)
    assert (code, len(error)) == (2, 2)
    assert error[0].startswith(words)
    assert "--yes" in error[1]
    assert not (tmp_path / "out").exists()
    code, said, _ = _export(capsys, tmp_path / "out", *flags, "--yes")
    assert code == 0
    assert said.startswith(f"{tmp_path / 'out'}: kept")


def test_a_share_that_comes_out_otherwise_says_why(capsys, tmp_path):
    _, said, _ = _export(capsys, tmp_path / "out", "--keep-fraction", "0.01")
    assert "Asked to keep 1.0% of 1,204 rows (12); 350 of all 1,454 (24%) are kept: 88 held by the floor" in said


def test_parquet_and_spreadsheet_safe_can_be_asked_for(capsys, tmp_path):
    assert _export(capsys, tmp_path / "out", "--formats", "csv,parquet", "--spreadsheet-safe")[0] == 0
    outputs = read_manifest(tmp_path / "out")["outputs"]
    assert sorted(outputs) == ["curated.csv", "curated.parquet", "decisions.csv", "decisions.parquet"]
    assert outputs["curated.csv"]["spreadsheet_safe"]
    assert pq.read_schema(tmp_path / "out" / "decisions.parquet").field("cut_margin").type == "float"
    assert main(["verify", str(tmp_path / "out"), "--level", "2"]) == 0
    assert "curated.csv is what the run gives." in capsys.readouterr().out
    code, _, error = _export(capsys, tmp_path / "more", "--formats", "parquet,xlsx")
    assert code == 2
    assert error[0].startswith("Argument --formats: 'xlsx' is none of csv, parquet, hf,")


@pytest.mark.parametrize(
    "flags",
    [
        ("--aggregator", "borda"),
        ("--aggregator", "median"),
        ("--aggregator", "max"),
        ("--normalise", "probit"),
        ("--normalise", "robust_z"),
    ],
)
def test_every_way_of_joining_scores_can_be_asked_for(capsys, tmp_path, flags):
    assert _export(capsys, tmp_path / "usual")[0] == 0
    assert _export(capsys, tmp_path / "other", *flags)[0] == 0
    rules = read_manifest(tmp_path / "other")["rules"]
    assert rules[{"--aggregator": "aggregator", "--normalise": "transform"}[flags[0]]] == flags[1]
    composite = []
    for name in ("usual", "other"):
        with (tmp_path / name / "decisions.csv").open(newline="") as file:
            composite.append([row["composite_score"] for row in csv.DictReader(file)])
    assert composite[0] != composite[1]
    assert main(["verify", str(tmp_path / "other"), "--level", "2"]) == 0


def test_near_duplicates_are_asked_about_answered_and_recorded(capsys, tmp_path):
    lower = ("--duplicate-similarity", "0.9")
    code, said, _ = _export(capsys, tmp_path / "ask", *lower)
    assert code == 0
    asked = read_manifest(tmp_path / "ask")["near_duplicates_asked"]
    assert f"warning: {asked['rows']:,} rows look alike at 0.9: " in said
    assert read_manifest(tmp_path / "ask")["counts"]["by_source"].get("duplicate", 0) == 0
    _export(capsys, tmp_path / "drop", *lower, "--near-duplicates", "drop")
    dropped = read_manifest(tmp_path / "drop")
    assert dropped["counts"]["by_source"]["duplicate"] == asked["rows"]
    assert dropped["near_duplicates_asked"] is None
    _export(capsys, tmp_path / "keep", "--near-duplicates", "keep")
    assert "duplicate" not in read_manifest(tmp_path / "keep")["counts"]["by_source"]
    for name in ("ask", "drop", "keep"):
        assert main(["verify", str(tmp_path / name), "--level", "2"]) == 0
    code, _, error = _export(capsys, tmp_path / "out", "--duplicate-similarity", "nan")
    assert (code, error[0]) == (2, "Argument --duplicate-similarity: 'nan' is not 0 or more and at most 1.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not read as JSON"),
        ("[]", "not a JSON object"),
        ("{", "does not read as JSON"),
        ('{"rulez": 1}', "rulez is no entry that this version knows"),
        (
            '{"thresholds": [{"score": "el2n", "kind": "value", "drop": "above", "cut": "high"}]}',
            "thresholds[0].cut should be a number, and is a text: 'high'",
        ),
        ('{"group_weights": [1, 2]}', "group_weights should be a mapping of names, and is a list"),
        ('{"score_weights": {"el2n": NaN}}', "does not read as JSON"),
        ('{"version": 7}', "Rules of version 7"),
        ('{"thresholds": ' + "[" * 3000 + "]" * 3000 + "}", "nested too deeply"),
        ('{"guardrails": {"class_floor": "ten"}}', "guardrails.class_floor should be a whole number"),
    ],
)
def test_rules_that_do_not_read_are_refused_in_two_lines(capsys, tmp_path, text, words):
    path = tmp_path / "rules.json"
    path.write_text(text)
    code, _, error = _export(capsys, tmp_path / "out", "--rules", path)
    assert (code, len(error)) == (2, 2)
    assert words in error[0]
    assert "__init__" not in error[0]
    assert not (tmp_path / "out").exists()


def test_rules_of_an_earlier_export_are_taken(capsys, tmp_path):
    _export(capsys, tmp_path / "a", "--preset", "coverage_third")
    assert _export(capsys, tmp_path / "b", "--rules", tmp_path / "a" / "manifest.json")[0] == 0
    assert (tmp_path / "a" / "decisions.csv").read_bytes() == (tmp_path / "b" / "decisions.csv").read_bytes()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RunState.RUNNING, "running, with"),
        (RunState.STOPPED, "stopped, with"),
        (RunState.FINISHED, None),
        (RunState.INCOMPLETE, None),
    ],
)
def test_an_export_of_a_run_that_still_gets_scores_says_so(capsys, tmp_path, monkeypatch, state, words):
    monkeypatch.setattr("core.runs.export.files.status", lambda run_id: SimpleNamespace(state=state))
    code, said, _ = _export(capsys, tmp_path / "out")
    assert code == 0
    assert ("warning: The run is not finished (" in said) == (words is not None)
    if words:
        assert words in said
        assert words in read_manifest(tmp_path / "out")["provenance"]["unfinished"]
