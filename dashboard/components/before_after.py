"""What a model said before and after an edit, side by side and marked as a what-if."""

from __future__ import annotations

from core.types.attributions import Judgement, WhatIf
from dashboard.components.nodes import Node, four_digits, node, show_nodes


def before_after(found: WhatIf, *, key: str) -> None:
    """Predicted class, its probability, the given label's probability, EL2N and loss; the warning below."""
    head = node("tr", "", *(node("th", "" if at == 0 else "num", word) for at, word in enumerate(
        ("What-if", "Before", "After", "Change"))))
    before, after = found.before, found.after
    rows = [_words("Predicted", before.predicted, after.predicted), _numbers("Its probability", "probability", found)]
    if found.label:
        rows += [
            _numbers(f"Given label’s, {found.label}", "of_label", found),
            _numbers("EL2N", "el2n", found),
            _numbers("Loss", "loss", found),
        ]
    table = node("table", "whatif", node("thead", "", head), node("tbody", "", *rows),
                 label=f"What-if: {found.changed or 'nothing changed'}; {found.model} before and after")
    said = f"{found.changed}: {found.model}." if found.changed else f"Nothing changed yet: {found.model}."
    show_nodes(node("div", "", table, node("p", "soft", said), node("p", "soft", found.warning)), key=key)


def _words(title: str, before: str, after: str) -> Node:
    other = before != after
    return node("tr", "", node("th", "", title, title=title), node("td", "num", before, title=before),
                node("td", "num warn" if other else "num", after, title=after),
                node("td", "num soft", "another class" if other else "the same"))


def _numbers(title: str, name: str, found: WhatIf) -> Node:
    before, after = _value(found.before, name), _value(found.after, name)
    return node("tr", "", node("th", "", title, title=title), node("td", "num", four_digits(before)),
                node("td", "num", four_digits(after)), node("td", "num", signed(after - before)))


def _value(judgement: Judgement, name: str) -> float:
    return float(getattr(judgement, name))


def signed(change: float) -> str:
    """A change with its sign, four digits at most; 0 without one."""
    if abs(change) < 1e-4:
        return "0"
    return f"{'+' if change > 0 else '−'}{abs(change):.3g}"
