"""ONNX graphs: the numbers of the network they were made of, and nothing of a graph that asks for more is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from models.sources.onnx_models import CLASSES, EVIL_GRAPHS, SIDE, plain_pass, save, save_cnn, save_evil
from PIL import Image

from core.cli import main
from core.datasets import load_examples
from core.models.sources import described, format_of
from core.models.sources.onnx_file import predict, read_checked
from core.runs.execute.execute import execute_run
from core.types.errors import ModelError
from core.types.models import Ability
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
ROWS = 36
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder, rng = tmp_path_factory.mktemp("onnx") / "photos", np.random.default_rng(0)
    for row in range(ROWS):
        place = folder / f"class{row % CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(place / f"{row:03}.png")
    return folder


def _training(path: Path) -> TrainingSpec:
    return TrainingSpec(model=str(path), mean=MEAN, std=STD)


def _wanted(examples, weights) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.stack([np.asarray(examples.inputs[row]) for row in range(len(examples))]) / 255
    return plain_pass(weights, ((pixels - MEAN) / STD).transpose(0, 3, 1, 2))


@pytest.mark.parametrize(("end", "batch"), [("", "n"), ("Softmax", "n"), ("", 5), ("Sigmoid", 1)])
def test_logits_and_features_are_those_of_the_network(photos, tmp_path, end, batch):
    weights = save_cnn(tmp_path / "m.onnx", end, batch)
    examples = load_examples(photos)
    logits, features = _wanted(examples, weights)
    found = predict(_training(tmp_path / "m.onnx"), examples)
    np.testing.assert_allclose(found["logits"], logits, atol=1e-4)  # float32 sums of 27 and 5 numbers
    np.testing.assert_allclose(found["features"], features, atol=1e-4)
    facts = described(_training(tmp_path / "m.onnx"))
    assert facts.class_count == CLASSES
    assert facts.notes[0].startswith(f"Its last step is {end}" if end else "No Softmax")


def test_a_run_scores_it_with_its_last_layer(photos, tmp_path):
    weights = save_cnn(tmp_path / "m.onnx", "Softmax")
    scores = ("loss", "el2n", "grand_last")
    run = execute_run(
        RunSpec(str(photos), scores=scores, training=_training(tmp_path / "m.onnx"), map=False, embedding="pixels"),
        tmp_path / "run",
        SilentProgress(),
        clusters=False,
        reuse=False,
    )
    logits, features = _wanted(run.examples_with_inputs, weights)
    labels = run.examples.labels
    errors = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    errors[np.arange(ROWS), labels] -= 1
    norms = np.linalg.norm(errors, axis=1)
    np.testing.assert_allclose(run.score("el2n").values, norms, atol=1e-4)
    lengths = np.sqrt((features**2).sum(1) + 1)  # of the gradient of weights and bias
    np.testing.assert_allclose(run.score("grand_last").values, norms * lengths, rtol=1e-3)
    assert format_of(run.spec.training).size == (SIDE, SIDE)


def test_normalization_is_asked_for(photos, tmp_path):
    save_cnn(tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="At which mean and deviation"):
        predict(TrainingSpec(model=str(tmp_path / "m.onnx")), load_examples(photos))


def test_probabilities_are_known_by_their_sums_and_columns_go_in_order(tmp_path):
    weights = {"w": np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)}
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["z"]), onnx.helper.make_node("Softmax", ["z"], ["s"])]
    nodes.append(onnx.helper.make_node("Mul", ["s", "one"], ["y"]))
    save(tmp_path / "m.onnx", nodes, ["n", 2], ["n", 3], {**weights, "one": np.ones(1, np.float32)})
    (tmp_path / "d.csv").write_text("a,b,label\n" + "\n".join(f"{n},{n * n % 7},{'uvw'[n % 3]}" for n in range(30)))
    examples = load_examples(tmp_path / "d.csv")
    found = predict(TrainingSpec(model=str(tmp_path / "m.onnx")), examples)
    raw = examples.inputs.to_numpy(np.float64) @ weights["w"]
    log_sum = np.log(np.exp(raw - raw.max(1, keepdims=True)).sum(1, keepdims=True)) + raw.max(1, keepdims=True)
    np.testing.assert_allclose(found["logits"], np.maximum(raw - log_sum, np.log(np.finfo(np.float32).tiny)), atol=1e-3)
    facts = described(TrainingSpec(model=str(tmp_path / "m.onnx")))
    assert Ability.FEATURES not in facts.gives
    assert "features" in facts.cannot


def test_numbers_in_a_file_beside_it_are_read(photos, tmp_path):
    weights = save_cnn(tmp_path / "m.onnx")
    onnx.save(onnx.load(tmp_path / "m.onnx"), tmp_path / "b.onnx", save_as_external_data=True, size_threshold=0)
    examples = load_examples(photos)
    found = predict(_training(tmp_path / "b.onnx"), examples)
    np.testing.assert_allclose(found["logits"], _wanted(examples, weights)[0], atol=1e-4)


@pytest.mark.parametrize("what", EVIL_GRAPHS)
def test_a_graph_that_asks_for_more_is_refused(what, tmp_path):
    with pytest.raises(ModelError) as refusal:
        read_checked(save_evil(tmp_path, what))
    assert refusal.value.hint
    assert "\n" not in str(refusal.value)


def test_a_graph_that_goes_in_circles_ends(photos, tmp_path):
    nodes = [onnx.helper.make_node("Identity", [a], [b]) for a, b in (("y", "z"), ("z", "y"))]
    save(tmp_path / "m.onnx", nodes, ["n", 3, SIDE, SIDE], ["n", 3], {})
    with pytest.raises(ModelError, match="not run by onnxruntime"):
        predict(_training(tmp_path / "m.onnx"), load_examples(photos))


def test_in_two_lines_before_any_work(photos, tmp_path, capsys):
    path = save_evil(tmp_path, "another library's operator")
    asked = ["--model", str(path), "--mean", "0", "--std", "1", "--quiet", "--out", str(tmp_path / "r")]
    assert main(["run", str(photos), *asked]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert "'RunPython' of 'stranger.ops'" in said[0]
    assert not (tmp_path / "r").exists()
