"""The optimizers without the compiler's guard move weights as torch's own do, and leave the compiler unloaded."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from core.training.optimizers import make_optimizer
from core.training.plan import TrainingPlan

_PLAN = TrainingPlan(epochs=3, batch_size=8, learning_rate=0.05, momentum=0.9, weight_decay=0.01)
_TRAIN = """
import sys
import torch
from core.training.optimizers import make_optimizer
from core.training.plan import TrainingPlan

for name in ("sgd", "adam"):
    network = torch.nn.Linear(3, 2)
    optimizer = make_optimizer(network, TrainingPlan(epochs=1, batch_size=8, learning_rate=0.1, optimizer=name))
    optimizer.zero_grad(set_to_none=True)
    network(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""


def _plain(network: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """torch's own class, with its guard."""
    groups = [
        {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in network.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups, lr=plan.learning_rate)
    return torch.optim.SGD(groups, lr=plan.learning_rate, momentum=plan.momentum, nesterov=plan.nesterov)


@pytest.mark.parametrize("changes", [{}, {"nesterov": True}, {"optimizer": "adam"}], ids=str)
def test_weights_and_state_are_those_of_torch(changes):
    plan = replace(_PLAN, **changes)
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    theirs, inputs = copy.deepcopy(ours), torch.randn(12, 5)
    ends = [
        _trained(network, make(network, plan), inputs) for network, make in ((ours, make_optimizer), (theirs, _plain))
    ]
    for mine, plain in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, plain)
    assert str(ends[0]) == str(ends[1])
    assert ends[0]["state"]


def _trained(network: nn.Module, optimizer: torch.optim.Optimizer, inputs: torch.Tensor) -> dict:
    """The state after two stretches, the second one resumed."""
    for _ in range(2):
        for _ in range(4):
            optimizer.zero_grad(set_to_none=True)
            network(inputs).square().mean().backward()
            optimizer.step()
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    return optimizer.state_dict()


def test_training_does_not_load_the_compiler():
    done = subprocess.run([sys.executable, "-c", _TRAIN], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
