"""A person's word, checked before it is saved."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from core.store import Run
from core.types.branches import CurationState
from core.types.curation import Action
from core.types.errors import RulesError

from .lost_changes import guarded_log

_IDS: weakref.WeakKeyDictionary[Run, frozenset[str]] = weakref.WeakKeyDictionary()


def decide(
    run: Run,
    ids: Sequence[str],
    action: Action | None,
    label: str | None,
    note: str | None,
    reviewed: bool | None,
    token: str,
    expected_rev: int | None,
    curation: str | None = None,
    sampled: bool | None = None,
) -> CurationState:
    """Save a decision on examples of this run; unknown ids or labels are refused and nothing is changed.

    curation: the branch's key in the log, the run's own for "main".
    """
    unknown = [i for i in ids if str(i) not in known_ids(run)]
    if unknown:
        raise RulesError(
            f"{len(unknown)} of {len(ids)} ids are not in this run, the first: {unknown[0]!r}.",
            "Use the ids of its table (`python -m core table RUN`).",
        )
    names = run.examples.class_names
    if action is Action.RELABEL and label not in names:
        raise RulesError(
            f"Relabel needs one of this dataset's classes, not {label!r}.", f"Classes: {', '.join(names)}."
        )
    return guarded_log(run).decide(
        curation or run.run_id,
        ids,
        action,
        label=label,
        note=note,
        reviewed=reviewed,
        sampled=sampled,
        token=token,
        expected_rev=expected_rev,
    )


def known_ids(run: Run) -> frozenset[str]:
    """The ids of a run, kept while the run is open."""
    if run not in _IDS:
        _IDS[run] = frozenset(run.examples.ids.tolist())
    return _IDS[run]
