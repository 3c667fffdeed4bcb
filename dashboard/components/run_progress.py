"""What a run at work does, and how to stop or resume it."""

from __future__ import annotations

from collections.abc import Callable

from core.types.runs import RunState, RunStatus
from dashboard.components.nodes import Node, node, press_nodes
from dashboard.components.slot import Slot

_WORDS = {
    RunState.WAITING: "Waiting to start",
    RunState.FINISHED: "Finished",
    RunState.INCOMPLETE: "Finished, but a score failed",
    RunState.CANCELLED: "Cancelled: what is finished stays",
    RunState.FAILED: "Failed",
    RunState.STOPPED: "Stopped: the process died",
}
_QUIET_SECONDS = 30  # a run writes its heartbeat every few seconds; later than this it is marked


def run_progress(status: RunStatus, *, slot: Slot, on_press: Callable[[str], None], name: str = "") -> None:
    """Stage, bar, time left and heartbeat age; `on_press` is called with "cancel" or "resume"."""
    parts: list[Node] = [node("div", "facts", *_head(status, name))]
    if status.state.is_busy:
        parts.append(_bar(status))
    if status.message:
        parts.append(node("p", "soft", status.message))
    parts.append(node("div", "facts", *_button(status)))
    press_nodes(node("div", "", *parts), slot=slot, on_act=on_press)


def _head(status: RunStatus, name: str) -> list[Node]:
    """What it is doing, how far it is, and how old its last heartbeat is."""
    head: list[Node] = [node("b", "", " · ".join(part for part in (name, _title(status)) if part))]
    if status.state is RunState.RUNNING and status.total:
        head.append(node("span", "soft", f"{status.done:,} of {status.total:,}"))
    if status.state is RunState.RUNNING and status.seconds_left is not None:
        head.append(node("span", "soft", f"about {duration(status.seconds_left)} left in this stage"))
    if status.state.is_busy and status.heartbeat_age is not None:
        tone = "warn" if status.heartbeat_age > _QUIET_SECONDS else "soft"
        head.append(node("span", tone, f"last sign of life {duration(status.heartbeat_age)} ago"))
    return head


def _title(status: RunStatus) -> str:
    if status.state is RunState.RUNNING and status.stage:
        return status.stage
    return _WORDS.get(status.state, status.stage or "Working")


def _bar(status: RunStatus) -> Node:
    share = 100 * (status.done / status.total if status.total else 0.0)
    fill = node("i", "", style={"width": f"{share:.1f}%"})
    return node("span", "progress", fill, role="progressbar", label=f"{share:.0f} %")


def _button(status: RunStatus) -> list[Node]:
    if status.state.is_busy:
        return [node("button", "", "Cancel", act="cancel", title="What is finished stays; Resume goes on later")]
    return [node("button", "", "Resume", act="resume")] if status.state.can_resume else []


def duration(seconds: float) -> str:
    """Seconds in words: 12 s, 4 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
