"""Standard deviation over checkpoints of input gradients, streaming: memory does not grow with checkpoints.

Agarwal, D'souza & Hooker 2022 (VoG): the mean over input positions of the standard deviation over checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

_IN_MEMORY = 512 * 2**20  # bytes of one stage's running moments; larger ones are memory-mapped files


class RunningSpread:
    """Running mean and sum of squared deviations (Welford) of [N, positions] values over checkpoints."""

    def __init__(self, rows: int, file: Path | None = None, memory: int | None = None):
        self._rows, self._file = rows, file
        self._in_memory = _IN_MEMORY if memory is None else min(_IN_MEMORY, memory // 8)
        self._moments: np.ndarray | None = None
        self.count = 0

    def begin(self) -> None:
        """A new checkpoint: every row is to be added once."""
        self.count += 1

    def add(self, rows: np.ndarray, values: np.ndarray) -> None:
        """values [b, positions] of `rows` at the current checkpoint."""
        moments, place = self._allocated(values.shape[1]), _as_slice(rows)
        if self.count == 1:  # the first checkpoint: its values are the mean
            moments[0][place] = values
            return
        mean, squares = (torch.from_numpy(moment[place]) for moment in moments)  # views when the rows are consecutive
        delta = torch.from_numpy(values) - mean
        mean.add_(delta, alpha=1 / self.count)
        squares.addcmul_(delta, delta, value=1 - 1 / self.count)  # delta times what is left of it after the mean moved
        if isinstance(place, np.ndarray):
            moments[0][place], moments[1][place] = mean.numpy(), squares.numpy()

    def finish(self) -> np.ndarray:
        """[N] float32: mean over positions of the population standard deviation; frees the moments."""
        moments, out = self._moments, np.zeros(self._rows, np.float32)
        for start in range(0, self._rows if moments is not None else 0, 4096):
            part = moments[1][start : start + 4096].astype(np.float64)  # type: ignore[index]
            out[start : start + 4096] = np.sqrt(part / self.count).mean(axis=1)
        self._moments = None
        if self._file is not None:
            self._file.unlink(missing_ok=True)
        return out

    def _allocated(self, positions: int) -> np.ndarray:
        if self._moments is None:
            shape = (2, self._rows, positions)
            if self._file is not None and 4 * int(np.prod(shape)) > self._in_memory:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._moments = np.lib.format.open_memmap(self._file, "w+", np.float32, shape)
            else:
                self._moments = np.zeros(shape, np.float32)
        return self._moments


def _as_slice(rows: np.ndarray) -> slice | np.ndarray:
    """Consecutive rows as a slice, which numpy does not copy."""
    consecutive = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
    return slice(int(rows[0]), int(rows[-1]) + 1) if consecutive else rows


class StageSpreads:
    """One running spread per stage of training, the same one for stages of the same epochs; it lives only while its
    epochs pass.
    """

    def __init__(
        self, rows: int, stages: Mapping[str, tuple[int, ...]], scratch: Path | None = None, memory: int | None = None
    ):
        self._stages = {name: tuple(epochs) for name, epochs in stages.items()}
        self._running: dict[tuple[int, ...], RunningSpread] = {}
        for name, epochs in self._stages.items():
            file = None if scratch is None else scratch / f"spread-{name}.npy"
            self._running.setdefault(epochs, RunningSpread(rows, file, memory))
        self._current: list[RunningSpread] = []
        self.results: dict[str, np.ndarray] = {}

    def begin(self, epoch: int) -> None:
        """The next `add` calls belong to the checkpoint after `epoch`."""
        self._current = [spread for epochs, spread in self._running.items() if epoch in epochs]
        for spread in self._current:
            spread.begin()

    def add(self, rows: np.ndarray, values: np.ndarray) -> None:
        """values [b, positions]: gradient of the logit of the label with respect to the input."""
        for spread in self._current:
            spread.add(rows, values)

    def end(self, epoch: int) -> None:
        """Close the stages whose last epoch this was."""
        for epochs, spread in self._running.items():
            if epochs and epoch == epochs[-1]:
                spreads = spread.finish()
                self.results |= {name: spreads for name, own in self._stages.items() if own == epochs}
