"""What a model said before and after an edit, side by side and marked as a what-if."""

from __future__ import annotations

from collections.abc import Mapping

from core.types.attributions import WhatIf
from core.types.figures import digits
from dashboard.components.nodes import Node, node, show_nodes


def before_after(what_if: WhatIf, *, key: str, watched: Mapping[str, int] | None = None) -> None:
    """Predicted class, its probability, those of the watched classes (title -> class), EL2N, loss; the warning below.

    One model was asked, so its numbers are marked as those of one seed: the scores of the run are means over several.
    """
    whose = "one seed" if "network" in what_if.model else "one model"
    head = node(
        "tr",
        "",
        *(
            node("th", "" if at == 0 else "num", word)
            for at, word in enumerate((f"What-if, {whose}", "Before", "After", "Change"))
        ),
    )
    before, after = what_if.before, what_if.after
    rows = [
        _words("Predicted", before.predicted, after.predicted),
        _line("Its probability", before.probability, after.probability),
    ]
    rows += [
        _line(title, before.probabilities[code], after.probabilities[code])
        for title, code in (watched or {}).items()
        if code < len(before.probabilities)
    ]
    for title, one, other in (("EL2N", before.el2n, after.el2n), ("Loss", before.loss, after.loss)):
        if one is not None and other is not None:
            rows.append(_line(f"{title} ({whose})", one, other))
    table = node(
        "table",
        "whatif",
        node("thead", "", head),
        node("tbody", "", *rows),
        label=f"What-if: {what_if.changed or 'nothing changed'}; {what_if.model} before and after",
    )
    caption = f"{what_if.changed}: {what_if.model}." if what_if.changed else f"Nothing changed yet: {what_if.model}."
    show_nodes(node("div", "", table, node("p", "soft", caption), node("p", "soft", what_if.warning)), key=key)


def _words(title: str, before: str, after: str) -> Node:
    other = before != after
    return node(
        "tr",
        "",
        node("th", "", title, title=title),
        node("td", "num", before, title=before),
        node("td", "num warn" if other else "num", after, title=after),
        node("td", "num soft", "another class" if other else "the same"),
    )


def _line(title: str, before: float, after: float) -> Node:
    return node(
        "tr",
        "",
        node("th", "", title, title=title),
        node("td", "num", digits(before)),
        node("td", "num", digits(after)),
        node("td", "num", signed(after - before)),
    )


def signed(change: float) -> str:
    """A change with its sign, four digits at most; 0 without one."""
    if abs(change) < 1e-4:
        return "0"
    return f"{'+' if change > 0 else '−'}{digits(abs(change), 3)}"
