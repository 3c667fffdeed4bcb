"""Which sources mean a bundled sample."""

from core.datasets import means_sample


def test_a_run_named_like_a_sample_is_not_taken_for_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert means_sample("digits")
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "spec.json").write_text("{}")
    assert means_sample("digits")
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult" / "0.png").write_bytes(b"")
    assert not means_sample("adult")
