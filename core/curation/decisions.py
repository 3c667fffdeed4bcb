"""A person's decisions as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.types.curation import Action, Decision
from core.types.errors import RulesError

from .view import ScoreView


@dataclass(frozen=True, eq=False)
class Manual:
    """What a person decided, by row.

    kept, dropped, relabeled: [N] bool (relabeled rows are kept too). labels: [N] int64 with new labels applied.
    ignored: decisions on locked rows. unknown: decisions on ids that this run does not have.
    """

    kept: np.ndarray
    dropped: np.ndarray
    relabeled: np.ndarray
    labels: np.ndarray
    ignored: int = 0
    unknown: int = 0


def read_decisions(view: ScoreView, decisions: Mapping[str, Decision], unlocked: np.ndarray) -> Manual:
    """Raises `RulesError` for a label that is not a class of the dataset."""
    size = len(view)
    kept, dropped, relabeled = (np.zeros(size, bool) for _ in range(3))
    labels = view.labels
    acting = [(key, d) for key, d in decisions.items() if d.action in (Action.KEEP, Action.DROP, Action.RELABEL)]
    ignored = unknown = 0
    if any(d.action == Action.RELABEL for _, d in acting):
        labels = labels.copy()
    for key, decision in acting:
        row = view.row_of.get(str(key))
        if row is None:
            unknown += 1
        elif not unlocked[row]:
            ignored += 1
        else:
            dropped[row] = decision.action == Action.DROP
            kept[row] = not dropped[row]
            if decision.action == Action.RELABEL and view.class_names:  # else a pool without classes as yet
                labels[row] = class_index(view, decision.label)
                relabeled[row] = True
    return Manual(kept, dropped, relabeled, labels, ignored, unknown)


def class_index(view: ScoreView, name: str | None) -> int:
    """The class called `name`; raises `RulesError`."""
    if name is None or name not in view.class_names:
        raise RulesError(
            f"A decision gives the label {name!r}, which is not a class of this dataset.",
            f"Classes: {', '.join(view.class_names[:12])}{' …' if len(view.class_names) > 12 else ''}.",
        )
    return view.class_names.index(name)
