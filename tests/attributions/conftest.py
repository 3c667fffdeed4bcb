"""Small worlds for attributions: a perceptron over a table with a one-hot column, a bag of words, a picture network."""

import numpy as np
import pytest
import torch
from torch import nn

from core.attributions import Explained, ImageParts, TableParts, TextParts

CLASSES = ("cat", "dog", "eel")
GROUPS = ((0,), (1, 2, 3), (4,))


class Perceptron(nn.Module):
    """With embed, features_from and head, as the project's own networks have."""

    def __init__(self, inputs, hidden=16, classes=3):
        super().__init__()
        self.body, self.head = nn.Linear(inputs, hidden), nn.Linear(hidden, classes)

    def embed(self, x):
        return x

    def features_from(self, embedded):
        return torch.tanh(self.body(embedded.flatten(1)))

    def forward(self, x):
        return self.head(self.features_from(self.embed(x)))


class Words(Perceptron):
    """ids and weights -> weighted embeddings, added up."""

    def __init__(self, terms=12, width=6):
        super().__init__(width)
        self.terms = nn.Embedding(terms, width, padding_idx=0)

    def embed(self, x):
        return self.terms(x[0]) * x[1].unsqueeze(-1)

    def features_from(self, embedded):
        return torch.tanh(self.body(embedded.sum(1)))


@pytest.fixture(autouse=True)
def _same_weights_every_time():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = torch.tensor(rng.normal(size=(30, 5)), dtype=torch.float32)
    return Explained(Perceptron(5), rows[:1], rows[1:], CLASSES, 1, TableParts(("age", "job", "pay"), GROUPS))


@pytest.fixture
def picture():
    rng = np.random.default_rng(1)
    pixels = torch.tensor(rng.normal(size=(9, 2, 8, 6)), dtype=torch.float32)
    return Explained(Perceptron(96), pixels[:1], pixels[1:], CLASSES, 0, ImageParts(8, 6, 2))


@pytest.fixture
def text():
    """ "good not good film": terms good (0 and 2), film, "not good" (1 and 2), and a place of padding."""
    ids, weights = torch.tensor([[3, 5, 7, 0]]), torch.tensor([[0.6, 0.3, 0.5, 0.0]])
    parts = TextParts(("Good", "not", "good", "film"), ((0, 2), (3,), (1, 2), ()), np.array([2, 4, 6, 0]))
    return Explained(Words(), (ids, weights), (ids, weights), CLASSES, 2, parts)
