"""What leaves Chaffinch: an export, what to ask before it, whether one is what it says it is, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.curation import ScoreView, emptied_classes, intent
from core.export import FORMATS, ExportReport, LevelReport, curated_table, levels, readiness, weights
from core.export.readiness import Line
from core.export.report import page
from core.runs.export import facts, files, reporting
from core.store import Run
from core.types.branches import MAIN
from core.types.curation import Decision, Outcome, Rules
from core.types.exports import ExportOptions
from core.types.progress import Progress


def export_name(run: Run, branch: str) -> str:
    """A folder name for an export: the run's, and the branch's unless that is the first one."""
    return readiness.export_name(run.name, branch)


def questions(view: ScoreView, rules: Rules, outcome: Outcome) -> tuple[str, ...]:
    """What a person has to confirm before these rules are exported; nothing where they drop some rows and keep some."""
    emptied = () if rules.guardrails.allow_empty_class else emptied_classes(view, outcome)
    return (
        *intent.questions(view, rules, outcome),
        *(f"No training row would be left of {name!r}." for name in emptied),
    )


def export_checklist(
    run: Run, view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome
) -> tuple[Line, ...]:
    """What to know before an export, a light and a sentence each: held-out rows, classes, rows unseen, the check."""
    return files.export_checklist(run, view, rules, decisions, outcome)


def formats_for(run: Run, view: ScoreView) -> dict[str, str]:
    """Each format that an export may be handed over in, by name, and why this run cannot; "" where it can."""
    run_facts = facts.run_facts(run)
    return {one.name: one.why_not(view, run_facts) for one in FORMATS}


def weights_for(view: ScoreView) -> dict[str, str]:
    """Each weight for training by name, and what the run lacks for it; "" where it can be had."""
    return {weight.name: weight.missing(view) for weight in weights.WEIGHTS}


def weighed_words(view: ScoreView, outcome: Outcome, weight: str) -> str:
    """How many rows would have that weight, and as how many equal ones they would tell: one sentence."""
    return weights.weighed_words(weights.sample_weights(view, outcome, weight))


def formula_cells(view: ScoreView, outcome: Outcome) -> int:
    """How many cells of curated.csv a spreadsheet would take for a formula: what `spreadsheet_safe` alters."""
    columns = curated_table.curated_columns(view, outcome, view.columns)
    return curated_table.formula_cells(columns, outcome.counts["kept"])


def export_run(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    out: Path,
    keep_fraction: float | None = None,
    branch: str = MAIN,
    options: ExportOptions = ExportOptions(),
) -> ExportReport:
    """Write curated.csv, decisions.csv and manifest.json into `out`; refuses when the dataset has changed.

    branch: the name of the curation, for the manifest. Rules that keep nothing or everything, or that empty a class,
    are refused until `options.confirmed` (see `questions`).
    """
    return files.export_run(run, rules, decisions, out, keep_fraction, branch, options)


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
    return files.verify_export(folder, run, level, progress, retrain, trust)


def report_text(run: Run, rules: Rules, decisions: Mapping[str, Decision], branch: str = MAIN) -> str:
    """The checks of a run as the text of one self-contained HTML page."""
    return page(reporting.content(run, rules, decisions, branch))


def write_report(run: Run, rules: Rules, decisions: Mapping[str, Decision], out: Path, branch: str = MAIN) -> Path:
    """The checks of a run as one self-contained HTML file; `branch` is whose rules and decisions these are."""
    return reporting.write_report(run, rules, decisions, out, branch)


def raise_if_failed(reports: Sequence[LevelReport]) -> None:
    """Raise `VerifyError` with the first finding of the first level that failed."""
    levels.raise_if_failed(reports)
