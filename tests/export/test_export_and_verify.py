import csv
import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.small_views import random_view, view_of

from core.curation import PRESETS, apply_rules, keep_fraction_rules
from core.export import raise_if_failed, read_manifest, verify, write_export
from core.export.replay import read_export, read_records
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold
from core.types.errors import CurationError, DataError, RulesError, VerifyError

RULES = Rules(thresholds=(Threshold("composite", "percentile", "above", 80.0),), guardrails=Guardrails(class_floor=2))
OPEN = Guardrails(class_floor=0, class_cap=None, allow_empty_class=True)


def _world(seed: int = 0):
    view = random_view(np.random.default_rng(seed))
    frame = pd.DataFrame({"text": [f"line {k}\nnext, \"quoted\"" for k in range(len(view))],
                          "label": [view.class_names[c] if c >= 0 else "" for c in view.labels],
                          "amount": [str(k - 30) for k in range(len(view))]})
    decisions = {str(view.ids[0]): Decision(Action.DROP, note="=1+1"),
                 str(view.ids[3]): Decision(Action.RELABEL, "class 1"),
                 str(view.ids[5]): Decision(note="line\nbreak", reviewed=True)}
    return replace(view, columns=frame, label_column="label", _results={}), decisions, frame


def _read(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))


def _write(out: Path, seed: int = 0, rules: Rules = RULES, **more):
    view, decisions, frame = _world(seed)
    return view, write_export(view, rules, decisions, {"check": "done"}, frame, out, **more)


def test_an_export_verifies_from_its_folder_alone(tmp_path):
    view, report = _write(tmp_path / "out")
    first, second, third = verify(tmp_path / "out")
    assert (first.ok, second.ok, third.ok) == (True, True, None)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["curated.csv", "decisions.csv", "manifest.json"]
    assert report.kept + report.dropped == len(view)
    raise_if_failed([first, second, third])


def test_the_columns_are_those_of_the_contract(tmp_path):
    view, _ = _write(tmp_path / "out")
    head = _read(tmp_path / "out" / "decisions.csv")[0]
    scores = [c for n in view.scores for c in (n, f"{n}_pct", f"{n}_sd", f"{n}_n")]
    assert head == ["example_id", "source_index", "source_path", "split", "group", "label", "label_suggested",
                    "label_final", "kept", "decision_source", "reasons", "composite_score", "composite_rank",
                    "threshold", "margin",
                    *scores, "flip_risk", "dup_group", "zone", "predicted_label", "predicted_prob", "sample_weight",
                    "reviewed", "note"]


def test_a_second_export_has_the_same_bytes(tmp_path):
    _write(tmp_path / "a", formats=("csv", "parquet"))
    _write(tmp_path / "b", formats=("csv", "parquet"))
    for name in ("curated.csv", "decisions.csv", "manifest.json", "curated.parquet", "decisions.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_lines_end_in_lf_and_empty_means_not_computed(tmp_path):
    view, _ = _write(tmp_path / "out")
    data = (tmp_path / "out" / "decisions.csv").read_bytes()
    assert b"\r" not in data
    records = _read(tmp_path / "out" / "decisions.csv")
    at = {name: k for k, name in enumerate(records[0])}
    for row, values in enumerate(records[1:]):
        missing = np.isnan(view.scores["aum"].values[row])
        assert [values[at[c]] == "" for c in ("aum", "aum_pct", "aum_n")] == [missing] * 3
        assert values[at["aum_sd"]] == ""  # one seed has no spread
        if not missing:
            assert np.float32(values[at["aum"]]) == view.scores["aum"].values[row]


def test_curated_holds_the_kept_rows_with_the_users_columns(tmp_path):
    view, _ = _write(tmp_path / "out")
    frame = _world()[2]
    kept = apply_rules(view, RULES, _world()[1]).kept
    records = _read(tmp_path / "out" / "curated.csv")
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
    assert _read(tmp_path / "out" / "curated.csv") == [["id", "y"], ["e000", "08"], ["e001", "08"], ["e002", "08"]]
    assert [r.ok for r in verify(tmp_path / "out", level=2)] == [True, True]


def test_arrays_without_columns_get_index_and_label(tmp_path):
    view = view_of({"el2n": [1, 2]}, labels=[0, 1])
    write_export(view, Rules(guardrails=OPEN), {}, {}, None, tmp_path / "out")
    assert _read(tmp_path / "out" / "curated.csv")[1] == ["e000", "0", "class 0"]


FORMULAS = ["=1+1", "+2", "-x", "@SUM(A1)", "\tx", "\rx", "'quoted", "a=b", ""]


def test_cells_that_a_spreadsheet_would_run_are_defused_and_listed(tmp_path):
    size = len(FORMULAS)
    view = view_of({"el2n": np.arange(size)}, ids=[f"-{k}" for k in range(size)])
    frame = pd.DataFrame({"=cmd": FORMULAS, "number": ["-1"] * size, "mixed": ["-1"] * (size - 1) + ["-"]})
    write_export(view, Rules(guardrails=OPEN), {}, {}, frame, tmp_path / "out", formats=("csv", "parquet"))
    records = _read(tmp_path / "out" / "curated.csv")
    assert records[0] == ["example_id", "'=cmd", "number", "mixed"]
    assert [r[1] for r in records[1:]] == ["'=1+1", "'+2", "'-x", "'@SUM(A1)", "'\tx", "'\rx", "'quoted", "a=b", ""]
    assert {r[2] for r in records[1:]} == {"-1"}
    assert {r[3] for r in records[1:]} == {"'-1", "'-"}
    altered = read_manifest(tmp_path / "out")["outputs"]["curated.csv"]["altered_cells"]
    assert [-1, 1] in altered
    assert [0, 1] in altered
    assert [6, 1] not in altered
    raw = pd.read_parquet(tmp_path / "out" / "curated.parquet")
    assert raw["=cmd"].tolist() == FORMULAS
    assert [r.ok for r in verify(tmp_path / "out", level=2)] == [True, True]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
HARD_IDS = ["007", "1e5", "NA", "nan", "None", "-2", "=x", "'=x", "a;b", "a,b", 'a"b', "a\nb", "a\r\nb", "\u00e9",
            "e\u0301", "\u202eabc", " x ", "\ufeffx", "\U0001f426", "\x00", "0.10"]


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
        records, altered = _read(out / "curated.csv"), read_manifest(out)["outputs"]["curated.csv"]["altered_cells"]
        for row, column in altered:
            records[row + 1][column] = records[row + 1][column][1:]
        assert [r[1] for r in records[1:]] == [c for c, k in zip(cells, kept, strict=True) if k]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), preset=st.sampled_from(PRESETS))
def test_every_preset_replays_to_the_same_bytes(seed, preset):
    view, decisions, frame = _world(seed)
    rules = preset.build(view)
    rules = replace(rules, guardrails=replace(rules.guardrails, allow_empty_class=True))
    with tempfile.TemporaryDirectory() as place:
        write_export(view, rules, decisions, {}, frame, Path(place) / "out")
        assert [r.ok for r in verify(Path(place) / "out", level=2)] == [True, True]


def _edit(path: Path, row: int, column: str, cell: str) -> str:
    records = _read(path)
    was = records[row + 1][records[0].index(column)]
    records[row + 1][records[0].index(column)] = cell
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(records)
    return was


@pytest.mark.parametrize(("file", "column", "cell"), [("decisions.csv", "kept", "1"), ("decisions.csv", "el2n", "9.5"),
                                                      ("decisions.csv", "note", "new"), ("curated.csv", "label", "dog"),
                                                      ("decisions.csv", "example_id", "other")])
def test_one_changed_cell_is_named(tmp_path, file, column, cell):
    _write(tmp_path / "out")
    _edit(tmp_path / "out" / file, 7, column, cell if column != "kept" else _other_kept(tmp_path / "out", 7))
    first = verify(tmp_path / "out", level=1)[0]
    assert first.ok is False
    assert len(first.details) == 1
    assert f"{file} row 7" in first.details[0]
    assert repr(column) in first.details[0]
    with pytest.raises(VerifyError, match="row 7"):
        raise_if_failed([first])


def _other_kept(out: Path, row: int) -> str:
    records = _read(out / "decisions.csv")
    return "01"[records[row + 1][records[0].index("kept")] == "0"]


def test_replaying_says_what_a_changed_verdict_should_be(tmp_path):
    _write(tmp_path / "out")
    was = _edit(tmp_path / "out" / "decisions.csv", 7, "kept", _other_kept(tmp_path / "out", 7))
    second = verify(tmp_path / "out", level=2)[1]
    assert second.ok is False
    assert f"replaying gives {was!r}" in second.details[0]


def test_a_changed_input_does_not_replay(tmp_path):
    _write(tmp_path / "out")
    _edit(tmp_path / "out" / "decisions.csv", 7, "el2n", "99.0")
    assert verify(tmp_path / "out", level=2)[1].ok is False
    _edit(tmp_path / "out" / "decisions.csv", 7, "el2n", "many")
    assert "'el2n' reads 'many'" in verify(tmp_path / "out", level=2)[1].details[0]


def test_other_damage_is_told(tmp_path):
    out = tmp_path / "out"
    _write(out)
    path = out / "decisions.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert verify(out, level=1)[0].ok is False
    path.write_bytes(b"\xef\xbb\xbf" + whole)
    assert "header" in verify(out, level=1)[0].details[0]
    path.write_bytes(whole[:whole.rindex(b"\n", 0, -1) + 1])
    assert "59 rows instead of 60" in verify(out, level=1)[0].details[0]
    path.unlink()
    assert "missing" in verify(out)[0].details[0]
    assert verify(out)[1].ok is False


def test_a_changed_manifest_is_told(tmp_path):
    _write(tmp_path / "out")
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
    view, _ = _write(tmp_path / "out")
    fresh = {n: c.values for n, c in view.scores.items()}
    order = np.random.default_rng(0).permutation(len(view))
    shuffled = (view.ids[order].tolist(), {n: v[order] for n, v in fresh.items()})
    same = verify(tmp_path / "out", recompute=lambda: shuffled)
    assert same[2].ok is True
    moved = {**fresh, "el2n": -fresh["el2n"]}
    other = verify(tmp_path / "out", recompute=lambda: (view.ids.tolist(), moved))[2]
    assert other.ok is False
    assert "el2n: differs by up to" in other.details[0]
    _, decisions, _ = _world()
    other_el2n = replace(view.scores["el2n"], values=moved["el2n"])
    flipped = replace(view, scores={**view.scores, "el2n": other_el2n}, _results={})
    changed = apply_rules(view, RULES, decisions).kept != apply_rules(flipped, RULES, decisions).kept
    assert set(other.flips) == set(view.ids[changed].tolist())
    assert other.flips


def test_what_must_not_be_exported(tmp_path):
    view, decisions, frame = _world()
    twice = replace(view, ids=np.array(["a"] * len(view), object), _results={})
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
        _write(tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"
    _write(tmp_path / "mine")
    _write(tmp_path / "mine", seed=1)  # an earlier export is replaced
    assert verify(tmp_path / "mine", level=2)[1].ok
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "out"]
    with pytest.raises(CurationError, match="not a folder"):
        _write(tmp_path / "out" / "thesis.txt")


def test_nothing_tells_where_or_when_it_was_made(tmp_path):
    view, decisions, frame = _world()
    provenance = {"spec": {"source": "/home/someone/data/set.csv", "odd": float("nan"), "list": (np.float32(0.5), {1})},
                  "windows": "C:\\Users\\someone\\x.csv"}
    write_export(view, RULES, decisions, provenance, frame, tmp_path / "out")
    text = (tmp_path / "out" / "manifest.json").read_text("utf-8")
    assert "someone" not in text
    spec = read_manifest(tmp_path / "out")["provenance"]["spec"]
    assert spec == {"source": "set.csv", "odd": None, "list": [0.5, [1]]}
    warnings = read_manifest(tmp_path / "out")["warnings"]
    assert any("No check was run" in line for line in warnings)


def test_every_reason_code_is_in_the_dictionary(tmp_path):
    view, _ = _write(tmp_path / "out", rules=keep_fraction_rules(RULES, 0.5))
    words = read_manifest(tmp_path / "out")["reasons"]
    records = _read(tmp_path / "out" / "decisions.csv")
    place = records[0].index("reasons")
    codes = {c for r in records[1:] for c in r[place].split(";") if c and not c.startswith("dup_of:")}
    assert "top_fraction" in codes
    assert codes <= set(words)
    assert all(words[c] for c in codes)


def test_sample_weights_balance_the_classes(tmp_path):
    view = view_of({"el2n": np.arange(6)}, labels=[0, 0, 0, 1, 1, 1], splits=["train"] * 4 + ["test"] * 2)
    write_export(view, Rules(), {}, {}, None, tmp_path / "out")
    records = _read(tmp_path / "out" / "decisions.csv")
    place = records[0].index("sample_weight")
    weights = [r[place] for r in records[1:]]
    assert weights[4:] == ["", ""]
    np.testing.assert_allclose(np.array(weights[:4], float), [2 / 3, 2 / 3, 2 / 3, 2], rtol=1e-6)


def test_networks_trained_elsewhere_must_order_the_rows_alike(tmp_path):
    view, _ = _write(tmp_path / "out")
    fresh = {n: c.values for n, c in view.scores.items()}
    noise = np.random.default_rng(0).normal(0, 0.02 * float(np.nanstd(fresh["el2n"])), len(view))
    near = fresh["el2n"] + noise.astype(np.float32)

    def level_3(values, trained_again):
        answer = (view.ids.tolist(), {**fresh, "el2n": values})
        return verify(tmp_path / "out", recompute=lambda: answer, trained_again=trained_again)[2]

    assert level_3(near, False).ok is False, "recorded evidence gives the same digits"
    assert level_3(near, True).ok is True
    assert level_3(-fresh["el2n"], True).ok is False


def test_scores_are_not_made_again_for_files_that_differ(tmp_path):
    _write(tmp_path / "out")
    with (tmp_path / "out" / "decisions.csv").open("a") as file:
        file.write("\n")

    def never():
        raise AssertionError("minutes of work for a folder that is known to differ")

    assert verify(tmp_path / "out", recompute=never)[2].ok is None
