"""A stranger's file is read by a child with limits: its answer equals what reading here gives, its death is words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from faulty_files import png_bytes

from core.datasets import UnsafeFileError, guarded, inspect_source, load_examples, preview_in_child, report_in_child
from core.types.errors import Cancelled, DataError
from core.types.examples import Roles, SourceReport


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,label,split\n1,x,train\n2,y,train\n,,test\nhalf a pair \ud83d,x,test\n", errors="replace")
    return path


def test_the_childs_look_equals_a_look_from_here(table):
    asked = Roles(label="label", features=("a",))
    ours, theirs = inspect_source(table, roles=asked), preview_in_child(table, roles=asked)
    pd.testing.assert_frame_equal(ours.head.astype(object), theirs.head, check_column_type=False)
    for name in ("name", "modality", "loader", "roles", "columns", "rows", "notes", "images"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_the_childs_images_equal_those_read_here(digits_npz, tmp_path):
    ours = inspect_source(digits_npz, cache=tmp_path / "c")
    theirs = preview_in_child(digits_npz, cache=tmp_path / "c")
    np.testing.assert_array_equal(np.stack(ours.images), np.stack(theirs.images))


def test_long_cells_and_large_images_are_made_small_for_the_way_back(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "' + "word " * 100_000 + '", "label": "a"}\n')
    assert len(preview_in_child(tmp_path / "a.jsonl").head["text"][0]) == 2000
    (tmp_path / "set" / "cat").mkdir(parents=True)
    (tmp_path / "set" / "cat" / "0.png").write_bytes(png_bytes(7, (3000, 20)))
    assert preview_in_child(tmp_path / "set", cache=tmp_path / "c").images[0].shape == (4, 500, 3)


def test_the_childs_report_is_that_of_the_table(table):
    report = report_in_child(table)
    assert report == SourceReport.of(load_examples(table))
    assert (report.rows, report.train_rows, report.held_out_rows, report.class_counts) == (4, 2, 2, (2, 1))


def test_words_limits_and_crashes_are_passed_on(table, tmp_path, monkeypatch):
    for ask in (preview_in_child, report_in_child):
        with pytest.raises(DataError, match="No such file"):
            ask(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="Columns: a, label"):
        report_in_child(table, roles=Roles(label="klass"))
    with pytest.raises(UnsafeFileError, match=r"needs more than 0\.1 GB|needs more memory than there is|crashed"):
        report_in_child(table, memory=100 << 20)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(UnsafeFileError, match="crashed"):
        preview_in_child(table)


def test_a_reader_that_never_ends_is_ended(table, tmp_path, monkeypatch):
    waiting = tmp_path / "python"
    waiting.write_text("#!/bin/sh\nexec sleep 60\n")
    waiting.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(waiting))
    with pytest.raises(UnsafeFileError, match="took longer than 1 s"):
        preview_in_child(table, seconds=1)


def test_whoever_waits_may_stop_it(table, tmp_path, monkeypatch):
    slow = tmp_path / "python"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path / 'pid'}\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(slow))

    def asked_to_stop():
        if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip():
            raise Cancelled

    with pytest.raises(Cancelled):
        guarded.ask_child("core.datasets.guarded", {}, table, 50, waiting=asked_to_stop)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_the_folder_that_a_person_stands_in_is_no_source_of_code(table, tmp_path, monkeypatch):
    (tmp_path / "pandas.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    report_in_child(table)
    assert not (tmp_path / "ran").exists()
