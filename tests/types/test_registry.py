"""Every registry refuses a name that is not there in the same words, and names the nearest one."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.attributions.registry import attribution_named
from core.composite import normalise
from core.curation import preset_named
from core.embeddings import cluster, project
from core.export.weights import weight_named
from core.models import model_named
from core.runs.plan.prepare import check_spec
from core.scores import score_named
from core.scores.shared.last_layer.solvers import build_solver
from core.selection import strategy_named
from core.types.errors import CurationError, RulesError
from core.types.examples import Modality
from core.types.registry import check_name, find
from core.types.runs import RunSpec, TrainingSpec

ENTRIES = (SimpleNamespace(name="el2n"), SimpleNamespace(name="margin"))
VECTORS = np.zeros((4, 2), np.float32)


def test_an_entry_is_found_by_its_name_alone():
    assert find("margin", ENTRIES, "score") is ENTRIES[1]
    with pytest.raises(RulesError, match='Unknown score "el2m"') as caught:
        find("el2m", ENTRIES, "score", RulesError)
    assert caught.value.hint == 'Did you mean "el2n"? Available: el2n, margin.'
    with pytest.raises(CurationError) as caught:
        check_name("nothing alike", [], "thing", also="module:factory")
    assert caught.value.hint == "Available: none, or module:factory."


@pytest.mark.parametrize(
    ("look_up", "name", "meant"),
    [
        (score_named, "el2m", "el2n"),
        (attribution_named, "oclusion", "occlusion"),
        (preset_named, "remove_label_error", "remove_label_errors"),
        (strategy_named, "uniforn", "uniform"),
        (weight_named, "balance", "balanced"),
        (lambda name: project(name, VECTORS), "umpa", "umap"),
        (lambda name: cluster(name, VECTORS), "kmean", "kmeans"),
        (lambda name: model_named(name, Modality.IMAGE), "small_cn", "small_cnn"),
        (lambda name: normalise(VECTORS[:, 0], name), "probt", "probit"),
        (lambda name: build_solver(None, VECTORS, name, 0, None), "lisa", "lissa"),
        (lambda name: check_spec(RunSpec("digits", training=TrainingSpec(model=name))), "resnets", "resnet"),
    ],
)
def test_every_registry_says_it_alike(look_up, name, meant):
    with pytest.raises(CurationError, match=f'^Unknown .*"{name}"') as caught:
        look_up(name)
    assert caught.value.hint.startswith(f'Did you mean "{meant}"? Available: ')
