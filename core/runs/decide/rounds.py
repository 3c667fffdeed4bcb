"""A person's decisions on one run, taken into the next: laid over its data, and kept as decisions of its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.runs.folder.source import find_run
from core.store import Run, branches, curation_log, run_registry
from core.types.branches import MAIN, CurationState
from core.types.curation import Action, Change, Decision
from core.types.errors import RunError
from core.types.examples import UNLABELED, Split
from core.types.overlay import Overlay
from core.types.rounds import CarriedOver, Offer
from core.types.runs import RunSpec

from .decisions import known_ids
from .lost_changes import guarded_log

Decisions = Mapping[str, Decision]


def overlay_of(run: Run, branch: str = MAIN) -> Overlay:
    """The relabels and drops of a branch on top of those that the run itself was laid under.

    A row of an earlier overlay that was dropped comes back where its drop no longer stands; decisions on held-out rows
    are no part of it: those rows are locked.
    """
    decisions = curation_log().state(branches().curation(run.run_id, branch)).decisions
    free = frozenset(run.examples.ids[run.examples.splits == Split.TRAIN].tolist())
    said = {key: one for key, one in decisions.items() if key in free}
    new = {key: str(one.label) for key, one in said.items() if one.action is Action.RELABEL}
    dropped = sorted(key for key, one in said.items() if one.action is Action.DROP)
    relabeled = dict(sorted({**run.spec.overlay.relabeled, **new}.items()))
    return Overlay(run.run_id, branch, relabeled, tuple(dropped))


def with_decisions(spec: RunSpec, run: Run, branch: str = MAIN) -> RunSpec:
    """The question asked again under the decisions of a run; `RunError` where nothing was decided."""
    if not curation_log().state(branches().curation(run.run_id, branch)).decisions:
        raise RunError(
            f"Nothing is decided in {run.run_id}{'' if branch == MAIN else f', branch {branch}'}.",
            "Keep, drop or relabel rows of it first (`python -m core decide`).",
        )
    return replace(spec, overlay=overlay_of(run, branch))


def inherit(run_id: str, overlay: Overlay) -> None:
    """The decisions that an overlay was made of become the new run's own, once: one change, which one undo takes back.

    A label that was laid over the data is the run's label now, so that a relabeled row is kept. Nothing happens where
    this workspace does not know the parent's decisions.
    """
    key = overlay.parent
    with suppress(RunError):  # the branch is gone
        key = branches().curation(overlay.parent, overlay.branch)
    decisions = curation_log().state(key).decisions
    changes = {i: _change(one, overlay.relabeled.get(i)) for i, one in decisions.items()}
    curation_log().decide_each(run_id, changes, f"decisions of {overlay.parent}", token=f"inherited-{key}")


def offers(run: Run) -> tuple[Offer, ...]:
    """Decisions of other runs of this workspace on the same data, or on a file of the same name; the most first."""
    here = curation_log().state(run.run_id).decisions
    found = (_offer(run, Path(row.path), here) for row in run_registry().rows() if row.run_id != run.run_id)
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.new))


def carry_over(run: Run, other: Run, *, token: str, curation: str) -> tuple[CurationState, CarriedOver]:
    """Take over another run's decisions by id, as one change; what is decided here already stays."""
    here, theirs = curation_log().state(curation).decisions, curation_log().state(other.run_id).decisions
    codes, names = _labels(run), frozenset(run.examples.class_names)
    known = {key: one for key, one in theirs.items() if key in known_ids(run)}
    new = {key: one for key, one in known.items() if key not in here}
    fit = {key: one for key, one in new.items() if one.label is None or one.label in names}
    changes = {key: _change(one, codes[key]) for key, one in fit.items()}
    state = guarded_log(run).decide_each(curation, changes, f"decisions of {other.run_id}", token=token)
    counts = (len(fit), len(known) - len(new), len(theirs) - len(known), len(new) - len(fit))
    return state, CarriedOver(*counts)


def comparable_runs(run: Run) -> tuple[str, ...]:
    """Ids of scored runs of the same data, or of a file of the same name, the parent first, then the last changed."""
    found = []
    for row in run_registry().rows():
        with suppress(RunError):
            other = Run.open(Path(row.path))
            alike = other.source_fingerprint == run.source_fingerprint or other.name == run.name
            if row.run_id != run.run_id and alike and other.modality == run.modality and other.score_names:
                found.append(other.run_id)
    return tuple(sorted(found, key=lambda one: one != run.spec.overlay.parent))


def parent_of(run: Run) -> Run | None:
    """The run whose decisions were laid over this one's data, where this machine still has it."""
    if not run.spec.overlay:
        return None
    with suppress(RunError):
        return Run.open(find_run(run.spec.overlay.parent))
    return None


def _change(one: Decision, label_now: str | None) -> Change:
    """The decision as a change; a relabeling to the label that the row has by now keeps it."""
    settled = one.action is Action.RELABEL and one.label == label_now
    action, label = (Action.KEEP, None) if settled else (one.action, one.label)
    return Change(action, label, one.note or None, one.reviewed or None, one.sampled or None)


def _labels(run: Run) -> dict[str, str | None]:
    names = [*run.examples.class_names, None]  # UNLABELED is -1: the last
    assert UNLABELED == -1
    return {key: names[code] for key, code in zip(run.examples.ids.tolist(), run.examples.labels.tolist(), strict=True)}


def _offer(run: Run, path: Path, here: Decisions) -> Offer | None:
    with suppress(RunError):
        other = Run.open(path)
        theirs = curation_log().state(other.run_id).decisions
        same = run.source_fingerprint == other.source_fingerprint
        if not theirs or other.modality != run.modality or not (same or other.name == run.name):
            return None
        fitting = [key for key in theirs if key in known_ids(run)]
        shared = len(run.examples) if same else len(np.intersect1d(other.examples.ids, run.examples.ids))
        new = sum(key not in here for key in fitting)
        if fitting:
            return Offer(other.run_id, other.name, len(theirs), len(fitting), new, shared, len(run.examples), same)
    return None
