"""The report card: what a person should know about a dataset before scoring it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from core.types.examples import UNLABELED, Finding, Split

SHOWN_ROWS = 20  # enough to look into a finding; all of them may be the whole dataset
_ABSENT = ("na", "n/a", "none", "null", "<na>", "?", "-", "missing")


def finding(
    code: str, rows: Iterable[object], text: str, *, level: str = "warning", count: int | None = None
) -> Finding:
    """One line about some rows; the first 20 are named."""
    named = [str(r) for r in rows]
    return Finding(code, len(named) if count is None else count, text, tuple(named[:SHOWN_ROWS]), level)


def some_rows(rows: Sequence[int], most: int = 5) -> str:
    """The first rows by number, for the words of a finding or a refusal."""
    return ", ".join(map(str, rows[:most])) + (", ..." if len(rows) > most else "")


def label_findings(
    ids: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...], has_column: bool
) -> list[Finding]:
    """Unlabeled rows, classes without an example, classes of one, a single class."""
    if not has_column:
        return [
            Finding(
                "no_labels",
                len(ids),
                "no label column: only scores that need no label can be computed",
                level="warning",
            )
        ]
    counts = np.bincount(labels[labels != UNLABELED], minlength=len(class_names))
    found = [Finding("classes", int((counts > 0).sum()), _class_words(counts, class_names))]
    unlabeled = np.flatnonzero(labels == UNLABELED)
    if len(unlabeled):
        found.append(
            finding(
                "unlabeled",
                ids[unlabeled],
                f"unlabeled: {len(unlabeled):,} (kept, but no part of training or of scores that need a label)",
            )
        )
    empty = [class_names[c] for c in np.flatnonzero(counts == 0)]
    if empty:
        found.append(Finding("empty_class", len(empty), f"{_some(empty)}: 0 examples", level="warning"))
    single = [class_names[c] for c in np.flatnonzero(counts == 1)]
    if single:
        found.append(
            Finding(
                "class_of_one",
                len(single),
                f"{_some(single)}: 1 example each; scores that compare within a class are empty there",
                level="warning",
            )
        )
    if (counts > 0).sum() == 1:
        found.append(Finding("one_class", 1, "one class only: scores that compare classes stay empty", level="warning"))
    return found


def name_findings(ids: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> list[Finding]:
    """Classes whose names look alike, and classes that are named as missing values often are."""
    counts = np.bincount(labels[labels != UNLABELED], minlength=len(class_names))
    groups: dict[str, list[int]] = {}
    for code, name in enumerate(class_names):
        groups.setdefault(_as_seen(name), []).append(code)
    alike = [codes for codes in groups.values() if len(codes) > 1]
    found = []
    if alike:
        shown = "; ".join(" and ".join(f'"{ascii(class_names[c])[1:-1]}" ({counts[c]:,} rows)' for c in codes[:4])
                          for codes in alike[:3])  # fmt: skip
        words = f"{_numbered(len(alike), 'class is', 'classes are')} written in several ways, each its own: {shown}"
        found.append(finding("alike_classes", ids[np.isin(labels, sum(alike, []))], words))
    absent = [c for c, name in enumerate(class_names) if name.strip().lower() in _ABSENT and counts[c]]
    if absent:
        shown = ", ".join(f'"{class_names[c]}" ({counts[c]:,} rows)' for c in absent)
        words = f"read as a class, not as no label: {shown}"
        found.append(finding("absent_class", ids[np.isin(labels, absent)], words))
    return found


def _as_seen(name: str) -> str:
    """Without what the eye does not see: kinds of white space, invisible characters, ways to write one character."""
    visible = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def _numbered(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _class_words(counts: np.ndarray, class_names: tuple[str, ...]) -> str:
    present = np.flatnonzero(counts)
    if not len(present):
        return "0 classes"
    low, high = present[np.argmin(counts[present])], present[np.argmax(counts[present])]
    return (
        f"{len(present):,} classes, from {counts[low]:,} rows ({class_names[low]}) "
        f"to {counts[high]:,} ({class_names[high]})"
    )


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ("class " if len(names) == 1 else "classes ") + ", ".join(names[:most]) + more


def split_findings(splits: np.ndarray) -> list[Finding]:
    """Rows of each split, or that there is none."""
    counts = {s.value: int((splits == s.value).sum()) for s in Split}
    if counts["train"] == len(splits):
        return [
            Finding(
                "no_held_out",
                0,
                "no held-out split: every row may be dropped, and scores that need held-out targets use cross-fitting",
            )
        ]
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    if not counts["train"]:
        return [
            Finding(
                "no_training_rows",
                0,
                f"splits: {words}; no training row, so nothing can be scored by training",
                level="warning",
            )
        ]
    return [Finding("splits", len(splits) - counts["train"], f"splits: {words}")]


def duplicate_findings(ids: np.ndarray, first: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> list[Finding]:
    """Exact duplicates, those that disagree on the label, and those that leak from training into a held-out split."""
    repeats = np.flatnonzero(first != np.arange(len(first)))
    if not len(repeats):
        return [Finding("exact_duplicates", 0, "no exact duplicates")]
    found = [
        finding("exact_duplicates", ids[repeats], f"{len(repeats):,} exact duplicates of an earlier row", level="note")
    ]
    clash = repeats[labels[repeats] != labels[first[repeats]]]
    if len(clash):
        found.append(finding("duplicate_conflict", ids[clash], f"{len(clash):,} exact duplicates carry another label"))
    leak = repeats[splits[repeats] != splits[first[repeats]]]
    if len(leak):
        found.append(finding("split_leak", ids[leak], f"{len(leak):,} exact duplicates stand in different splits"))
    return found
