"""The game that rows are valued in: a ridge classifier on the frozen embedding, paid by its error on the targets.

    v(S) = 1 - mean over targets ||f_S(x) - onehot(y)||^2,    f_S: ridge regression of the one-hot labels on rows S

v(empty) = 0 (nothing is predicted); 1 is perfect. It needs no iterations, so whole orders of rows are valued by one
Cholesky factor, and leaving out a row is in closed form. A squared error, unlike accuracy, is not mostly ties;
but it also punishes overshoot, so that a few targets alone may reward a wrong label (`few_targets_check`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Integer, Shaped

from core.numerics.neighbors import first_copy
from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import fit_check, skill, training_rows_only, undefined_rows
from core.scores.shared.semivalues import Sampled, error_check, sample_orders
from core.scores.shared.targets import require_rows_to_value, valued_for_check
from core.types.errors import CurationError, DataError
from core.types.examples import ExampleTable
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult

MOST_ROWS = 1_000  # of the scores that walk along whole orders of rows
_DIMENSIONS = 64  # an order of 1,000 rows costs N^2 D: more would take longer than the factor itself
_RIDGES = (0.1, 1.0, 10.0, 100.0)  # in rows of mean length: from hardly any to most of the weights
_FOLDS = 5  # each judged by a fifth of the rows, as is usual in cross-validation
_FEW_TARGETS, _ENOUGH_TARGETS = 10, 50  # see `few_targets_check`


@dataclass(frozen=True)
class LearnerParams:
    """Settings of the classifier that rows are valued for."""

    ridge: float = param(
        0.0,
        label="Ridge",
        low=0.0,
        help="In rows of mean length. 0: of 0.1, 1, 10, 100 what predicts left-out training rows.",
    )
    targets: int = param(10_000, label="Targets at most", low=1, help="A random sample is used when there are more.")


class RidgeGame:
    """Players are rows x [n, D] with one-hot labels y [n, C]; targets likewise. All float64."""

    empty = 0.0

    def __init__(
        self,
        x: Float[np.ndarray, "row feature"],
        y: Float[np.ndarray, "row class"],
        targets: Float[np.ndarray, "target feature"],
        target_labels: Float[np.ndarray, "target class"],
        ridge: float = 1.0,
    ):
        self.x, self.y, self.targets, self.target_labels, self.ridge = x, y, targets, target_labels, ridge
        self._shrinkage = ridge * np.eye(x.shape[1])
        # All that a squared error needs of the targets: T'T [D, D] and T'Y [D, C].
        self.gram, self.moment = targets.T @ targets, targets.T @ target_labels

    def __len__(self) -> int:
        return len(self.x)

    def value(self, chosen: Shaped[np.ndarray, " _"]) -> float:
        """v of the rows in `chosen` (positions or a mask); O(n D^2 + D^3)."""
        x = self.x[chosen]  # inline: sampling asks for thousands of sets
        weights = np.linalg.solve(x.T @ x + self._shrinkage, x.T @ self.y[chosen])
        return float((weights * (2.0 * self.moment - self.gram @ weights)).sum()) / len(self.target_labels)

    def accuracy(self) -> float:
        """Share of the targets whose label is predicted from all rows."""
        weights = np.linalg.solve(self.x.T @ self.x + self._shrinkage, self.x.T @ self.y)
        return float(((self.targets @ weights).argmax(1) == self.target_labels.argmax(1)).mean())

    def gains(self, order: Integer[np.ndarray, " place"]) -> Float64[np.ndarray, " place"]:
        """[m] what each row of `order` adds to v of those before it; exact, O(m^3 / 3 + m^2 (D + C)).

        The factor of the first j rows is the leading part of the whole factor L, so with U = L^-1 X and Z = L^-1 Y the
        weights after j rows are the sum of the first j outer products u z'.
        """
        from scipy.linalg import cholesky, solve_triangular

        x, width = self.x[order], self.x.shape[1]
        factor = cholesky(x @ x.T + self.ridge * np.eye(len(x)), lower=True)
        both = solve_triangular(factor, np.hstack([x, self.y[order]]), lower=True)
        u, z = both[:, :width], both[:, width:]
        overlap = (u @ self.gram @ u.T) * (z @ z.T)
        linear = ((u @ self.moment) * z).sum(axis=1)
        return (2.0 * (linear - np.tril(overlap, -1).sum(axis=1)) - np.diag(overlap)) / len(self.target_labels)

    def leave_one_out(self) -> Float64[np.ndarray, " row"]:
        """[n] v(all) - v(all but the row), exactly: the weights move by -A^-1 x_i e_i / (1 - h_i). O(n D^2)."""
        inverse = np.linalg.inv(self.x.T @ self.x + self._shrinkage)
        weights = inverse @ (self.x.T @ self.y)
        solved = self.x @ inverse
        leverage = (solved * self.x).sum(axis=1)
        error = (self.y - self.x @ weights) / (1.0 - leverage)[:, None]
        linear = ((solved @ (self.gram @ weights - self.moment)) * error).sum(axis=1)
        square = ((solved @ self.gram) * solved).sum(axis=1) * (error**2).sum(axis=1)
        return (square - 2.0 * linear) / len(self.target_labels)


@dataclass(frozen=True, eq=False)
class SubGame:
    """A game and the n' of the n valued rows that are its players."""

    game: RidgeGame
    players: Integer[np.ndarray, " player"]


@dataclass(frozen=True, eq=False)
class RidgeGames:
    """rows [n] of the table, in order of id (so that the order of the table plays no part), and their games.

    copies [n]: number of the group of identical rows with the same label. held_out: the targets are.
    """

    rows: Integer[np.ndarray, " row"]
    copies: Integer[np.ndarray, " row"]
    subgames: tuple[SubGame, ...]
    targets: int
    held_out: bool
    ridge: float

    def shared(self, values: Float[np.ndarray, "... row"]) -> Float[np.ndarray, "... row"]:
        """`values` [..., n] with identical rows at their mean: they are interchangeable, and sampling does not know."""
        return mean_over_copies(values, self.copies)


def too_many_rows(examples: ExampleTable) -> str:
    """Why a score of whole orders of rows cannot run here; empty if it can."""
    count = len(examples.train_rows)
    if count <= MOST_ROWS:
        return ""
    return f"trains along whole orders of rows: for up to {MOST_ROWS:,} training rows, here {count:,}"


def ridge_games(inputs: ScoreInputs, params: LearnerParams, title: str) -> RidgeGames:
    """One game for the held-out rows; without any, one for each of five folds, whose rows are its targets.

    Raises `DataError` when nobody is left to value or to value for.
    """
    rows, held_out = (rows_by_id(inputs, r) for r in (inputs.examples.train_rows, inputs.examples.held_out_rows))
    held_out_targets, embedding = len(held_out) > 0, np.asarray(inputs.embedding, dtype=np.float64)
    require_rows_to_value(rows, held_out, title)
    points = _coordinates(embedding[rows], embedding)
    one_hot = np.eye(max(1, inputs.examples.class_count))
    copies = copy_groups(embedding[rows], inputs.labels[rows])
    ridge = params.ridge or best_ridge(points[rows], one_hot[inputs.labels[rows]])
    rng, subgames = inputs.rng, []
    folds = [(np.arange(len(rows)), held_out)] if held_out_targets else _folds(rows, copies, rng)
    for players, judges in folds:
        if len(judges) > params.targets:
            judges = judges[np.sort(rng.choice(len(judges), params.targets, replace=False))]
        own = rows[players]
        target_labels = one_hot[inputs.labels[judges]]
        game = RidgeGame(points[own], one_hot[inputs.labels[own]], points[judges], target_labels, ridge)
        subgames.append(SubGame(game, players))
    targets = sum(len(one.game.target_labels) for one in subgames)
    return RidgeGames(rows, copies, tuple(subgames), targets, held_out_targets, ridge)


def best_ridge(x: Float[np.ndarray, "row feature"], y: Float[np.ndarray, "row class"]) -> float:
    """Of 0.1, 1, 10, 100 the largest whose squared error on left-out rows is within a standard error of the least.

    In closed form and without the targets. Among equals the largest, as single rows then move the weights least.
    """
    errors = []
    for ridge in _RIDGES:
        solved = x @ np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
        residual = (y - solved @ (x.T @ y)) / (1.0 - (solved * x).sum(axis=1))[:, None]
        errors.append((residual**2).sum(axis=1))
    least = min(errors, key=np.mean)
    most = least.mean() + least.std() / np.sqrt(len(least))
    return max(ridge for ridge, error in zip(_RIDGES, errors, strict=True) if error.mean() <= most)


def rows_by_id(inputs: ScoreInputs, rows: Integer[np.ndarray, " row"]) -> Integer[np.ndarray, " row"]:
    """`rows` in order of id: what is drawn for them does not depend on the order of the table."""
    return rows[np.argsort(inputs.examples.ids[rows], kind="stable")]


def _coordinates(
    train: Float[np.ndarray, "row feature"], every: Float[np.ndarray, "example feature"]
) -> Float64[np.ndarray, "example coordinate"]:
    """[N, D] at most 64 principal coordinates, of mean squared length 1 over `train`, and a column of ones."""
    center = train.mean(axis=0)
    axes = np.linalg.eigh((train - center).T @ (train - center) / len(train))[1][:, ::-1][:, :_DIMENSIONS]
    length = float(((train - center) ** 2).sum(axis=1).mean()) ** 0.5
    coordinates = (every - center) @ axes / (length or 1.0)
    return np.hstack([coordinates, np.ones((len(every), 1))])


def mean_over_copies(
    values: Float[np.ndarray, "... row"], copies: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, "... row"]:
    """`values` [..., n] with the rows of each group of `copies` [n] at their mean."""
    count = np.bincount(copies)
    flat = values.reshape(-1, values.shape[-1])
    means = [np.bincount(copies, weights=one)[copies] / count[copies] for one in flat]
    return np.stack(means).reshape(values.shape)


def copy_groups(
    points: Float[np.ndarray, "row feature"], labels: Integer[np.ndarray, " row"]
) -> Integer[np.ndarray, " row"]:
    """[n] number of the group of identical rows with the same label."""
    return np.unique(np.stack([first_copy(points), labels]), axis=1, return_inverse=True)[1].ravel()


def _folds(
    rows: Integer[np.ndarray, " row"], copies: Integer[np.ndarray, " row"], rng: np.random.Generator
) -> list[tuple[Integer[np.ndarray, " _"], Integer[np.ndarray, " _"]]]:
    """(players, rows that judge them): copies share a fold, so that none is judged by itself."""
    groups = int(copies.max()) + 1
    fold = (rng.permutation(groups) % min(_FOLDS, max(2, groups)))[copies]
    pairs = [(np.flatnonzero(fold != f), rows[fold == f]) for f in range(int(fold.max()) + 1)]
    pairs = [(players, judges) for players, judges in pairs if len(players) and len(judges)]
    if not pairs:
        raise DataError("All training rows are copies of one.", "Give two or more different rows, or a held-out split.")
    return pairs


def few_targets_check(count: int) -> tuple[AssumptionCheck, ...]:
    """A light where so few targets judge that overshoot speaks louder than harm (AUROC of flipped labels by
    leave-one-out on overlapping classes: .52 for 1 target, .63 for 10, .68 for 50, .72 for 120).
    """
    if count >= _ENOUGH_TARGETS:
        return ()
    text = (
        f"Few targets ({count}): squared error also punishes being surer than a target's label asks, so that a wrong "
        f"label can look helpful. {_ENOUGH_TARGETS} or more are advised."
    )
    return (AssumptionCheck(Light.RED if count < _FEW_TARGETS else Light.AMBER, text, "few targets"),)


def value_orders(
    inputs: ScoreInputs,
    params: LearnerParams,
    orders: int,
    title: str,
    progress: Progress,
    *,
    weights: Callable[[int], Float[np.ndarray, " place"]] | None = None,
    truncation: float = 0.0,
) -> tuple[RidgeGames, Sampled]:
    """The games and the values of their rows over random orders; see `sample_orders`.

    Raises `CurationError` for more rows than an order can be valued of, `DataError` without rows or targets.
    """
    games = ridge_games(inputs, params, title)
    if why := too_many_rows(inputs.examples):
        raise CurationError(f"{title} {why}.", "Use a valuation by nearest neighbors, which takes any number of rows.")
    return games, sample_orders(
        games.subgames,
        orders,
        len(games.rows),
        inputs.rng,
        weights=weights,
        truncation=truncation,
        progress=progress,
        title=title,
    )


def sampled_result(inputs: ScoreInputs, games: RidgeGames, sampled: Sampled, meta: dict[str, Any]) -> ScoreResult:
    """The result for sampled values, with their error from the independent parts."""
    parts = games.shared(sampled.parts)
    return valuation_result(inputs, games, sampled.values, parts, (error_check(parts),), meta)


def valuation_result(
    inputs: ScoreInputs,
    games: RidgeGames,
    values: Float[np.ndarray, " row"],
    per_part: Float[np.ndarray, "part row"] | None = None,
    checks: Sequence[AssumptionCheck] = (),
    meta: dict[str, Any] | None = None,
) -> ScoreResult:
    """The result for `values` [n]; per_part [B, n]: independent estimates, whose spread / sqrt(B) is the error."""
    size = len(inputs.labels)
    out, parts = np.full(size, np.nan, dtype=np.float32), None
    out[games.rows] = games.shared(values)
    if per_part is not None:
        parts = np.full((len(per_part), size), np.nan, dtype=np.float32)
        parts[:, games.rows] = games.shared(per_part)
    accuracy = float(np.mean([one.game.accuracy() for one in games.subgames]))
    about = {
        "targets": games.targets,
        "targets_are": "held-out rows" if games.held_out else "left-out folds",
        "ridge": games.ridge,
        "embedding": inputs.evidence.embedding_name,
        "learner_accuracy": accuracy,
    }
    fit = fit_check(accuracy, inputs.labels, "The ridge classifier")
    common = (valued_for_check(games.held_out, games.targets), *few_targets_check(games.targets), fit)
    return ScoreResult(
        out,
        per_seed=parts,
        undefined=undefined_rows(training_rows_only(inputs.examples))[1],
        checks=(*common, *checks),
        skill=skill(accuracy, inputs.labels),
        meta={**about, **(meta or {})},
    )
