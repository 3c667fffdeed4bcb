"""Who judged the labels of a run, and how often that judge is right: it stands beside every list of suspects."""

from __future__ import annotations

from core.scores import name_used_for
from core.store import Run
from core.types.methods import Use


def judges(run: Run) -> tuple[str, ...]:
    """The models compared as judges of the labels, the best first, each with its accuracy; () without a comparison."""
    return tuple(_meta(run).get("judges_by_accuracy", ()))


def judge_line(run: Run) -> str:
    """Who judged and the out-of-fold accuracy, in one sentence; "" for a run whose labels nobody judged."""
    meta = _meta(run)
    if "out_of_fold_accuracy" not in meta:
        return ""
    who = str(meta.get("model") or "the run's own model").replace("_", " ")
    right = meta["out_of_fold_accuracy"]
    return f"Labels judged by {who}, which out of fold agrees with {right:.1%} of them."


def _meta(run: Run) -> dict:
    name = name_used_for(Use.NOISE_ESTIMATE)
    return dict(run.score(name).meta) if name in run.score_names else {}
