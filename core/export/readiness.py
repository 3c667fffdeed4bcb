"""Before an export: what a person should know about it, one line with a light each, and what its folder is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from core.curation import ScoreView
from core.curation.warnings import hardest_hit
from core.types.branches import MAIN
from core.types.checks import CheckResult
from core.types.curation import Decision, Outcome, Rules, Source
from core.types.scores import Light


class Line(NamedTuple):
    """light: green (fine), amber (worth knowing) or red (look before you export)."""

    light: Light
    text: str


def checklist(
    view: ScoreView,
    rules: Rules,
    decisions: Mapping[str, Decision],
    outcome: Outcome,
    check: CheckResult | None,
    same_decisions: bool,
) -> tuple[Line, ...]:
    """Held-out rows, the class that loses most, rows not reviewed, and the check of these rules against random.

    check: the check that says most about these rules, None without one; same_decisions: whether it was made with these
    decisions.
    """
    return (
        _held_out(view, outcome),
        _hardest_hit(view, rules, outcome),
        _unseen(view, outcome, decisions),
        _check(check, same_decisions),
    )


def _held_out(view: ScoreView, outcome: Outcome) -> Line:
    rows, dropped = int(view.held_out.sum()), int((view.held_out & ~outcome.kept).sum())
    if dropped:
        return Line(Light.RED, f"{dropped:,} held-out rows are dropped")
    return Line(Light.GREEN, f"All {rows:,} held-out rows stay" if rows else "There are no held-out rows")


def _hardest_hit(view: ScoreView, rules: Rules, outcome: Outcome) -> Line:
    hit = hardest_hit(view, outcome)
    floor = min(rules.guardrails.class_floor, hit.before)
    text = f"Class {hit.name}, hit hardest: {hit.after:,} of {hit.before:,} training rows stay (floor {floor:,})"
    return Line(Light.GREEN if hit.after >= floor else Light.RED, text)


def _unseen(view: ScoreView, outcome: Outcome, decisions: Mapping[str, Decision]) -> Line:
    by_rule = view.ids[outcome.came_from(Source.RULE) & ~outcome.kept]
    unseen = sum(1 for i in by_rule if str(i) not in decisions or not decisions[str(i)].reviewed)
    return Line(
        Light.AMBER if unseen else Light.GREEN, f"{unseen:,} rows dropped by rules were not looked at by a person"
    )


def _check(check: CheckResult | None, same_decisions: bool) -> Line:
    if check is None:
        return Line(Light.AMBER, "No check of these rules against random was run")
    if not same_decisions:
        return Line(Light.AMBER, f"Checked with other decisions than the present ones: {check.verdict}")
    return Line(Light.GREEN if check.beats_random else Light.AMBER, f"Checked: {check.verdict}")


def export_name(run_name: str, branch: str) -> str:
    """A folder name for an export: the run's, and the branch's unless that is the first one."""
    name = _as_folder(run_name, "run")
    return name if branch == MAIN else f"{name}-{_as_folder(branch, 'branch')}"


def _as_folder(name: str, otherwise: str) -> str:
    """One plain part of a path, whatever the name says."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:100] or otherwise
