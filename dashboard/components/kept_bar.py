"""The bar that is always there: what is kept, what is dropped, what is left of the class that was hit hardest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.components.nodes import Node, node, press_nodes, show_nodes
from dashboard.components.slot import Slot

_LONGEST = 28  # letters of a class name; all of it is in the tooltip


@dataclass(frozen=True)
class KeptSummary:
    """class_name, class_before, class_after: the class that loses the largest share, by its training rows.

    noise: (estimate, low, high, accuracy of the doubting models) as shares, or None when it cannot be said.

    The estimate is never shown without that accuracy: the weaker the models, the more of it is their own mistakes.
    saved: "saved" | "saving" | an error.
    """

    kept: int
    rows: int
    class_name: str = ""
    class_before: int = 0
    class_after: int = 0
    noise: tuple[float, float, float, float] | None = None
    noise_help: str = ""
    selected: int = 0
    saved: str = "saved"
    can_undo: bool = False
    can_redo: bool = False
    can_export: bool = True
    export_reason: str = ""  # why Export is not possible yet
    resting: str = ""  # what the numbers are of, while the page is about other data


def kept_bar(summary: KeptSummary | None, *, slot: Slot, on_press: Callable[[str], None]) -> None:
    """Draw the bar; `on_press` is called with "undo", "redo" or "export". None draws it empty."""
    if summary is None:
        show_nodes(
            node("div", "keptbar", node("span", "soft", "Nothing is scored yet: open a sample or your own data.")),
            key=slot.key,
        )
        return
    share = 100 * summary.kept / max(summary.rows, 1)
    words: list[Node] = [
        node("span", "gauge", node("i", "", style={"width": f"{share:.2f}%"}), role="img", label=f"{share:.0f} % kept")
    ]
    if summary.resting:
        words.insert(0, node("span", "", summary.resting))
    words += _parts(summary)
    if summary.selected:
        words.append(node("span", "", f"selected {summary.selected:,}"))
    look = "keptbar resting" if summary.resting else "keptbar"
    buttons = node("span", "right", *_buttons(summary))
    press_nodes(node("div", look, *words, buttons, role="status"), slot=slot, on_act=on_press)


def _buttons(summary: KeptSummary) -> list[Node]:
    return [
        node("span", "soft", summary.saved),
        node("button", "", "Undo", act="undo", disabled=not summary.can_undo, title="Take back the last change (u)"),
        node("button", "", "Redo", act="redo", disabled=not summary.can_redo),
        node("button", "main", "Export", act="export", disabled=not summary.can_export, title=summary.export_reason),
    ]


def _parts(summary: KeptSummary) -> list[Node]:
    share = 100 * summary.kept / max(summary.rows, 1)
    words = node("b", "", f"Kept {summary.kept:,} of {summary.rows:,} ({share:.0f} %)")
    return [words, node("span", "soft", f"dropped {summary.rows - summary.kept:,}"), *_class(summary), *_noise(summary)]


def _class(summary: KeptSummary) -> list[Node]:
    """The class in red once no training row of it is left."""
    if not summary.class_name:
        return []
    name = summary.class_name if len(summary.class_name) <= _LONGEST else summary.class_name[:_LONGEST] + "…"
    gone = summary.class_before > 0 and summary.class_after == 0
    counts = f"{summary.class_before:,} → {summary.class_after:,}"
    hit = summary.class_after != summary.class_before
    words = f"hardest hit class {name}: {counts}" if hit else f"rarest class {name} {counts}"
    about = f"Training rows of {summary.class_name}: {summary.class_before:,} before, {summary.class_after:,} stay"
    return [node("span", "gone" if gone else "soft", words, title=about, role="alert" if gone else "")]


def _noise(summary: KeptSummary) -> list[Node]:
    if summary.noise is None:
        return []
    estimate, low, high, accuracy = (100 * v for v in summary.noise)
    words = f"labels that models doubt {estimate:.1f} % ({low:.1f}–{high:.1f}), models {accuracy:.0f} % accurate"
    return [node("span", "soft", words, title=summary.noise_help)]
