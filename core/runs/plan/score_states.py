"""Where each score of a run stands."""

from __future__ import annotations

from collections.abc import Sequence

from core.store import Run
from core.types.runs import RunStatus


def score_states(run: Run, names: Sequence[str], status: RunStatus) -> dict[str, str]:
    """Where each score stands: done, failed, the stage its run is in for the next one, waiting, not asked for."""
    not_here = run.card.get("not_here", {})
    states, next_up = {}, True
    for name in names:
        if name in run.score_names:
            states[name] = "done"
        elif name in run.failures:
            states[name] = "failed"
        elif name in not_here:
            states[name] = "not possible here"
        elif "all" not in run.spec.scores and name not in run.spec.scores:
            states[name] = "not asked for"
        elif not status.state.is_busy:
            states[name] = "not run"
        else:
            states[name] = (status.stage.lower() or "starting") if next_up else "waiting"
            next_up = False
    return states
