"""Atomic writes, shards and indexes: what was written comes back, what was damaged is named."""

import errno
import os

import numpy as np
import pytest

from core.store import atomic
from core.store.atomic import read_json, write_array, write_bytes, write_json, write_with
from core.store.checkpoints import read_weights, write_weights
from core.store.index import build_index
from core.store.shards import id_column, read_shards, shards_agree, write_shards
from core.store.workspace import workspace_root
from core.types.errors import ModelError, RunError
from core.types.scores import BINS


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_bytes(tmp_path / "a", b"old")

    def half(file):
        file.write(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_with(tmp_path / "a", half)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_full_disk_is_told_in_words(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(RunError, match="disk is full"):
        write_bytes(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_told_in_words(tmp_path, monkeypatch):
    def refused(**_kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(atomic.tempfile, "mkstemp", refused)
    with pytest.raises(RunError, match="cannot be written"):
        write_bytes(tmp_path / "a", b"x")


def test_json_refuses_nan_and_names_a_damaged_file(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    (tmp_path / "b.json").write_text('{"x": ')
    with pytest.raises(RunError, match=r"b\.json is damaged"):
        read_json(tmp_path / "b.json")


def _ids(rows=1_000):
    return np.array([f"id-{i}" for i in range(rows)])


def _written(folder, rows=1_000, shard_rows=300):
    ids = _ids(rows)
    values = np.random.default_rng(0).normal(size=rows).astype(np.float32)
    values[::7] = np.nan
    return values, write_shards(folder, ids, values, np.abs(values), shard_rows)


def test_shards_come_back_bit_for_bit(tmp_path):
    values, manifest = _written(tmp_path)
    assert len(manifest) == 4
    read, spread = read_shards(tmp_path, manifest, id_column(_ids()))
    np.testing.assert_array_equal(read, values)
    np.testing.assert_array_equal(spread, np.abs(values))
    assert not read.flags.writeable


def test_a_flipped_byte_is_an_error_that_names_the_file(tmp_path):
    _, manifest = _written(tmp_path)
    path = tmp_path / manifest[2]["file"]
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert not shards_agree(tmp_path, manifest, id_column(_ids()))
    with pytest.raises(RunError, match=r"part-00002\.parquet"):
        read_shards(tmp_path, manifest, id_column(_ids()))


def test_the_page_checksum_finds_the_byte_even_when_the_manifest_was_changed_too(tmp_path):
    """A byte flipped before the hash was taken: only the page checksum can tell."""
    _, manifest = _written(tmp_path, rows=5_000, shard_rows=5_000)
    path = tmp_path / manifest[0]["file"]
    content = bytearray(path.read_bytes())
    content[200] ^= 1  # inside the first data page
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged"):
        read_shards(tmp_path, [{**manifest[0], "sha256": atomic.sha256_of(path)}], id_column(_ids(5_000)))


def test_a_missing_shard_is_named(tmp_path):
    _, manifest = _written(tmp_path)
    (tmp_path / manifest[1]["file"]).unlink()
    with pytest.raises(RunError, match=r"part-00001\.parquet is missing"):
        read_shards(tmp_path, manifest, id_column(_ids()))


def test_the_index_answers_as_a_scan_does():
    rng = np.random.default_rng(1)
    values = rng.normal(size=2_000).astype(np.float32)
    values[rng.random(2_000) < 0.1] = np.nan
    labels = rng.integers(-1, 3, 2_000)
    index = build_index(values, labels, 3)
    finite = values[~np.isnan(values)]
    assert index.quantile(0.5) == np.sort(finite)[round(0.5 * (len(finite) - 1))]
    np.testing.assert_array_equal(values[index.top(5)], np.sort(finite)[::-1][:5])
    for label in (0, 1, 2, -1):
        of_class = values[(labels == label) & ~np.isnan(values)]
        expected, _ = np.histogram(of_class.astype(np.float64), index.edges())
        # the two ways of binning may differ for a value on an edge
        assert np.abs(index.counts[label] - expected).sum() <= 4
        assert index.counts[label].sum() == len(of_class)
    assert index.counts.shape == (4, BINS)


def test_fault_39_the_index_of_constant_and_of_absent_values():
    constant = build_index(np.full(5, 2.0, np.float32), np.zeros(5, int), 1)
    assert constant.counts.sum() == 5
    assert np.isfinite(constant.edges()).all()
    nothing = build_index(np.full(5, np.nan, np.float32), np.zeros(5, int), 1)
    assert len(nothing.order) == 0
    assert np.isnan(nothing.quantile(0.5))


def test_weights_come_back_and_damage_is_named(tmp_path):
    weights = {"a": np.arange(6, dtype=np.float32).reshape(2, 3)}
    path = write_weights(tmp_path / "w.safetensors", weights)
    np.testing.assert_array_equal(read_weights(path)["a"], weights["a"])
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ModelError, match=r"w\.safetensors is damaged"):
        read_weights(path)


def test_arrays_never_hold_objects(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        write_array(tmp_path / "a.npy", np.array([{}], dtype=object))


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_files_follow_the_umask_and_a_workspace_is_ones_own(tmp_path, monkeypatch, mask):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    before = os.umask(mask)
    try:
        run = write_bytes(tmp_path / "run" / "scores.json", b"{}")
        inside = write_bytes(tmp_path / "home" / "runs" / "r" / "run.json", b"{}")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (run, inside)] == [0o666 & ~mask] * 2
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_a_workspace_of_an_older_version_becomes_ones_own(tmp_path, monkeypatch):
    monkeypatch.delenv("CHAFFINCH_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".chaffinch").mkdir(mode=0o755)
    write_bytes(workspace_root() / "cache" / "a", b"")
    assert (tmp_path / ".chaffinch").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_a_workspace_that_a_team_made_keeps_its_permissions(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "team"))
    (tmp_path / "team").mkdir()
    (tmp_path / "team").chmod(0o770)
    write_bytes(tmp_path / "team" / "cache" / "a", b"")
    assert (tmp_path / "team").stat().st_mode & 0o777 == 0o770
