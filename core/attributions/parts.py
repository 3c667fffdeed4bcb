"""From the numbers a model reads to the parts a person sees: pixels, words, columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

PLAYERS_PER_SIDE = 8  # blocks of pixels that a Shapley value is taken over


class Parts(Protocol):
    """names: of the parts, empty for images.

    columns [K]: the encoded columns that differ between models' inputs of this example; needs bool [K, M]: which of
    M players must be present for the column to be.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> np.ndarray: ...

    @property
    def needs(self) -> np.ndarray: ...

    def fold(self, values: np.ndarray) -> np.ndarray:
        """Values per encoded number -> values per part; the sum stays."""

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values per player [M] -> values per part; the sum stays."""


@dataclass(frozen=True, eq=False)
class ImageParts:
    """Pixels [H, W]; players are square blocks of them. Estimators read [H, W, C] flattened."""

    height: int
    width: int
    channels: int

    @property
    def names(self) -> tuple[str, ...]:
        """Pixels need no names."""
        return ()

    @cached_property
    def blocks(self) -> np.ndarray:
        """[H, W] number of each pixel's block, row by row."""
        rows = np.arange(self.height) * min(PLAYERS_PER_SIDE, self.height) // self.height
        columns = np.arange(self.width) * min(PLAYERS_PER_SIDE, self.width) // self.width
        return rows[:, None] * (columns.max() + 1) + columns

    @property
    def columns(self) -> np.ndarray:
        """All of them."""
        return np.arange(self.height * self.width * self.channels)

    @property
    def needs(self) -> np.ndarray:
        """Each number needs the block it lies in."""
        owner = np.repeat(self.blocks.ravel(), self.channels)
        return owner[:, None] == np.arange(self.blocks.max() + 1)

    def fold(self, values: np.ndarray) -> np.ndarray:
        """[C, H, W] (as networks read) -> [H, W]."""
        return values.reshape(self.channels, self.height, self.width).sum(axis=0)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """[blocks] -> [H, W], each block's value shared by its pixels."""
        return (values / np.bincount(self.blocks.ravel()))[self.blocks]


@dataclass(frozen=True, eq=False)
class TableParts:
    """Original columns; groups[i] are the encoded columns that belong to names[i]."""

    names: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]

    @property
    def columns(self) -> np.ndarray:
        """All of them, in the order of their original columns."""
        return np.array([place for group in self.groups for place in group], dtype=np.int64)

    @property
    def needs(self) -> np.ndarray:
        """Each encoded column needs its original one."""
        owner = np.repeat(np.arange(len(self.groups)), [len(group) for group in self.groups])
        return owner[:, None] == np.arange(len(self.groups))

    def fold(self, values: np.ndarray) -> np.ndarray:
        """[encoded columns] -> [original columns]: the places of a one-hot category are added up."""
        flat = values.reshape(-1)
        return np.array([flat[list(group)].sum() for group in self.groups])

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Players are the original columns."""
        return values


@dataclass(frozen=True, eq=False)
class TextParts:
    """Words in reading order. slots[l]: positions of the words that encoded term l covers (none for padding).

    columns: the column of each slot in an estimator's matrix.
    """

    names: tuple[str, ...]
    slots: tuple[tuple[int, ...], ...]
    columns: np.ndarray

    @cached_property
    def _players(self) -> tuple[np.ndarray, int]:
        """[words] player of each word, and how many there are: the same word twice is one player."""
        if not self.names:
            return np.zeros(0, dtype=np.int64), 0
        _, player = np.unique([word.lower() for word in self.names], return_inverse=True)
        return player, int(player.max()) + 1

    @property
    def needs(self) -> np.ndarray:
        """A term needs each of its words."""
        player, count = self._players
        needs = np.zeros((len(self.slots), count), dtype=bool)
        for slot, covered in enumerate(self.slots):
            needs[slot, player[list(covered)]] = True
        return needs

    def fold(self, values: np.ndarray) -> np.ndarray:
        """[L] or [L, d] -> [words]: a term's value is shared equally by the words it covers."""
        per_slot = values.reshape(len(self.slots), -1).sum(axis=1)
        out = np.zeros(len(self.names))
        for value, covered in zip(per_slot, self.slots, strict=True):
            out[list(covered)] += value / max(len(covered), 1)
        return out

    def spread(self, values: np.ndarray) -> np.ndarray:
        """[players] -> [words]: shared equally by the places where the word stands."""
        player, count = self._players
        return (values / np.maximum(np.bincount(player, minlength=count), 1))[player]
