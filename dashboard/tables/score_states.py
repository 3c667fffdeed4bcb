"""Every registered score as a line of a table: what it finds and needs, and where it stands in a run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core import actions
from core.types.runs import IDLE, RunStatus
from core.types.scores import Score

_LIGHTS = {"green": "●", "amber": "▲", "red": "■"}


def scores_frame(
    run: actions.runs.Run, methods: Sequence[actions.methods.ScoreMethod], status: RunStatus
) -> pd.DataFrame:
    """One row per registered score, those asked for first: what it finds and needs, lights, cost, state in this run."""
    states = actions.runs.score_states(run, [method.name for method in methods], status)
    methods = sorted(methods, key=lambda method: states[method.name] in IDLE)
    return pd.DataFrame([_score_line(run, method, states[method.name]) for method in methods])


def _score_line(run: actions.runs.Run, method: actions.methods.ScoreMethod, state: str) -> dict[str, object]:
    done = state == "done"
    score = run.score(method.name) if done else None
    return {
        "name": method.name,
        "Score": method.title,
        "What it finds": method.summary,
        "State": state,
        "Assumptions": lights_word(score) if score else "",
        "Skill": score.skill if score else None,
        "Seconds": score.seconds if score else None,
        "Needs": ", ".join(signal.words for signal in method.needs),
        "Cost": method.cost,
    }


def lights_word(score: Score) -> str:
    """How many checks are red, amber and green, the worst first: shape and count, not color alone."""
    counts = {light: sum(check.light == light for check in score.checks) for light in ("red", "amber", "green")}
    return "  ".join(f"{_LIGHTS[light]} {count} {light}" for light, count in counts.items() if count)
