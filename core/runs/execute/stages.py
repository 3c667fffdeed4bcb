"""The stages of a run, each a function of the run's context. A stage whose files are there is not done twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from core.models.sources import is_predicted
from core.numerics.neighbors import Neighbors, centered, nearest_neighbors
from core.runs.folder.run_folder import RunFolder
from core.runs.folder.source import has_inputs, load_source, stamp
from core.runs.plan.prepare import embedding_named, plan_scores, runnable, signals_needed
from core.scores import ScoreInputs, ScoreMethod
from core.scores.shared.finite import computed, with_finite_outputs
from core.store.atomic import write_json
from core.store.examples import describe_dataset, write_examples
from core.store.index import write_index
from core.store.runs import is_evidence
from core.store.shards import shards_agree, write_shards
from core.store.verified import agrees
from core.store.workspace import cache_root
from core.types.errors import ModelError, RunError
from core.types.evidence import Evidence, ThresholdRun
from core.types.image_format import ImageFormat, image_format_in
from core.types.params import params_from_dict
from core.types.scores import ScoreResult
from core.types.signals import Signal, with_logits

from .context import RunContext
from .predicted import judge_of, with_predictions
from .recorded import to_make, with_recorded

NEIGHBORS = 15  # kept for each row: more than the drawer of an example shows


def load(context: RunContext) -> None:
    """Read the dataset; raises `RunError` when the run was begun on another one."""
    context.progress.stage("Loading the data", 1)
    loaded = load_source(context.spec)
    known = context.folder.card.get("dataset")
    if known and known["fingerprint"] != loaded.examples.fingerprint:
        raise RunError(
            f"The dataset does not match the run in {context.path}: it has changed since the run began.",
            "Bring the old file back, or start a new run in another folder.",
        )
    context.examples, context.given = loaded.examples, with_predictions(context, loaded.given)
    _refuse_unfit_model(context)
    if not (known and has_examples(context.folder)):
        written = write_examples(context.path, context.examples)
        dataset = {**describe_dataset(context.examples), "examples": written}
        context.folder.save(dataset=dataset, source_stamp=stamp(context.spec))
    context.progress.advance()


def _refuse_unfit_model(context: RunContext) -> None:
    """Faults of a network or of weights that the person brought are said before any work, and once."""
    training = context.spec.training
    plans = plan_scores(context.spec, context.examples, context.given)
    methods = runnable(plans, context.spec, context.given.own_scores)
    if not has_inputs(context.examples) and (
        training.brought or training.weights or image_format_in(training) != ImageFormat()
    ):
        raise ModelError(
            "The data are recorded outputs, without inputs that a network could read.",
            "Leave out --model, --weights and --image-size, or give the inputs themselves.",
        )
    if has_inputs(context.examples) and not is_predicted(training.model):
        from core.training.evidence import check_model

        signals = to_make(signals_needed(methods, context.spec), context.given)
        check_model(
            context.examples, training, signals, lambda: context.factory, folder=context.path, seed=context.spec.seed
        )


def has_examples(folder: RunFolder) -> bool:
    """Whether examples.parquet is there with the bytes that run.json notes (older runs note none)."""
    path, noted = folder.path / "examples.parquet", folder.card.get("dataset", {})
    return agrees(path, noted["examples"]) if "examples" in noted else path.is_file()


def embed(context: RunContext) -> tuple[np.ndarray | None, str]:
    """The label-free vectors [N, d] and what they are; None where there is nothing to embed."""
    from core.embeddings import embed_inputs

    if context.folder.has_array("embedding"):
        vectors = np.load(context.path / "arrays" / "embedding.npy", mmap_mode="r", allow_pickle=False)
        return vectors, context.folder.card["embedding"]["name"]
    _encode_ahead(context)
    vectors, name = embed_inputs(
        context.examples,
        context.spec.seed,
        embedding_named(context.spec),
        given=context.given.embeddings,
        progress=context.progress,
    )
    context.folder.put_array("embedding", vectors.astype(np.float32))
    context.folder.save(embedding={"name": name, "columns": vectors.shape[1]})
    return vectors, name


def _encode_ahead(context: RunContext) -> None:
    """Take the frozen encoder's vectors within the stated memory: whoever asks for them later finds them kept."""
    training = context.spec.training
    if training.encoder and embedding_named(context.spec) == training.encoder and context.given.embeddings is None:
        from core.models.frozen import frozen_named
        from core.models.frozen.features import features_of

        encoder = frozen_named(training.encoder, context.examples.modality)
        features_of(encoder, context.examples, context.progress, context.spec.memory, training.device)


def place(context: RunContext, vectors: np.ndarray) -> None:
    """What can be seen at once: the PCA map and each row's nearest neighbors."""
    from core.embeddings import project

    if not context.folder.has_array("pca"):
        context.folder.put_array("pca", project("pca", vectors, seed=context.spec.seed, progress=context.progress))
    if not context.folder.has_array("neighbor_similarity"):
        nearest = nearest_neighbors(vectors, NEIGHBORS, progress=context.progress, title="Nearest neighbors")
        context.folder.put_array("neighbors", nearest.rows.astype(np.int32))
        context.folder.put_array("neighbor_distance", nearest.distances.astype(np.float32))
        context.folder.put_array("neighbor_similarity", _similarity(vectors, nearest))


def gather(context: RunContext, signals: frozenset[Signal]) -> Evidence:
    """Train, and pass once over each checkpoint for everything the scores need, or take what was recorded elsewhere."""
    needed = to_make(signals, context.given) if has_inputs(context.examples) else frozenset[Signal]()
    evidence = Evidence()
    if not needed and context.given.logits is None and context.given.probabilities is None:
        return evidence
    if needed:
        from core.training.evidence import Resources, gather_evidence

        _forget_damaged_training(context)
        evidence = gather_evidence(
            context.examples,
            judge_of(context.spec.training),
            with_logits(needed),
            folder=context.path,
            seed=context.spec.seed,
            progress=context.progress,
            trusted_factory=context.factory,
            resources=Resources(context.spec.memory, cache_root() / "signals" if context.reuse else None),
        )
        if Signal.THRESHOLD_SAMPLES in needed:
            evidence = replace(evidence, threshold_runs=_threshold_runs(context))
    evidence = with_recorded(evidence, context.given, context.examples, context.spec.training)
    evidence = with_finite_outputs(evidence)
    bad = evidence.not_finite
    context.folder.save(rows_not_finite=0 if bad is None else int(bad.sum()))
    return evidence


def _forget_damaged_training(context: RunContext) -> None:
    """Train again where an array of the training is not what it was: its markers say that it is finished."""
    noted = [name for name in context.folder.card.get("arrays", {}) if is_evidence(name)]
    if not all(map(context.folder.has_array, noted)):
        context.log("Arrays of the training are damaged: trained again.")
        shutil.rmtree(context.path / "work", ignore_errors=True)


def note_training(context: RunContext) -> None:
    """Note the sha256 of what the training left: from here on it does not change."""
    names = sorted(path.stem for path in (context.path / "arrays").glob("*.npy") if is_evidence(path.stem))
    context.folder.note_arrays(*(name for name in names if not context.folder.has_array(name)))


def _threshold_runs(context: RunContext) -> tuple[ThresholdRun, ...]:
    """Two more trainings, each with another share 1 / C of the training rows in an extra class."""
    from core.training.threshold_samples import threshold_sets, train_threshold_samples

    rows = context.examples.train_rows[np.argsort(context.examples.ids[context.examples.train_rows], kind="stable")]
    sets = threshold_sets(
        context.examples.labels[rows], context.examples.class_count, np.random.default_rng(context.spec.seed)
    )
    return train_threshold_samples(
        context.examples,
        context.spec.training,
        [np.sort(rows[places]) for places in sets],
        folder=context.path,
        seed=context.spec.seed,
        progress=context.progress,
        trusted_factory=context.factory,
        memory=context.spec.memory,
    )


def score(context: RunContext, method: ScoreMethod, evidence: Evidence) -> None:
    """Compute one score and put it on disk; done already, it is only checked."""
    manifest = score_manifest(context)
    done = manifest["scores"].get(method.name)
    params = params_from_dict(method.params, dict(context.spec.score_params.get(method.name, {})))
    if done and _is_whole(context, method.name, done):
        return
    started = time.perf_counter()
    inputs = ScoreInputs(context.examples, evidence, method.needs_with(params), context.spec.seed)
    result = computed(method, inputs, params, context.progress)
    keep(context, method, params, result, time.perf_counter() - started)


def keep(context: RunContext, method: ScoreMethod, params: Any, result: ScoreResult, seconds: float) -> None:
    """Put one computed score on disk and into scores.json."""
    shards = write_shards(
        context.path / "scores" / method.name, context.examples.ids, result.values, result.standard_deviation
    )
    if result.flags is not None:
        context.folder.put_array(f"flag-{method.name}", result.flags)
    entry = {
        **_about(method, result),
        "params": asdict(params),
        "shards": shards,
        "flagged": result.flags is not None,
        "index": write_index(context.path / "index", method.name, result.values, context.examples),
        "seconds": round(seconds, 3),
    }
    keep_entry(context, method.name, entry)


def keep_entry(context: RunContext, name: str, entry: Mapping[str, Any]) -> None:
    """Note in scores.json what is known of a score whose files are written."""
    manifest = score_manifest(context)
    manifest["scores"][name] = entry
    manifest["failures"].pop(name, None)
    _write_scores(context, manifest)


def _is_whole(context: RunContext, name: str, done: Mapping[str, Any]) -> bool:
    """Whether a finished score's shards and flags are there as they were written."""
    flags = f"flag-{name}"
    has_flags = context.folder.has_array(flags) if done.get("flagged") else context.folder.is_as_noted(flags)
    return has_flags and shards_agree(context.path / "scores" / name, done["shards"], context.ids)


def score_manifest(context: RunContext) -> dict[str, Any]:
    """scores.json as it stands; without a score when it is damaged or another run's: they are computed again."""
    try:
        return context.folder.scores()
    except RunError as error:
        context.log(str(error))
        return {"scores": {}, "failures": {}}


def _write_scores(context: RunContext, manifest: Mapping[str, Any]) -> None:
    whose = {"run_id": context.folder.run_id, "fingerprint": context.examples.fingerprint}
    write_json(context.path / "scores" / "scores.json", {**manifest, **whose})


def write_manifest(context: RunContext, order: list[str]) -> None:
    """Put the scores in the order they were asked for, and the failures beside them."""
    manifest = score_manifest(context)
    ordered = {name: manifest["scores"][name] for name in order if name in manifest["scores"]}
    failures = {name: why for name, why in context.problems.items() if name in order and name not in ordered}
    _write_scores(context, {"scores": ordered, "failures": failures})


def group(context: RunContext, vectors: np.ndarray) -> None:
    """Clusters of the embedding, for coloring and filtering."""
    from core.embeddings import CLUSTERINGS, KMeansParams, cluster, default_k

    for method in CLUSTERINGS:
        if context.folder.has_array(method.name):
            continue
        context.progress.stage(f"Clusters: {method.title}", 1)
        params = KMeansParams(default_k(context.examples.class_count)) if method.params is KMeansParams else None
        context.folder.put_array(method.name, cluster(method.name, vectors, params, context.spec.seed).astype(np.int32))
        context.progress.advance()


def draw_map(context: RunContext, vectors: np.ndarray) -> None:
    """UMAP, last because it is slow and nothing waits for it."""
    from core.embeddings import project

    if not context.folder.has_array("umap"):
        context.folder.put_array("umap", project("umap", vectors, seed=context.spec.seed, progress=context.progress))


def _similarity(vectors: np.ndarray, nearest: Neighbors) -> np.ndarray:
    """float32 [N, k], 1 = identical: the formula of the score `duplicate_similarity`, for every neighbor."""
    (points,) = centered(vectors)
    squares = np.einsum("nd,nd->n", points, points, dtype=np.float64)
    both = squares[:, None] + squares[nearest.rows]
    apart = nearest.distances.astype(np.float64) ** 2
    return (1.0 - np.divide(apart, both, out=np.zeros_like(apart), where=both > 0)).astype(np.float32)


def _about(method: ScoreMethod, result: ScoreResult) -> dict:
    return {
        "direction": method.direction.value,
        "group": method.group.value,
        "seed_count": result.seed_count,
        "undefined": dict(result.undefined),
        "checks": [asdict(check) for check in result.checks],
        "skill": None if result.skill is None else float(result.skill),
        "meta": dict(result.meta),
    }
