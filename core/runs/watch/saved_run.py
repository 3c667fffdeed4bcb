"""Scores that were computed elsewhere in this process, in a folder that is a run like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.runs.execute import stages
from core.runs.execute.context import RunContext
from core.runs.execute.execute import keep_small_arrays, limited_threads, versions
from core.runs.folder.folder_lock import claimed
from core.runs.folder.run_folder import default_threads
from core.runs.folder.source import open_run, stamp
from core.scores import score_named
from core.store import Run, run_registry
from core.store.examples import describe_dataset, write_examples
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState
from core.types.scores import ScoreResult

from .launch import facts_of


@dataclass(frozen=True, eq=False)
class Answer:
    """What a question came to: the examples, what was known of them, the scores and why others are missing."""

    examples: ExampleTable
    evidence: Evidence
    results: Mapping[str, ScoreResult]
    params: Mapping[str, Any]  # the settings of each score
    skipped: Mapping[str, str]


def save_answer(
    spec: RunSpec, answer: Answer, out: Path, progress: Progress, read: Callable[[], ExampleTable] | None = None
) -> Run:
    """Write a finished run into `out`, whole or not at all, and tell the workspace of it.

    read: gives the examples as the source of `spec` has them, from which their inputs can be read again; it may write
    that source into the folder first. Raises `DataError` without a score, `RunError` for a folder that holds anything.
    """
    if not answer.results:
        raise DataError("There is no score to save.", next(iter(answer.skipped.values()), "Compute one first."))
    threads = default_threads(leave_a_core=False)
    with claimed(out, spec, threads) as folder, limited_threads(threads):
        context = RunContext(folder, progress, reuse=False)
        context.examples = answer.examples if read is None else read()
        written = write_examples(context.path, context.examples)
        folder.save(
            dataset={**describe_dataset(context.examples), "examples": written},
            source_stamp=None if read is None else stamp(spec),
            versions=versions(),
            made_by="library",
        )
        keep_small_arrays(context, answer.evidence)
        _place(context, answer.evidence)
        for name, result in answer.results.items():
            stages.keep(context, score_named(name), answer.params[name], result, 0.0)
        stages.write_manifest(context, list(answer.results))
        folder.save(state=RunState.FINISHED.value, problems={}, not_here=dict(answer.skipped))
    facts = {**facts_of(out), "state": RunState.FINISHED.value}
    run_registry().register(folder.run_id, Path(out).absolute(), **facts)
    return open_run(Path(out))


def _place(context: RunContext, evidence: Evidence) -> None:
    """Map, neighbors and clusters, where there are vectors to make them of."""
    if evidence.embedding is None or len(evidence.embedding) < 2:
        return
    vectors = evidence.embedding
    context.folder.put_array("embedding", vectors)
    context.folder.save(embedding={"name": evidence.embedding_name, "columns": vectors.shape[1]})
    stages.place(context, vectors)
    stages.group(context, vectors)
