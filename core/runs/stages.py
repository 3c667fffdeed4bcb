"""The stages of a run, each a function of the job. A stage whose files are there is not done twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from core.numerics.neighbors import Neighbors, centered, nearest_neighbors
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
from core.types.signals import Signal, trained_for, with_logits

from .folder import RunFolder
from .job import Job
from .prepare import plan_scores, runnable, signals_needed
from .source import has_inputs, load_source, stamp
from .traces import trace_of

NEIGHBORS = 15


def load(job: Job) -> None:
    """Read the dataset; a run begun on another one is refused."""
    job.progress.stage("Loading the data", 1)
    loaded = load_source(job.spec)
    known = job.folder.card.get("dataset")
    if known and known["fingerprint"] != loaded.examples.fingerprint:
        raise RunError(
            f"The dataset does not match the run in {job.path}: it has changed since the run began.",
            "Bring the old file back, or start a new run in another folder.",
        )
    job.examples, job.given = loaded.examples, loaded.given
    _refuse_unfit_model(job)
    if not (known and has_examples(job.folder)):
        written = write_examples(job.path, job.examples)
        dataset = {**describe_dataset(job.examples), "examples": written}
        job.folder.save(dataset=dataset, source_stamp=stamp(job.spec))
    job.progress.advance()


def _refuse_unfit_model(job: Job) -> None:
    """Faults of a network or of weights that the person brought are said before any work, and once."""
    methods, training = runnable(plan_scores(job.spec, job.examples, job.given), job.spec), job.spec.training
    if not has_inputs(job.examples) and (
        training.own_code or training.weights or image_format_in(training) != ImageFormat()
    ):
        raise ModelError(
            "The data are recorded outputs, without inputs that a network could read.",
            "Leave out module:factory, --weights and --image-size, or give the inputs themselves.",
        )
    if has_inputs(job.examples):
        from core.training.evidence import check_model

        signals = trained_for(signals_needed(methods, job.spec))
        check_model(job.examples, training, signals, lambda: job.factory, folder=job.path, seed=job.spec.seed)


def has_examples(folder: RunFolder) -> bool:
    """Whether examples.parquet is there with the bytes that run.json notes (older runs note none)."""
    path, noted = folder.path / "examples.parquet", folder.card.get("dataset", {})
    return agrees(path, noted["examples"]) if "examples" in noted else path.is_file()


def embed(job: Job) -> tuple[np.ndarray | None, str]:
    """The label-free vectors [N, d] and what they are; None where there is nothing to embed."""
    from core.embeddings import embed_inputs

    if job.folder.has_array("embedding"):
        vectors = np.load(job.path / "arrays" / "embedding.npy", mmap_mode="r", allow_pickle=False)
        return vectors, job.folder.card["embedding"]["name"]
    vectors, name = embed_inputs(
        job.examples, job.spec.seed, job.spec.embedding, given=job.given.embeddings, progress=job.progress
    )
    job.folder.put_array("embedding", vectors.astype(np.float32))
    job.folder.save(embedding={"name": name, "columns": vectors.shape[1]})
    return vectors, name


def place(job: Job, vectors: np.ndarray) -> None:
    """What can be seen at once: the PCA map and each row's nearest neighbors."""
    from core.embeddings import project

    if not job.folder.has_array("pca"):
        job.folder.put_array("pca", project("pca", vectors, seed=job.spec.seed, progress=job.progress))
    if not job.folder.has_array("neighbor_similarity"):
        found = nearest_neighbors(vectors, NEIGHBORS, progress=job.progress, title="Nearest neighbors")
        job.folder.put_array("neighbors", found.rows.astype(np.int32))
        job.folder.put_array("neighbor_distance", found.distances.astype(np.float32))
        job.folder.put_array("neighbor_similarity", _similarity(vectors, found))


def gather(job: Job, signals: frozenset[Signal]) -> Evidence:
    """Train and visit the checkpoints once for everything the scores need, or take what was recorded elsewhere."""
    needed = trained_for(signals)
    if job.given.logits is not None or job.given.probabilities is not None:
        evidence = Evidence(
            trace=trace_of(job.given.logits, job.examples),
            out_of_fold=job.given.probabilities,
            out_of_fold_model="given probabilities" if job.given.probabilities is not None else "",
        )
    elif not needed:
        return Evidence()
    else:
        from core.training.evidence import gather_evidence

        _forget_damaged_training(job)
        evidence = gather_evidence(
            job.examples,
            job.spec.training,
            with_logits(needed),
            folder=job.path,
            seed=job.spec.seed,
            progress=job.progress,
            trusted_factory=job.factory,
            memory=job.spec.memory,
            shelf=cache_root() / "signals" if job.reuse else None,
        )
        if Signal.THRESHOLD_SAMPLES in needed:
            evidence = replace(evidence, threshold_runs=_threshold_runs(job))
    evidence = with_finite_outputs(evidence)
    bad = evidence.not_finite
    job.folder.save(rows_not_finite=0 if bad is None else int(bad.sum()))
    return evidence


def _forget_damaged_training(job: Job) -> None:
    """Train again where an array of the training is not what it was: its markers say that it is finished."""
    noted = [name for name in job.folder.card.get("arrays", {}) if is_evidence(name)]
    if not all(map(job.folder.has_array, noted)):
        job.log("Arrays of the training are damaged: trained again.")
        shutil.rmtree(job.path / "work", ignore_errors=True)


def note_training(job: Job) -> None:
    """Note the sha256 of what the training left: from here on it does not change."""
    names = sorted(path.stem for path in (job.path / "arrays").glob("*.npy") if is_evidence(path.stem))
    job.folder.note_arrays(*(name for name in names if not job.folder.has_array(name)))


def _threshold_runs(job: Job) -> tuple[ThresholdRun, ...]:
    """Two more trainings, each with another share 1 / C of the training rows in an extra class."""
    from core.training.threshold_samples import threshold_sets, train_threshold_samples

    rows = job.examples.train_rows[np.argsort(job.examples.ids[job.examples.train_rows], kind="stable")]
    sets = threshold_sets(job.examples.labels[rows], job.examples.class_count, np.random.default_rng(job.spec.seed))
    return train_threshold_samples(
        job.examples,
        job.spec.training,
        [np.sort(rows[places]) for places in sets],
        folder=job.path,
        seed=job.spec.seed,
        progress=job.progress,
        trusted_factory=job.factory,
        memory=job.spec.memory,
    )


def score(job: Job, method: ScoreMethod, evidence: Evidence) -> None:
    """Compute one score and put it on disk; done already, it is only checked."""
    manifest = score_manifest(job)
    done = manifest["scores"].get(method.name)
    params = params_from_dict(method.params, dict(job.spec.score_params.get(method.name, {})))
    if done and _is_whole(job, method.name, done):
        return
    started = time.perf_counter()
    inputs = ScoreInputs(job.examples, evidence, method.needs_with(params), job.spec.seed)
    result = computed(method, inputs, params, job.progress)
    shards = write_shards(job.path / "scores" / method.name, job.examples.ids, result.values, result.standard_deviation)
    if result.flags is not None:
        job.folder.put_array(f"flag-{method.name}", result.flags)
    manifest["scores"][method.name] = {
        **_about(method, result),
        "params": asdict(params),
        "shards": shards,
        "flagged": result.flags is not None,
        "index": write_index(job.path / "index", method.name, result.values, job.examples),
        "seconds": round(time.perf_counter() - started, 3),
    }
    manifest["failures"].pop(method.name, None)
    _write_scores(job, manifest)


def _is_whole(job: Job, name: str, done: Mapping[str, Any]) -> bool:
    """Whether a finished score's shards and flags are there as they were written."""
    flags = f"flag-{name}"
    has_flags = job.folder.has_array(flags) if done.get("flagged") else job.folder.is_as_noted(flags)
    return has_flags and shards_agree(job.path / "scores" / name, done["shards"], job.ids)


def score_manifest(job: Job) -> dict[str, Any]:
    """scores.json as it stands; without a score when it is damaged or another run's: they are computed again."""
    try:
        return job.folder.scores()
    except RunError as error:
        job.log(str(error))
        return {"scores": {}, "failures": {}}


def _write_scores(job: Job, manifest: Mapping[str, Any]) -> None:
    whose = {"run_id": job.folder.run_id, "fingerprint": job.examples.fingerprint}
    write_json(job.path / "scores" / "scores.json", {**manifest, **whose})


def write_manifest(job: Job, order: list[str]) -> None:
    """Put the scores in the order they were asked for, and the failures beside them."""
    manifest = score_manifest(job)
    ordered = {name: manifest["scores"][name] for name in order if name in manifest["scores"]}
    failures = {name: why for name, why in job.problems.items() if name in order and name not in ordered}
    _write_scores(job, {"scores": ordered, "failures": failures})


def group(job: Job, vectors: np.ndarray) -> None:
    """Clusters of the embedding, for coloring and filtering."""
    from core.embeddings import CLUSTERINGS, KMeansParams, cluster, default_k

    for method in CLUSTERINGS:
        if job.folder.has_array(method.name):
            continue
        job.progress.stage(f"Clusters: {method.title}", 1)
        params = KMeansParams(default_k(job.examples.class_count)) if method.params is KMeansParams else None
        job.folder.put_array(method.name, cluster(method.name, vectors, params, job.spec.seed).astype(np.int32))
        job.progress.advance()


def draw_map(job: Job, vectors: np.ndarray) -> None:
    """UMAP, last because it is slow and nothing waits for it."""
    from core.embeddings import project

    if not job.folder.has_array("umap"):
        job.folder.put_array("umap", project("umap", vectors, seed=job.spec.seed, progress=job.progress))


def _similarity(vectors: np.ndarray, found: Neighbors) -> np.ndarray:
    """float32 [N, k], 1 = identical: the formula of the score `duplicate_similarity`, for every neighbor."""
    (points,) = centered(vectors)
    squares = np.einsum("nd,nd->n", points, points, dtype=np.float64)
    both = squares[:, None] + squares[found.rows]
    apart = found.distances.astype(np.float64) ** 2
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
