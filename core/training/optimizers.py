"""torch's SGD and Adam without its compiler.

torch guards the methods of optimizers against `torch.compile`, and for that imports the whole compiler, sympy included,
with the first optimizer of a process: about as long as importing torch itself takes, in every process that trains.
Nothing here is compiled, so the same methods are used without the guard; what they compute is torch's, bit for bit.
"""

from __future__ import annotations

from inspect import unwrap

import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from core.types.errors import ModelError
from core.types.registry import check_name

from .plan import TrainingPlan


class _Unguarded(Optimizer):
    """The methods of every optimizer, unguarded."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)


class _Sgd(_Unguarded, SGD):
    step = torch.no_grad()(unwrap(SGD.step))


class _Adam(_Unguarded, Adam):
    step = torch.no_grad()(unwrap(Adam.step))


def make_optimizer(network: nn.Module, plan: TrainingPlan) -> Optimizer:
    """The plan's optimizer; matrices and kernels decay, vectors (biases, norms) do not.

    Raises `ModelError` for an optimizer other than sgd and adam.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    check_name(plan.optimizer, ("sgd", "adam"), "optimizer", ModelError)
    if plan.optimizer == "adam":
        return _Adam(groups, lr=plan.learning_rate)
    return _Sgd(groups, lr=plan.learning_rate, momentum=plan.momentum, nesterov=plan.nesterov)
