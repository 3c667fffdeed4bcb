"""What was recorded elsewhere beside texts, images and tables: the same numbers as the library's, whatever the order of
the rows in the files, and nothing unnoticed.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from torch import nn
from worlds import write_images, write_table

from core import score, score_embeddings, score_logits
from core.actions.runs import run_here
from core.runs.folder.source import load_source, open_run, stamp
from core.runs.plan import prepare
from core.runs.plan.prepare import check_spec, plan_scores
from core.types.errors import CurationError, RunError
from core.types.examples import Modality, Roles
from core.types.progress import SilentProgress
from core.types.recorded import RecordedFiles
from core.types.runs import RunSpec, TrainingSpec, spec_from_json

EPOCHS, COLUMNS = 3, 4
LAST_LAYER = (
    *("grand_last", "tracin_self", "tracin", "influence", "influence_self", "trak", "outlier_gradient"),
    *("gradnorm_ood", "gradient_shapley"),
)
DYNAMICS = ("el2n", "aum", "forgetting", "loss", "variability", "entropy", "margin")
SHORT = TrainingSpec(epochs=2, seeds=1, folds=2)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A table with ids and held-out rows, and what a linear network on fixed features said of it at three moments."""
    folder = tmp_path_factory.mktemp("beside")
    data, _ = write_table(folder, 90)
    frame = pd.read_csv(data)
    labels = frame["label"].map(["x", "y", "z"].index).to_numpy()
    rng = np.random.default_rng(7)
    features = (rng.normal(size=(90, COLUMNS)) + 2 * np.eye(COLUMNS)[labels]).astype(np.float32)
    states = [
        {
            "weight": torch.tensor(rng.normal(size=(3, COLUMNS))).float(),
            "bias": torch.tensor(rng.normal(size=3)).float(),
        }
        for _ in range(EPOCHS)
    ]
    logits = np.stack([features @ s["weight"].numpy().T + s["bias"].numpy() for s in states])
    return {
        "folder": folder,
        "data": data,
        "ids": frame["id"].to_numpy().astype(str),
        "labels": labels,
        "held_out": (frame["split"] == "valid").to_numpy(),
        "features": features,
        "states": states,
        "logits": logits,
        "embeddings": rng.normal(size=(90, 6)).astype(np.float32),
    }


def written(world, folder, order=None, ids=True):
    """The arrays in files, in another order of rows where one is given."""
    folder.mkdir()
    order = np.arange(90) if order is None else order
    named = {"ids": world["ids"][order]} if ids else {}
    over_time = np.repeat(world["features"][None], EPOCHS, axis=0)
    np.savez(folder / "l.npz", logits=world["logits"][:, order], class_names=np.array(list("xyz")), **named)
    np.savez(folder / "f.npz", features=over_time[:, order], **named)
    np.savez(folder / "e.npz", embeddings=world["embeddings"][order], **named)
    return RecordedFiles(
        *(str(folder / name) for name in ("l.npz",)), None, str(folder / "e.npz"), str(folder / "f.npz")
    )


def run(spec, out):
    return run_here(spec, out, SilentProgress())


def values(done):
    return {name: done.score(name).values for name in done.score_names}


@pytest.fixture(scope="module")
def scored(world, tmp_path_factory):
    files = written(world, tmp_path_factory.mktemp("a") / "files")
    spec = RunSpec(str(world["data"]), scores=(*LAST_LAYER, *DYNAMICS, "lof", "knn_shapley"), map=False, recorded=files)
    return run(spec, tmp_path_factory.mktemp("b") / "run")


def test_the_last_layer_of_recorded_features_is_the_librarys_of_the_network_itself(world, scored):
    network = nn.Linear(COLUMNS, 3)
    library = score(
        (world["features"], world["labels"]),
        network,
        checkpoints=world["states"],
        held_out=world["held_out"],
        scores=[*LAST_LAYER, *DYNAMICS],
    )
    for name in (*LAST_LAYER, *DYNAMICS):
        np.testing.assert_allclose(
            scored.score(name).values, library.results[name].values, rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_recorded_logits_and_embeddings_are_the_librarys(world, scored):
    ids = world["ids"].tolist()
    own = score_logits(world["logits"], world["labels"], held_out=world["held_out"], ids=ids, scores=DYNAMICS)
    near = score_embeddings(
        world["embeddings"], world["labels"], held_out=world["held_out"], ids=ids, scores=["lof", "knn_shapley"]
    )
    for name, result in {**own.results, **near.results}.items():
        np.testing.assert_allclose(scored.score(name).values, result.values, rtol=1e-6, atol=1e-6, err_msg=name)


def test_the_inputs_stay_what_they_are(world, scored):
    assert scored.modality is Modality.TABLE
    assert list(scored.examples_with_inputs.inputs.columns) == ["a", "b", "c", "kind"]
    assert scored.card["embedding"]["name"] == "given embeddings"
    assert any("joined by id" in finding.text for finding in scored.report)


def test_files_in_another_order_of_rows_give_the_same_run(world, scored, tmp_path):
    files = written(world, tmp_path / "files", np.random.default_rng(1).permutation(90))
    again = run(replace(scored.spec, recorded=files), tmp_path / "run")
    assert again.fingerprint == scored.fingerprint
    for name, found in values(again).items():
        np.testing.assert_array_equal(found, scored.score(name).values, err_msg=name)


def test_rows_without_ids_are_taken_in_order_and_said_so(world, scored, tmp_path):
    files = written(world, tmp_path / "files", ids=False)
    loaded = load_source(replace(scored.spec, recorded=files))
    np.testing.assert_array_equal(loaded.given.embeddings, world["embeddings"])
    assert sum("joined by row" in finding.text for finding in loaded.examples.report) == 3
    assert loaded.examples.fingerprint == scored.fingerprint


def test_an_old_question_keeps_its_fingerprint_and_says_nothing_of_files():
    plain = RunSpec("data.csv").to_json()
    assert "recorded" not in plain
    assert RunSpec("x").fingerprint() == "9f4eafc31b7dbd75"  # as it was before there were such files
    spec = RunSpec("x", recorded=RecordedFiles(logits="/l.npy", own_scores=("a:low",)))
    assert spec_from_json(spec.to_json()) == spec
    assert spec.fingerprint() != RunSpec("x").fingerprint()


def test_a_changed_file_is_noticed_when_the_run_goes_on_and_when_it_is_read(world, tmp_path):
    files = replace(written(world, tmp_path / "files"), features=None, embeddings=None)
    spec = RunSpec(str(world["data"]), scores=("el2n",), map=False, recorded=files)
    done = run(spec, tmp_path / "run")
    before = stamp(done.spec)
    other = world["logits"] + 1.0 * (np.arange(3) == 1)
    np.savez(files.logits, logits=other, class_names=np.array(list("xyz")), ids=world["ids"])
    assert stamp(done.spec) != before
    with pytest.raises(RunError, match="has changed since it was scored"):
        run(spec, tmp_path / "run")
    assert "has changed" in open_run(tmp_path / "run").inputs()[1]
    (tmp_path / "files" / "l.npz").unlink()
    assert "No such file" in open_run(tmp_path / "run").inputs()[1]


def test_recorded_and_computed_evidence_mix(world, tmp_path):
    """Recorded embeddings with a training here; recorded logits with terms of the inputs and our own judge."""
    files = written(world, tmp_path / "files")
    trained = run(
        RunSpec(
            str(world["data"]),
            scores=("el2n", "lof", "label_quality"),
            training=SHORT,
            map=False,
            recorded=RecordedFiles(embeddings=files.embeddings),
        ),
        tmp_path / "trained",
    )
    assert (trained.path / "model").is_dir()
    recorded = run(
        RunSpec(
            str(world["data"]),
            scores=("el2n", "lof", "label_quality"),
            training=SHORT,
            map=False,
            recorded=RecordedFiles(logits=files.logits),
        ),
        tmp_path / "recorded",
    )
    assert set(trained.score_names) == set(recorded.score_names) == {"el2n", "lof", "label_quality"}
    assert trained.card["embedding"]["name"] == "given embeddings" != recorded.card["embedding"]["name"]
    assert "out_of_fold_model" in recorded.card
    np.testing.assert_allclose(
        recorded.score("el2n").values, score_logits(world["logits"], world["labels"]).results["el2n"].values, rtol=1e-6
    )
    assert (trained.score("el2n").values != recorded.score("el2n").values).any()


def test_probabilities_of_models_that_saw_the_rows_get_a_red_light(world, tmp_path):
    files = written(world, tmp_path / "files")
    for name, recorded in (("seen", softmax(world["logits"][-1], axis=1)), ("fair", np.full((90, 3), 1 / 3))):
        np.save(tmp_path / f"{name}.npy", recorded)
        spec = RunSpec(
            str(world["data"]),
            scores=("label_quality",),
            map=False,
            recorded=RecordedFiles(logits=files.logits, probabilities=str(tmp_path / f"{name}.npy")),
        )
        checks = run(spec, tmp_path / name).score("label_quality").checks
        assert any(c.name == "out of fold" and c.light == "red" for c in checks) == (name == "seen")


def test_images_stay_images_and_are_joined_by_id(tmp_path):
    data, _ = write_images(tmp_path, 24)
    logits = np.random.default_rng(0).normal(size=(2, 24, 3))
    np.savez(tmp_path / "l.npz", logits=logits[:, ::-1], ids=np.array([f"im{i}" for i in range(24)])[::-1])
    spec = RunSpec(str(data), recorded=RecordedFiles(logits=str(tmp_path / "l.npz")))
    loaded = load_source(spec)
    assert loaded.examples.modality is Modality.IMAGE
    assert loaded.examples.inputs[0].shape == (12, 12, 1)
    np.testing.assert_array_equal(loaded.given.logits[0], logits)


def test_a_plan_says_which_source_would_give_what_is_missing(world, tmp_path):
    files = written(world, tmp_path / "files")
    loaded = load_source(RunSpec(str(world["data"]), recorded=files))
    spec = RunSpec(str(world["data"]), recorded=replace(files, features=None))
    given = replace(loaded.given, features=None)
    for plan in (plan_scores(spec, loaded.examples, given), plan_scores(replace(spec, modality="table"))):
        why = {line.name: line.why_not for line in plan}
        assert "--last-features beside --logits" in why["grand_last"]
        assert "--weights" in why["grand"]
        assert why["el2n"] == why["label_quality"] == why["lof"] == ""
    full = {line.name: line.why_not for line in plan_scores(spec, loaded.examples, loaded.given)}
    assert full["grand_last"] == full["influence"] == ""


@pytest.mark.parametrize(
    ("recorded", "training", "embedding", "words"),
    [
        (RecordedFiles(logits="/no/such.npy"), TrainingSpec(), "auto", "No such file"),
        (RecordedFiles(features="F"), TrainingSpec(), "auto", "without its outputs"),
        (RecordedFiles(own_scores=("a",)), TrainingSpec(), "auto", "no file that has them"),
        (RecordedFiles(embeddings="F"), TrainingSpec(), "columns", "others"),
        (RecordedFiles(logits="F"), TrainingSpec(weights=("F",)), "auto", "both say"),
    ],
)
def test_contradictions_are_told_before_anything_is_read(world, tmp_path, recorded, training, embedding, words):
    there = str(tmp_path / "weights.pt")
    torch.save({}, there)
    recorded = replace(recorded, **{kind: there for kind, path in recorded.paths() if path == "F"})
    training = replace(training, weights=tuple(there for _ in training.weights))
    spec = RunSpec(str(world["data"]), roles=Roles(), recorded=recorded, training=training, embedding=embedding)
    with pytest.raises(CurationError, match=words) as told:
        check_spec(spec)
    assert len(told.value.lines().splitlines()) == 2


def test_own_vectors_beside_an_encoder_are_explained_before_the_work():
    spec = RunSpec("data", recorded=RecordedFiles(embeddings="/a/mine.npy"))
    assert prepare.said_of_vectors(spec) == ()
    both = replace(spec, training=TrainingSpec(encoder="efficientnet_lite0"))
    first, second = prepare.said_of_vectors(both)
    assert "--embeddings mine.npy" in first
    assert "--encoder efficientnet_lite0" in second
