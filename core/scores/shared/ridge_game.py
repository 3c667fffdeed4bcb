"""The game that rows are valued in: a ridge classifier on the frozen embedding, paid by its error on the targets.

    v(S) = 1 - mean over targets ||f_S(x) - onehot(y)||^2,    f_S: ridge regression of the one-hot labels on rows S

v(empty) = 0 (nothing is predicted); 1 is perfect. It needs no iterations, so whole orders of rows are valued by one
Cholesky factor, and leaving out a row is in closed form. A squared error, unlike accuracy, is not mostly ties;
but it also punishes overshoot, so that a few targets alone may reward a wrong label (`few_targets_check`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.numerics.neighbors import first_copy
from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import fit_check, skill, training_rows_only, undefined_rows
from core.scores.shared.targets import require_rows_to_value, valued_for_check
from core.types.errors import DataError
from core.types.examples import ExampleTable
from core.types.params import param
from core.types.scores import AssumptionCheck, ScoreResult

MOST_ROWS = 1_000  # of the scores that walk along whole orders of rows
_DIMENSIONS = 64
_RIDGES = (0.1, 1.0, 10.0, 100.0)
_FOLDS = 5
_FEW_TARGETS, _ENOUGH_TARGETS = 10, 50


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

    def __init__(self, x: np.ndarray, y: np.ndarray, targets: np.ndarray, wanted: np.ndarray, ridge: float = 1.0):
        self.x, self.y, self.targets, self.wanted, self.ridge = x, y, targets, wanted, ridge
        self.spread, self.pull = (
            targets.T @ targets,
            targets.T @ wanted,
        )  # all that a squared error needs of the targets

    def __len__(self) -> int:
        return len(self.x)

    def value(self, chosen: np.ndarray) -> float:
        """v of the rows in `chosen` (positions or a mask); O(n D^2 + D^3)."""
        weights = self._weights(chosen)
        return float((weights * (2.0 * self.pull - self.spread @ weights)).sum()) / len(self.wanted)

    def accuracy(self) -> float:
        """Share of the targets whose label is predicted from all rows."""
        return float(((self.targets @ self._weights(slice(None))).argmax(1) == self.wanted.argmax(1)).mean())

    def gains(self, order: np.ndarray) -> np.ndarray:
        """[m] what each row of `order` adds to v of those before it; exact, O(m^3 / 3 + m^2 (D + C)).

        The factor of the first j rows is the leading part of the whole factor L, so with U = L^-1 X and Z = L^-1 Y the
        weights after j rows are the sum of the first j outer products u z'.
        """
        from scipy.linalg import cholesky, solve_triangular

        x, width = self.x[order], self.x.shape[1]
        factor = cholesky(x @ x.T + self.ridge * np.eye(len(x)), lower=True)
        both = solve_triangular(factor, np.hstack([x, self.y[order]]), lower=True)
        u, z = both[:, :width], both[:, width:]
        met = (u @ self.spread @ u.T) * (z @ z.T)
        linear = ((u @ self.pull) * z).sum(axis=1)
        return (2.0 * (linear - np.tril(met, -1).sum(axis=1)) - np.diag(met)) / len(self.wanted)

    def leave_one_out(self) -> np.ndarray:
        """[n] v(all) - v(all but the row), exactly: the weights move by -A^-1 x_i e_i / (1 - h_i). O(n D^2)."""
        inverse = np.linalg.inv(self.x.T @ self.x + self.ridge * np.eye(self.x.shape[1]))
        weights = inverse @ (self.x.T @ self.y)
        pulled = self.x @ inverse
        kept = 1.0 - (pulled * self.x).sum(axis=1)
        error = (self.y - self.x @ weights) / kept[:, None]
        linear = ((pulled @ (self.spread @ weights - self.pull)) * error).sum(axis=1)
        square = ((pulled @ self.spread) * pulled).sum(axis=1) * (error**2).sum(axis=1)
        return (square - 2.0 * linear) / len(self.wanted)

    def _weights(self, chosen: np.ndarray | slice) -> np.ndarray:
        x = self.x[chosen]
        return np.linalg.solve(x.T @ x + self.ridge * np.eye(x.shape[1]), x.T @ self.y[chosen])


@dataclass(frozen=True, eq=False)
class Match:
    """One game and which of the n valued rows play in it."""

    game: RidgeGame
    players: np.ndarray


@dataclass(frozen=True, eq=False)
class Board:
    """rows [n] of the table, in order of id (so that the order of the table plays no part), and their games.

    copies [n]: number of the group of identical rows with the same label. clean: the targets are held out.
    """

    rows: np.ndarray
    copies: np.ndarray
    matches: tuple[Match, ...]
    targets: int
    clean: bool
    ridge: float

    def shared(self, values: np.ndarray) -> np.ndarray:
        """`values` [..., n] with identical rows at their mean: they are interchangeable, and sampling does not know."""
        return mean_over_copies(values, self.copies)


def too_many_rows(examples: ExampleTable) -> str:
    """Why a score of whole orders of rows cannot run here; empty if it can."""
    count = len(examples.train_rows)
    if count <= MOST_ROWS:
        return ""
    return f"trains along whole orders of rows: for up to {MOST_ROWS:,} training rows, here {count:,}"


def ridge_board(inputs: ScoreInputs, params: LearnerParams, title: str) -> Board:
    """One game for the held-out rows; without any, one for each of five folds, whose rows are its targets.

    Raises `DataError` when nobody is left to value or to value for.
    """
    rows, held_out = (rows_by_id(inputs, r) for r in (inputs.examples.train_rows, inputs.examples.held_out_rows))
    clean, embedding = len(held_out) > 0, np.asarray(inputs.embedding, dtype=np.float64)
    require_rows_to_value(rows, held_out, title)
    points = _coordinates(embedding[rows], embedding)
    one_hot = np.eye(max(1, inputs.examples.class_count))
    copies = copy_groups(embedding[rows], inputs.labels[rows])
    ridge = params.ridge or best_ridge(points[rows], one_hot[inputs.labels[rows]])
    rng, matches = inputs.rng, []
    folds = [(np.arange(len(rows)), held_out)] if clean else _folds(rows, copies, rng)
    for players, judges in folds:
        if len(judges) > params.targets:
            judges = judges[np.sort(rng.choice(len(judges), params.targets, replace=False))]
        own = rows[players]
        wanted = one_hot[inputs.labels[judges]]
        game = RidgeGame(points[own], one_hot[inputs.labels[own]], points[judges], wanted, ridge)
        matches.append(Match(game, players))
    return Board(rows, copies, tuple(matches), sum(len(m.game.wanted) for m in matches), clean, ridge)


def best_ridge(x: np.ndarray, y: np.ndarray) -> float:
    """Of 0.1, 1, 10, 100 the largest whose squared error on left-out rows is within a standard error of the least.

    In closed form and without the targets. Among equals the largest, as single rows then move the weights least.
    """
    errors = []
    for ridge in _RIDGES:
        pulled = x @ np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
        missed = (y - pulled @ (x.T @ y)) / (1.0 - (pulled * x).sum(axis=1))[:, None]
        errors.append((missed**2).sum(axis=1))
    least = min(errors, key=np.mean)
    most = least.mean() + least.std() / np.sqrt(len(least))
    return max(ridge for ridge, error in zip(_RIDGES, errors, strict=True) if error.mean() <= most)


def rows_by_id(inputs: ScoreInputs, rows: np.ndarray) -> np.ndarray:
    """`rows` in order of id: what is drawn for them does not depend on the order of the table."""
    return rows[np.argsort(inputs.examples.ids[rows], kind="stable")]


def _coordinates(train: np.ndarray, every: np.ndarray) -> np.ndarray:
    """[N, D] at most 64 principal coordinates, of mean squared length 1 over `train`, and a column of ones."""
    center = train.mean(axis=0)
    axes = np.linalg.eigh((train - center).T @ (train - center) / len(train))[1][:, ::-1][:, :_DIMENSIONS]
    length = float(((train - center) ** 2).sum(axis=1).mean()) ** 0.5
    turned = (every - center) @ axes / (length or 1.0)
    return np.hstack([turned, np.ones((len(every), 1))])


def mean_over_copies(values: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """`values` [..., n] with the rows of each group of `copies` [n] at their mean."""
    count = np.bincount(copies)
    flat = values.reshape(-1, values.shape[-1])
    means = [np.bincount(copies, weights=one)[copies] / count[copies] for one in flat]
    return np.stack(means).reshape(values.shape)


def copy_groups(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """[n] number of the group of identical rows with the same label."""
    return np.unique(np.stack([first_copy(points), labels]), axis=1, return_inverse=True)[1].ravel()


def _folds(rows: np.ndarray, copies: np.ndarray, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """(players, rows that judge them): copies share a fold, so that none is judged by itself."""
    groups = int(copies.max()) + 1
    fold = (rng.permutation(groups) % min(_FOLDS, max(2, groups)))[copies]
    found = [(np.flatnonzero(fold != f), rows[fold == f]) for f in range(int(fold.max()) + 1)]
    found = [(players, judges) for players, judges in found if len(players) and len(judges)]
    if not found:
        raise DataError("All training rows are copies of one.", "Give two or more different rows, or a held-out split.")
    return found


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
    return (AssumptionCheck("red" if count < _FEW_TARGETS else "amber", text, "few targets"),)


def board_result(
    inputs: ScoreInputs,
    board: Board,
    values: np.ndarray,
    per_part: np.ndarray | None = None,
    checks: Sequence[AssumptionCheck] = (),
    meta: dict[str, Any] | None = None,
) -> ScoreResult:
    """The result for `values` [n]; per_part [B, n]: independent estimates, whose spread / sqrt(B) is the error."""
    size = len(inputs.labels)
    out, parts = np.full(size, np.nan, dtype=np.float32), None
    out[board.rows] = board.shared(values)
    if per_part is not None:
        parts = np.full((len(per_part), size), np.nan, dtype=np.float32)
        parts[:, board.rows] = board.shared(per_part)
    accuracy = float(np.mean([match.game.accuracy() for match in board.matches]))
    about = {
        "targets": board.targets,
        "targets_are": "held-out rows" if board.clean else "left-out folds",
        "ridge": board.ridge,
        "embedding": inputs.evidence.embedding_name,
        "learner_accuracy": accuracy,
    }
    fit = fit_check(accuracy, inputs.labels, "The ridge classifier")
    common = (valued_for_check(board.clean, board.targets), *few_targets_check(board.targets), fit)
    return ScoreResult(
        out,
        per_seed=parts,
        undefined=undefined_rows(training_rows_only(inputs.examples))[1],
        checks=(*common, *checks),
        skill=skill(accuracy, inputs.labels),
        meta={**about, **(meta or {})},
    )
