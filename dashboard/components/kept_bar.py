"""The bar that is always there: what is kept, what is dropped, what is left of the rarest class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeptSummary:
    """noise: (estimate, low, high) as shares, or None when it cannot be said. saved: "saved" | "saving" | an error."""

    kept: int
    rows: int
    rarest_class: str = ""
    rarest_before: int = 0
    rarest_after: int = 0
    noise: tuple[float, float, float] | None = None
    selected: int = 0
    saved: str = "saved"
    can_undo: bool = False
    can_redo: bool = False
    can_export: bool = True
    export_reason: str = ""  # why Export is not possible yet


def kept_bar(summary: KeptSummary | None, *, key: str) -> str | None:
    """Draw the bar; returns "undo", "redo" or "export" when that button was just pressed. None draws it empty."""


def kept_sentence(summary: KeptSummary) -> str:
    """`Kept 4,312 of 5,000 (86 %) · dropped 688 · rarest class 48 → 48 · estimated label noise 6.1 % (4.8-7.7)`."""
