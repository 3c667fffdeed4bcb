"""execute_run: the one code path from a question to an answer, whoever started it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from core.models.own_code import refuse_unless_allowed
from core.runs.folder.folder_lock import claimed
from core.runs.folder.run_folder import RunFolder, default_threads
from core.runs.folder.source import absolute, has_inputs, open_run, refuse_changed_source
from core.runs.plan.prepare import check_with_data, chosen_scores, plan_scores, runnable, signals_needed
from core.scores import ScoreMethod
from core.store import Run
from core.store.shards import id_column, shards_agree
from core.types.errors import BrokenOffError, Cancelled, CurationError, RunError
from core.types.evidence import Evidence
from core.types.examples import Modality
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState

from . import stages
from .context import RunContext
from .from_parent import take_from_parent
from .traces import curves, predictions

_REPORTED = ("numpy", "pandas", "scipy", "scikit-learn", "torch", "umap-learn", "cleanlab", "pyarrow")


def execute_run(
    spec: RunSpec,
    out: Path,
    progress: Progress,
    truth: Path | None = None,
    clusters: bool = True,
    reuse: bool = True,
) -> Run:
    """Answer `spec` in the folder `out`, going on where an earlier try stopped; a finished answer is only opened.

    Each score is on disk before the next begins, and one that fails never blocks the others: the run then ends
    INCOMPLETE. With `reuse`, what other runs of the workspace finished is taken up.
    Raises `Cancelled` when asked to stop, `RunError` when `out` holds another run or another data set's, `ModelError`
    for own code that this machine's workspace does not allow.
    """
    spec = absolute(spec)
    with claimed(out, spec, spec.threads or default_threads(leave_a_core=False)) as folder:
        return work_on(folder, progress, truth, clusters, reuse)


def work_on(
    folder: RunFolder,
    progress: Progress,
    truth: Path | None = None,
    clusters: bool = True,
    reuse: bool = True,
) -> Run:
    """`execute_run` in a folder that is claimed. A refusal before the work begins leaves run.json as it stood."""
    if folder.is_finished and _is_whole(folder):
        run = open_run(folder.path)
        refuse_changed_source(run)
        return run
    refuse_unless_allowed(folder.run_id, folder.spec.training.model)
    context = RunContext(folder, progress, reuse)
    if folder.damage:
        context.log(folder.damage)
    with _settled(context), limited_threads(folder.threads):
        _work(context, clusters)
        _keep_truth(context, truth)
    return open_run(folder.path)


def _work(context: RunContext, clusters: bool) -> None:
    with context.stage("load"):
        stages.load(context)
    methods = _runnable(context)
    check_with_data(context.spec, context.examples, methods)
    context.is_begun = True
    take_from_parent(context, methods)
    vectors, name = None, ""
    if has_inputs(context.examples) or context.given.embeddings is not None:
        with context.stage("embedding"), context.record_failures("embedding"):
            vectors, name = stages.embed(context)
    if vectors is not None:
        with context.stage("neighbors"), context.record_failures("neighbors"):
            stages.place(context, vectors)
    evidence = Evidence()
    with context.stage("training"), context.record_failures("training"):
        evidence = stages.gather(context, signals_needed(methods, context.spec))
        keep_small_arrays(context, evidence)
        stages.note_training(context)
    texts = context.examples.inputs if context.examples.modality is Modality.TEXT else None
    evidence = replace(evidence, embedding=vectors, embedding_name=name, texts=texts)
    _compute_scores(context, methods, evidence)
    if vectors is not None:
        if clusters:
            with context.stage("clusters"), context.record_failures("clusters"):
                stages.group(context, vectors)
        if context.spec.map:
            with context.stage("umap"), context.record_failures("umap"):
                stages.draw_map(context, vectors)


def _is_whole(folder: RunFolder) -> bool:
    """Whether everything still has the bytes it was written with; what is damaged is made again."""
    try:
        scores = folder.scores()["scores"]
        ids = id_column(Run.open(folder.path).examples.ids)
    except RunError:
        return False
    shards = {folder.path / "scores" / name: about["shards"] for name, about in scores.items()}
    return (
        bool(scores)
        and all(map(folder.has_array, folder.card.get("arrays", {})))
        and all(shards_agree(place, manifest, ids) for place, manifest in shards.items())
    )


def _runnable(context: RunContext) -> list[ScoreMethod]:
    """The asked-for scores that can be computed here; those that cannot are written down with the reason."""
    plans = plan_scores(context.spec, context.examples, context.given)
    own = context.given.own_scores
    methods, why = runnable(plans, context.spec, own), {plan.name: plan.why_not for plan in plans if not plan.runs}
    not_here = {method.name: why[method.name] for method in chosen_scores(context.spec, own) if method.name in why}
    if "all" not in context.spec.scores:  # asked for by name, it is missed
        context.problems |= not_here
    context.folder.save(not_here=not_here)
    return methods


def _compute_scores(context: RunContext, methods: list[ScoreMethod], evidence: Evidence) -> None:
    blocked = context.problems.get("training")
    with context.stage("scores"):
        for method in methods:
            with context.record_failures(method.name):
                stages.score(context, method, evidence)
            if blocked and method.name in context.problems:
                context.problems[method.name] = blocked  # the cause, not its echo
        stages.write_manifest(context, [m.name for m in chosen_scores(context.spec, context.given.own_scores)])
    if not stages.score_manifest(context)["scores"]:
        kind = BrokenOffError if context.met_a_bug else RunError
        raise kind(
            "No score could be computed.", next(iter(context.problems.values()), "See log.txt in the run folder.")
        )


def keep_small_arrays(context: RunContext, evidence: Evidence) -> None:
    """What people look at beside the scores: predictions and training curves."""
    arrays = predictions(evidence)
    if evidence.trace is not None:
        arrays |= curves(evidence.trace, context.examples.labels, evidence.not_finite)
        context.folder.save(learning_rates=list(map(float, evidence.trace.learning_rates)))
    for name, values in arrays.items():
        context.folder.put_array(name, values)
    if evidence.out_of_fold_model:
        context.folder.save(out_of_fold_model=evidence.out_of_fold_model)


def _keep_truth(context: RunContext, truth: Path | None) -> None:
    if truth is not None:
        shutil.copyfile(truth, context.path / "truth.csv")


@contextmanager
def _settled(context: RunContext) -> Iterator[None]:
    """However the work ends, run.json says so; problems make the run INCOMPLETE, a refusal leaves it as it was."""
    before: dict[str, Any] = {
        name: context.folder.card[name] for name in ("state", "problems") if name in context.folder.card
    }
    ended: dict[str, Any] = {"state": RunState.FAILED.value, "problems": context.problems}
    context.folder.save(state=RunState.RUNNING.value, versions=versions())
    try:
        yield
        ended["state"] = (RunState.INCOMPLETE if context.problems else RunState.FINISHED).value
    except (Cancelled, KeyboardInterrupt):
        ended["state"] = RunState.CANCELLED.value
        raise
    except CurationError:
        if not context.is_begun:
            ended |= before
        raise
    finally:
        context.folder.save(**ended)


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """The same number of threads on every try: sums over threads decide the last digits."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def versions() -> dict[str, str]:
    """The versions of what numbers depend on."""
    return {name: metadata.version(name) for name in ("chaffinch", *_REPORTED)}
