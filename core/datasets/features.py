"""Columns of text as numbers or words, whole blocks of columns at once; what was nearly a number is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.types.examples import Finding

from . import report

MISSING = ("", "?")
# In a column whose other cells are numbers these words are missing values too; in a text column they may be a category.
NUMERIC_MISSING = (*MISSING, "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None", "none")
_BLOCK_CELLS = 2_000_000
_NEARLY = 0.9  # share of cells that are numbers, from which words among them are likely meant as missing
_WITH_COMMA = re.compile(r"[+-]?\d{1,3}(?:[ .']?\d{3})*,\d+|[+-]?\d+,\d+")
_LISTED = 20  # columns that are named one by one


def read_features(texts: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """float64 with NaN where every filled cell is a number, else objects of str with None for missing cells.

    Also one warning for each column of words that was likely meant as numbers.
    """
    columns: dict[str, pd.Series | np.ndarray] = {}
    findings: list[Finding] = []
    for names in _blocks(texts):
        for name, column, found in _read_block(texts[names]):
            columns[name] = column
            findings += found
    if len(findings) > _LISTED:
        more = Finding("read_as", len(findings), f"and {len(findings) - _LISTED:,} more such columns", level="warning")
        findings = [*findings[:_LISTED], more]
    return pd.DataFrame(columns, index=range(len(texts))), findings


def _blocks(texts: pd.DataFrame) -> Iterator[list[str]]:
    step = max(1, _BLOCK_CELLS // max(len(texts), 1))
    for start in range(0, len(texts.columns), step):
        yield list(texts.columns[start : start + step])


def _read_block(texts: pd.DataFrame) -> Iterator[tuple[str, pd.Series | np.ndarray, list[Finding]]]:
    """Each distinct cell is read once; then whole columns are looked up."""
    codes, uniques = pd.factorize(texts.to_numpy(dtype=object).T.ravel())
    words = pd.Series(uniques, dtype=object)
    absent = words.isin(NUMERIC_MISSING).to_numpy()
    numbers = pd.to_numeric(words.where(~absent), errors="coerce").to_numpy(np.float64)
    strange = np.isnan(numbers) & ~absent
    kept = words.where(~words.isin(MISSING), None).to_numpy(dtype=object)
    for name, places in zip(texts.columns, codes.reshape(len(texts.columns), -1), strict=True):
        odd, empty = strange[places], absent[places]
        if not odd.any() and not empty.all():
            yield name, numbers[places], []
        else:
            column = pd.Series(kept[places], dtype=object)
            yield name, column, _nearly_numbers(name, column, odd, empty) if odd.any() else []


def _nearly_numbers(name: str, column: pd.Series, odd: np.ndarray, empty: np.ndarray) -> list[Finding]:
    """A warning when most filled cells are numbers, or numbers written with commas."""
    rows, filled = np.flatnonzero(odd), int((~empty).sum())
    if len(rows) <= (1 - _NEARLY) * filled:
        words = f'"{name}" is read as words: {len(rows):,} of {filled:,} cells are no numbers'
        first = f' (first: "{str(column.iloc[rows[0]])[:40]}" in row {rows[0]})'
        return [report.finding("read_as", rows, words + first)]
    distinct = set(column.iloc[rows].tolist())
    if all(_WITH_COMMA.fullmatch(cell) for cell in distinct):
        words = f'"{name}" looks like numbers with decimal commas ({str(column.iloc[rows[0]])[:40]}): read as words'
        return [report.finding("read_as", rows, words)]
    return []
