"""Edited exports and rules: a right answer or a refusal in words, and what passes is what was exported."""

import copy
import hashlib
import json
import signal
from pathlib import Path

import pytest
from exported import world
from fuzzing import SECONDS, cases, mutated
from hypothesis import given
from hypothesis import strategies as st

from core import curation_actions
from core.curation import apply_rules
from core.export import RunRows, verify, write_export
from core.export.manifest import manifest_hash, to_text
from core.types.curation import Guardrails, Rules, Threshold
from core.types.errors import CurationError

_ODD = [None, True, False, 0, -1, 1, 2.5, -0.0, 1e308, 2**62, 2**70, -(2**63), "", "x", "\ufeff", "'", "=1", "a" * 3000,
        "../../x", "0", "nan", "el2n", "keep", [], {}, [[]], [1, "a", None], {"a": 1}, {"": None}, [{}] * 3]
_RULES = [
    Rules(thresholds=(Threshold("composite", "percentile", "above", 80.0), Threshold("el2n", "value", "above", 2.0))),
    Rules(strategy="class_balanced", strategy_params={"keep_fraction": 0.5, "balance": 1.0}, transform="probit",
          guardrails=Guardrails(class_cap=None, duplicates="keep_best_agreed"), score_weights={"el2n": 0.5}),
    Rules(strategy="coverage", strategy_params={"keep_fraction": 0.3, "beta": 0.1}, aggregator="borda", seed=3),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(rows of the run, folder of its export, its files)."""
    view, decisions, frame = world()
    out = tmp_path_factory.mktemp("made") / "out"
    write_export(view, _RULES[0], decisions, {"check": "done", "run_id": "r"}, frame, out)
    return RunRows(view, frame), out, {p.name: p.read_bytes() for p in out.iterdir()}


@pytest.fixture(autouse=True)
def _in_time():
    """A hang is an error."""
    def late(*_):
        raise AssertionError(f"no answer in {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


@st.composite
def _edited(draw, values: list) -> object:
    """One of the JSON values with one to three entries replaced, removed, added, renamed, exchanged or wrapped."""
    whole = {"": copy.deepcopy(draw(st.sampled_from(values)))}
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))[1:]
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inner = whole
        for key in way:
            inner = inner[key]
        edit = draw(st.sampled_from(["replace", "replace", "remove", "rename", "wrap", "exchange", "add"]))
        if edit == "remove" and way:
            del inner[last]
        elif edit == "rename" and way and isinstance(inner, dict):
            inner[draw(st.sampled_from(["", "x", "kept", "rows", "a\tb"]))] = inner.pop(last)
        elif edit == "wrap":
            for _ in range(draw(st.sampled_from([1, 90, 3000]))):
                inner[last] = [inner[last]]
            break  # deeper than this test itself can walk
        elif edit == "exchange" and isinstance(inner, dict):
            other = draw(st.sampled_from(sorted(inner)))
            inner[last], inner[other] = inner[other], inner[last]
        elif edit == "add" and isinstance(inner[last], dict):
            inner[last][draw(st.sampled_from(["x", "label", "1"]))] = copy.deepcopy(draw(st.sampled_from(_ODD)))
        else:
            inner[last] = copy.deepcopy(draw(st.sampled_from(_ODD)))
    return whole[""]


def _text(value: object) -> bytes:
    depth, inner = 0, value
    while isinstance(inner, list) and len(inner) == 1:
        depth, inner = depth + 1, inner[0]
    return b"[" * depth + json.dumps(inner).encode() + b"]" * depth if depth > 900 else _dumped(value)


def _dumped(value: object) -> bytes:
    try:
        return json.dumps(value).encode()
    except RecursionError:  # written by hand, for the reader must refuse it, too
        return b'{"format": ' + b"[" * 3000 + b"]" * 3000 + b"}"


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
    return _text(manifest)


def _answer(out: Path, run: RunRows | None) -> bool:
    """Whether every level passed; a refusal must have two lines that a terminal can print."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        reports = verify(out, 2, run=run)
    except CurationError as error:
        _in_words(error)
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
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
    @given(_edited([original]))
    def holds(manifest):
        data = _sealed(manifest, files) if seal else _text(manifest)
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
        assert not passed or data == files[name] or (name == "manifest.json" and json.loads(data) ==
                                                     json.loads(files[name])), "forged bytes passed"

    holds()
    _write(out, files)


def test_cells_of_decisions_that_changed(made):
    run, out, files = made
    lines = files["decisions.csv"].decode().split("\n")
    cells = st.sampled_from(["", "0", "1", "-1", "nan", "inf", "1e39", "-1e39", "1e-50", "9" * 5000, "x", "class 1",
                             "'=1", "\x1b[2J", "1_0"])

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
    source = _edited(plain).map(_text) if how == "edited" else mutated([json.dumps(one).encode() for one in plain])
    refused = []

    @cases(40)
    @given(source)
    def holds(data):
        path = tmp_path / "rules.json"
        path.write_bytes(data)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            rules = curation_actions.rules_in(path)
            outcome = apply_rules(run.view, rules)
            assert len(outcome.kept) == len(run.view)
            json.dumps(rules.to_json(), allow_nan=False)
        except CurationError as error:
            _in_words(error)
            refused.append(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    holds()
    assert refused
