"""Own networks that cannot give everything: what they can is given, the rest is said; nothing raw is raised."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core import InfluenceSettings, influence_pairs, score, score_logits, score_probabilities
from core.scores.shared.finite import computed
from core.types.errors import CurationError, DataError, ModelError

X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
Y = np.arange(30) % 3


class Stubborn(nn.Module):
    """Reads a number out of a tensor on its way, as code that branches on data does: torch.func cannot follow."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        return self.last(x * self.scale if x.sum().item() > -1e9 else x)


class Rounded(nn.Module):
    """Its first step has no gradient by the input, as token ids have none."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 5)
        self.last = nn.Linear(5, 3)

    def forward(self, x):
        return self.last(self.table(x.round().clamp(-4, 4).long() + 4).mean(1))


class Wordy(nn.Module):
    """Returns a dict in which nothing is called logits."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        return {"scores": self.last(x)}


def test_one_score_that_fails_does_not_take_the_others_with_it():
    found = score((X, Y), Stubborn())
    assert {"el2n", "loss", "knn_shapley", "grand_last"} <= set(found.results)
    assert "one example at a time" in found.skipped["grand"]
    with pytest.raises(CurationError, match="one example at a time"):
        score((X, Y), Stubborn(), scores="grand")


def test_inputs_without_gradients_leave_vog_out_and_nothing_else():
    network = Rounded()
    states = [network.state_dict()] * 3
    found = score((X, Y), network, checkpoints=states)
    assert {"el2n", "grand", "aum"} <= set(found.results)
    assert "cannot be differentiated by its inputs" in found.skipped["vog"]
    with pytest.raises(CurationError, match="cannot be differentiated by its inputs"):
        score((X, Y), network, checkpoints=states, scores=["vog"])


def test_a_bug_in_one_score_is_a_reason_among_others(monkeypatch):
    def broken(method, *rest):
        if method.name == "knn_shapley":
            raise ZeroDivisionError("by hand")
        return computed(method, *rest)

    monkeypatch.setattr("core.library.scored.computed", broken)
    found = score((X, Y), nn.Linear(4, 3))
    assert "ZeroDivisionError" in found.skipped["knn_shapley"]
    assert "el2n" in found.results


def estimator():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: score((X, Y), estimator()), "LogisticRegression is no torch network"),
        (lambda: influence_pairs(estimator(), (X, Y), (X, Y)), "LogisticRegression is no torch network"),
        (lambda: score((np.array(["a", "b"] * 15), Y), nn.Linear(4, 3)), "cannot be read by a network"),
        (lambda: influence_pairs(nn.Linear(4, 3), (["a"] * 30, Y), (X, Y)), "inputs cannot be read"),
        (lambda: score(({"input_ids": X, "mask": X}, Y), nn.Linear(4, 3)), "by name: input_ids, mask"),
        (lambda: score([{"pixel_values": X[0], "label": 0}] * 4, nn.Linear(4, 3)), "by name: pixel_values"),
        (lambda: score([{"pixel_values": X[0], "label": 0}] * 4), "dict of pixel_values"),
        (lambda: score([(X[0], 0), (X[0, :2], 1)], nn.Linear(4, 3)), "different shapes"),
        (lambda: score([(X[0], [0, 1]), (X[0], [1, 0])], nn.Linear(4, 3)), "labels have the shape"),
        (lambda: score("text", nn.Linear(4, 3)), "str is no data"),
        (lambda: score((X, Y), nn.Linear(7, 3)), "does not read this data"),
        (lambda: score((X, Y), Wordy()), "returns a dict, not a tensor of logits"),
        (lambda: score((X, Y), nn.Linear(4, 3), checkpoints=[{"state_dict": {}}]), "no state_dict"),
        (lambda: score((X, Y), nn.Linear(4, 3), checkpoints=["a.pt"]), "No such checkpoint: a.pt"),
        (lambda: score((X, Y), nn.Linear(4, 3), checkpoints=[5]), "no state_dict but a int"),
    ],
)
def test_what_is_no_network_or_no_data_is_told_in_two_lines(call, words):
    with pytest.raises(CurationError, match=words) as caught:
        call()
    assert isinstance(caught.value, (DataError, ModelError, CurationError))
    assert len(caught.value.lines().splitlines()) == 2


@pytest.mark.parametrize(
    "wrap", [lambda s: {"state_dict": s, "epoch": 1}, lambda s: {f"module.{k}": v for k, v in s.items()}]
)
def test_checkpoints_of_the_library_are_unwrapped_too(wrap):
    network = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    plain = score((X, Y), network, scores="el2n").table
    network_of_others = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    found = score((X, Y), network_of_others, scores="el2n", checkpoints=[wrap(network.state_dict())]).table
    assert found.equals(plain)


def test_checkpoints_may_be_files_and_folders_and_none_of_them_is_code(tmp_path):
    network = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    states = [{name: k * one for name, one in network.state_dict().items()} for k in (1.0, 2.0, 3.0)]
    torch.save(states[0], tmp_path / "first.pt")
    save_file(states[1], str(tmp_path / "second.safetensors"))
    (tmp_path / "checkpoint-3").mkdir()
    save_file(states[2], str(tmp_path / "checkpoint-3" / "model.safetensors"))
    files = [tmp_path / "first.pt", str(tmp_path / "second.safetensors"), tmp_path / "checkpoint-3"]
    found = score((X, Y), network, scores=["aum", "vog"], checkpoints=files).table
    assert found.equals(score((X, Y), network, scores=["aum", "vog"], checkpoints=states).table)
    (tmp_path / "code.pkl").write_bytes(pickle.dumps(print))
    with pytest.raises(ModelError, match="Nothing was run"):
        score((X, Y), network, scores=["aum"], checkpoints=[*files, tmp_path / "code.pkl"])


def test_the_last_layer_asks_nothing_of_the_layers_before_it():
    """Weights used by hand, as in BERT's position embeddings: all layers cannot be told apart, the last one can."""
    found = influence_pairs(
        Stubborn(), (X, Y), (X[:4], Y[:4]), settings=InfluenceSettings(layers="last", method="exact")
    )
    assert found.values.shape == (4, 30)
    networks = Stubborn(), nn.Linear(4, 3)
    networks[1].load_state_dict(networks[0].last.state_dict())
    both = [
        influence_pairs(net, (X, Y), (X[:4], Y[:4]), settings=InfluenceSettings(layers="last", method="exact")).values
        for net in networks
    ]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_fault_40_rows_without_finite_outputs_have_no_value_and_the_others_have_theirs(bad):
    logits = np.random.default_rng(1).standard_normal((3, 30, 3)).astype(np.float32)
    broken = logits.copy()
    broken[1, [5, 20]] = bad
    others = np.delete(np.arange(30), [5, 20])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = score_logits(broken, Y, scores="all")
    alone = score_logits(logits[:, others], Y[others], scores="all")
    assert set(found.results) == set(alone.results)
    assert len(found.results) > 10
    for name, result in found.results.items():
        assert np.flatnonzero(np.isnan(result.values)).tolist() == [5, 20], name
        assert result.undefined == {"output of the model is not finite": 2}
        np.testing.assert_allclose(result.values[others], alone.results[name].values, rtol=1e-5, err_msg=name)
        assert any("not finite for 2 of 30 rows" in check.text for check in result.checks)


def test_fault_40_all_rows_or_probabilities():
    with pytest.raises(CurationError, match="for every row"):
        score_logits(np.full((2, 30, 3), np.nan), Y, scores="el2n")
    p = np.random.default_rng(0).dirichlet(np.ones(3), 30)
    p[4] = np.nan
    found = score_probabilities(p, Y, scores="label_quality").results["label_quality"]
    assert np.flatnonzero(np.isnan(found.values)).tolist() == [4]
