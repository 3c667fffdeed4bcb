"""A run's estimator file names types to be built: only those that our own estimators hold are."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from skops.io import dumps

from core.models.estimators import ESTIMATOR_FAMILIES
from core.models.family import InputShape
from core.models.stored import ESTIMATOR, load_estimator, save_estimator
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.params import params_from_dict

# scikit-learn's own: runs the text that it is given with this Python
_SCRIPT = {"__module__": "sklearn.utils._testing", "__class__": "assert_run_python_script_without_output"}


def _json(value) -> dict:
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(value)}


def _tuple(*values) -> dict:
    return {
        "__class__": "tuple",
        "__module__": "builtins",
        "__loader__": "TupleNode",
        "content": [_json(value) for value in values],
    }


def _ways(script: str) -> dict[str, dict]:
    """Each node of skops that calls, or leads to, the function a file names."""
    arguments, nothing = _tuple(script), {**_tuple(), "__class__": "tuple"}
    partial = {
        "func": {**_SCRIPT, "__loader__": "FunctionNode", "content": _SCRIPT},
        "args": arguments,
        "kwds": _json({}),
        "namespace": _json({}),
    }
    return {
        "constructor": {**_SCRIPT, "__loader__": "ConstructorFromReduceNode", "content": arguments},
        "loss": {**_SCRIPT, "__loader__": "LossNode", "__reduce__": {"args": arguments}, "content": nothing},
        "type": {**_SCRIPT, "__loader__": "TypeNode"},
        "function": {**_SCRIPT, "__loader__": "FunctionNode", "content": _SCRIPT},
        "partial": {"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode", "content": partial},
        "object": {**_SCRIPT, "__loader__": "ObjectNode", "content": _json({})},
    }


def _write(folder: Path, node: dict) -> None:
    content = io.BytesIO(dumps({}))
    with zipfile.ZipFile(content) as archive:
        schema = json.loads(archive.read("schema.json"))
    with zipfile.ZipFile(folder / ESTIMATOR, "w") as archive:
        archive.writestr("schema.json", json.dumps({**schema, **node}))


@pytest.mark.parametrize("way", _ways(""))
def test_fault_53_a_function_of_scikit_learn_is_not_called(way, tmp_path):
    canary = tmp_path / "canary"
    _write(tmp_path, _ways(f"open({str(canary)!r}, 'w').close()")[way])
    with pytest.raises(ModelError, match="Nothing was run"):
        load_estimator(tmp_path)
    assert not canary.exists()


def test_what_is_no_classifier_of_ours_or_damaged_is_said_in_words(tmp_path):
    for content, words in ((dumps([1, 2]), "holds no classifier"), (b"", "damaged"), (dumps([1])[:40], "damaged")):
        (tmp_path / ESTIMATOR).write_bytes(content)
        with pytest.raises(ModelError, match=words):
            load_estimator(tmp_path)


@pytest.mark.parametrize("family", ESTIMATOR_FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("classes", [2, 3])
def test_each_of_our_own_comes_back(family, classes, tmp_path):
    x, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % classes
    few = {name: 3 for name in ("rounds", "trees") if name in family.params.__dataclass_fields__}
    made = family.build(InputShape(Modality.TABLE, (4,)), classes, params_from_dict(family.params, few), 0).fit(x, y)
    save_estimator(tmp_path, made)
    np.testing.assert_array_equal(load_estimator(tmp_path).predict_proba(x), made.predict_proba(x))
