import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exported import OPEN, RULES, read_table, world, write_out
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.small_views import view_of

from core.curation import PRESETS, apply_rules, keep_fraction_rules
from core.export import raise_if_failed, read_manifest, verify, write_export
from core.export.replay import read_export, read_records
from core.types.curation import Action, Decision, Rules, Threshold
from core.types.errors import CurationError, DataError, RulesError
from core.types.exports import ExportOptions


def test_an_export_verifies_from_its_folder_alone(tmp_path):
    view, report = write_out(tmp_path / "out")
    first, second, third = verify(tmp_path / "out")
    assert (first.ok, second.ok, third.ok) == (True, True, None)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["curated.csv", "decisions.csv", "manifest.json"]
    assert report.kept + report.dropped == len(view)
    raise_if_failed([first, second, third])


def test_the_columns_are_those_of_the_contract(tmp_path):
    view, _ = write_out(tmp_path / "out")
    head = read_table(tmp_path / "out" / "decisions.csv")[0]
    scores = [c for n in view.scores for c in (n, f"{n}_pct", f"{n}_sd", f"{n}_n")]
    assert head == [
        "example_id",
        "source_index",
        "source_path",
        "split",
        "group",
        "label",
        "label_suggested",
        "label_final",
        "kept",
        "decision_source",
        "reasons",
        "composite_score",
        "composite_rank",
        "threshold",
        "cut_margin",
        *scores,
        "flip_risk",
        "dup_group",
        "zone",
        "predicted_label",
        "predicted_prob",
        "sample_weight",
        "reviewed",
        "note",
    ]


def test_a_second_export_has_the_same_bytes(tmp_path):
    write_out(tmp_path / "a", options=ExportOptions(("csv", "parquet")))
    write_out(tmp_path / "b", options=ExportOptions(("csv", "parquet")))
    for name in ("curated.csv", "decisions.csv", "manifest.json", "curated.parquet", "decisions.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_lines_end_in_lf_and_empty_means_not_computed(tmp_path):
    view, _ = write_out(tmp_path / "out")
    data = (tmp_path / "out" / "decisions.csv").read_bytes()
    assert b"\r" not in data
    records = read_table(tmp_path / "out" / "decisions.csv")
    at = {name: k for k, name in enumerate(records[0])}
    for row, values in enumerate(records[1:]):
        missing = np.isnan(view.scores["aum"].values[row])
        assert [values[at[c]] == "" for c in ("aum", "aum_pct", "aum_n")] == [missing] * 3
        assert values[at["aum_sd"]] == ""  # one seed has no spread
        if not missing:
            assert np.float32(values[at["aum"]]) == view.scores["aum"].values[row]


def test_curated_holds_the_kept_rows_with_the_users_columns(tmp_path):
    view, _ = write_out(tmp_path / "out")
    frame = world()[2]
    kept = apply_rules(view, RULES, world()[1]).kept
    records = read_table(tmp_path / "out" / "curated.csv")
    assert records[0] == ["example_id", "text", "label", "amount"]
    assert [r[0] for r in records[1:]] == view.ids[kept].tolist()
    assert [r[1] for r in records[1:]] == frame["text"][kept].tolist()
    assert [r[3] for r in records[1:]] == frame["amount"][kept].tolist()  # "-30": a numeric column is never altered
    relabeled = {r[0]: r[2] for r in records[1:]}[str(view.ids[3])]
    assert relabeled == "class 1"


def test_the_label_is_written_as_the_source_writes_it(tmp_path):
    view = view_of({"el2n": [1, 2, 3]}, labels=[0, 1, 1])
    frame = pd.DataFrame({"id": view.ids, "y": ["07", "08", "08"]})
    view = replace(view, columns=frame, label_column="y", id_column="id")
    decisions = {"e000": Decision(Action.RELABEL, "class 1")}
    write_export(view, Rules(guardrails=OPEN), decisions, {}, frame, tmp_path / "out")
    assert read_table(tmp_path / "out" / "curated.csv") == [["id", "y"], ["e000", "08"], ["e001", "08"], ["e002", "08"]]
    assert [r.ok for r in verify(tmp_path / "out", level=2)] == [True, True]


def test_arrays_without_columns_get_index_and_label(tmp_path):
    view = view_of({"el2n": [1, 2]}, labels=[0, 1])
    write_export(view, Rules(guardrails=OPEN), {}, {}, None, tmp_path / "out")
    assert read_table(tmp_path / "out" / "curated.csv")[1] == ["e000", "0", "class 0"]


FORMULAS = ["=1+1", "+2", "-x", "@SUM(A1)", "\tx", "\rx", "'quoted", "a=b", ""]


def _formulas(out: Path, **more):
    size = len(FORMULAS)
    view = view_of({"el2n": np.arange(size)}, ids=[f"-{k}" for k in range(size)])
    frame = pd.DataFrame({"=cmd": FORMULAS, "number": ["-1"] * size, "mixed": ["-1"] * (size - 1) + ["-"]})
    decisions = {"-0": Decision(note="=1+1")}
    report = write_export(view, Rules(guardrails=OPEN), decisions, {}, frame, out, **more)
    return report, read_table(out / "curated.csv"), read_table(out / "decisions.csv")


def test_curated_holds_every_cell_as_it_is(tmp_path):
    report, curated, _ = _formulas(tmp_path / "out", options=ExportOptions(("csv", "parquet")))
    assert curated[0] == ["example_id", "=cmd", "number", "mixed"]
    assert [r[0] for r in curated[1:]] == [f"-{k}" for k in range(len(FORMULAS))]
    assert [r[1] for r in curated[1:]] == FORMULAS
    assert [r[3] for r in curated[1:]] == ["-1"] * (len(FORMULAS) - 1) + ["-"]
    written = read_manifest(tmp_path / "out")["outputs"]["curated.csv"]
    assert (written["altered_cells"], written["spreadsheet_safe"]) == ([], False)
    assert (report.formulas, report.safe) == (1 + 9 + 6 + 9, False)
    raw = pd.read_parquet(tmp_path / "out" / "curated.parquet")
    assert raw["=cmd"].tolist() == FORMULAS
    assert raw["number"].tolist() == [-1] * len(FORMULAS)
    assert [r.ok for r in verify(tmp_path / "out", level=2)] == [True, True]


def test_safe_for_spreadsheets_alters_what_it_says_and_lists_it(tmp_path):
    report, curated, _ = _formulas(tmp_path / "out", options=ExportOptions(spreadsheet_safe=True))
    assert curated[0] == ["example_id", "'=cmd", "number", "mixed"]
    assert [r[1] for r in curated[1:]] == ["'=1+1", "'+2", "'-x", "'@SUM(A1)", "'\tx", "'\rx", "'quoted", "a=b", ""]
    assert {r[2] for r in curated[1:]} == {"-1"}
    assert {r[3] for r in curated[1:]} == {"'-1", "'-"}
    written = read_manifest(tmp_path / "out")["outputs"]["curated.csv"]
    assert [-1, 1] in written["altered_cells"]
    assert [0, 1] in written["altered_cells"]
    assert [6, 1] not in written["altered_cells"]
    assert (len(written["altered_cells"]), written["spreadsheet_safe"]) == (report.formulas, True)
    assert report.safe
    assert [r.ok for r in verify(tmp_path / "out", level=2)] == [True, True]


def test_fault_78_a_formula_in_an_id_is_defused_in_decisions_csv_whatever_is_chosen(tmp_path):
    for safe in (False, True):
        size = len(FORMULAS)
        view = view_of({"el2n": np.arange(size)}, ids=["=cmd()", *(f"-{k}" for k in range(1, size))])
        decisions = {"=cmd()": Decision(note="=1+1")}
        out = tmp_path / str(safe)
        write_export(view, Rules(guardrails=OPEN), decisions, {}, None, out, ExportOptions(spreadsheet_safe=safe))
        head, first, *_ = read_table(out / "decisions.csv")
        assert (first[0], first[head.index("note")]) == ("'=cmd()", "'=1+1")
        assert read_table(out / "curated.csv")[1][0] == ("'=cmd()" if safe else "=cmd()")
        assert [r.ok for r in verify(out, level=2)] == [True, True]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
HARD_IDS = [
    "007",
    "1e5",
    "NA",
    "nan",
    "None",
    "-2",
    "=x",
    "'=x",
    "a;b",
    "a,b",
    'a"b',
    "a\nb",
    "a\r\nb",
    "\u00e9",
    "e\u0301",
    "\u202eabc",
    " x ",
    "\ufeffx",
    "\U0001f426",
    "0.10",
]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(HARD_IDS) | TEXT.filter(bool), min_size=4, max_size=10, unique=True), st.data())
def test_any_text_comes_back(ids, data):
    size = len(ids)
    cells = data.draw(st.lists(TEXT, min_size=size, max_size=size))
    view = view_of({"el2n": np.linspace(0, 1, size)}, ids=ids)
    decisions = {ids[0]: Decision(Action.DROP, note=cells[0]), ids[1]: Decision(note=cells[1], reviewed=True)}
    rules = Rules(thresholds=(Threshold("composite", "count", "above", 1),), guardrails=OPEN)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        write_export(view, rules, decisions, {}, pd.DataFrame({"only": cells}), out)
        assert [r.ok for r in verify(out, level=2)] == [True, True]
        stored = read_export(read_manifest(out), read_records((out / "decisions.csv").read_bytes(), "decisions.csv"))
        assert stored.view.ids.tolist() == ids
        assert dict(stored.decisions)[ids[0]] == decisions[ids[0]]
        kept = apply_rules(view, rules, decisions).kept
        records = read_table(out / "curated.csv")
        altered = read_manifest(out)["outputs"]["curated.csv"]["altered_cells"]
        assert altered == []
        assert [r[1] for r in records[1:]] == [c for c, k in zip(cells, kept, strict=True) if k]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), preset=st.sampled_from(PRESETS))
def test_every_preset_replays_to_the_same_bytes(seed, preset):
    view, decisions, frame = world(seed)
    rules = preset.build(view)
    rules = replace(rules, guardrails=replace(rules.guardrails, allow_empty_class=True))
    with tempfile.TemporaryDirectory() as place:
        write_export(view, rules, decisions, {}, frame, Path(place) / "out")
        assert [r.ok for r in verify(Path(place) / "out", level=2)] == [True, True]


def test_what_must_not_be_exported(tmp_path):
    view, decisions, frame = world()
    twice = replace(view, ids=np.array(["a"] * len(view), object))
    with pytest.raises(DataError, match="more than once"):
        write_export(twice, RULES, {}, {}, frame, tmp_path / "out")
    with pytest.raises(DataError, match="changed since"):
        write_export(view, RULES, decisions, {"current_fingerprint": "other"}, frame, tmp_path / "out")
    small = view_of({"el2n": [1, 2]}, labels=[0, 1])
    with pytest.raises(RulesError, match="No training row would be left"):
        write_export(small, Rules(), {"e000": Decision(Action.DROP)}, {}, None, tmp_path / "out")
    allowed = Rules(guardrails=OPEN)
    assert write_export(small, allowed, {"e000": Decision(Action.DROP)}, {}, None, tmp_path / "out").dropped == 1


def test_a_folder_of_someone_else_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(CurationError, match=r"thesis\.txt"):
        write_out(tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"
    write_out(tmp_path / "mine")
    write_out(tmp_path / "mine", seed=1)  # an earlier export is replaced
    assert verify(tmp_path / "mine", level=2)[1].ok
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "out"]
    with pytest.raises(CurationError, match="not a folder"):
        write_out(tmp_path / "out" / "thesis.txt")


def test_nothing_tells_where_or_when_it_was_made(tmp_path):
    view, decisions, frame = world()
    provenance = {
        "spec": {"source": "/home/someone/data/set.csv", "odd": float("nan"), "list": (np.float32(0.5), {1})},
        "windows": "C:\\Users\\someone\\x.csv",
    }
    write_export(view, RULES, decisions, provenance, frame, tmp_path / "out")
    text = (tmp_path / "out" / "manifest.json").read_text("utf-8")
    assert "someone" not in text
    spec = read_manifest(tmp_path / "out")["provenance"]["spec"]
    assert spec == {"source": "set.csv", "odd": None, "list": [0.5, [1]]}
    warnings = read_manifest(tmp_path / "out")["warnings"]
    assert any("No check was run" in line for line in warnings)


def test_every_reason_code_is_in_the_dictionary(tmp_path):
    view, _ = write_out(tmp_path / "out", rules=keep_fraction_rules(RULES, 0.5))
    words = read_manifest(tmp_path / "out")["reasons"]
    records = read_table(tmp_path / "out" / "decisions.csv")
    place = records[0].index("reasons")
    codes = {c for r in records[1:] for c in r[place].split(";") if c and not c.startswith("dup_of:")}
    assert "top_fraction" in codes
    assert codes <= set(words)
    assert all(words[c] for c in codes)


def test_sample_weights_balance_the_classes(tmp_path):
    view = view_of({"el2n": np.arange(6)}, labels=[0, 0, 0, 1, 1, 1], splits=["train"] * 4 + ["test"] * 2)
    write_export(view, Rules(), {}, {}, None, tmp_path / "out")
    records = read_table(tmp_path / "out" / "decisions.csv")
    place = records[0].index("sample_weight")
    weights = [r[place] for r in records[1:]]
    assert weights[4:] == ["0.0", "0.0"]
    np.testing.assert_allclose(np.array(weights[:4], float), [2 / 3, 2 / 3, 2 / 3, 2], rtol=1e-6)
