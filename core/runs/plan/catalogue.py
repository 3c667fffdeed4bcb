"""What registered scores say about themselves, as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.scores import SCORES, ScoreMethod


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


def scores_markdown() -> str:
    """The README's table of scores, one line each in the registry's order."""
    lines = [
        "| score | family | what it says | look first | a high value means | needs | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in SCORES:
        facts = method_facts(method)
        source = f"[{facts['paper']}]({facts['url']})" if facts["url"] else facts["paper"]
        needs = ", ".join(need.replace("_", " ") for need in facts["needs"])
        cells = (
            f"`{method.name}`",
            facts["group"].replace("_", " "),
            facts["summary"].rstrip("."),
            facts["inspect_first"],
            facts["high_means"],
            needs,
            source,
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def shared_ground() -> tuple[str, dict[str, str]]:
    """What several scores share, as Markdown of our own (core/METHODS.md): the introduction, and text by title."""
    text = (Path(__file__).parents[2] / "METHODS.md").read_text(encoding="utf-8")
    introduction, *sections = text.split("\n## ")
    titled = (section.partition("\n") for section in sections)
    return introduction.partition("\n")[2].strip(), {title.strip(): body.strip() for title, _, body in titled}
