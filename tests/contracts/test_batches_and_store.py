"""Passes, disk and memory: the batch size plays no part, the store changes nothing, nobody holds all pairs."""

import json
import tracemalloc
from dataclasses import asdict, replace

import numpy as np
import pytest
from contracts.world import table, tiny_world
from training.tiny_worlds import columns

from core.scores import SCORES
from core.store.index import open_index, write_index
from core.store.shards import id_column, read_shards, write_shards
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.progress import SilentProgress
from core.types.signals import Signal
from core.types.trace import Checkpoint, TrainingTrace

TAKEN = frozenset({Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD})
FROM_A_PASS = [m for m in SCORES if set(m.needs) <= TAKEN | {Signal.FOLD_MODELS}]
EPOCHS = 3


@pytest.fixture(scope="module")
def networks():
    """One small network and its encoded rows, with the weights after each of three epochs."""
    from core.models import model_named
    from core.models.encoding import fit_encoder
    from core.training.loop import TrainingRows, train
    from core.training.plan import TrainingPlan

    examples = columns(60, held_out=12)
    encoder = fit_encoder(examples, examples.train_rows)
    encoded = encoder.encode(examples)
    family = model_named("mlp", examples.modality)
    network = family.build(encoder.shape, examples.class_count, family.params(), 0)
    kept = []

    def keep(end):
        kept.append({key: value.clone() for key, value in network.state_dict().items()})

    plan = TrainingPlan(EPOCHS, batch_size=16, learning_rate=0.1)
    rows = TrainingRows(encoded, examples.labels, examples.train_rows)
    train(network, rows, seed=0, plan=plan, progress=SilentProgress(), on_epoch=keep)
    return examples, encoded, network, kept


def evidence_of(networks, batch) -> Evidence:
    """All signals of the three checkpoints, taken in batches of this size."""
    from core.training.passes import PassOutputs, PassSettings, run_pass
    from core.training.spread import StageSpreads

    examples, encoded, network, kept = networks
    spreads, seen, logits = StageSpreads(60, {"late": (1, 2, 3), "early": (1, 2, 3)}), [], []
    for epoch, weights in enumerate(kept, start=1):
        network.load_state_dict(weights)
        spreads.begin(epoch)
        into, settings = PassOutputs(input_gradients=spreads.add), PassSettings(batch=batch)
        found = run_pass(
            network, encoded, examples.labels, TAKEN, progress=SilentProgress(), into=into, settings=settings
        )
        spreads.end(epoch)
        logits.append(found.logits)
        seen.append(
            CheckpointEvidence(Checkpoint(0, epoch, 0.1), found.logits, found.features, np.asarray(found.gradient_norm))
        )
    trained = np.isin(np.arange(60), examples.train_rows)
    trace = TrainingTrace(np.stack(logits)[None], (0,), (1, 2, 3), (0.1,) * 3, trained)
    spread = {name: values[None] for name, values in spreads.results.items()}
    return Evidence(trace, tuple(seen), spread, dict.fromkeys(spread, (1, 2, 3)), weight_decay=1e-3)


@pytest.fixture(scope="module")
def taken(networks):
    return {batch: evidence_of(networks, batch) for batch in (1, 7, 60)}


@pytest.mark.parametrize("method", FROM_A_PASS, ids=lambda m: m.name)
def test_one_row_a_batch_is_seven_rows_a_batch(method, networks, taken):
    from core.scores import ScoreInputs

    values = {
        batch: method.compute(
            ScoreInputs(networks[0], evidence, method.needs), method.params(), SilentProgress()
        ).values
        for batch, evidence in taken.items()
    }
    for batch in (1, 7):
        # Single-precision products in another order: six digits of what the signals measure.
        scale = np.nanmax(np.abs(values[60]))
        np.testing.assert_allclose(values[batch], values[60], rtol=2e-4, atol=2e-5 * scale)


@pytest.mark.parametrize("method", SCORES, ids=lambda m: m.name)
def test_disk_gives_back_what_was_computed(method, tmp_path):
    from core.runs.execute.stages import _about

    world = tiny_world()
    result = world.score(method)
    shards = write_shards(tmp_path, world.examples.ids, result.values, result.standard_deviation, shard_rows=25)
    values, spread = read_shards(tmp_path, json.loads(json.dumps(shards)), id_column(world.examples.ids))
    np.testing.assert_array_equal(values, result.values)
    if result.standard_deviation is None:
        assert spread is None
    else:
        np.testing.assert_array_equal(spread, result.standard_deviation)
    about = _about(method, result)
    assert json.loads(json.dumps(about, allow_nan=False)) == about
    assert json.loads(json.dumps(asdict(method.params()), allow_nan=False)) == asdict(method.params())
    noted = write_index(tmp_path, method.name, result.values, world.examples)
    index = open_index(tmp_path, method.name, lambda: result.values, world.examples, noted)
    finite = np.isfinite(result.values).sum()
    np.testing.assert_array_equal(np.sort(result.values[index.order[:finite]]), np.sort(result.values)[:finite])


ROWS = 6_000
MOST_BYTES = 64 * 2**20  # blocks are about 32 MB; a single-precision table of all pairs would be 144 MB
CHEAPER = {
    "gradient_shapley": {"orders": 5, "targets": 10, "learning_rate": 0.1},
    "memorization": {"subsets": 50},
    "banzhaf": {"sets": 10},
}


@pytest.fixture(scope="module")
def many():
    return tiny_world(n=ROWS, held_out=200, unlabeled=0)


@pytest.mark.parametrize("method", SCORES, ids=lambda m: m.name)
def test_no_score_holds_a_table_of_all_pairs(method, many):
    if method.why_not and method.why_not(many.examples):
        pytest.skip(method.why_not(many.examples))
    settings = CHEAPER.get(method.name, {})
    tiny_world().score(method, **settings)  # what it imports is not its memory
    tracemalloc.start()
    try:
        many.score(method, **settings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= MOST_BYTES, f"{peak / 1e6:.0f} MB for {ROWS} rows"


def test_an_unlabeled_world_is_no_reason_to_be_silent():
    """Scores of the inputs alone have every row, whatever the labels."""
    world = tiny_world()
    bare = replace(world, examples=table(np.full(60, -1), world.examples.splits, 3))
    for method in SCORES:
        if not method.needs_labels and not method.also_needs:
            assert np.isfinite(bare.score(method).values).sum() >= 48
