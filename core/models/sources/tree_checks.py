"""Trees of a stranger's file, checked before a library walks them: every index closes, every node is reached once."""

from __future__ import annotations

from collections.abc import Sequence

from core.types.errors import ModelError

_MOST_NODES = 2**24  # of one tree; a tree of so many has learned every row by heart


def check_tree(name: str, left: Sequence[int], right: Sequence[int], nodes: int, leaves_apart: bool) -> None:
    """left, right: child of each node. leaves_apart: negative children are leaves ~child of their own (LightGBM); else
    a node is a leaf where both children are -1 (XGBoost). Raises `ModelError` naming the tree.
    """
    if not 0 <= nodes <= _MOST_NODES or len(left) != nodes or len(right) != nodes:
        raise _broken(name, f"{nodes} nodes with {len(left)} and {len(right)} children")
    seen, waiting = [False] * nodes, [0] if nodes else []
    leaves = set[int]() if leaves_apart else None
    while waiting:
        node = waiting.pop()
        if seen[node]:
            raise _broken(name, f"node {node} is reached twice")
        seen[node] = True
        waiting += _inner_children(name, node, (left[node], right[node]), nodes, leaves)


def _inner_children(
    name: str, node: int, children: tuple[int, ...], nodes: int, leaves: set[int] | None
) -> tuple[int, ...]:
    """The children that are nodes. leaves: those reached so far, where leaves are numbered apart; else None."""
    if leaves is not None:
        _count_leaves(name, [~child for child in children if child < 0], nodes + 1, leaves)
        children = tuple(child for child in children if child >= 0)
    elif children == (-1, -1):
        return ()
    beyond = [child for child in children if not 0 < child < nodes]
    if beyond:
        raise _broken(name, f"node {node} has the child {beyond[0]}")
    return children


def _count_leaves(name: str, numbers: Sequence[int], most: int, leaves: set[int]) -> None:
    for leaf in numbers:
        if leaf >= most or leaf in leaves:
            raise _broken(name, f"leaf {leaf} is beyond its leaves, or reached twice")
        leaves.add(leaf)


def check_features(name: str, features: Sequence[int], count: int) -> None:
    """Raise `ModelError` for a split by a feature that there is not."""
    beyond = [feature for feature in features if not 0 <= feature < count]
    if beyond:
        raise _broken(name, f"it splits by feature {beyond[0]} of {count}")


def _broken(name: str, why: str) -> ModelError:
    return ModelError(
        f"{name} does not close: {why}. It was not loaded.", "Save the model again, or download it again."
    )
