"""All scores of one example: value, percentile, spread and what that end means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.types.figures import digits
from dashboard.components.nodes import Node, node, show_nodes


@dataclass(frozen=True)
class ScoreLine:
    """value None = not computed (reason says why). percentile 0..100. suspicious end: +1 high, -1 low, 0 neither."""

    name: str
    title: str
    value: float | None
    percentile: float | None = None
    spread: float | None = None
    seeds: int = 1
    meaning: str = ""  # what the end it stands at means, in words
    suspicious: int = 0
    reason: str = ""
    group: str = ""


def score_panel(lines: Sequence[ScoreLine], *, key: str) -> None:
    """One row each: name, value ± spread, a percentile bar from 0 to 100 with a mark, and the meaning in words."""
    if not lines:
        show_nodes(node("p", "soft", "No score has been computed for this example yet."), key=key)
        return
    show_nodes(
        node("table", "", node("tbody", "", *[_line(line) for line in lines]), label="Scores of this example"), key=key
    )


def _line(line: ScoreLine) -> Node:
    if line.value is None:
        why = f"not computed: {line.reason}" if line.reason else "not computed"
        return node("tr", "", node("th", "", line.title), node("td", "num soft", "–"), node("td", "soft", why))
    spread = f" ± {digits(line.spread, 2)}" if line.spread is not None else ""
    seeds = f"mean of {line.seeds} seeds, ± is their standard deviation" if line.seeds > 1 else "one seed"
    name = node("th", "", line.title, title=f"{line.title}: {line.meaning} ({seeds})")
    parts = node("span", "whole", digits(line.value)), node("span", "soft whole", spread)
    value = node("td", "num", *parts, title=seeds)
    return node("tr", "", name, value, node("td", "", _track(line), node("small", _tone(line), _words(line))))


def _track(line: ScoreLine) -> Node:
    percentile = min(max(line.percentile or 0.0, 0.0), 100.0)
    zone = {1: [node("i", "sus", style={"left": "90%"})], -1: [node("i", "sus", style={"left": "0%"})]}.get(
        line.suspicious, []
    )
    return node(
        "span",
        "track",
        *zone,
        node("i", "", style={"left": f"{percentile:.1f}%"}),
        role="img",
        label=f"percentile {percentile:.0f} of 100",
    )


def _tone(line: ScoreLine) -> str:
    at = line.percentile if line.percentile is not None else 50.0
    return "warn" if (line.suspicious > 0 and at >= 90) or (line.suspicious < 0 and at <= 10) else "soft"


def _words(line: ScoreLine) -> str:
    at = "" if line.percentile is None else f"percentile {line.percentile:.0f}"
    return " · ".join(part for part in (at, line.meaning) if part)
