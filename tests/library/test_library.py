"""The library calls, against plain loops over the same network and against the registered scores themselves."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import core
from core import examples_from, score, score_embeddings, score_logits, score_probabilities, score_texts
from core.scores import ScoreInputs, score_named
from core.types.errors import CurationError, DataError, ModelError
from core.types.evidence import Evidence
from core.types.examples import Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    return (2 * np.eye(3, 5)[labels] + rng.standard_normal((60, 5))).astype(np.float32), labels


@pytest.fixture(scope="module")
def trained(data):
    """A network and its state after each of four epochs."""
    inputs, labels = map(torch.from_numpy, data)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer, states = torch.optim.SGD(network.parameters(), 0.2), []
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
        states.append({k: v.clone() for k, v in network.state_dict().items()})
    return network, states


def slow_gradient_norms(network, inputs, labels):
    """One backward pass per example."""
    norms = []
    for x, y in zip(torch.from_numpy(inputs), torch.from_numpy(labels), strict=True):
        network.zero_grad()
        nn.functional.cross_entropy(network(x[None]), y[None]).backward()
        norms.append(torch.cat([p.grad.flatten() for p in network.parameters()]).norm().item())
    network.zero_grad()
    return np.array(norms)


def test_scores_of_an_own_network_are_those_of_a_loop_over_examples(data, trained):
    network, _ = trained
    found = score(data, network, scores=["el2n", "grand", "loss"]).table
    with torch.no_grad():
        logits = network(torch.from_numpy(data[0])).double()
    wanted = (logits.softmax(1) - nn.functional.one_hot(torch.from_numpy(data[1]), 3)).norm(dim=1)
    # float32 passes against a float32 loop: 1e-5 is some 80 units in the last place
    np.testing.assert_allclose(found["el2n"], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["grand"], slow_gradient_norms(network, *data), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        found["loss"], nn.functional.cross_entropy(logits, torch.from_numpy(data[1]), reduction="none"), rtol=1e-5
    )


def test_a_dataset_gives_what_its_arrays_give(data, trained):
    pairs = torch.utils.data.TensorDataset(*map(torch.from_numpy, data))
    both = [score(one, trained[0], scores=["el2n", "knn_distance"]).table for one in (data, pairs)]
    assert both[0].equals(both[1])


def test_the_network_is_left_as_it_was(data, trained):
    network, states = trained
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    score(data, network, scores=["grand", "vog"], checkpoints=states)
    assert network.training
    assert all(p.requires_grad and p.grad is None or p.grad.abs().sum() == 0 for p in network.parameters())
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_checkpoints_give_dynamics_and_vog(data, trained):
    """VoG of the last stage against autograd, checkpoint by checkpoint."""
    network, states = trained
    found = score(data, network, scores=["vog", "aum"], checkpoints=states, params={"vog": {"stage": "all"}})
    gradients = []
    for state in states:
        network.load_state_dict(state)
        x = torch.from_numpy(data[0]).requires_grad_()
        own = network(x).gather(1, torch.from_numpy(data[1])[:, None]).sum()
        gradients.append(torch.autograd.grad(own, x)[0].double().numpy())
    raw = np.std(gradients, axis=0).mean(axis=1)
    wanted = np.array([(raw[i] - raw[data[1] == y].mean()) / raw[data[1] == y].std() for i, y in enumerate(data[1])])
    np.testing.assert_allclose(found.table["vog"], wanted, rtol=1e-3, atol=1e-4)  # float32 Welford over 4 checkpoints
    with torch.no_grad():
        logits = []
        for state in states:
            network.load_state_dict(state)
            logits.append(network(torch.from_numpy(data[0])).numpy())
    same = score_logits(np.stack(logits), data[1], scores="aum").table["aum"]
    np.testing.assert_allclose(found.table["aum"], same, rtol=1e-5, atol=1e-6)


def test_everything_has_values_or_a_reason(data, trained):
    network, states = trained
    found = score(data, network, checkpoints=states, held_out=np.arange(60) >= 45)
    assert set(found.results) | set(found.skipped) == {method.name for method in core.SCORES}
    assert not set(found.results) & set(found.skipped)
    assert {"influence", "tracin", "trak", "knn_shapley", "vog", "grand"} <= set(found.results)
    assert all(len(why) > 10 for why in found.skipped.values())
    assert list(found.table.columns) == ["label", *found.results]


def test_seeds_of_checkpoints_give_a_spread(data, trained):
    network, states = trained
    found = score(data, network, scores="el2n", checkpoints=[states[:2], states[2:]])
    assert found.results["el2n"].seed_count == 2


def test_a_score_asked_for_by_name_raises_what_it_lacks(data, trained):
    with pytest.raises(CurationError, match="out of fold"):
        score(data, trained[0], scores="label_quality")
    with pytest.raises(CurationError, match="held-out rows"):
        score(data, trained[0], scores="influence")
    with pytest.raises(CurationError, match="settings for 'aum'"):
        score(data, trained[0], scores="el2n", params={"aum": {}})


def test_a_table_and_no_network_trains_the_built_in_one(data):
    examples = examples_from(data[0], np.array(["ant", "bee", "cat"])[data[1]])
    assert examples.modality is Modality.TABLE
    found = score(examples, scores=["el2n", "label_quality"], training=TrainingSpec(epochs=3, seeds=2, folds=3))
    assert found.table["label"].iloc[1] == "bee"
    assert found.results["el2n"].seed_count == 2
    assert found.first("label_quality", 5)["label_quality"].is_monotonic_increasing


def test_families_are_the_registered_scores(data):
    inputs, labels = data
    rng = np.random.default_rng(1)
    logits = rng.standard_normal((2, 6, 60, 3)).astype(np.float32)
    dynamics = score_logits(logits, labels)
    assert {"el2n", "aum", "forgetting", "confidence", "variability"} <= set(dynamics.results)
    near = score_embeddings(inputs, labels, scores="knn_shapley", params={"knn_shapley": {"k": 3}}).table
    method = score_named("knn_shapley")
    evidence = Evidence(embedding=inputs, embedding_name="given")
    direct = method.compute(
        ScoreInputs(examples_from(None, labels), evidence, method.needs), method.params(k=3), SilentProgress()
    )
    np.testing.assert_array_equal(near["knn_shapley"], direct.values)
    quality = score_probabilities(np.eye(3)[labels] * 0.9 + 0.1 / 3, labels).table["label_quality"]
    assert (quality > 0.9).all()
    texts = score_texts(["a b", "a c", "a zz"], held_out=np.array([False, False, True])).table
    assert {"feature_density", "dsir"} <= set(texts.columns)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, y: score_logits(x[0], y), "shape"),
        (lambda x, y: score_logits(x[:10], y), "rows"),
        (lambda x, y: score_probabilities(x, y), "not probabilities"),
        (lambda x, y: score_embeddings(x[:, 0], y), "one vector per example|shape"),
        (lambda x, y: examples_from(x[:4], y), "4 inputs"),
        (lambda x, y: examples_from(x, y - 5), "Labels run from -5"),
        (lambda x, y: examples_from(x, y, ids=["same"] * 60), "1 of them different"),
        (lambda x, y: examples_from(x, y, held_out=y), "held_out"),
        (lambda x, y: examples_from(None, None), "no examples"),
        (lambda x, y: score(3), "no data to score"),
    ],
)
def test_what_does_not_fit_is_said(call, words, data):
    with pytest.raises(DataError, match=words):
        call(*data)


def test_a_foreign_checkpoint_is_refused(data, trained):
    with pytest.raises(ModelError, match="Checkpoint 1 does not fit"):
        score(data, trained[0], scores="el2n", checkpoints=[{"x": torch.zeros(1)}])


def test_the_readme_example_runs(tmp_path, monkeypatch):
    """The five lines under "As a library", as printed there."""
    section = re.search(r"## As a library\n.*?```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert section
    lines = [line for line in section.group(1).splitlines() if line.strip()]
    assert len(lines) <= 5
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: dict = {
        "X": np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32),
        "y": np.arange(40) % 2,
        "network": nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)),
    }
    names["states"] = [names["network"].state_dict()] * 3
    exec("\n".join(lines), names)
    assert {"el2n", "grand", "vog", "knn_shapley"} <= set(names["scored"].table.columns)
    assert not list(tmp_path.iterdir())


def test_the_readme_example_of_a_transformer_runs(tmp_path, monkeypatch):
    """The eight lines with a folder as people have it, made here of a small random model."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    (block,) = [one for one in blocks if "AutoTokenizer" in one]
    lines = [line for line in block.splitlines() if line.strip()]
    assert len(lines) <= 8
    (tmp_path / "vocabulary.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]))
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(tmp_path / "vocabulary.txt"))
    config = transformers.BertConfig(
        vocab_size=13,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=16,
    )
    torch.manual_seed(0)
    network = transformers.BertForSequenceClassification(config)
    tokenizer.save_pretrained(tmp_path / "my-bert")
    network.save_pretrained(tmp_path / "my-bert")
    monkeypatch.chdir(tmp_path)
    names: dict = {
        "texts": [" ".join("abcdefgh"[: 1 + k % 8]) for k in range(24)],
        "y": np.arange(24) % 2,
        "states": [network.state_dict()] * 3,
    }
    exec("\n".join(lines), names)
    assert {"el2n", "grand", "vog", "knn_shapley"} <= set(names["scored"].table.columns)


def test_names_of_the_package_are_listed_and_unknown_ones_named():
    assert {"load_examples", "score", "score_logits"} <= set(dir(core))
    with pytest.raises(AttributeError, match="load_examples"):
        _ = core.nonsense
