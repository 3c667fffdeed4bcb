"""Gradient SHAP, integrated gradients and occlusion against closed forms and finite sums."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from core.attributions import ATTRIBUTIONS, attribution_named
from core.types.errors import CurationError, ModelError
from core.types.params import params_from_dict

NETWORK_METHODS = [m.name for m in ATTRIBUTIONS if m.for_networks and len(m.modalities) == 3]
ADDITIVE = ["gradient_shap", "integrated_gradients"]


def explain(name, about, **given):
    method = attribution_named(name)
    return method.compute(about, params_from_dict(method.params, given))


def logits(about, rows):
    with torch.no_grad():
        return about.model(rows).double().numpy()


@pytest.fixture(params=["table", "picture", "text"])
def about(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", NETWORK_METHODS)
def test_output_is_the_models_and_shapes_are_the_parts(name, about):
    got = explain(name, about)
    answer = logits(about, about.example)[0]
    assert got.target == about.class_names[answer.argmax()]
    assert got.output == pytest.approx(answer.max(), abs=1e-6)
    assert got.values.shape == ((8, 6) if not got.names else (len(got.names),))
    assert np.isfinite(got.values).all()
    assert got.unit == "logit"
    assert got.notes


def test_integrated_gradients_are_complete(about):
    got = explain("integrated_gradients", about)
    assert abs(got.gap) < 1e-3  # 64 midpoints of a smooth tanh network: the quadrature error is of order 1 / steps^2
    assert got.values.sum() == pytest.approx(got.output - got.base, abs=1e-3)


def test_normalized_networks_are_complete_from_the_mean_image(picture):
    """From a plain image the gradient of a normalized network is a spike at the start that no midpoint sees."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(2, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 4, 3))
    got = explain("integrated_gradients", dataclasses.replace(picture, model=body))
    assert abs(got.gap) < 0.02 * max(1.0, abs(got.output - got.base))


def test_integrated_gradients_equal_a_plain_midpoint_sum(table):
    got = explain("integrated_gradients", table, target="dog", steps=16)
    start = table.background.mean(0, keepdim=True)
    total = torch.zeros(5)
    for step in range(16):
        point = (start + (step + 0.5) / 16 * (table.example - start)).requires_grad_()
        total += torch.autograd.grad(table.model(point)[0, 1], point)[0][0] / 16
    expected = ((table.example - start)[0] * total).detach().numpy()
    assert np.allclose(got.values, [expected[0], expected[1:4].sum(), expected[4]], atol=1e-5)  # float32


def test_gradient_shap_is_complete_within_its_monte_carlo_error(about):
    gaps = [explain("gradient_shap", dataclasses.replace(about, seed=seed), samples=256).gap for seed in range(8)]
    # unbiased: the mean of eight runs is within four standard errors of zero, all of them small beside the logits
    assert abs(np.mean(gaps)) < 4 * np.std(gaps, ddof=1) / np.sqrt(8) + 1e-6
    assert np.abs(gaps).max() < 0.5


def test_gradient_shap_with_one_background_row_converges_to_integrated_gradients(table):
    one = dataclasses.replace(table, background=table.background[:1])
    sampled = explain("gradient_shap", one, samples=4000)
    exact = explain("integrated_gradients", one, steps=256)
    assert np.allclose(sampled.values, exact.values, atol=0.05)  # 4000 draws of gradients with spread about 0.5
    assert sampled.base == pytest.approx(exact.base, abs=1e-6)


def test_gradient_shap_repeats_itself_and_leaves_the_global_generators_alone(table):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = explain("gradient_shap", table)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (first.values == explain("gradient_shap", table).values).all()
    assert (first.values != explain("gradient_shap", dataclasses.replace(table, seed=1)).values).any()


@pytest.mark.parametrize("name", ADDITIVE)
def test_a_linear_network_gives_weight_times_difference(name, table):
    linear = nn.Linear(5, 3)
    plain = dataclasses.replace(table, model=linear, background=table.background[:2].repeat(40, 1))
    got = explain(name, plain, target="eel", **({"samples": 4096} if name == "gradient_shap" else {}))
    weight = linear.weight[2].detach().numpy()
    each = weight * (plain.example - plain.background.mean(0)).numpy()[0]
    # the draws of gradient SHAP mix the two background rows in shares that differ from a half by about 0.008
    assert np.allclose(got.values, [each[0], each[1:4].sum(), each[4]], atol=0.05 if name == "gradient_shap" else 1e-5)


def test_occlusion_of_columns_equals_a_plain_loop(table):
    got = explain("occlusion", table, target="cat")
    neutral = table.background.mean(0)
    for index, group in enumerate([(0,), (1, 2, 3), (4,)]):
        hidden = table.example.clone()
        hidden[0, list(group)] = neutral[list(group)]
        drop = logits(table, table.example)[0, 0] - logits(table, hidden)[0, 0]
        assert got.values[index] == pytest.approx(drop, abs=1e-5)
    assert got.gap is None


def test_occlusion_of_patches_equals_a_plain_loop(picture):
    got = explain("occlusion", picture, target="dog", patch=3, stride=2)
    neutral = picture.background.mean(0)
    whole, total, seen = logits(picture, picture.example)[0, 1], np.zeros((8, 6)), np.zeros((8, 6))
    for top in (0, 2, 4, 6):  # the last patch of each row and column hangs over the edge
        for left in (0, 2, 4):
            hidden = picture.example.clone()
            place = (slice(None), slice(top, top + 3), slice(left, left + 3))
            hidden[0][place] = neutral[place]
            total[top : top + 3, left : left + 3] += whole - logits(picture, hidden)[0, 1]
            seen[top : top + 3, left : left + 3] += 1
    assert np.allclose(got.values, total / seen, atol=1e-4)


def test_occlusion_of_words_hides_every_term_that_contains_the_word(text):
    got = explain("occlusion", text, target="cat")
    ids, weights = text.example

    def without(slots):
        kept = weights.clone()
        kept[0, slots] = 0
        return logits(text, text.example)[0, 0] - logits(text, (ids, kept))[0, 0]

    good = without([0, 2]) / 2  # shared by the two places where it stands
    assert np.allclose(got.values, [good, without([2]), good, without([1])], atol=1e-5)


def test_terms_share_their_value_among_their_words(text):
    got = explain("integrated_gradients", text, target="cat")
    embedded = text.model.embed(text.example).detach()
    total = torch.zeros_like(embedded)
    for step in range(64):
        point = (embedded * (step + 0.5) / 64).requires_grad_()
        value = text.model.head(text.model.features_from(point))[0, 0]
        total += torch.autograd.grad(value, point)[0] / 64
    good, film, not_good, _ = (embedded * total).sum(-1)[0].numpy()
    assert np.allclose(got.values, [good / 2, not_good / 2, good / 2 + not_good / 2, film], atol=1e-5)


@pytest.mark.parametrize("name", NETWORK_METHODS)
def test_other_weights_change_the_attribution(name, about):
    before = explain(name, about, target="cat").values
    with torch.no_grad():
        for weights in about.model.parameters():
            weights.copy_(torch.randn_like(weights))
    after = explain(name, about, target="cat").values
    # sanity of Adebayo et al. 2018: an edge detector would survive this
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.9 or len(before.ravel()) < 5
    assert np.abs(before - after).max() > 0.1 * np.abs(before).max()


def test_target_choices(table):
    assert explain("integrated_gradients", table, target="given").target == "dog"
    with pytest.raises(CurationError, match="no class 'cow'"):
        explain("integrated_gradients", table, target="cow")
    with pytest.raises(CurationError, match="no given label"):
        explain("occlusion", dataclasses.replace(table, label=-1), target="given")


def test_a_network_that_answers_nan_is_said(table):
    with torch.no_grad():
        table.model.head.bias[0] = torch.nan
    with pytest.raises(ModelError, match="not finite"):
        explain("occlusion", table)


def test_text_without_known_words(text):
    nothing = (torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1))
    parts = dataclasses.replace(text.parts, names=("xyzzy",), slots=((),), columns=np.array([0]))
    for name in NETWORK_METHODS:
        got = explain(name, dataclasses.replace(text, example=nothing, parts=parts))
        assert got.values.tolist() == [0]
