"""A dataset, scored, exported and loaded again: every kept cell is the person's own."""

import csv
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import actions
from core.datasets import load_examples
from core.types.curation import Rules, Threshold
from core.types.examples import Roles
from core.types.exports import ExportOptions
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

RULES = Rules(thresholds=(Threshold("composite", "percentile", "above", 80.0),))
HARD = [
    "=1+1",
    "+49 30 1234",
    "-",
    "-5",
    "@someone hi",
    "\ttab",
    'a "quoted" word',
    '"',
    "two\nlines",
    "two\r\nlines",
    "one\rreturn",
    "\rfirst",
    "\ufeffmark",
    "a,b",
    "a;b",
    " spaced ",
    "'already",
    "'=1",
    "=cmd|' /C calc'!A0",
    "NA",
    "007",
    "1e5",
    "",
    "\u202eabc",
    "\U0001f426",
    "x" * 5000,
    '="a"',
    "\n",
    "a''b",
    "nan",
]


def _export(source: Path, folder: Path, roles: Roles, modality: str, **how):
    spec = RunSpec(
        str(source),
        modality=modality,
        roles=roles,
        scores=("knn_distance", "label_quality"),
        training=TrainingSpec(folds=2),
        map=False,
        threads=1,
    )
    run = actions.runs.run_here(spec, folder / "run", SilentProgress())
    report = actions.exports.export_run(run, RULES, {}, folder / "out", **how)
    assert 0 < report.dropped < len(run.examples)
    assert [level.ok for level in actions.exports.verify_export(folder / "out", level=2)] == [True, True]
    return folder / "out"


def _unequal(source: Path, exported: Path, roles: Roles, modality: str) -> tuple[int, int]:
    """(cells compared, cells that differ) between the source and the export, both through the loader, by id."""
    was, now = (load_examples(str(path), modality, roles) for path in (source, exported))
    place = {key: row for row, key in enumerate(was.ids.tolist())}
    rows = [place[key] for key in now.ids.tolist()]
    assert rows == sorted(rows)
    assert list(now.columns.columns) == list(was.columns.columns)
    wrong = (now.columns.to_numpy(object) != was.columns.iloc[rows].to_numpy(object)).sum()
    if modality == "text":
        wrong += (np.asarray(now.inputs, object) != np.asarray(was.inputs, object)[rows]).sum()
    return now.columns.size, int(wrong)


def test_tweets_come_back_as_they_were(shared_data, tmp_path):
    with (shared_data / "airline_sentiment.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))[:401]
    source = tmp_path / "tweets.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    roles = Roles(id="id", text="text", label="label")
    out = _export(source, tmp_path, roles, "text")
    cells, wrong = _unequal(source, out / "curated.csv", roles, "text")
    assert cells > 1500
    assert wrong == 0


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_hard_texts_come_back_as_they_were(tmp_path, line_end):
    rows = [
        [f"{HARD[k % len(HARD)]}{k}", HARD[k % len(HARD)], "ab"[k % 2], HARD[(7 * k) % len(HARD)]]
        for k in range(3 * len(HARD))
    ]
    rows = [[key, text or "empty", label, note] for key, text, label, note in rows]
    source = tmp_path / "hard.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(
            [["key", "text", "label", "=note"], *rows]
        )
    roles = Roles(id="key", text="text", label="label")
    out = _export(source, tmp_path, roles, "text", options=ExportOptions(("csv", "parquet")))
    for name in ("curated.csv", "curated.parquet"):
        assert _unequal(source, out / name, roles, "text")[1] == 0, name


def test_numbers_in_parquet_come_back_with_their_types(tmp_path):
    rng, size = np.random.default_rng(0), 80
    days = [datetime.datetime(2026, 1, 1) + datetime.timedelta(days=k) for k in range(size)]
    table = pa.table(
        {
            "id": pa.array([f"-{k}" for k in range(size)]),
            "whole": pa.array([None if k == 3 else k - 40 for k in range(size)], pa.int32()),
            "real": pa.array([float(k) for k in range(size)], pa.float64()),
            "single": pa.array(rng.normal(size=size).astype(np.float32)),
            "tiny": pa.array(rng.normal(size=size) * 1e-9, pa.float64()),
            "flag": pa.array([k % 3 == 0 for k in range(size)]),
            "day": pa.array(days, pa.timestamp("us")),
            "kind": pa.array(["+a", "-b"] * (size // 2)).dictionary_encode(),
            "label": pa.array([k % 2 for k in range(size)], pa.int64()),
        }
    )
    source = tmp_path / "numbers.parquet"
    pq.write_table(table, source)
    roles = Roles(id="id", label="label")
    out = _export(source, tmp_path, roles, "table", options=ExportOptions(("csv", "parquet")))
    for name in ("curated.csv", "curated.parquet"):
        assert _unequal(source, out / name, roles, "table")[1] == 0, name
    found = pq.read_table(out / "curated.parquet")
    wanted = {f.name: pa.string() if pa.types.is_dictionary(f.type) else f.type for f in table.schema}
    assert {f.name: f.type for f in found.schema} == wanted
    row_of = {key: row for row, key in enumerate(table["id"].to_pylist())}
    kept = table.take([row_of[key] for key in found["id"].to_pylist()])
    assert found.to_pylist() == kept.to_pylist()


def test_numbers_of_a_csv_become_numbers_in_parquet_only_where_no_cell_changes(tmp_path):
    size = 60
    frame = pd.DataFrame(
        {
            "id": [f"r{k}" for k in range(size)],
            "whole": [str(k) for k in range(size)],
            "real": [f"{k}.5" for k in range(size)],
            "code": [f"{k:03d}" for k in range(size)],
            "price": [f"{k}.50" for k in range(size)],
            "gap": ["" if k % 7 == 0 else str(k) for k in range(size)],
            "label": ["ab"[k % 2] for k in range(size)],
        }
    )
    source = tmp_path / "plain.csv"
    frame.to_csv(source, index=False)
    roles = Roles(id="id", label="label")
    out = _export(source, tmp_path, roles, "table", options=ExportOptions(("csv", "parquet")))
    schema = pq.read_schema(out / "curated.parquet")
    kinds = {f.name: str(f.type).replace("large_", "") for f in schema}
    assert kinds == {
        "id": "string",
        "whole": "int64",
        "real": "double",
        "code": "string",
        "price": "string",
        "gap": "int64",
        "label": "string",
    }
    assert _unequal(source, out / "curated.parquet", roles, "table")[1] == 0
