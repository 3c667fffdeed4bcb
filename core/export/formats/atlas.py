"""`atlas`: one Parquet file for Embedding Atlas, every row with its place on the run's map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView
from core.types.errors import CurationError

from .format import ExportFormat, HandOver, RunFacts
from .own_and_decided import every_row

_FILE = "atlas.parquet"
_AXES = ("projection_x", "projection_y")


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    import pyarrow.parquet as pq

    pq.write_table(_with_map(handed, every_row(handed)), folder / _FILE)
    return {_FILE: len(handed.view)}


def _with_map(handed: HandOver, table: Any) -> Any:
    import pyarrow as pa

    points = handed.facts.map_points
    assert points is not None, "refused before"
    for axis, name in enumerate(_AXES):
        if name in table.column_names:
            raise CurationError(f"Your column {name!r} has the name that the format atlas needs.", "Rename it.")
        table = table.append_column(name, pa.array(np.asarray(points[:, axis], np.float32)))
    return table


def _why_not(view: ScoreView, facts: RunFacts) -> str:
    return "" if facts.map_points is not None else "Embedding Atlas shows a map, and this run has no map."


ATLAS = ExportFormat(
    name="atlas",
    title="Embedding Atlas",
    summary="atlas.parquet: every row with its place on the map, your columns and the scores.",
    write=_write,
    files=(_FILE,),
    opened_by="embedding-atlas atlas.parquet --x projection_x --y projection_y",
    needs_run=True,
    why_not=_why_not,
)
