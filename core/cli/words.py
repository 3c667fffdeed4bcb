"""What the terminal says: numbers with units and n, aligned, no color codes in pipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import actions
from core.types.curation import Change, Outcome
from core.types.errors import by_reason
from core.types.examples import SourceReport
from core.types.facets import FacetCounts
from core.types.previews import SourcePreview
from core.types.rounds import Offer
from core.types.runs import RunStatus, RunSummary
from core.types.scores import Light
from core.types.terminal import escaped

from .say import say

if TYPE_CHECKING:
    import pandas as pd

MOST_DETAILS = 20  # lines of one kind, so that a list fits on a screen of a terminal


def print_run(run: actions.runs.Run) -> None:
    """What a run holds, what it cost, and what to do next."""
    examples, card = run.examples, run.card
    say(
        f"{run.path}: {len(examples):,} {run.modality.value} examples, {examples.class_count} classes, "
        f"{len(run.score_names)} scores, {run.state().value}",
        gap=True,
    )
    if run.spec.overlay:
        _print_parent(run)
    seconds, peaks = card.get("seconds", {}), card.get("peak_memory_mb", {})
    print_columns(
        [
            ("stage", "seconds", "peak memory"),
            *((name, f"{value:,.1f}", f"{peaks.get(name, 0):,.0f} MB") for name, value in seconds.items()),
            ("total", f"{sum(seconds.values()):,.1f}", f"{max(peaks.values(), default=0):,.0f} MB"),
        ]
    )
    if run.spec.training.brought or run.spec.training.weights:
        say(f"outputs of the network, in order: {', '.join(examples.class_names)}", gap=True)
    print_judges(run)
    _print_findings("recorded elsewhere", [f.text for f in examples.report if f.code == "recorded"])
    _print_findings("what is odd about the data", [f.text for f in examples.report if f.level == "warning"])
    for warning in run.warnings:
        say(f"warning: {warning}", gap=True)
    _print_reasons("not computed here", card.get("not_here", {}))
    failed = {name: why for name, why in card.get("problems", {}).items() if name not in card.get("not_here", {})}
    _print_reasons("failed", failed)
    _print_lights(run)
    say(
        f"next: python -m core rank {run.path} --score composite    python -m core export {run.path} --out DIR",
        gap=True,
    )


def print_judges(run: actions.runs.Run) -> None:
    """Who judged the labels and how well, and who was compared, the best first; nothing where nobody did."""
    line, judges = actions.noise.judge_line(run), actions.noise.judges(run)
    if line:
        say(line, gap=True)
    if judges:
        say("judges of the labels, by out-of-fold accuracy:", gap=True)
    for line in judges:
        say(f"  {line}")


def _print_findings(title: str, texts: Sequence[str]) -> None:
    if texts:
        say(f"{title}:", gap=True)
    for text in texts[:MOST_DETAILS]:
        say(f"  {text}")


def _print_reasons(title: str, problems: Mapping[str, str]) -> None:
    """Each reason once, with the names of all that it stopped."""
    if problems:
        say(f"{title}:", gap=True)
    for names, why in by_reason(problems):
        say(f"  {', '.join(names)}")
        say(f"      {why}")


def _print_lights(run: actions.runs.Run) -> None:
    """Assumptions that do not hold, the red ones first; scores that say the same share a line."""
    said: dict[tuple[str, str], list[str]] = {}
    for name in run.score_names:
        for check in run.score(name).checks:
            if check.light != Light.GREEN:
                said.setdefault((check.light, check.text), []).append(name)
    if said:
        say("assumptions to look at:", gap=True)
        for (light, text), names in sorted(said.items(), key=lambda item: item[0][0] != Light.RED):
            say(f"  {light:5}  {text} ({', '.join(names)})")


def print_columns(rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """Aligned columns; the first `left` to the left, the others to the right."""
    rows = [tuple(map(escaped, row)) for row in rows]  # before they are measured
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(w) if c < left else cell.rjust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        say("  " + "  ".join(cells).rstrip())


def print_runs(runs: Sequence[RunSummary]) -> None:
    """The list of runs."""
    if not runs:
        say("No run yet. Start one: python -m core run SOURCE --out RUN")
        return
    print_columns(
        [
            ("run", "state", "rows", "last change", "folder"),
            *((r.run_id, r.state.value, f"{r.rows:,}", r.last_change, str(r.path)) for r in runs),
        ],
        left=5,
    )


def print_status(status: RunStatus) -> None:
    """One run: where it stands and how old its last heartbeat is."""
    age = "" if status.heartbeat_age is None else f", last heartbeat {status.heartbeat_age:.0f} s ago"
    say(f"{status.run_id}: {status.state.value}{age}")
    if status.stage:
        say(f"  {status.stage}: {status.done} of {status.total}")
    if status.message:
        say(f"  {status.message}")


def print_preview(preview: SourcePreview) -> None:
    """Guessed roles and the first rows."""
    rows = "unknown number of" if preview.rows is None else f"{preview.rows:,}"
    say(f"{preview.name}: {preview.modality.value}, {rows} rows, read as {preview.loader}")
    roles = {name: value for name, value in vars(preview.roles).items() if value}
    say("roles: " + (", ".join(f"{name} = {_shown(value)}" for name, value in roles.items()) or "none"))
    print_columns([("column", "kind", "sample"), *((c.name, c.kind, _cut(c.sample)) for c in preview.columns)], left=3)
    for note in preview.notes:
        say(f"note: {note}")


def print_report(read: SourceReport) -> None:
    """The report card of a dataset."""
    names = read.class_names
    more = ", …" if len(names) > 12 else ""
    say(f"{read.rows:,} examples, {len(names)} classes: {', '.join(names[:12])}{more}", gap=True)
    for finding in read.report:
        say(f"  {finding.level:8}{finding.text}")


def print_methods(facts: Sequence[Mapping[str, Any]]) -> None:
    """The scores, one line each."""
    print_columns(
        [
            ("score", "group", "high means", "needs", "cost", "paper"),
            *((f["name"], f["group"], f["high_means"], ", ".join(f["needs"]), f["cost"], f["paper"]) for f in facts),
        ],
        left=6,
    )


def print_frame(frame: pd.DataFrame) -> None:
    """A small table; floats with four digits."""
    rows = [[f"{v:.4g}" if isinstance(v, float) else str(v) for v in row] for row in frame.astype(object).to_numpy()]
    print_columns([tuple(frame.columns), *rows], left=5)


def print_evaluation(figures: Mapping[str, Any]) -> None:
    """AUROC, average precision and precision at k of each score, the best first."""
    everything = {**figures["scores"], "composite": figures["composite"]}
    ordered = sorted(everything.items(), key=lambda item: -(item[1].get("auroc") or 0.0))
    say(f"{figures['faults']:,} known faults (k) among {figures['rows']:,} training rows", gap=True)
    print_columns(
        [
            ("score", "AUROC", "average precision", "precision at k"),
            *(
                (name, *(_figure(f.get(k)) for k in ("auroc", "average_precision", "precision_at_k")))
                for name, f in ordered
            ),
        ]
    )


def print_answers(path: Path, changes: Mapping[str, Change], decided: int) -> None:
    """How many answers of each kind a file held."""
    kinds = Counter(change.action.value for change in changes.values() if change.action is not None)
    said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    say(
        f"{path.name}: {len(changes):,} answers ({said}); {decided:,} decisions in all. "
        "One undo (u on the page) takes them back."
    )


def print_export(report: actions.exports.ExportReport, out: Path) -> None:
    """Counts, whether it is fit to be used, warnings, and the line that verifies the files."""
    total = report.kept + report.dropped
    share = 100 * report.kept / total if total else 0.0
    say(f"{out}: kept {report.kept:,} of {total:,} ({share:.0f} %), dropped {report.dropped:,}")
    say(report.weighed)
    for line in report.checklist:
        say(f"  {line.light:5}  {line.text}")
    for warning in report.warnings:
        say(f"warning: {warning}")
    if report.formulas:
        say(spreadsheet_words(report.formulas, report.safe))
    say(f"check it: {report.verify_line}")


def print_rules(lines: Sequence[tuple[str, str]]) -> None:
    """What the rules say, a topic each."""
    print_columns(lines, left=2)


def print_outcome(outcome: Outcome, sources: str) -> None:
    """How many rows stay, who drops the others, and what to know about it."""
    counts = outcome.counts
    say(f"keeps {counts['kept']:,} of {counts['rows']:,} rows; dropped: {sources}", gap=True)
    for warning in outcome.warnings:
        say(f"warning: {warning}")


def print_facets(counted: Sequence[FacetCounts]) -> None:
    """Rows and kept rows of each value, the most frequent values first."""
    for facet in counted:
        values = sorted(facet.values, key=lambda value: -value[1])
        lines = [(value, f"{rows:,}", f"{kept:,}") for value, rows, kept in values[:MOST_DETAILS]]
        say()
        print_columns([(facet.title, "rows", "kept"), *lines])
        if len(values) > MOST_DETAILS:
            say(f"  … and {len(values) - MOST_DETAILS:,} more values; --json lists all")


def spreadsheet_words(cells: int, safe: bool) -> str:
    """What was done about cells that a spreadsheet would run."""
    what = f"{cells:,} cells of curated.csv begin as a formula does (= + - @ tab)"
    if safe:
        return f"{what}: each has an apostrophe before it now. Train on an export without --spreadsheet-safe."
    return f"{what}: they are as in your data. For a spreadsheet export with --spreadsheet-safe."


def print_levels(reports: Sequence[actions.exports.LevelReport]) -> None:
    """One line per level."""
    for report in reports:
        word = {True: "passed", False: "FAILED", None: "not checked"}[report.ok]
        say(f"level {report.level}, {report.title.lower()}: {word}. {report.text}")
        for detail in report.details[:MOST_DETAILS]:
            say(f"  {detail}")
        if report.flips:
            say(f"  decisions that flip: {', '.join(report.flips[:MOST_DETAILS])}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _cut(text: Any, width: int = 60) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _print_parent(run: actions.runs.Run) -> None:
    say(f"Under the {run.spec.overlay.words}.")
    taken = run.card.get("taken_over", {"arrays": (), "scores": ()})
    say(f"Taken from that run, not made again: {', '.join((*taken['arrays'], *taken['scores'])) or 'nothing'}.")


def print_offers(offers: Sequence[Offer]) -> None:
    """Which runs have decisions that fit, and how they are taken over."""
    if not offers:
        say("No other run of this data has decisions. `--from FILE` reads answers from a file.")
    for one in offers:
        say(f"{one.words}: --from {one.run_id}" + ("" if one.same_data else " (another file of the same name)"))
