"""A run's decisions out as files, and files checked against their run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import keep_fraction_rules
from core.export import ExportReport, LevelReport, read_manifest, verify, write_export
from core.models.own_code import allow, refuse_unless_allowed
from core.store import MAIN, Run
from core.store.atomic import sha256_of
from core.store.runs import is_run
from core.types.curation import Decision, Rules
from core.types.errors import ModelError, RunError
from core.types.progress import Progress, SilentProgress

from .checked import checked
from .repeat import repeat_scores
from .source import find_run, open_run, refuse_changed_source
from .view import score_view


def export_run(
    run: Run,
    rules: Rules,
    decisions: Mapping[str, Decision],
    out: Path,
    keep_fraction: float | None = None,
    branch: str = MAIN,
) -> ExportReport:
    """Write the export; the same run, branch, rules and decisions give the same bytes whoever asks."""
    refuse_changed_source(run)
    view = score_view(run)
    if keep_fraction is not None:
        rules = keep_fraction_rules(rules, keep_fraction)
    known = {**provenance(run, rules, decisions), "branch": branch}
    return write_export(view, rules, decisions, known, run.examples.columns, Path(out))


def provenance(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """Where the numbers come from: the question, the model's files, the map and the versions, all by hash, and what
    is known about the rules: their check, the self-test, the reviewed share of wrong labels.
    """
    model = run.path / "model"
    files = sorted(p for p in model.rglob("*") if p.is_file()) if model.is_dir() else []
    maps = {
        name: sha256_of(run.path / "arrays" / f"{name}.npy")
        for name in ("pca", "umap")
        if (run.path / "arrays" / f"{name}.npy").is_file()
    }
    return {
        "run_id": run.run_id,
        "spec": _without_places(run),
        "model_files": {p.relative_to(model).as_posix(): sha256_of(p) for p in files},
        "map_coordinates": maps,
        "embedding": run.card.get("embedding"),
        "out_of_fold_model": run.card.get("out_of_fold_model"),
        "scores_failed": dict(run.failures),
        "versions": run.card.get("versions"),
        **checked(run, rules, decisions),
    }


def _without_places(run: Run) -> dict[str, Any]:
    """The question with file names instead of paths, which would tell where and whose they are."""
    spec = run.spec.to_json()
    names = {key: spec[key] and Path(spec[key]).name for key in ("labels", "class_map")}
    weights = [Path(w).name for w in spec["training"]["weights"]]
    return {**spec, **names, "source": run.name, "training": {**spec["training"], "weights": weights}}


def verify_export(
    folder: Path, run: Path | None = None, level: int = 3, progress: Progress | None = None, retrain: bool = False,
    trust: bool = False,
) -> list[LevelReport]:
    """Reports of the levels; level 3 repeats the run (found by its id when not given) in a scratch folder.

    trust: allow the own code that the run's model is; without it such scores are not recomputed, which is said.
    """
    found = _run_of(Path(folder), run) if level >= 3 else None
    if found is None:
        return verify(folder, run, level)
    original = open_run(found)
    refusal = _refused_code(original, trust)
    if refusal is not None:
        return [_not_recomputed(report, refusal) for report in verify(folder, found, level)]

    def recompute() -> tuple[list[str], Mapping[str, np.ndarray]]:
        with tempfile.TemporaryDirectory(prefix="chaffinch-verify-") as scratch:
            again = repeat_scores(original, Path(scratch) / "run", progress or SilentProgress(), retrain)
            return again.examples.ids.tolist(), {name: np.array(again.score(name).values) for name in again.score_names}

    trained = retrain or not (original.path / "work").is_dir()  # a shipped run has no evidence to read
    return [_how(report, trained) for report in verify(folder, found, level, recompute, trained)]


def _refused_code(run: Run, trust: bool) -> ModelError | None:
    model = run.spec.training.model
    if trust:
        allow(run.run_id, model)
    try:
        refuse_unless_allowed(run.run_id, model)
    except ModelError as error:
        return error
    return None


def _not_recomputed(report: LevelReport, why: ModelError) -> LevelReport:
    if report.level < 3:
        return report
    return replace(report, text=" ".join(why.lines().splitlines()))


def _how(report: LevelReport, retrain: bool) -> LevelReport:
    if report.level < 3 or report.ok is None:
        return report
    how = "Networks trained again from the data" if retrain else "Computed again from the run's recorded evidence"
    return replace(report, text=f"{how}: {report.text}")


def _run_of(folder: Path, run: Path | None) -> Path | None:
    if run is not None:
        return find_run(run)
    run_id = read_manifest(folder).get("provenance", {}).get("run_id", "")
    try:
        path = find_run(str(run_id)) if run_id else None
    except RunError:
        path = None
    return path if path is not None and is_run(path) else _sample_with(str(run_id))


def _sample_with(run_id: str) -> Path | None:
    from .samples import sample_cards

    return next((card.run for card in sample_cards() if card.run and Run.open(card.run).run_id == run_id), None)
