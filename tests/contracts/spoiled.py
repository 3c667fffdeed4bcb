"""What a test would see if the code it calls were wrong: every result of `core` comes back changed.

No two results are changed alike, so that a relation between two of them does not hold either.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass, replace
from itertools import count
from types import FunctionType, ModuleType
from typing import Any
from unittest import mock

import numpy as np
import torch

from core.scores.method import ScoreMethod

_ANSWERS = count(1)


def spoiled(value: Any) -> Any:
    """The same kind of thing with other numbers: not their scale, order, sum or sign is left."""
    if isinstance(value, (np.ndarray, float)):
        return _numbers(np.asarray(value))[()] if np.asarray(value).size else value
    if isinstance(value, ScoreMethod):
        return replace(value, compute=wrong(value.compute))
    if isinstance(value, torch.Tensor):
        return torch.from_numpy(np.asarray(spoiled(value.detach().numpy())))
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, np.number)):
        return type(value)(value + 1)
    if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
        return type(value)(spoiled(one) for one in value)
    if isinstance(value, dict):
        return {name: spoiled(one) for name, one in value.items()}
    return _fields(value) if is_dataclass(value) and not isinstance(value, type) else value


def _numbers(value: np.ndarray) -> np.ndarray:
    if value.dtype == bool:
        return ~value
    if value.dtype.kind == "f":
        turned = np.roll(value.ravel(), 1).reshape(value.shape) if value.size > 2 else value
        return (1 - (2 + next(_ANSWERS) % 7 / 7) * turned).astype(value.dtype)
    return value + value.dtype.type(1) if value.dtype.kind in "iu" else value


def _fields(value: Any) -> Any:
    changed = {f.name: spoiled(getattr(value, f.name)) for f in fields(value) if f.init}
    numbers = {name: one for name, one in changed.items() if isinstance(one, (np.ndarray, torch.Tensor, float))}
    return replace(value, **numbers) if numbers else value


def wrong(function: Callable) -> Callable:
    """The function, whose results are spoiled."""

    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        return spoiled(function(*args, **kwargs))

    return answer


def wrong_one(thing: Any) -> Any:
    """A function, a property or a value of `core`, as it would be if it were wrong."""
    if isinstance(thing, property):
        assert thing.fget is not None
        return property(wrong(thing.fget))
    return wrong(thing) if isinstance(thing, FunctionType) else spoiled(thing)


@contextmanager
def core_is_wrong(module: ModuleType) -> Iterator[None]:
    """While inside, the functions, scores and classes of `core` that the module knows by name answer wrongly."""
    with ExitStack() as patches:
        for name, thing in list(vars(module).items()):
            if isinstance(thing, ScoreMethod):
                patches.enter_context(mock.patch.object(module, name, spoiled(thing)))
            elif not str(getattr(thing, "__module__", "")).startswith("core."):
                continue
            elif isinstance(thing, FunctionType):
                patches.enter_context(mock.patch.object(module, name, wrong(thing)))
            elif isinstance(thing, type):
                for method, one in _answering(thing).items():
                    patches.enter_context(mock.patch.object(thing, method, wrong_one(one)))
        yield


def _answering(thing: type) -> dict[str, Any]:
    public = {name: one for name, one in vars(thing).items() if not name.startswith("_")}
    return {name: one for name, one in public.items() if isinstance(one, (FunctionType, property))}
