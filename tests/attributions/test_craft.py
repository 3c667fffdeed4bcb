"""Sobol indices of known functions, factorizations within their bound, and a planted concept that is found."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from core.attributions import Explained, ImageParts
from core.attributions.craft import CraftParams, explain_by_craft, factorize, find_concepts, transform
from core.attributions.crops import Cropping, activations
from core.attributions.sobol import total_indices
from core.types.errors import CurationError, ModelError

SIDE, PATCH = 16, 5


def test_total_indices_of_the_ishigami_function():
    def ishigami(points):
        x = (2 * points - 1) * np.pi
        return (np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]

    # analytic values for a = 7, b = 0.1 (Ishigami & Homma 1990); Sobol points at n = 4096 are within half a percent
    assert np.allclose(total_indices(ishigami, 3, 4096, 0)[0], [0.5576, 0.4424, 0.2437], atol=0.005)


def test_total_indices_of_additive_functions_are_shares_of_the_variance():
    weights = np.array([[1.0, -2, 0, 3], [5, 0, 0, 0], [0, 0, 0, 0]])
    found = total_indices(lambda points: points @ weights.T, 4, 256, 1)
    assert np.allclose(found[0], np.array([1, 4, 0, 9]) / 14, atol=0.02)  # 256 designs
    assert np.allclose(found[1], [1, 0, 0, 0], atol=0.02)
    assert found[0][2] < 1e-12  # an input that does nothing
    assert (found[2] == 0).all()  # a function that does not vary has no index


def test_a_factorization_is_within_the_bound_of_any_other():
    rng = np.random.default_rng(0)
    truth = rng.random((60, 3)) @ rng.random((3, 20))
    strengths, directions = factorize(truth, 3, 0)
    assert strengths.min() >= 0
    assert directions.min() >= 0
    left = np.linalg.norm(truth - strengths @ directions) / np.linalg.norm(truth)
    assert left < 0.01  # the data has rank 3: nothing but the solver's tolerance is left
    noisy = truth + 0.1 * rng.random(truth.shape)
    few, many = (np.linalg.norm(noisy - np.matmul(*factorize(noisy, k, 0))) for k in (2, 6))
    svd = np.sqrt((np.linalg.svd(noisy, compute_uv=False)[2:] ** 2).sum())
    assert svd <= few  # no factorization beats the truncated SVD ...
    assert many < few  # ... and more concepts leave less out


def test_strengths_of_fixed_directions_solve_least_squares():
    rng = np.random.default_rng(1)
    directions, strengths = rng.random((3, 9)), rng.random((5, 3))
    assert np.allclose(transform(strengths @ directions, directions), strengths)
    assert transform(-np.ones((1, 9)), directions).max() == 0


def test_crops_cover_every_pixel_and_spread_their_mean():
    cropping = Cropping(7, 6, 3, 2)
    assert cropping.corners == [(t, left) for t in (0, 2, 4) for left in (0, 2, 3)]
    assert np.allclose(cropping.spread(np.full(9, 2.5)), 2.5)
    pictures = torch.arange(84.0).reshape(2, 1, 7, 6)
    cut = cropping.cut(pictures)
    assert cut.shape == (18, 1, 7, 6)
    assert cut[0].max() == pytest.approx(pictures[0, 0, 2, 2].item())  # the first crop of the first picture


class Detector(nn.Module):
    """Convolution with a filter for the planted pattern and three others, ReLU, mean; a head that uses all four."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Conv2d(1, 4, PATCH, padding=PATCH // 2)
        self.head = nn.Linear(4, 2)
        sign = torch.ones(PATCH, PATCH)
        pattern = planted_pattern()
        with torch.no_grad():
            kernels = torch.stack([pattern, sign, torch.triu(sign) - torch.tril(sign), sign.roll(1, 0) * 0.5])
            self.filters.weight.copy_(kernels[:, None] / PATCH**2)
            self.filters.bias.copy_(torch.tensor([-0.3, -0.1, 0.0, -0.1]))
            self.head.weight.copy_(torch.tensor([[0.0, 0, 0, 0], [30.0, 0.2, 0.2, 0.2]]))
            self.head.bias.copy_(torch.tensor([0.5, -0.5]))

    def features(self, x):
        return self.filters(x).relu().mean((2, 3))

    features_from = features

    def embed(self, x):
        return x

    def forward(self, x):
        return self.head(self.features(x))


def planted_pattern():
    """A diagonal cross of +1 on a field of -1."""
    cross = -torch.ones(PATCH, PATCH)
    return cross + 2 * torch.clamp(torch.eye(PATCH) + torch.eye(PATCH).flip(0), max=1)


def world(count=24, seed=0):
    """Pictures of faint noise, each with the pattern somewhere; and where."""
    rng = np.random.default_rng(seed)
    pictures = torch.tensor(rng.normal(0, 0.15, (count, 1, SIDE, SIDE)), dtype=torch.float32)
    places = rng.integers(0, SIDE - PATCH, (count, 2))
    for picture, (top, left) in zip(pictures, places, strict=True):
        picture[0, top : top + PATCH, left : left + PATCH] += planted_pattern()
    return pictures, places


def about(model=None, pictures=None, rows=None):
    made, _ = world()
    pictures = made if pictures is None else pictures
    rows = np.arange(len(pictures)) + 100 if rows is None else rows
    return Explained(
        model or Detector(),
        pictures[:1],
        pictures,
        ("plain", "crossed"),
        1,
        ImageParts(SIDE, SIDE, 1),
        of_class=lambda label, most: (rows[:most], pictures[:most]),
    )


def test_the_planted_concept_is_the_most_important_and_lies_where_it_was_planted():
    found = explain_by_craft(about(), CraftParams(target="crossed", concepts=3))
    _, places = world()
    top, *others = found.concepts
    assert top.importance > 0.8 > max(c.importance for c in others)
    assert top.importance - 4 * top.importance_error > max(c.importance for c in others)
    hits = 0
    for row, crop_top, crop_left, side in top.crops:
        middle = places[row - 100] + PATCH / 2
        hits += bool((middle >= [crop_top, crop_left]).all() and (middle <= [crop_top + side, crop_left + side]).all())
    assert hits == len(top.crops) == 4  # a random crop of 6 of 16 pixels would hold the middle once in six times
    heat = explain_by_craft(about(), CraftParams(target="crossed", concepts=3, show=1)).values
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert np.abs([row, column] - (places[0] + PATCH // 2)).max() <= PATCH


def test_importance_of_an_additive_head_is_the_share_of_squared_contributions():
    """With one linear layer after the concepts the function is additive, so S_T has a closed form."""
    found = explain_by_craft(about(), CraftParams(target="crossed", concepts=3, designs=512))
    case = about()
    rows, pictures = case.of_class(1, 64)
    bank = find_concepts(
        case.model, rows, pictures, Cropping(SIDE, SIDE, 6, 5), 1, CraftParams(concepts=3, designs=512), 0
    )
    weight = case.model.head.weight[1].detach().double().numpy()
    squared = (bank.strengths * (bank.directions @ weight)) ** 2
    exact = (squared / squared.sum(axis=1, keepdims=True)).mean(axis=0)
    assert np.allclose(bank.importance, exact, atol=0.02)  # 512 designs
    assert np.allclose([c.importance for c in found.concepts], bank.importance)


def test_contributions_and_what_is_left_out_add_up():
    case = about()
    found = explain_by_craft(case, CraftParams(target="crossed", concepts=4))
    assert found.gap is None
    assert found.base == pytest.approx(-0.5)  # the head's bias: no concept at all
    own = activations(case.model, case.example)[0]
    directions = next(iter(case.memory.values())).directions
    rest = own - transform(own[None], directions)[0] @ directions
    missed = float(case.model.head.weight[1].detach().double().numpy() @ rest)
    total = sum(c.contribution for c in found.concepts)
    assert total + missed == pytest.approx(found.output - found.base, abs=1e-5)  # float32 logits
    assert found.values.shape == (SIDE, SIDE)


def test_percentiles_and_memory():
    case = about()
    first = explain_by_craft(case, CraftParams(target="crossed"))
    bank = next(iter(case.memory.values()))
    assert first.concepts[0].percentile == pytest.approx(
        100 * np.mean(bank.strengths[:, 0] < first.concepts[0].activation)
    )
    again = explain_by_craft(case, CraftParams(target="crossed"))
    assert len(case.memory) == 1
    assert (first.values == again.values).all()
    fresh = explain_by_craft(about(), CraftParams(target="crossed"))
    assert (first.values == fresh.values).all()  # seeded


def test_other_weights_change_the_concepts():
    torch.manual_seed(1)
    other = Detector()
    with torch.no_grad():
        for weights in other.parameters():
            weights.copy_(torch.randn_like(weights))
    before = explain_by_craft(about(), CraftParams(target="crossed", concepts=3)).values
    after = explain_by_craft(about(other), CraftParams(target="crossed", concepts=3)).values
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.9


def test_refusals():
    case = about()
    with pytest.raises(CurationError, match="no concept 9; 3 were found"):
        explain_by_craft(case, CraftParams(concepts=3, show=9))
    with pytest.raises(ModelError, match="Only 2 training images"):
        explain_by_craft(about(rows=np.arange(2), pictures=world(2)[0]), CraftParams())
    with pytest.raises(ModelError, match="crops of images"):
        explain_by_craft(dataclasses.replace(case, of_class=None), CraftParams())
    signed = Detector()
    signed.features = lambda x: signed.filters(x).mean((2, 3)) - 1
    with pytest.raises(ModelError, match="never negative"):
        activations(signed, world(3)[0])
    with pytest.raises(ModelError, match="last linear layer"):
        activations(nn.Flatten(), world(3)[0])
