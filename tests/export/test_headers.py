"""One name for one column, in every table that is written, whatever a person calls their own."""

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from exported import OPEN
from oracles.small_views import random_view

from core import actions
from core.curation import ScoreColumn, apply_rules
from core.datasets import load_examples
from core.export import verify, write_export
from core.export.decisions_table import decision_columns
from core.export.selected import selected_csv
from core.export.table import text_column, write_csv
from core.types.curation import Rules, Threshold
from core.types.errors import DataError
from core.types.examples import Roles
from core.types.exports import ExportOptions
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec
from dashboard.tables import flip_risks, row_table

RULES = Rules(thresholds=(Threshold("composite", "count", "above", 9),), guardrails=OPEN)


@pytest.fixture
def view():
    """With a score called margin, as there is one, and own columns called like everything that we write."""
    made = random_view(np.random.default_rng(2))
    margin = ScoreColumn("margin", made.scores["aum"].values, "typical", "difficulty", {"find_noise": -1})
    made = replace(made, scores={**made.scores, "margin": margin})
    ours = [c.name for c in decision_columns(made, RULES, {}, apply_rules(made, RULES), np.zeros(len(made)))]
    names = [*ours, "own_kept", "own_own_kept", "text", "margin.1", "rank", "predicted_label"]
    names = list(dict.fromkeys(names))
    frame = pd.DataFrame({name: [f"{name} {k}" for k in range(len(made))] for name in names})
    return replace(made, columns=frame)


def _header(data: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(data.decode())))


def test_no_written_table_has_a_name_twice(view, tmp_path):
    outcome = apply_rules(view, RULES)
    write_export(view, RULES, {}, {}, view.columns, tmp_path / "out", options=ExportOptions(("csv", "parquet")))
    headers = {name: _header((tmp_path / "out" / f"{name}.csv").read_bytes()) for name in ("curated", "decisions")}
    headers |= {
        f"{name}.parquet": pq.read_schema(tmp_path / "out" / f"{name}.parquet").names
        for name in ("curated", "decisions")
    }
    headers["selection"] = _header(selected_csv(view, RULES, {}, outcome, np.arange(5)))
    for name, header in headers.items():
        assert len(set(header)) == len(header), name
    assert set(view.columns.columns) <= set(headers["curated"]), "own columns keep their names"
    assert {"margin", "cut_margin"} <= set(headers["decisions"])
    assert [report.ok for report in verify(tmp_path / "out", level=2)] == [True, True]


def test_a_score_and_the_distance_to_the_cut_are_two_columns(view, tmp_path):
    outcome = apply_rules(view, RULES)
    write_export(view, RULES, {}, {}, view.columns, tmp_path / "out")
    found = pd.read_csv(tmp_path / "out" / "decisions.csv")
    np.testing.assert_allclose(found["cut_margin"], outcome.margin, rtol=1e-6)
    np.testing.assert_allclose(found["margin"], view.scores["margin"].values, rtol=1e-6)
    picked = pd.read_csv(io.BytesIO(selected_csv(view, RULES, {}, outcome, np.arange(7))))
    np.testing.assert_allclose(picked["margin"], view.scores["margin"].values[:7], rtol=1e-6)
    assert picked["own_kept"].tolist() == [f"own_kept {k}" for k in range(7)]
    assert picked["own_own_own_kept"].tolist() == [f"kept {k}" for k in range(7)]


def test_two_columns_of_one_name_are_refused(tmp_path):
    with pytest.raises(DataError, match="two columns called 'a'"):
        write_csv(tmp_path / "x.csv", [text_column("a", ["1"]), text_column("a", ["2"])], 1)


def test_the_rows_on_screen_have_both(view, monkeypatch):
    monkeypatch.setattr(flip_risks, "flip_risks", lambda opened: np.zeros(len(view)))
    opened = SimpleNamespace(view=view, rules=RULES, outcome=apply_rules(view, RULES))
    frame = row_table.rows_frame(opened, np.arange(6))
    assert frame.columns.is_unique
    np.testing.assert_array_equal(frame["distance to the cut"], opened.outcome.margin[:6])
    np.testing.assert_array_equal(frame["margin"], view.scores["margin"].values[:6])


def test_own_columns_named_like_ours_survive_a_run(tmp_path):
    names = ["kept", "el2n", "knn_distance", "margin", "cut_margin", "example_id", "source_index", "own_kept"]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: [f"{name} {k}" for k in range(60)] for name in names})
    frame["x"], frame["y"] = rng.normal(size=60), rng.normal(size=60)
    frame["label"] = ["a", "b"] * 30
    frame.to_csv(tmp_path / "data.csv", index=False)
    roles = Roles(id="none", label="label", features=("x", "y"))
    spec = RunSpec(
        str(tmp_path / "data.csv"),
        roles=roles,
        scores=("knn_distance",),
        map=False,
        threads=1,
        training=TrainingSpec(folds=2),
    )
    run = actions.runs.run_here(spec, tmp_path / "run", SilentProgress())
    actions.exports.export_run(
        run, replace(RULES, goal="find_ood"), {}, tmp_path / "out", options=ExportOptions(("csv", "parquet"))
    )
    assert [report.ok for report in actions.exports.verify_export(tmp_path / "out", level=2)] == [True, True]
    was = load_examples(str(tmp_path / "data.csv"), "table", roles).columns
    now = pd.read_csv(tmp_path / "out" / "curated.csv", dtype=str)
    assert list(now.columns) == ["chaffinch_example_id", *was.columns]
    rows = now["source_index"].str.split().str[1].astype(int)
    assert (now[list(was.columns)].to_numpy() == was.iloc[rows].to_numpy()).all()
    assert actions.scores.scores_table(run).columns.is_unique
