"""`parquet`: both tables raw, with the types that the columns have in their source."""

from __future__ import annotations

from pathlib import Path

from ..table import write_parquet
from .format import ExportFormat, HandOver


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    write_parquet(folder / "curated.parquet", handed.curated)
    write_parquet(folder / "decisions.parquet", handed.decided)
    return {"curated.parquet": len(handed.kept_rows), "decisions.parquet": len(handed.view)}


PARQUET = ExportFormat(
    name="parquet",
    title="Parquet",
    summary="Both tables with the types of your data.",
    write=_write,
    files=("curated.parquet", "decisions.parquet"),
    opened_by='pandas.read_parquet("curated.parquet")',
)
