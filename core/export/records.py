"""What a manifest records of each CSV, against the file itself: checksums, altered cells, for whom it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.datasets.spreadsheet import is_formula, is_number

from .changes import checksums_of

_WHERE = "manifest.json: {entry!r} of {name} is not what {why}."


def record_findings(name: str, record: Mapping[str, Any], records: list[list[str]], altered: Any) -> list[str]:
    """Sentences naming the entries of `record` that the file `name` contradicts.

    records: its header and rows as they lie there, altered cells and all. altered: the cells that writing it again
    alters, None where its values are not at hand.
    """
    head, *rows = records
    sums = checksums_of(head, rows)
    columns = [{"name": n, "sha256": d.hexdigest()} for n, d in zip(head, sums.columns, strict=True)]
    recomputed = {"columns": columns, "row_crc32": sums.row_text()}
    wrong = [entry for entry, value in recomputed.items() if record[entry] != value]
    findings = [_WHERE.format(entry=entry, name=name, why="the file gives") for entry in wrong]
    if altered is not None and list(map(list, altered)) != list(map(list, record["altered_cells"])):
        return [*findings, _WHERE.format(entry="altered_cells", name=name, why="writing it again gives")]
    return findings + ([] if findings or _safe_as_said(record, records) else [_SAFE.format(name=name)])


_SAFE = "manifest.json: 'spreadsheet_safe' or 'altered_cells' of {name} is not what its cells say."


def _safe_as_said(record: Mapping[str, Any], records: list[list[str]]) -> bool:
    """No cell is listed as altered that is not, and none left that a spreadsheet would run where none should be."""
    listed = {(row, column) for row, column in record["altered_cells"]}
    if not record["spreadsheet_safe"]:
        return not listed
    width = len(records[0])
    if not all(-1 <= row < len(records) - 1 and 0 <= column < width for row, column in listed):
        return False
    return _all_altered(records[row + 1][column] for row, column in listed) and not _any_runs(records)


def _all_altered(cells: Iterable[str]) -> bool:
    """Whether each cell is a formula behind an apostrophe."""
    return all(cell[:1] == "'" and is_formula(cell[1:]) for cell in cells)


def _any_runs(records: list[list[str]]) -> bool:
    """Whether a spreadsheet would run any cell."""
    return any(is_formula(cell) and not is_number(cell) for row in records for cell in row)
