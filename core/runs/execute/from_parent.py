"""What a run takes from the run whose decisions were laid over its data: everything that no label decides.

The embedding, its neighbors, maps and clusters, and scores of the embedding alone. They are taken only where both runs
read the same source, in the same order, and asked for the same of it; each file is taken by its noted hash.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.runs.folder.run_folder import RunFolder
from core.runs.plan.prepare import embedding_named, params_of
from core.scores import ScoreMethod
from core.store import Run, run_registry
from core.store.index import write_index
from core.store.runs import is_run
from core.store.shards import shards_agree
from core.types.errors import RunError
from core.types.runs import RunSpec
from core.types.signals import Signal

from .context import RunContext

_PLACES = ("embedding", "pca", "neighbors", "neighbor_distance", "neighbor_similarity", "umap", "kmeans", "hdbscan")


def take_from_parent(context: RunContext, methods: list[ScoreMethod]) -> None:
    """Copy what is there and whole of the parent, and note in run.json what was taken; nothing where it is gone."""
    if not (context.reuse and context.spec.overlay):
        return
    try:
        parent = RunFolder(Path(run_registry().row(context.spec.overlay.parent).path))
        taken = _taken(context, parent, methods) if is_run(parent.path) else {}
    except RunError as error:  # forgotten, or damaged: everything is made here
        context.log(str(error))
        return
    if taken:
        context.folder.save(taken_over={"run": parent.run_id, **taken})


def _taken(context: RunContext, parent: RunFolder, methods: list[ScoreMethod]) -> dict[str, list[str]]:
    if not _alike(context, parent):
        return {}
    arrays = [name for name in _PLACES if _copied(context.folder, parent, name)]
    if "embedding" in arrays:
        context.folder.save(embedding=parent.card["embedding"])
    of_inputs = [method for method in methods if _is_of_inputs(context.spec, method)]
    scores = [method.name for method in of_inputs if _score_copied(context, parent, method)]
    return {"arrays": arrays, "scores": scores}


def _alike(context: RunContext, parent: RunFolder) -> bool:
    """Whether what no label decides has the same answer in both."""
    dataset = parent.card.get("dataset", {})
    source = dataset.get("source_fingerprint") or dataset.get("fingerprint")
    mine, theirs = _asked(context.spec), _asked(parent.spec)
    return (
        source == context.examples.source_fingerprint
        and mine == theirs
        and parent.threads == context.folder.threads
        and parent.card.get("versions") == context.folder.card.get("versions")
    )


def _asked(spec: RunSpec) -> tuple[Any, ...]:
    return embedding_named(spec), spec.seed, spec.training.device


def _copied(folder: RunFolder, parent: RunFolder, name: str) -> bool:
    if folder.has_array(name) or not parent.has_array(name):
        return False
    target = folder.path / "arrays" / f"{name}.npy"
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(parent.path / "arrays" / target.name, target)
    folder.note_arrays(name)
    return folder.card["arrays"][name] == parent.card["arrays"][name]


def _is_of_inputs(spec: RunSpec, method: ScoreMethod) -> bool:
    return not method.needs_labels and set(method.needs_with(params_of(method, spec))) == {Signal.EMBEDDING}


def _score_copied(context: RunContext, parent: RunFolder, method: ScoreMethod) -> bool:
    from .stages import keep_entry, score_manifest

    known = parent.scores()["scores"].get(method.name)
    asked = asdict(params_of(method, context.spec))
    if method.name in score_manifest(context)["scores"] or known is None or known["params"] != asked:
        return False
    source = parent.path / "scores" / method.name
    if known["flagged"] or not shards_agree(source, known["shards"], context.ids):
        return False
    shutil.copytree(source, context.path / "scores" / method.name, dirs_exist_ok=True)
    values = np.array(Run.open(parent.path).score(method.name).values)
    index = write_index(context.path / "index", method.name, values, context.examples)
    keep_entry(context, method.name, {**known, "index": index, "seconds": 0.0})
    return True
