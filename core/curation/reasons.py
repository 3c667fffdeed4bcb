"""The codes that say why a row is kept or dropped, and their words."""

from __future__ import annotations

import numpy as np

from core.selection import STRATEGIES
from core.types.curation import SOURCES, Outcome

# code -> what it means; the dictionary of the manifest. Codes of thresholds and strategies are added to these.
REASONS = {
    "held_out": "held-out row: kept always, rules and decisions wait until it is unlocked",
    "manual_keep": "kept by a person",
    "manual_drop": "dropped by a person",
    "manual_relabel": "given another label by a person, and kept",
    "duplicate": "near-duplicate of a row that stands for it (written as dup_of:<id>)",
    "duplicate_best": "kept: stands for its near-duplicates",
    "class_floor": "kept: its class would fall below the floor",
    "class_cap": "kept: rules would drop too large a share of its class",
}


def reason_words(outcome: Outcome) -> dict[str, str]:
    """Code -> what it means, for every code of an outcome: the dictionary of the column `reasons`."""
    titles = {s.name: f"strategy: {s.title}" for s in STRATEGIES}
    return {
        code: REASONS.get(code) or titles.get(code) or f"beyond the threshold on {code.rpartition('_')[0]}"
        for code in outcome.reason_names
    }


def reasons_of(outcome: Outcome, row: int) -> str:
    """Why one row is kept or dropped, in words."""
    words = reason_words(outcome)
    said = [words[code].partition(" (")[0] for code in outcome.reasons(row)]
    return "; ".join(said) or "nothing speaks against it"


def sources_words(outcome: Outcome) -> str:
    """Who dropped how many rows, in words."""
    counts = np.bincount(outcome.source_code[~outcome.kept], minlength=len(SOURCES))
    named = sorted((source.value, count) for source, count in zip(SOURCES, counts.tolist(), strict=True) if count)
    return ", ".join(f"{name} {count:,}" for name, count in named) or "nobody"
