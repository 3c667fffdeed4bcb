"""What leaves Chaffinch: an export, what to ask before it, and whether one is what it says it is.

Like `core.actions`: importing is cheap, each function imports what it needs, and a refusal is a `CurationError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.store import MAIN, Run
from core.types.curation import Decision, Outcome, Rules
from core.types.progress import Progress

if TYPE_CHECKING:
    from core.curation import ScoreView
    from core.export import ExportReport, LevelReport


def export_run(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    out: Path,
    keep_fraction: float | None = None,
    branch: str = MAIN,
    *,
    formats: Sequence[str] = ("csv",),
    spreadsheet_safe: bool = False,
    confirmed: bool = False,
) -> ExportReport:
    """Write curated.csv, decisions.csv and manifest.json into `out`; refuses when the dataset has changed.

    branch: the name of the curation, for the manifest. formats: "csv", and "parquet" for both tables with the source's
    types as well. curated.csv holds the person's cells as they are; spreadsheet_safe: an apostrophe before each that a
    spreadsheet would run (see `formula_cells`), which alters what a model reads. Rules that keep nothing or everything,
    or that empty a class, are refused until `confirmed` (see `questions`).
    """
    from core.runs.exporting import export_run as exported

    return exported(
        run,
        rules,
        decisions,
        out,
        keep_fraction,
        branch,
        formats=tuple(formats),
        spreadsheet_safe=spreadsheet_safe,
        confirmed=confirmed,
    )


def questions(view: ScoreView, rules: Rules, outcome: Outcome) -> tuple[str, ...]:
    """What a person has to confirm before these rules are exported; nothing where they drop some rows and keep some."""
    from core.curation import emptied_classes
    from core.curation import questions as asked

    emptied = () if rules.guardrails.allow_empty_class else emptied_classes(view, outcome)
    return (*asked(view, rules, outcome), *(f"No training row would be left of {name!r}." for name in emptied))


def formula_cells(view: ScoreView, outcome: Outcome) -> int:
    """How many cells of curated.csv a spreadsheet would take for a formula: what `spreadsheet_safe` alters."""
    from core.export.curated_table import curated_columns
    from core.export.curated_table import formula_cells as counted

    return counted(curated_columns(view, outcome, view.columns), outcome.counts["kept"])


def verify_export(
    folder: Path,
    run: Path | None = None,
    level: int = 3,
    progress: Progress | None = None,
    retrain: bool = False,
    trust: bool = False,
) -> list[LevelReport]:
    """Check an export: 1 file hashes, 2 rules replayed to identical bytes, 3 scores recomputed (needs run and data).

    run: found by its id in this workspace when not given; with it level 2 writes curated.csv again, without it says
    that its values were not checked. retrain: level 3 trains the networks again, too. trust: as
    `allow_code` of that run, which level 3 needs where the model is a person's own.
    """
    from core.runs.exporting import verify_export as verified

    return verified(folder, run, level, progress, retrain, trust)
