"""Which scores a dataset can have, found by a child process: the dashboard never loads a stranger's file itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.datasets.guarded import MEMORY, answer_with, ask_child, mapped_bytes
from core.runs.folder.source import load_source
from core.types.runs import RunSpec, ScorePlan, spec_from_json

from .prepare import plan_scores


def plan_in_child(spec: RunSpec) -> list[ScorePlan]:
    """`plan_scores` with the data of the spec; `DataError` in the child's words, `UnsafeFileError` if it crashed."""
    memory = MEMORY + mapped_bytes(spec.recorded)
    answer = ask_child(__name__, {"spec": spec.to_json()}, spec.source, memory=memory)
    return [ScorePlan(**line) for line in answer["plan"]]


def main() -> None:
    """What the child runs."""
    answer_with(_done)


def _done(question: dict[str, Any]) -> dict[str, Any]:
    spec = spec_from_json(question["spec"])
    loaded = load_source(spec)
    return {"plan": [asdict(line) for line in plan_scores(spec, loaded.examples, loaded.given)]}
