"""The bar that is always there: what is kept, what is dropped, what is left of the rarest class."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.components.nodes import Node, node, show_nodes

_NOISE = "suspected label noise"
_LONGEST = 28  # letters of a class name; all of it is in the tooltip


@dataclass(frozen=True)
class KeptSummary:
    """noise: (estimate, low, high, accuracy of the doubting models) as shares, or None when it cannot be said.

    The estimate is never shown without that accuracy: the weaker the models, the more of it is their own mistakes.
    saved: "saved" | "saving" | an error.
    """

    kept: int
    rows: int
    rarest_class: str = ""
    rarest_before: int = 0
    rarest_after: int = 0
    noise: tuple[float, float, float, float] | None = None
    noise_help: str = ""
    selected: int = 0
    saved: str = "saved"
    can_undo: bool = False
    can_redo: bool = False
    can_export: bool = True
    export_reason: str = ""  # why Export is not possible yet


def kept_bar(summary: KeptSummary | None, *, key: str) -> str | None:
    """Draw the bar; returns "undo", "redo" or "export" when that button was just pressed. None draws it empty."""
    if summary is None:
        show_nodes(
            node("div", "keptbar", node("span", "soft", "Nothing is scored yet: open a sample or your own data.")),
            key=key,
        )
        return None
    share = 100 * summary.kept / max(summary.rows, 1)
    words: list[Node] = [
        node("span", "gauge", node("i", "", style={"width": f"{share:.2f}%"}), role="img", label=f"{share:.0f} % kept")
    ]
    for at, part in enumerate(_parts(summary)):
        about = summary.noise_help if part.startswith(_NOISE) else summary.rarest_class if "rarest" in part else ""
        words.append(node("b" if at == 0 else "span", "" if at == 0 else "soft", part, title=about))
    if summary.selected:
        words.append(node("span", "", f"selected {summary.selected:,}"))
    return show_nodes(node("div", "keptbar", *words, node("span", "right", *_buttons(summary)), role="status"), key=key)


def _buttons(summary: KeptSummary) -> list[Node]:
    return [
        node("span", "soft", summary.saved),
        node("button", "", "Undo", act="undo", disabled=not summary.can_undo, title="Take back the last change (u)"),
        node("button", "", "Redo", act="redo", disabled=not summary.can_redo),
        node("button", "main", "Export", act="export", disabled=not summary.can_export, title=summary.export_reason),
    ]


def _parts(summary: KeptSummary) -> list[str]:
    share = 100 * summary.kept / max(summary.rows, 1)
    parts = [f"Kept {summary.kept:,} of {summary.rows:,} ({share:.0f} %)", f"dropped {summary.rows - summary.kept:,}"]
    if summary.rarest_class:
        name = summary.rarest_class if len(summary.rarest_class) <= _LONGEST else summary.rarest_class[:_LONGEST] + "…"
        parts.append(f"rarest class {name} {summary.rarest_before:,} → {summary.rarest_after:,}")
    if summary.noise is not None:
        estimate, low, high, accuracy = (100 * v for v in summary.noise)
        parts.append(f"{_NOISE} {estimate:.1f} % ({low:.1f}–{high:.1f}), models {accuracy:.0f} % accurate")
    return parts
