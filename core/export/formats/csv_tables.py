"""`csv`: the two tables that every export has and is verified by."""

from __future__ import annotations

from pathlib import Path

from .format import ExportFormat, HandOver


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    return {}  # written first and always: the manifest records their cells, not their bytes alone


CSV = ExportFormat(
    name="csv",
    title="CSV",
    summary="curated.csv, the kept rows with your own columns, and decisions.csv, every row and why. Always written.",
    write=_write,
    files=("curated.csv", "decisions.csv"),
    opened_by='pandas.read_csv("curated.csv")',
)
