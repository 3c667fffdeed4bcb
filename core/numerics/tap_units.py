"""Which modules of a network are tapped, each as a whole."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrize import is_parametrized


def units_of(module: nn.Module) -> list[nn.Module]:
    """Layers to tap: known ones, and whole subtrees under a module with parameters of an unknown kind."""
    if any(p is not None for p in module._parameters.values()) or is_parametrized(module):
        return [module]
    units = [unit for child in module.children() for unit in units_of(child)]
    return list({id(unit): unit for unit in units}.values())


def has_tied_parameters(network: nn.Module) -> bool:
    """Whether one parameter belongs to several modules."""
    modules = {id(m): m for m in network.modules()}.values()
    owners = [id(p) for m in modules for p in m._parameters.values() if p is not None]
    return len(owners) != len(set(owners))
