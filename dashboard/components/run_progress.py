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


def run_progress(status: RunStatus, *, slot: Slot, on_press: Callable[[str], None], name: str = "") -> None:
    """Stage, bar, time left and heartbeat age; `on_press` is called with "cancel" or "resume"."""
    share = status.done / status.total if status.total else 0.0
    title = (
        status.stage
        if status.state is RunState.RUNNING and status.stage
        else _WORDS.get(status.state, status.stage or "Working")
    )
    head: list[Node] = [node("b", "", " · ".join(part for part in (name, title) if part))]
    if status.state is RunState.RUNNING and status.total:
        head.append(node("span", "soft", f"{status.done:,} of {status.total:,}"))
    if status.seconds_left is not None and status.state is RunState.RUNNING:
        head.append(node("span", "soft", f"about {duration(status.seconds_left)} left in this stage"))
    if status.heartbeat_age is not None and status.state.is_busy:
        head.append(
            node(
                "span",
                "warn" if status.heartbeat_age > 30 else "soft",
                f"last sign of life {duration(status.heartbeat_age)} ago",
            )
        )
    bar = (
        [
            node(
                "span",
                "progress",
                node("i", "", style={"width": f"{100 * share:.1f}%"}),
                role="progressbar",
                label=f"{100 * share:.0f} %",
            )
        ]
        if status.state.is_busy
        else []
    )
    message = [node("p", "soft", status.message)] if status.message else []
    buttons = node("div", "facts", *_button(status))
    press_nodes(node("div", "", node("div", "facts", *head), *bar, *message, buttons), slot=slot, on_act=on_press)


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
