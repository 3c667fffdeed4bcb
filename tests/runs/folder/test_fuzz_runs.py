"""The JSON of a run folder, edited or cut: what is read is what the run wrote, or it is refused in words."""

import json
import resource

import pytest
from fuzzing import cases, edited, in_time, json_bytes, mutated
from hypothesis import given
from worlds import write_table

from core import actions
from core.models.stored import load_card
from core.runs.check.check_files import read_asked_check
from core.types.errors import CurationError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

FILES = ("spec.json", "run.json", "scores/scores.json", "model/model.json", "model/encoder/encoder.json",
         "check/{key}/asked.json", "check/{key}/result.json")  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(run folder with a finished check, its table, key of the check)."""
    source, _ = write_table(tmp_path_factory.mktemp("table"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(tmp_path_factory.mktemp("home")))
        training = TrainingSpec(epochs=1, seeds=1, checkpoints=1)
        spec = RunSpec(str(source), scores=("tracin_self", "knn_distance"), training=training, map=False, threads=1)
        run = actions.runs.run_here(spec, tmp_path_factory.mktemp("runs") / "r", SilentProgress())
        rules = actions.rules.default_rules(actions.scores.score_view(run))
        actions.checks.check_here(run, rules, {}, "quick", (), 4, SilentProgress())
    (key,) = (path.parent.name for path in run.path.glob("check/*/asked.json"))
    return run.path, actions.scores.scores_table(run), key


def everything(folder):
    """What a person's commands and pages read of a run; its table."""
    run = actions.runs.open_run(folder)
    said = (run.name, run.modality.value, run.state().value, [f.text for f in run.report], dict(run.failures))
    json.dumps(said).encode()
    view = actions.scores.score_view(run)
    actions.checks.check_results(run)
    actions.checks.self_test_result(run)
    actions.explanations.attribution_methods(run)
    load_card(folder / "model")
    for asked in folder.glob("check/*/asked.json"):
        read_asked_check(asked)
    actions.explanations.influential_examples(run, 3)
    actions.runs.plan_scores(run.spec, run.examples)
    actions.rules.default_rules(view)
    return actions.scores.scores_table(run)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("way", ["edited", "mutated"])
def test_edited_json_is_refused_in_words_or_changes_no_number(made, file, way):
    folder, table, key = made
    path = folder / file.format(key=key)
    original = path.read_bytes()
    source = edited([json.loads(original)]).map(json_bytes) if way == "edited" else mutated([original])
    outcomes = []

    @cases(12)
    @given(source)
    def holds(data):
        path.write_bytes(data)
        try:
            with in_time():
                read = everything(folder)
        except CurationError as refusal:
            outcomes.append(refusal)
            return
        shared = [name for name in table.columns if name in read.columns]
        assert {"example_id", "label", "source_index"} <= set(shared)
        assert read[shared].equals(table[shared])
        outcomes.append(None)

    try:
        holds()
    finally:
        path.write_bytes(original)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    refusals = [refusal for refusal in outcomes if refusal is not None]
    print(f"{file}, {way}: {len(outcomes)} cases, {len(refusals)} refused, {megabytes:.0f} MB at most")
    assert all(refusal.hint and refusal.lines().encode() for refusal in refusals)
    assert everything(folder).equals(table)
