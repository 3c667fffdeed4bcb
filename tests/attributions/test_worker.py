"""The child process that explains rows of a run, on tiny real runs of each modality."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from core.attributions import AttributionClient, influential_examples, methods_of, stored_checkpoints, tracin
from core.attributions.session import Session
from core.attributions.wire import decode_attribution, encode_attribution, failure, from_line, to_line
from core.attributions.worker import serve
from core.datasets import load_examples
from core.store import Run
from core.store.atomic import write_array, write_json
from core.store.cards import FORMAT
from core.store.examples import describe_dataset, write_examples
from core.store.workspace import cache_root
from core.training.evidence import gather_evidence
from core.types.attributions import Attribution
from core.types.errors import CurationError, RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec
from core.types.signals import Signal

SIGNALS = frozenset({Signal.LOGITS, Signal.FEATURES, Signal.OUT_OF_FOLD})


def make_run(folder, source, **spec):
    spec = RunSpec(source=str(source), training=TrainingSpec(epochs=2, seeds=1, folds=2, checkpoints=2), **spec)
    examples = load_examples(spec.source, spec.modality, spec.roles, cache_root())
    folder.mkdir()
    write_json(folder / "spec.json", {"run_id": "tiny", "format": FORMAT, "spec": spec.to_json()})
    write_examples(folder, examples)
    write_json(
        folder / "run.json",
        {"run_id": "tiny", "format": FORMAT, "state": "finished", "dataset": describe_dataset(examples)},
    )
    gather_evidence(examples, spec.training, SIGNALS, folder=folder, seed=0, progress=SilentProgress())
    return folder


def write_table(path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(40, 9, 60), "job": rng.choice(["cook", "smith", "clerk"], 60)})
    frame["label"] = np.where(frame["age"] + 8 * (frame["job"] == "cook") > 42, "yes", "no")
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    return make_run(folder / "run", write_table(folder / "people.csv"))


def make_texts(folder):
    said = ["good film", "a good good film", "bad film", "not good at all", "very bad", "so good"] * 10
    labels = ["up", "up", "down", "down", "down", "up"] * 10
    frame = pd.DataFrame({"text": [f"{s} {i}" for i, s in enumerate(said)], "label": labels})
    frame.to_csv(folder / "films.csv", index=False)
    return make_run(folder / "run", folder / "films.csv", modality="text")


def make_images(folder):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 90, (30, 12, 12, 3)).astype(np.uint8), np.arange(30) % 2
    images[labels == 1, :6] += 150
    np.savez(folder / "pictures.npz", images=images, label=labels)
    return make_run(folder / "run", folder / "pictures.npz", modality="image")


def test_a_table_is_explained_per_original_column(tables):
    session = Session(tables)
    for method in ("gradient_shap", "integrated_gradients", "occlusion", "kernel_shap"):
        found = session.explain(3, method, {})
        assert found.names == ("age", "job")
        assert found.target in ("yes", "no")
        assert found.gap is None or abs(found.gap) < 0.5
    assert [m.name for m in methods_of(Run.open(tables))] == [
        "gradient_shap",
        "integrated_gradients",
        "occlusion",
        "kernel_shap",
    ]


def test_a_text_is_explained_per_word_in_reading_order(tmp_path):
    session = Session(make_texts(tmp_path))
    for method in ("gradient_shap", "integrated_gradients", "occlusion", "kernel_shap"):
        found = session.explain(1, method, {"target": "up"})
        assert found.names == ("a", "good", "good", "film", "1")
        assert found.gap is None or abs(found.gap) < 0.2
        assert found.values[1] == pytest.approx(found.values[2], abs=0.05)  # the same word, alike but for its neighbors


def test_an_image_is_explained_per_pixel(tmp_path):
    run = make_images(tmp_path)
    session = Session(run)
    for method in methods_of(Run.open(run)):
        found = session.explain(5, method.name, {})
        assert found.values.shape == (12, 12)
        assert found.names == ()


@pytest.fixture(scope="module")
def client(tables):
    """Asked by one test, killed and closed by the next: its imports take seconds."""
    with AttributionClient(tables) as one:
        yield one


def test_the_worker_gives_what_the_session_gives_and_errors_in_words(tables, client):
    expected = Session(tables).explain(7, "integrated_gradients", {"target": "yes"})
    found = client.explain(7, "integrated_gradients", {"target": "yes"})
    assert (found.values == expected.values).all()
    assert (found.target, found.output, found.notes) == (expected.target, expected.output, expected.notes)
    for row, method, params, words in (
        (99, "occlusion", {}, "no row 99"),
        (0, "lime", {}, 'Unknown attribution method "lime"'),
        (0, "gradient_shap", {"samples": 0}, "samples is 0, below 2"),
        (0, "tree_shap", {}, "Tree SHAP cannot read"),
        (0, "occlusion", {"target": "cow"}, "no class 'cow'"),
    ):
        with pytest.raises(CurationError, match=words) as caught:
            client.explain(row, method, params)
        assert caught.value.hint
    assert client.explain(0, "occlusion").names == ("age", "job")  # errors of one question do not end the next


def test_fault_79_a_killed_worker_is_said_and_started_anew(client):
    client.explain(0, "occlusion")
    os.kill(client.pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while client.pid is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert client.explain(0, "occlusion").target
    pid = client.pid
    client.close()
    assert _gone(pid)
    with pytest.raises(RunError, match="closed"):
        client.explain(0, "occlusion")


def test_a_worker_that_does_not_answer_is_ended(tables):
    with AttributionClient(tables) as client:
        with pytest.raises(RunError, match="No explanation within"):
            client.explain(0, "occlusion", timeout=0.001)
        assert client.pid is None


def test_the_worker_dies_with_its_parent(tables):
    code = """
import sys, time
from core.attributions import AttributionClient
client = AttributionClient(sys.argv[1])
client.explain(0, "occlusion")
print(client.pid, flush=True)
time.sleep(3600)  # it is killed
"""
    parent = subprocess.Popen([sys.executable, "-c", code, str(tables)], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert _gone(worker)


def _gone(pid):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] in "ZX":  # dead, waiting for its new parent to notice
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_run_that_cannot_be_opened_is_said_for_every_question(tmp_path):
    with AttributionClient(tmp_path / "nowhere") as client:
        for _ in range(2):
            with pytest.raises(CurationError, match="is not a run folder"):
                client.explain(0, "occlusion")


def test_changed_data_is_refused(tmp_path):
    run = make_run(tmp_path / "run", write_table(tmp_path / "people.csv"))
    with open(tmp_path / "people.csv", "a") as file:
        file.write("30,cook,no\n")
    with pytest.raises(RunError, match="has changed since it was scored"):
        Session(run).explain(0, "occlusion", {})


def test_serving_survives_nonsense(tables, tmp_path):
    lines = queue.SimpleQueue()
    for line in ("nonsense", "[]", "{}", '{"id": 3, "row": "x", "method": "occlusion"}', "stop"):
        lines.put(line)
    answers = []

    class Out:
        def write(self, text):
            answers.append(from_line(text))
            if len(answers) == 4:
                raise StopIteration  # the only way out of a loop that ends with its process

        def flush(self):
            pass

    with pytest.raises(StopIteration):
        serve(tables, lines, Out())
    assert all("error" in answer for answer in answers)
    assert answers[3]["id"] == 3


def test_stored_checkpoints_are_what_was_recorded(tables):
    run = Run.open(tables)
    found = stored_checkpoints(run)
    assert [c.checkpoint.epoch for c in found] == [1, 2]
    network = Session(tables)._network
    last = found[-1]
    weight, bias = network.head.weight.numpy(), network.head.bias.numpy()
    assert np.allclose(last.features @ weight.T + bias, last.logits, atol=1e-4)  # the logits belong to these features
    examples = run.examples
    helpful, harmful = influential_examples(
        2, int(examples.labels[2]), examples.ids, examples.labels, examples.train_rows, found
    )
    assert len(helpful.rows) == 5
    assert tracin(2, int(examples.labels[2]), examples.labels, helpful.rows, found) == pytest.approx(helpful.values)
    assert not set(helpful.rows) & set(harmful.rows)


def test_a_slim_run_keeps_what_is_left(tables, tmp_path):
    slim = tmp_path / "slim"
    shutil.copytree(tables, slim)
    run, whole = Run.open(slim), stored_checkpoints(Run.open(tables))
    for path in (
        "arrays/logits.npy",
        "arrays/features-s0-e1.npy",
        "arrays/features-s0-e2.npy",
        "model/estimator.skops",
    ):
        (slim / path).unlink()
    assert stored_checkpoints(run) == ()
    write_array(slim / "arrays" / "features-s0-e2.npy", whole[1].features.astype(np.float16))
    write_array(slim / "arrays" / "logits-s0-e2.npy", whole[1].logits.astype(np.float16))
    rows, labels = run.examples.train_rows, run.examples.labels
    got = tracin(2, 0, labels, rows, stored_checkpoints(run))
    expected = tracin(2, 0, labels, rows, whole[1:])
    assert np.allclose(got, expected, rtol=0.02, atol=0.01 * np.abs(expected).max())  # half precision: three digits
    assert [m.name for m in methods_of(run)] == ["gradient_shap", "integrated_gradients", "occlusion"]
    (slim / "model" / "s0-e2.safetensors").unlink()
    assert methods_of(run) == ()


def test_attributions_survive_the_wire_bit_for_bit():
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    sent = Attribution("m", "t", values, (), 0.1, 1 / 3, None, "logit", ("n",))
    got = decode_attribution(from_line(to_line(encode_attribution(sent))))
    assert (got.values == values).all()
    assert (got.output, got.gap, got.notes, got.names) == (1 / 3, None, ("n",), ())


def test_failures_have_words():
    assert failure(RunError("a", "b")) == {"error": "a", "hint": "b"}
    assert "ValueError: x" in failure(ValueError("x\ny"))["error"]
    assert "MemoryError" in failure(MemoryError())["error"]


def test_importing_is_light():
    code = "import sys, core.attributions; print(sorted({'torch', 'captum', 'shap', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
