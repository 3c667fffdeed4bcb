"""Sampling semivalues: sum_j w_j x (mean gain of joining a random set of j others), for any game.

Every estimate is unbiased but for an asked-for truncation, and comes in independent parts, which give its error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from core.types.progress import Progress, SilentProgress, track
from core.types.scores import AssumptionCheck, Light

PARTS = 5  # independent parts of every estimate
_PATIENCE = 5  # prefixes in a row close to the whole, before the rest of an order counts as nothing
_NEGLIGIBLE = 1e-6  # of the weight: positions beyond are not valued


class Game(Protocol):
    """Values sets of its players 0..n-1."""

    empty: float

    def __len__(self) -> int: ...

    def value(self, chosen: Bool[np.ndarray, " player"]) -> float:
        """Of the players in a bool mask [n]."""

    def gains(self, order: Integer[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
        """[m] what each player of `order` adds to those before it."""


class Playing(Protocol):
    """A game among some of the valued rows."""

    @property
    def game(self) -> Game: ...

    @property
    def players(self) -> Integer[np.ndarray, " player"]: ...


@dataclass(frozen=True, eq=False)
class Sampled:
    """values [n]; parts [PARTS, n] independent estimates; evaluated: mean share of an order before truncation."""

    values: Float[np.ndarray, " row"]
    parts: Float[np.ndarray, "part row"]
    evaluated: float = 1.0


def position_weights(n: int, alpha: float, beta: float) -> Float64[np.ndarray, " place"]:
    """[n] w_j of Beta(alpha, beta) for sets of j = 0..n-1 others, summing to 1; (1, 1) is Shapley's 1 / n."""
    from scipy.special import betaln

    j = np.arange(n)
    ways = -np.log(n) - betaln(j + 1.0, n - j)  # log of (n - 1 choose j)
    return np.exp(ways + betaln(j + beta, n - 1 - j + alpha) - betaln(alpha, beta))


def sample_orders(
    subgames: Sequence[Playing],
    count: int,
    n: int,
    rng: np.random.Generator,
    *,
    weights: Callable[[int], Float[np.ndarray, " place"]] | None = None,
    truncation: float = 0.0,
    progress: Progress | None = None,
    title: str = "Orders",
) -> Sampled:
    """Mean weighted gain of each of n rows over `count` random orders of each game's players (made up to PARTS).

    weights(m) [m] sum to 1 over the positions of an order; None weighs all alike (Shapley). truncation: gains count
    as 0 after more than five prefixes in a row within this share of v(all).
    """
    rounds = PARTS * max(1, round(count / (PARTS * len(subgames))))
    total, played, evaluated = np.zeros((PARTS, n)), np.zeros((PARTS, n)), []
    steps = [(r % PARTS, subgame) for r in range(rounds) for subgame in subgames]
    for part, subgame in track(progress or SilentProgress(), steps, f"{title}: {len(steps)} orders of {n:,} rows"):
        size = len(subgame.players)
        scale = np.ones(size) if weights is None else size * weights(size)
        reach = size - int(np.searchsorted(scale[::-1].cumsum(), _NEGLIGIBLE * size, side="right"))
        order = rng.permutation(size)[: max(1, reach)]
        gains = subgame.game.gains(order)
        if truncation > 0:
            evaluated.append(_truncate(gains, subgame.game.empty, truncation) / size)
        total[part, subgame.players[order]] += gains * scale[: len(order)]
        played[part, subgame.players] += 1.0
    parts = total / np.maximum(played, 1.0)
    return Sampled(parts.mean(axis=0), parts, float(np.mean(evaluated)) if evaluated else 1.0)


def _truncate(gains: Float[np.ndarray, " place"], empty: float, share: float) -> int:
    """Set the gains after the truncation to 0, in place; how many are left."""
    values = empty + gains.cumsum()
    close = np.abs(values - values[-1]) <= share * abs(values[-1])
    run = 0
    for position, near in enumerate(close):
        run = run + 1 if near else 0
        if run > _PATIENCE:
            gains[position + 1 :] = 0.0
            return position + 1
    return len(gains)


def sample_halves(
    subgames: Sequence[Playing],
    count: int,
    n: int,
    rng: np.random.Generator,
    *,
    progress: Progress | None = None,
    title: str = "Halves",
) -> Sampled:
    """Banzhaf by maximum sample reuse: every fair random set and its complement update all rows.

    Value: mean v over the sets with the row minus mean v over those without. As each row is in exactly one of a set
    and its complement, both means are over equally many sets, none is ever empty, and the estimate is unbiased.
    """
    rounds = PARTS * max(1, round(count / (2 * PARTS * len(subgames))))
    total, played = np.zeros((PARTS, n)), np.zeros((PARTS, n))
    steps = [(r % PARTS, subgame) for r in range(rounds) for subgame in subgames]
    for part, subgame in track(progress or SilentProgress(), steps, f"{title}: {2 * len(steps):,} sets of {n:,} rows"):
        inside = rng.random(len(subgame.players)) < 0.5
        difference = subgame.game.value(inside) - subgame.game.value(~inside)
        total[part, subgame.players] += np.where(inside, difference, -difference)
        played[part, subgame.players] += 1.0
    parts = total / np.maximum(played, 1.0)
    return Sampled(parts.mean(axis=0), parts)


def error_check(parts: Float[np.ndarray, "part row"]) -> AssumptionCheck:
    """How large is the standard error of the estimate beside the spread between rows?"""
    error = float(np.sqrt((parts.var(axis=0, ddof=1) / len(parts)).mean()))
    spread = float(parts.mean(axis=0).std())
    share = error / spread if spread > 0 else float(error > 0)
    light = Light.GREEN if share <= 0.3 else Light.AMBER if share <= 0.7 else Light.RED
    advice = "" if light == Light.GREEN else " More samples make it smaller."
    return AssumptionCheck(
        light, f"The standard error of a value is {share:.0%} of the spread between rows.{advice}", "error"
    )
