"""A network that knows less than the commonest class is a red light on every score made from it."""

import numpy as np
import pytest
import torch
from torch import nn

from core import score, score_embeddings, score_logits
from core.scores import SCORES
from core.scores.shared.assumptions import fit_check
from core.types.signals import Signal

_FROM_NETWORKS = {Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD}


def reds(result) -> list[str]:
    return [check.text for check in result.checks if check.light == "red" and check.name == "fit"]


@pytest.fixture(scope="module")
def poor():
    """All that an untrained network with three moments gives, of rows it mostly gets wrong."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 4)).astype(np.float32), np.arange(80) % 2
    network = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    with torch.no_grad():  # the class that the network believes in least becomes the label, but for a few
        wrong = network(torch.from_numpy(x)).argmin(1).numpy()
    y = np.where(np.arange(80) % 7 == 0, 1 - wrong, wrong)
    states = [network.state_dict()] * 3
    return score((x, y), network, checkpoints=states, held_out=np.arange(80) >= 60)


def test_every_score_of_a_poor_network_is_under_a_red_light(poor):
    from_network = [m for m in SCORES if _FROM_NETWORKS & set(m.needs) and m.name in poor.results]
    assert len(from_network) > 20
    without = [m.name for m in from_network if not reds(poor.results[m.name])]
    assert without == []
    assert "always guessing the most frequent label gives" in reds(poor.results["el2n"])[0]


def test_below_the_commonest_class_is_red_however_much_chance_it_beats():
    labels = np.r_[np.zeros(90, int), np.ones(10, int)]
    assert fit_check(0.89, labels).light == "red"  # 0.39 above chance, and worse than saying 0 to everything
    assert fit_check(0.97, labels).light == "green"
    assert fit_check(0.5, labels, at_end=0.97).light != "green", "how much it is above chance counts as before"


@pytest.mark.parametrize(("held_out", "light"), [(1, "red"), (9, "red"), (10, "amber"), (50, None)])
def test_few_targets_are_said(held_out, light):
    """One target is no evidence: a squared error rewards whatever holds a sure prediction back."""
    x, y = np.random.default_rng(0).standard_normal((90, 3)), np.arange(90) % 2
    found = score_embeddings(x, y, held_out=np.arange(90) < held_out, scores=["leave_one_out", "beta_shapley"])
    for result in found.results.values():
        assert next((c.light for c in result.checks if c.name == "few targets"), None) == light


def test_early_epochs_may_be_poor_when_the_last_one_is_not():
    labels = np.r_[np.zeros(30, int), np.ones(10, int)]
    logits = np.stack([t * np.eye(2)[labels] + (4 - t) * np.eye(2)[1 - labels] for t in (1, 1, 3, 4)])
    logits = logits + np.random.default_rng(0).normal(0, 0.1, logits.shape)
    checks = score_logits(logits.astype(np.float32), labels, scores="aum").results["aum"].checks
    assert next(c.text for c in checks if c.name == "fit").startswith("The networks give the given label to 50")
    upside_down = score_logits(-logits.astype(np.float32), labels)
    assert all(reds(result) for result in upside_down.results.values())
