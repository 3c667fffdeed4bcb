"""The scores of a run once more, in a folder of their own: from its recorded evidence, or from nothing but the data."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from core.runs.folder.run_folder import RunFolder
from core.store import Run
from core.store.atomic import write_json
from core.types.progress import Progress

from .execute import execute_run

_EVIDENCE = ("arrays", "model", "work")
_OPENED_FOR_WRITING = ("logits", "seen_correct")  # by a training that goes on; all else is replaced, never changed
_MADE_BY_THE_RUN = ("embedding", "pca", "neighbors", "neighbor_distance", "neighbor_similarity")


def repeat_scores(run: Run, scratch: Path, progress: Progress, retrain: bool = False) -> Run:
    """Answer the run's question again in `scratch`; the data must be the same (`RunError`).

    retrain False: networks are not trained again where the run still has what they left behind; the embedding and
    every score are computed anew either way.
    """
    spec = replace(run.spec, map=False, source=_source(run))
    threads = RunFolder(run.path).threads
    scratch.mkdir(parents=True)
    if not retrain:
        _link_evidence(run.path, scratch)
    write_json(
        scratch / "spec.json",
        {
            "run_id": run.run_id,
            "format": 1,
            "spec": spec.to_json(),
            "fingerprint": spec.fingerprint(),
            "threads": threads,
        },
    )
    write_json(scratch / "run.json", {"dataset": run.card["dataset"]})
    return execute_run(spec, scratch, progress, clusters=False, reuse=False)


def _source(run: Run) -> str:
    from core.runs.folder.source import absolute

    return absolute(run.spec).source


def _link_evidence(original: Path, scratch: Path) -> None:
    """The original's files under a second name where a writer would replace them, copies where it would change them.

    No symbolic links: a run is not written through those.
    """
    if not (original / "work").is_dir():
        return  # shipped without its markers: nothing says that the evidence is whole
    for part in _EVIDENCE:
        for path in (original / part).rglob("*") if (original / part).is_dir() else ():
            if path.is_file() and path.stem not in _MADE_BY_THE_RUN:
                target = scratch / path.relative_to(original)
                target.parent.mkdir(parents=True, exist_ok=True)
                if path.stem in _OPENED_FOR_WRITING or not _second_name(path, target):
                    shutil.copyfile(path, target)


def _second_name(path: Path, target: Path) -> bool:
    try:
        os.link(path, target)
    except OSError:  # another file system, or one without them
        return False
    return True
