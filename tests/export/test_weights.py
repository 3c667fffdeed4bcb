"""Every registered weight for training: what all promise, and what each says of itself."""

import json

import numpy as np
import pytest
from exported import read_table
from oracles.small_views import view_of

from core.curation import ScoreColumn, apply_rules
from core.export import read_manifest, verify, write_export
from core.export.manifest import manifest_hash, to_text
from core.export.weights import WEIGHTS, WeightInputs, sample_weights, weight_named
from core.types.curation import Rules
from core.types.errors import RulesError
from core.types.exports import ExportOptions

LABELS = [0] * 12 + [1] * 3 + [2, -1, 1]
SPLITS = ["train"] * 17 + ["test"]


def world():
    rng = np.random.default_rng(3)
    scores = {name: _column(name, rng.random(18)) for name in ("label_quality", "cluster_rarity", "tracin")}
    scores["label_quality"].values[[1, 4]] = np.nan, 1e-9
    groups = np.array(["north", "south", ""] * 6, object)
    return view_of({"el2n": np.arange(18), **scores}, labels=LABELS, splits=SPLITS, groups=groups)


def _column(name, values):
    return ScoreColumn(name, np.array(values), "typical", "density", {})


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: weight.name)
def test_weights_are_finite_have_mean_one_and_follow_the_rows(weight):
    rows, labels = np.arange(16), np.array(LABELS[:16])
    values = weight.weigh(WeightInputs(world(), rows, labels))
    assert values.shape == (16,)
    assert (values >= 0).all()
    assert np.isfinite(values).all()
    assert values.mean() == pytest.approx(1.0, abs=1e-6)
    order = np.random.default_rng(0).permutation(16)
    np.testing.assert_allclose(weight.weigh(WeightInputs(world(), rows[order], labels[order])), values[order])


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: weight.name)
def test_an_export_says_its_weight_and_is_verified_by_it(weight, tmp_path):
    view, rules = world(), Rules()
    write_export(view, rules, {}, {}, None, tmp_path / "out", ExportOptions(sample_weight=weight.name))
    head, *records = read_table(tmp_path / "out/decisions.csv")
    cells = [record[head.index("sample_weight")] for record in records]
    assert cells[16:] == ["0.0", "0.0"]  # without a label; held out
    expected = sample_weights(view, apply_rules(view, rules, {}), weight.name)
    np.testing.assert_array_equal(np.array(cells[:16], np.float32), expected[:16])
    assert read_manifest(tmp_path / "out").get("sample_weight", WEIGHTS[0].name) == weight.name
    assert verify(tmp_path / "out", 2)[1].ok


def test_another_weight_in_the_manifest_is_found(tmp_path):
    write_export(world(), Rules(), {}, {}, None, tmp_path / "out", ExportOptions(sample_weight="uniform"))
    _edit(tmp_path / "out", "effective_number")
    assert not verify(tmp_path / "out", 2)[1].ok
    _edit(tmp_path / "out", "heavy")
    unknown = verify(tmp_path / "out", 2)[1]
    assert not unknown.ok
    assert unknown.details == ('Unknown weight "heavy".',)


def _edit(folder, name):
    manifest = json.loads((folder / "manifest.json").read_text()) | {"sample_weight": name}
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (folder / "manifest.json").write_text(to_text(manifest))


def test_the_default_is_not_named_and_an_unknown_weight_writes_nothing(tmp_path):
    write_export(world(), Rules(), {}, {}, None, tmp_path / "out")
    assert "sample_weight" not in read_manifest(tmp_path / "out")
    with pytest.raises(RulesError, match="Unknown weight"):
        write_export(world(), Rules(), {}, {}, None, tmp_path / "other", ExportOptions(sample_weight="heavy"))
    assert not (tmp_path / "other").exists()


def test_balanced_is_inverse_class_frequency_and_effective_number_has_a_bound():
    labels = np.array([0] * 2000 + [1])
    inputs = WeightInputs(world(), np.arange(2001), labels)
    balanced, effective = weight_named("balanced").weigh(inputs), weight_named("effective_number").weigh(inputs)
    assert balanced[-1] / balanced[0] == pytest.approx(2000)
    slow = sum(0.999**j for j in range(2000))  # 1 + b + b^2 + ...: the effective number of 2000 rows; of one it is 1
    assert effective[-1] / effective[0] == pytest.approx(slow)
