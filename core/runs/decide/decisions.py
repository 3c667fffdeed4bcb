"""A person's decisions, checked before they are saved."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from core.store import Run
from core.types.branches import CurationState
from core.types.curation import Action, Change
from core.types.errors import RulesError

from .lost_changes import guarded_log

_IDS: weakref.WeakKeyDictionary[Run, frozenset[str]] = weakref.WeakKeyDictionary()


def decide(
    run: Run,
    ids: Sequence[str],
    change: Change,
    *,
    token: str,
    expected_rev: int | None = None,
    curation: str | None = None,
) -> CurationState:
    """Save a change of the decisions on examples of this run; `RulesError` for ids or a label that it does not have.

    curation: the branch's key in the log, the run's own for "main". Raises `RunError` where another tab has decided on
    one of them since `expected_rev`. Nothing is changed then.
    """
    unknown = [i for i in ids if str(i) not in known_ids(run)]
    if unknown:
        raise RulesError(
            f"{len(unknown)} of {len(ids)} ids are not in this run, the first: {unknown[0]!r}.",
            "Use the ids of its table (`python -m core table RUN`).",
        )
    names = run.examples.class_names
    if change.action is Action.RELABEL and names and change.label not in names:
        raise RulesError(
            f"Relabel needs one of this dataset's classes, not {change.label!r}.", f"Classes: {', '.join(names)}."
        )
    log = guarded_log(run)
    return log.decide(curation or run.run_id, ids, change, token=token, expected_rev=expected_rev)


def known_ids(run: Run) -> frozenset[str]:
    """The ids of a run, kept while the run is open."""
    if run not in _IDS:
        _IDS[run] = frozenset(run.examples.ids.tolist())
    return _IDS[run]
