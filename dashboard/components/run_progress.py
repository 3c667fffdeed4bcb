"""What a running job does, and how to stop or resume it."""

from __future__ import annotations

from core.types.runs import RunStatus


def run_progress(status: RunStatus, *, key: str, name: str = "") -> str | None:
    """Stage, bar, time left and heartbeat age; returns "cancel" or "resume" when that was just pressed."""
