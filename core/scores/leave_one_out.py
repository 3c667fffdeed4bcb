"""Leave-one-out: how much the held-out fit falls when the row is removed and the classifier refitted, exactly.

    LOO_i = v(all) - v(all but i),    v = 1 - mean squared error of a ridge classifier on the frozen embedding

in closed form: the weights move by -(X'X + lambda I)^-1 x_i e_i / (1 - h_i), h_i the row's leverage. All reals, about
1 / N. HIGH helps, LOW (negative) misleads: probably labeled wrong. No sampling and no training: exact for any N. For
a deep network the effect of one row is below the noise of its seeds; for the embedding's linear classifier it is not.
Without held-out rows, five folds judge the rest, with their wrong labels. Fails: copies hide each other (removing one
of two changes nothing), and a linear classifier sees no local structure. Cook & Weisberg 1982; squared error, as
accuracy is mostly ties.
"""

from __future__ import annotations

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.ridge_game import LearnerParams, board_result, ridge_board
from core.types.methods import Direction, Group, Paper, Signal
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, ScoreResult


def _compute(inputs: ScoreInputs, params: LearnerParams, progress: Progress) -> ScoreResult:
    board = ridge_board(inputs, params, "Leave-one-out")
    total, played = np.zeros(len(board.rows)), np.zeros(len(board.rows))
    for match in track(progress, board.matches, "Leave-one-out"):
        total[match.players] += match.game.leave_one_out()
        played[match.players] += 1.0
    values = total / played
    harmful = float((values < 0).mean())
    check = AssumptionCheck(
        "green" if harmful <= 0.5 else "amber", f"Removing {harmful:.1%} of the rows would help.", "share"
    )
    return board_result(inputs, board, values, None, (check,))


LEAVE_ONE_OUT = ScoreMethod(
    name="leave_one_out",
    title="Leave-one-out",
    summary="How much the held-out fit of a linear classifier falls without the row.",
    paper=Paper("Cook & Weisberg", 1982, "Residuals and Influence in Regression", "https://hdl.handle.net/11299/37076"),
    params=LearnerParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(-1, 0, +1, -1, 0, +1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="all reals; about 1/N",
    high_means="The classifier is worse without it: helpful.",
    low_means="The classifier is better without it: misleads, probably labeled wrong.",
    cost="N x d^2 for at most 64 coordinates d; no sampling.",
)
