"""A run's report: what was curated, and what its checks found, gathered into one page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.curation import ScoreView, apply_rules, train_counts
from core.evaluation.noise import noise_rate
from core.export import report
from core.runs.check.checks import check_of, same_decisions
from core.runs.check.self_tests import self_test_result
from core.runs.decide.view import score_view
from core.runs.read.judging import judge_line, judges
from core.store import Run
from core.types.branches import MAIN
from core.types.checks import NoiseRate
from core.types.curation import Decision, Outcome, Rules
from core.types.errors import CurationError, RulesError


def write_report(run: Run, rules: Rules, decisions: Mapping[str, Decision], out: Path, branch: str = MAIN) -> Path:
    """The report of these rules on this run, as one self-contained HTML file; raises `CurationError` for a folder."""
    if Path(out).is_dir():
        raise CurationError(f"{out} is a folder.", "Give the name of a file: report.html.")
    return report.write_report(content(run, rules, decisions, branch), Path(out))


def content(run: Run, rules: Rules, decisions: Mapping[str, Decision], branch: str = MAIN) -> report.ReportContent:
    """Everything that the page tells."""
    view = score_view(run)
    outcome = apply_rules(view, rules, decisions)
    before, after = train_counts(view, outcome)
    counts = tuple((str(name), int(b), int(a)) for name, b, a in zip(view.class_names, before, after, strict=True))
    check = check_of(run, rules, decisions)
    warnings = outcome.warnings
    if check is not None and not same_decisions(check, decisions):
        warnings = (*warnings, "The check below was made with other decisions than the present ones.")
    return report.ReportContent(
        f"{run.name}: curation report",
        _facts(run, view, outcome, decisions, branch),
        rules.to_json(),
        counts,
        warnings,
        check,
        self_test_result(run),
        _noise(view, decisions),
    )


def _facts(
    run: Run, view: ScoreView, outcome: Outcome, decisions: Mapping[str, Decision], branch: str
) -> tuple[tuple[str, str], ...]:
    counts = outcome.counts
    return (
        ("dataset", f"{run.name} ({run.modality.value}), {len(view):,} rows, {len(view.class_names)} classes"),
        ("held out", f"{int(view.held_out.sum()):,} rows, locked"),
        (
            "kept",
            f"{counts['kept']:,} of {counts['rows']:,} ({counts['kept'] / max(counts['rows'], 1):.1%}), "
            f"dropped {counts['dropped']:,}",
        ),
        ("decisions by a person", f"{len(decisions):,}"),
        ("branch", branch),
        ("scores", ", ".join(view.scores)),
        *((("judge of the labels", judge_line(run)),) if judge_line(run) else ()),
        *((("compared as judges", "; ".join(judges(run))),) if judges(run) else ()),
        ("run", run.run_id),
        ("data fingerprint", run.fingerprint[:16]),
    )


def _noise(view: ScoreView, decisions: Mapping[str, Decision]) -> NoiseRate | None:
    try:
        return noise_rate(view, decisions)
    except RulesError:  # without labels or scores there is nothing to estimate
        return None
