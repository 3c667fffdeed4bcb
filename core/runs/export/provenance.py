"""Where the numbers of an export come from, as its manifest says it and as the run itself does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.export.manifest import plain
from core.runs.check.checks import check_results, same_rules
from core.store import Run
from core.store.atomic import sha256_of
from core.types.curation import Decision, Rules

from .manifest_checks import check_words, checked

_OF_THE_RUN = (
    "run_id",
    "spec",
    "model_files",
    "map_coordinates",
    "embedding",
    "out_of_fold_model",
    "versions",
    "noise_review",
)


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
    if run.spec.recorded:
        spec["recorded"] |= {kind: Path(path).name for kind, path in run.spec.recorded.paths()}
    return {**spec, **names, "source": run.name, "training": {**spec["training"], "weights": weights}}


def contradictions(run: Run, said: Mapping[str, Any], rules: Rules, decisions: Mapping[str, Decision]) -> list[str]:
    """The entries of a manifest's provenance that the run contradicts.

    A run that was not finished may have got more since, so nothing of it is compared. A self-test may come later than
    the export; a check is compared with those that the run keeps of these rules, and where it keeps none, it may have
    been made on another machine.
    """
    if said.get("unfinished"):
        return []
    now = plain(provenance(run, rules, decisions))
    wrong = [name for name in _OF_THE_RUN if said.get(name) != now[name]]
    wrong += ["self_test"] if said.get("self_test") and now["self_test"] not in (None, said["self_test"]) else []
    checks = [plain(check_words(result, decisions)) for result in check_results(run) if same_rules(result, rules)]
    return wrong + (["check"] if said.get("check") and checks and said["check"] not in checks else [])
