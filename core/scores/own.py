"""Own scores: numbers that a person computed themselves, one for each example, taken as they are.

Range: whatever the person's method gives. High: suspicious, unless they said that low values are. Fails where the rows
of their file are not the examples; nothing here can tell how the numbers were made.
"""

from __future__ import annotations

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.types.methods import Direction, Group
from core.types.params import NoParams
from core.types.progress import Progress
from core.types.recorded import OwnScore
from core.types.registry import find
from core.types.scores import AssumptionCheck, Light, Score, ScoreResult

_NO_VALUE = "no value in the file of own scores"


def own_method(own: OwnScore) -> ScoreMethod:
    """A person's own numbers as a score like any other: ranked, compared, combined and exported."""

    def compute(inputs: ScoreInputs, params: NoParams, progress: Progress) -> ScoreResult:
        missing = int(np.isnan(own.values).sum())
        text = f"{len(own.values) - missing:,} of {len(own.values):,} rows have a value; from {own.file}, {own.joined}."
        light = Light.AMBER if missing else Light.GREEN
        return ScoreResult(
            own.values,
            undefined={_NO_VALUE: missing} if missing else {},
            checks=(AssumptionCheck(light, text, "own score"),),
            meta={"file": own.file, "joined": own.joined},
        )

    sign = -1 if own.low_is_suspicious else 1
    first, ordinary = ("low", "high") if own.low_is_suspicious else ("high", "low")
    said = {first: "Suspicious, as you said of this score.", ordinary: "Nothing odd, as you said of this score."}
    return ScoreMethod(
        name=own.name,
        title=own.name,
        summary="Your own numbers.",
        group=Group.OWN,
        direction=Direction.TYPICAL if own.low_is_suspicious else Direction.NOISY,
        inspect_first="lowest" if own.low_is_suspicious else "highest",
        orientation=orient(find_noise=sign, keep_clean_core=-sign, most_helpful=-sign),
        needs=(),
        compute=compute,
        range="as your method gives it",
        high_means=said["high"],
        low_means=said["low"],
        cost="None: it was computed elsewhere.",
        needs_labels=False,
    )


def is_own(score: Score) -> bool:
    """Whether a finished score of a run is a person's own numbers."""
    return score.group == Group.OWN


def method_of(score: Score, registered: tuple[ScoreMethod, ...]) -> ScoreMethod:
    """What a finished score of a run says about itself: its entry among those registered, or a person's own numbers.

    Raises `CurationError` for a name that is neither.
    """
    if not is_own(score):
        return find(score.method, registered, "score")
    meta, low = score.meta, score.direction == Direction.TYPICAL
    return own_method(OwnScore(score.method, score.values, low, str(meta.get("file", "")), str(meta.get("joined", ""))))
