"""Edited exports and rules: a right answer or a refusal in words, and what passes is what was exported."""

import hashlib
import json
from pathlib import Path

import pytest
from exported import world
from fuzzing import cases, edited, in_time, json_bytes, mutated
from hypothesis import given
from hypothesis import strategies as st

from core import actions
from core.curation import apply_rules
from core.export import RunRows, verify, write_export
from core.export.manifest import manifest_hash, to_text
from core.types.curation import Guardrails, Rules, Threshold
from core.types.errors import CurationError

_RULES = [
    Rules(thresholds=(Threshold("composite", "percentile", "above", 80.0), Threshold("el2n", "value", "above", 2.0))),
    Rules(
        strategy="class_balanced",
        strategy_params={"keep_fraction": 0.5, "balance": 1.0},
        transform="probit",
        guardrails=Guardrails(class_cap=None, duplicates="keep_best_agreed"),
        score_weights={"el2n": 0.5},
    ),
    Rules(strategy="coverage", strategy_params={"keep_fraction": 0.3, "beta": 0.1}, aggregator="borda", seed=3),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(rows of the run, folder of its export, its files)."""
    view, decisions, frame = world()
    out = tmp_path_factory.mktemp("made") / "out"
    write_export(view, _RULES[0], decisions, {"check": "done", "run_id": "r"}, frame, out)
    return RunRows(view, frame), out, {p.name: p.read_bytes() for p in out.iterdir()}


def _sealed(manifest: object, files: dict[str, bytes]) -> bytes:
    """With every hash put right, as a forger would."""
    if isinstance(manifest, dict):
        outputs = manifest.get("outputs")
        for name, record in outputs.items() if isinstance(outputs, dict) else ():
            if isinstance(record, dict) and name in files:
                record["sha256"] = hashlib.sha256(files[name]).hexdigest()
        try:
            manifest["manifest_sha256"] = manifest_hash(manifest)
            return to_text(manifest).encode()
        except (RecursionError, ValueError, UnicodeEncodeError):
            pass
    return json_bytes(manifest)


def _answer(out: Path, run: RunRows | None) -> bool:
    """Whether every level passed; a refusal must have two lines that a terminal can print."""
    try:
        with in_time():
            reports = verify(out, 2, run=run)
    except CurationError as error:
        _in_words(error)
        return False
    for report in reports:
        assert report.ok or report.details, "a level that fails says why"
        "\n".join((report.text, *report.details)).encode()
    return all(report.ok for report in reports)


def _in_words(error: CurationError) -> None:
    """Two lines that a terminal can print, without the names of our code."""
    error.lines().encode()
    assert error.hint
    assert "__init__" not in str(error)


def _write(out: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (out / name).write_bytes(data)


def _set(manifest: dict, with_run: bool) -> dict:
    """What an export decides: the files of rows and their counts; and of which data, which the run alone knows.

    Rules are what is replayed: others that give the same bytes, reasons and distances to the cut are no forgery.
    """
    files = {name: manifest["outputs"][name]["sha256"] for name in ("curated.csv", "decisions.csv")}
    known = {"dataset": manifest["dataset"]} if with_run else {}
    return {"counts": manifest["counts"], "score_order": manifest["score_order"], "files": files, **known}


@pytest.mark.parametrize("with_run", [True, False], ids=["run", "alone"])
@pytest.mark.parametrize("seal", [True, False], ids=["sealed", "raw"])
def test_an_edited_manifest(made, seal, with_run):
    run, out, files = made
    original = json.loads(files["manifest.json"])
    answers = []

    @cases(30)
    @given(edited([original]))
    def holds(manifest):
        data = _sealed(manifest, files) if seal else json_bytes(manifest)
        _write(out, {**files, "manifest.json": data})
        passed = _answer(out, run if with_run else None)
        answers.append(passed)
        if passed:
            assert _set(json.loads(data), with_run) == _set(original, with_run), "a forged set passed"

    holds()
    _write(out, files)
    assert not all(answers)
    assert _answer(out, run)


@pytest.mark.parametrize("name", ["manifest.json", "decisions.csv", "curated.csv"])
def test_bytes_that_changed(made, name):
    run, out, files = made

    @cases(25)
    @given(mutated([files[name]]), st.booleans())
    def holds(data, seal):
        new = {**files, name: data}
        if seal and name != "manifest.json":
            new["manifest.json"] = _sealed(json.loads(files["manifest.json"]), new)
        _write(out, new)
        passed = _answer(out, run)
        assert (
            not passed
            or data == files[name]
            or (name == "manifest.json" and json.loads(data) == json.loads(files[name]))
        ), "forged bytes passed"

    holds()
    _write(out, files)


def test_cells_of_decisions_that_changed(made):
    run, out, files = made
    lines = files["decisions.csv"].decode().split("\n")
    cells = st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "nan",
            "inf",
            "1e39",
            "-1e39",
            "1e-50",
            "9" * 5000,
            "x",
            "class 1",
            "'=1",
            "\x1b[2J",
            "1_0",
        ]
    )

    @cases(30)
    @given(st.integers(0, len(lines) - 2), st.integers(0, 40), cells, st.booleans())
    def holds(row, column, cell, seal):
        fields = lines[row].split(",")
        fields[column % len(fields)] = cell
        data = "\n".join([*lines[:row], ",".join(fields), *lines[row + 1 :]]).encode()
        new = {**files, "decisions.csv": data}
        if seal:
            new["manifest.json"] = _sealed(json.loads(files["manifest.json"]), new)
        _write(out, new)
        assert not _answer(out, run) or data == files["decisions.csv"], "a forged cell passed"

    holds()
    _write(out, files)


@pytest.mark.parametrize("how", ["edited", "bytes"])
def test_rules_from_a_file(made, tmp_path, how):
    run, _, _ = made
    plain = [rules.to_json() for rules in _RULES]
    source = edited(plain).map(json_bytes) if how == "edited" else mutated([json.dumps(one).encode() for one in plain])
    refused = []

    @cases(40)
    @given(source)
    def holds(data):
        path = tmp_path / "rules.json"
        path.write_bytes(data)
        try:
            with in_time():
                rules = actions.rules.rules_in(path)
                outcome = apply_rules(run.view, rules)
            assert len(outcome.kept) == len(run.view)
            json.dumps(rules.to_json(), allow_nan=False)
        except CurationError as error:
            _in_words(error)
            refused.append(error)

    holds()
    assert refused
