"""Leave-one-out: each closed form is refitting without the row; the trained network pairs its starts."""

import numpy as np
import pytest
from contracts.world import tiny_world

from core.scores import score_named
from core.scores.shared.closed_form_refits import class_mean_removals, neighbor_removals
from core.scores.shared.paired_refits import network_removals
from core.scores.shared.ridge_game import RidgeGame
from core.types.errors import CurationError
from core.types.progress import SilentProgress

METHOD = score_named("leave_one_out")


def game_of(n=14, targets=9, classes=3, seed=0, labels=None) -> RidgeGame:
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n) if labels is None else np.asarray(labels)
    x = rng.standard_normal((n, 4)) + 1.5 * np.eye(classes, 4)[y]
    one_hot = np.eye(classes)
    return RidgeGame(x, one_hot[y], rng.standard_normal((targets, 4)), one_hot[rng.integers(classes, size=targets)])


def removed_one_at_a_time(game, predict) -> np.ndarray:
    """[n] v(all) - v(all but i) by predicting afresh: v = 1 - mean squared error."""

    def value(rows):
        return 1.0 - ((predict(game.x[rows], game.y[rows], game.targets) - game.target_labels) ** 2).sum(axis=1).mean()

    every = np.arange(len(game))
    return np.array([value(every) - value(np.delete(every, i)) for i in every])


def vote(k):
    def predict(x, y, targets):
        shares = []
        for target in targets:
            order = np.argsort(((x - target) ** 2).sum(axis=1), kind="stable")[:k]
            shares.append(y[order].sum(axis=0) / k)
        return np.array(shares)

    return predict


def means_at(scale):
    def predict(x, y, targets):
        shares = []
        for target in targets:
            nearness = [
                np.exp(-((x[y[:, c] > 0].mean(axis=0) - target) ** 2).sum() / (2 * scale)) if y[:, c].any() else 0.0
                for c in range(y.shape[1])
            ]
            shares.append(np.array(nearness) / (sum(nearness) or 1.0))
        return np.array(shares)

    return predict


def spread_of(game) -> float:
    """Mean squared distance of a row to the mean of its class."""
    own = game.y.argmax(axis=1)
    centers = {c: game.x[own == c].mean(axis=0) for c in np.unique(own)}
    return float(np.mean([((x - centers[c]) ** 2).sum() for x, c in zip(game.x, own, strict=True)]))


@pytest.mark.parametrize(("n", "k"), [(14, 3), (14, 1), (6, 6), (4, 7), (1, 2)])
def test_the_next_neighbor_steps_in(n, k):
    game = game_of(n)
    # Distances are ranked in single precision, values counted in double.
    np.testing.assert_allclose(neighbor_removals(game, k), removed_one_at_a_time(game, vote(k)), atol=1e-12)


@pytest.mark.parametrize("labels", [None, [0, 1, 1, 1, 2, 2, 2], [1, 1, 1], [0, 1]])
def test_one_class_mean_moves(labels):
    game = game_of(labels=labels, n=14 if labels is None else len(labels))
    slow = removed_one_at_a_time(game, means_at(spread_of(game) or 0.5))
    # The closed form takes distances from inner products: a few units in the last place of double precision.
    np.testing.assert_allclose(class_mean_removals(game), slow, atol=1e-10)


def test_class_means_in_blocks_are_the_same(monkeypatch):
    game = game_of(30)
    whole = class_mean_removals(game)
    monkeypatch.setattr("core.scores.shared.closed_form_refits._BLOCK_CELLS", 20)
    np.testing.assert_allclose(class_mean_removals(game), whole, atol=1e-14)


def test_a_stack_of_networks_is_training_each_alone():
    """The network without row i, trained in the stack, is the one trained with only that row left out."""
    game = game_of(20)
    together = network_removals(game, 3, SilentProgress())
    alone = [network_removals(game, 3, SilentProgress(), left_out=np.array([i]))[0] for i in (0, 7, 19)]
    np.testing.assert_allclose(together[[0, 7, 19]], alone, atol=1e-9)  # sums in another order over 15 epochs


def test_a_network_is_torchs_trained_by_hand():
    import torch

    game = game_of(12)
    rng = np.random.default_rng(3)
    first = torch.tensor(rng.standard_normal((4, 1, 16))[:, 0], requires_grad=True)
    second = torch.tensor(rng.standard_normal((1, 16, 3))[0] / 4.0, requires_grad=True)
    optimizer = torch.optim.SGD([first, second], lr=0.05, momentum=0.9)
    x, y = torch.tensor(game.x), torch.tensor(game.y.argmax(axis=1))
    for _ in range(15):
        order = torch.tensor(rng.permutation(12))
        optimizer.zero_grad()
        losses = torch.nn.functional.cross_entropy(
            (x[order] @ first).relu() @ second, y[order], reduction="none"
        ) * (order != 5)  # fmt: skip
        (losses.sum() / 12).backward()
        optimizer.step()
    found = torch.softmax((torch.tensor(game.targets) @ first).relu() @ second, dim=1).detach().numpy()
    error = ((found - game.target_labels) ** 2).sum(axis=1).mean()
    every = network_removals(game, 3, SilentProgress(), left_out=np.array([5, 6]))
    both = network_removals(game, 3, SilentProgress(), left_out=np.array([5]))
    assert every[0] == pytest.approx(both[0], abs=1e-12)
    with_all = error - both[0]
    assert with_all == pytest.approx(trained_on_all(game), abs=1e-9)


def trained_on_all(game) -> float:
    """Mean squared error of the network that saw every row: a target outside `left_out` changes nothing."""
    import torch

    rng = np.random.default_rng(3)
    first = torch.tensor(rng.standard_normal((4, 1, 16))[:, 0], requires_grad=True)
    second = torch.tensor(rng.standard_normal((1, 16, 3))[0] / 4.0, requires_grad=True)
    optimizer = torch.optim.SGD([first, second], lr=0.05, momentum=0.9)
    x, y = torch.tensor(game.x), torch.tensor(game.y.argmax(axis=1))
    for _ in range(15):
        order = torch.tensor(rng.permutation(12))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy((x[order] @ first).relu() @ second, y[order]).backward()
        optimizer.step()
    found = torch.softmax((torch.tensor(game.targets) @ first).relu() @ second, dim=1).detach().numpy()
    return float(((found - game.target_labels) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("learner", ["ridge", "nearest_neighbors", "class_means", "network"])
def test_every_classifier_can_be_asked_for(learner):
    world = tiny_world()
    result = world.score(METHOD, learner=learner)
    assert result.meta["learner"] == learner
    assert np.isfinite(result.values).sum() == 45
    np.testing.assert_array_equal(world.score(METHOD, learner=learner).values, result.values)  # the same retraining
    floor = [check for check in result.checks if check.name == "noise floor"]
    assert len(floor) == (learner == "network")
    assert (result.per_seed is None) == (learner != "network")


@pytest.mark.parametrize("learner", ["nearest_neighbors", "class_means", "network"])
def test_without_held_out_rows_the_folds_judge(learner):
    result = tiny_world(held_out=0).score(METHOD, learner=learner, seeds=2)
    assert np.isfinite(result.values).sum() == 57


@pytest.mark.parametrize("learner", ["ridge", "nearest_neighbors", "class_means", "network"])
def test_wrong_labels_are_low(learner):
    rng = np.random.default_rng(0)
    truth, seen = rng.integers(3, size=60), rng.integers(3, size=60)
    wrong = rng.random(60) < 0.2
    centers = 2.0 * np.eye(3, 4)
    x, targets = (0.5 * (centers[t] + 0.6 * rng.standard_normal((60, 4))) for t in (truth, seen))
    one_hot = np.eye(3)
    game = RidgeGame(x, one_hot[np.where(wrong, (truth + 1) % 3, truth)], targets, one_hot[seen])
    values = {
        "ridge": game.leave_one_out,
        "nearest_neighbors": lambda: neighbor_removals(game, 5),
        "class_means": lambda: class_mean_removals(game),
        "network": lambda: np.mean([network_removals(game, s, SilentProgress()) for s in range(6)], axis=0),
    }[learner]()
    least = 0.7 if learner == "network" else 0.85  # the seeds' noise is as large as the effect of a row
    assert (values[wrong][:, None] < values[~wrong]).mean() >= least


def test_retraining_many_rows_is_refused_in_words(monkeypatch):
    monkeypatch.setattr("core.scores.leave_one_out.MOST_ROWS", 20)
    with pytest.raises(CurationError, match="takes too long"):
        tiny_world().score(METHOD, learner="network")
    assert tiny_world().score(METHOD, learner="class_means").values is not None
