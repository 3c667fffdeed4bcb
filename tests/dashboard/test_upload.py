"""An upload is read in a child process before the server touches it; a crash there is a message, not a dead page."""

import io

import numpy as np
import pytest

from core.datasets import UnsafeFileError, guarded
from core.types.errors import DataError
from dashboard import cache
from dashboard.panels import upload


class Uploaded(io.BytesIO):
    """What Streamlit hands over: bytes with a name."""

    def __init__(self, name: str, content: bytes):
        super().__init__(content)
        self.name = name


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.tried.clear()


def test_the_same_content_gives_the_same_path_and_a_name_without_folders():
    first = upload.keep(Uploaded("../../etc/pass wd.csv", b"a,label\n1,x\n"))
    assert first == upload.keep(Uploaded("../../etc/pass wd.csv", b"a,label\n1,x\n"))
    assert first.name == "pass_wd.csv"
    assert first.read_bytes() == b"a,label\n1,x\n"


def test_a_crash_of_the_child_is_an_error_with_words(tmp_path, monkeypatch):
    monkeypatch.setattr(guarded.sys, "executable", str(_crashing(tmp_path)))
    with pytest.raises(UnsafeFileError, match=r"Reading rows.csv crashed \(signal 9\)"):
        upload.refuse_dangerous(str(tmp_path / "rows.csv"), None, None)


def _crashing(folder):
    """A reader that is killed as by the kernel when memory runs out."""
    path = folder / "reader"
    path.write_text("#!/bin/sh\nkill -9 $$\n")
    path.chmod(0o755)
    return path


def test_a_file_that_needs_its_columns_named_reaches_the_form(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "\n".join(f"{i / 7},{i / 3}" for i in range(30)) + "\n")
    with pytest.raises(DataError):
        cache.tried(str(path), None, cache.Roles(), None)
    upload.refuse_dangerous(str(path), None, None)


def test_a_sound_file_is_read_by_a_child_once(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((12, 4, 4), np.uint8), label=np.arange(12) % 2)
    upload.refuse_dangerous(str(path), None, None)
    monkeypatch.setattr(guarded.sys, "executable", "/nowhere/python")
    upload.refuse_dangerous(str(path), None, None)
