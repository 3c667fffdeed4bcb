"""What one level of verifying found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.types.errors import VerifyError

MOST_NAMED = 20  # cells or files in one report: a screenful


@dataclass(frozen=True)
class LevelReport:
    """ok None: this level was not checked. details: one sentence per finding. flips: ids whose decision changes."""

    level: int
    title: str
    ok: bool | None
    text: str
    details: tuple[str, ...] = ()
    flips: tuple[str, ...] = ()


def raise_if_failed(reports: Sequence[LevelReport]) -> None:
    """Raises `VerifyError` with the first finding of the first level that failed."""
    for report in reports:
        if report.ok is False:
            raise VerifyError(
                report.details[0] if report.details else report.text, "Restore the export or write it again."
            )
