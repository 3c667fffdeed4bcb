"""Lights of attributions: on methods that must pass and on one that must fail, the edge detector."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from core.attributions import Explained, TableParts, attribution_named
from core.attributions.estimators import taught_shuffled_labels
from core.attributions.method import AttributionMethod
from core.attributions.sanity import checks_of, gap_check, randomization_check, with_random_weights
from core.types.attributions import Attribution
from core.types.examples import Modality
from core.types.params import params_from_dict

CLASSES, COLUMNS = ("no", "yes"), 40


def attribution(values, gap=0.0, base=0.0, output=1.0):
    return Attribution("m", "yes", np.asarray(values, np.float32), (), base, output, gap)


@pytest.mark.parametrize(("gap", "light"), [(0.0, "green"), (0.04, "green"), (-0.1, "amber"), (0.3, "red")])
def test_the_gap_has_a_light(gap, light):
    found = gap_check(attribution([1], gap))
    assert found.light == light
    assert f"{abs(gap):.1%}" in found.text


def test_gaps_without_promise_or_difference():
    assert gap_check(attribution([1], None)) is None
    assert gap_check(attribution([0], 0.0, 1.0, 1.0)).light == "green"
    assert gap_check(attribution([1], 1.0, 1.0, 1.0)).light == "red"


def linear(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(COLUMNS, 2).requires_grad_(False)


def world():
    rng = np.random.default_rng(0)
    rows = torch.tensor(np.sign(rng.normal(size=(20, COLUMNS))), dtype=torch.float32)
    parts = TableParts(tuple(f"x{i}" for i in range(COLUMNS)), tuple((i,) for i in range(COLUMNS)))
    # from a background of zeros: inputs of +-1 leave the strengths to the weights alone
    return Explained(linear(0), rows[:1], torch.zeros(1, COLUMNS), CLASSES, 1, parts)


def test_weights_of_a_linear_network_are_learned():
    method = attribution_named("integrated_gradients")
    found = checks_of(method, world(), method.params(), [linear(seed) for seed in range(1, 9)])
    assert [check.name for check in found] == ["additivity", "randomization"]
    assert [check.light for check in found] == ["green", "green"]
    assert "8 models with random weights" in found[1].text


def test_the_number_is_the_mean_spearman_correlation():
    from scipy.stats import rankdata

    about, others = world(), [linear(seed) for seed in range(1, 4)]
    method = attribution_named("integrated_gradients")
    compute = lambda model: method.compute(dataclasses.replace(about, model=model), settings).values  # noqa: E731
    settings = params_from_dict(method.params, {"target": "yes"})
    found = method.compute(about, settings)

    def correlation(a, b):
        return np.corrcoef(rankdata(a), rankdata(b))[0, 1]

    where = np.mean([correlation(abs(found.values), abs(compute(other))) for other in others])
    way = np.mean([correlation(found.values, compute(other)) for other in others])
    text = randomization_check(method, about, settings, found, others).text
    assert f"{where:.2f} ± " in text
    assert f"{way:.2f} ± " in text


def test_an_edge_detector_fails():
    """An attribution that looks at the input alone says nothing about the model."""

    def edges(about, params):
        return attribution(np.cumsum(about.example[0].numpy()))

    method = AttributionMethod(
        name="edges",
        title="",
        summary="",
        paper=attribution_named("occlusion").paper,
        params=attribution_named("integrated_gradients").params,
        compute=edges,
        modalities=(Modality.TABLE,),
        for_networks=True,
    )
    found = checks_of(method, world(), method.params(), [linear(1), linear(2)])[-1]
    assert found.light == "red"
    assert "1.00 ± 0.00 for the strengths and 1.00 ± 0.00 with signs" in found.text


def test_strong_inputs_are_seen_in_part():
    """Weight times input, where the inputs differ a hundredfold: WHERE follows the input, WHICH WAY the weights."""
    about = world()
    uneven = dataclasses.replace(about, example=about.example * torch.logspace(0, 4, COLUMNS))
    method = attribution_named("integrated_gradients")
    found = checks_of(method, uneven, method.params(), [linear(seed) for seed in range(1, 9)])[-1]
    assert found.light == "amber"
    assert "which way it pushes was learned" in found.text


def test_too_few_parts_are_said():
    method = attribution_named("integrated_gradients")
    found = randomization_check(method, world(), method.params(), attribution([1, 2]), [linear(1)])
    assert (found.light, "Too few" in found.text) == ("amber", True)


def test_estimators_that_learned_shuffled_labels():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4))
    labels = (rows[:, 0] > 0).astype(int)
    labels[:5] = -1
    model = LogisticRegression().fit(rows[5:], labels[5:])
    copies = taught_shuffled_labels(model, rows, labels, 3)
    assert len(copies) == 3
    assert all(abs(copy.coef_[0, 0]) < 0.3 * abs(model.coef_[0, 0]) for copy in copies)
    assert len({float(copy.coef_[0, 0]) for copy in copies}) == 3
    assert taught_shuffled_labels(model, rows[labels != 0], labels[labels != 0] * 0 + 1, 0) == ()


class Scaled(nn.Module):
    """A layer that can be drawn anew and a bare parameter that cannot; both as after a training."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.arange(1.0, 41.0))
        self.last = nn.Linear(40, 2)
        nn.init.constant_(self.last.weight, 7.0)


def test_a_trained_network_of_ones_own_forgets_what_it_learned():
    first, second, again = (with_random_weights(Scaled(), seed) for seed in (1, 2, 1))
    assert abs(first.last.weight).max() < 1
    assert sorted(first.scale.tolist()) == Scaled().scale.tolist()
    assert not torch.equal(first.scale, Scaled().scale)
    assert not torch.equal(first.last.weight, second.last.weight)
    assert torch.equal(first.last.weight, again.last.weight)
    assert torch.equal(first.scale, again.scale)
