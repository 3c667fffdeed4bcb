"""What registered scores say about themselves, as plain values."""

from __future__ import annotations

from typing import Any

from core.scores import ScoreMethod


def method_facts(method: ScoreMethod) -> dict[str, Any]:
    """What one score says about itself, as JSON values."""
    paper = f"{method.paper.authors} {method.paper.year}" if method.paper else ""
    return {
        "name": method.name,
        "title": method.title,
        "summary": method.summary,
        "group": method.group.value,
        "direction": method.direction.value,
        "inspect_first": method.inspect_first,
        "range": method.range,
        "high_means": method.high_means,
        "low_means": method.low_means,
        "needs": [s.value for s in method.needs],
        "cost": method.cost,
        "paper": paper,
        "url": method.paper.url if method.paper else "",
    }
