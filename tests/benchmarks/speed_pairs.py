"""Speed of pairwise influence on W1: 1,497 training rows on 100 targets, over all layers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from core.models.network import Network
from core.training.loop import TrainingRows, train
from core.types.progress import SilentProgress
from tests.benchmarks import peers_pairs
from tests.benchmarks.comparison import Comparison, Peer
from tests.benchmarks.measure import Work
from tests.benchmarks.peers import PEERS
from tests.benchmarks.workloads import PLANS, Workload, forward_backward

TARGETS = 100
LATE = (16, 18, 20)  # epochs; the mean over late checkpoints is what reaches the quality asked for


def late_checkpoints(load: Workload, epochs: Sequence[int] = LATE) -> list[Network]:
    """One training, kept at the late epochs."""
    network, kept = load.build(0), []

    def keep(end: Any) -> None:
        if end.epoch in epochs:
            kept.append(copy.deepcopy(network).eval())

    rows, plan = np.arange(len(load)), PLANS[load.name]
    train(
        network,
        TrainingRows(load.encoded, load.labels, rows),
        seed=0,
        plan=plan,
        progress=SilentProgress(),
        on_epoch=keep,
    )
    return kept


def ours(load: Workload, networks: Sequence[Network], method: str) -> Work:
    """Our pairs [targets, N] with the mean over `networks`."""
    from core.library.influence_pairs import InfluenceSettings, influence_pairs

    rows = (load.x.numpy(), load.labels)
    targets = (load.held_out_x[:TARGETS].numpy(), load.held_out_labels[:TARGETS])
    rates = [0.1] * len(networks) if method.startswith("tracin") else None
    return lambda: influence_pairs(
        list(networks), rows, targets, settings=InfluenceSettings(method=method, learning_rates=rates)
    )


def rows(load: Workload, networks: Sequence[Network]) -> list[Comparison]:
    """One row per method; peers run at one checkpoint, as they are meant to, and so do we beside them."""
    last = networks[-1]

    def row(method: str, made: dict[str, tuple[str, Any]], checkpoints: int = 1) -> Comparison:
        alone = ours(load, networks[-checkpoints:], method)
        others = [
            Peer(name, module, PEERS[module], partial(make, load, last, TARGETS))
            for name, (module, make) in made.items()
        ]
        return Comparison(
            f"{method} pairs, {checkpoints} checkpoint{'s' * (checkpoints > 1)}",
            load.name,
            alone,
            lambda: [forward_backward(load, network, len(load)) for network in networks[-checkpoints:]],
            "forward + backward",
            peers=others,
        )

    return [
        row("ekfac", {"kronfluence": ("kronfluence", peers_pairs.kronfluence_pairs)}, len(networks)),
        row(
            "ekfac",
            {
                "kronfluence": ("kronfluence", peers_pairs.kronfluence_pairs),
                "pyDVL": ("pydvl", peers_pairs.pydvl_pairs),
            },
        ),
        row("gauss_newton", {"kronfluence": ("kronfluence", peers_pairs.kronfluence_pairs)}),
        row("datainf", {"dattri": ("dattri", peers_pairs.dattri_datainf)}),
        row(
            "tracin",
            {"captum": ("captum", peers_pairs.captum_tracin), "dattri": ("dattri", peers_pairs.dattri_tracin)},
        ),
        row("trak", {"traker": ("trak", peers_pairs.traker_pairs)}),
    ]
