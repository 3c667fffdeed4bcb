"""How an export is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportOptions:
    """What a person chooses about the files; which rows they hold is up to rules and decisions.

    formats: "csv", and the names of others that are registered (`core.export.formats`). spreadsheet_safe: an apostrophe
    before each cell of curated.csv that a spreadsheet would run, which alters what a model reads. confirmed: rules that
    keep nothing or everything, or that empty a class, are meant. sample_weight: the weight for training in
    decisions.csv, by its name; the default where empty.
    """

    formats: tuple[str, ...] = ("csv",)
    spreadsheet_safe: bool = False
    confirmed: bool = False
    sample_weight: str = ""
