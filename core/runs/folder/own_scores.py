"""What a person's own scores are called in a run: their columns' names, where nothing else has them."""

from __future__ import annotations

from dataclasses import replace

from core.composite.terms import MOST_SCORES
from core.scores import SCORES
from core.types.errors import DataError
from core.types.evidence import GivenEvidence
from core.types.examples import Finding
from core.types.recorded import OwnScore

# Names that tables of a run and of an export give to other columns, and what they add to a score's own.
_COLUMNS = (
    *("example_id", "source_index", "source_path", "split", "group", "label", "label_suggested", "label_final"),
    *("kept", "decision_source", "reasons", "composite", "composite_score", "composite_rank", "threshold"),
    *(
        "cut_margin",
        "flip_risk",
        "dup_group",
        "zone",
        "predicted_label",
        "predicted_prob",
        "rising_class",
        "sample_weight",
    ),
    *("reviewed", "note", "rank", "all"),
)
_PARTS = ("_pct", "_sd", "_n", "_flag")


def with_free_names(given: GivenEvidence) -> tuple[GivenEvidence, tuple[Finding, ...]]:
    """Own scores under names that nothing else has, and a line on each that is called otherwise than its column.

    Raises `DataError` for more scores than rules can combine.
    """
    most = MOST_SCORES - len(SCORES)
    if len(given.own_scores) > most:
        what = f"{len(given.own_scores)} own scores are more than rules can combine with ours."
        raise DataError(what, f"Name at most {most} of them: --own-scores.")
    taken = {*_COLUMNS, *(method.name for method in SCORES)}
    own: list[OwnScore] = []
    for one in given.own_scores:
        name = one.name
        while name in taken or any(name == f"{known}{part}" for known in taken for part in _PARTS):
            name = f"own_{name}"
        taken.add(name)
        own.append(replace(one, name=name))
    told = tuple(
        Finding("recorded", len(now.values), f"own score {was.name} is called {now.name}: {was.name} is taken")
        for was, now in zip(given.own_scores, own, strict=True)
        if was.name != now.name
    )
    return replace(given, own_scores=tuple(own)), told
