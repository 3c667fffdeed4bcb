"""An upload is kept by its content."""

import io

from core import actions
from dashboard.panels import upload


class Uploaded(io.BytesIO):
    """What Streamlit hands over: bytes with a name."""

    def __init__(self, name: str, content: bytes):
        super().__init__(content)
        self.name = name


def test_the_same_content_gives_the_same_path_and_a_name_without_folders():
    first = upload.keep(Uploaded("../../etc/pass wd.csv", b"a,label\n1,x\n"))
    assert first == upload.keep(Uploaded("../../etc/pass wd.csv", b"a,label\n1,x\n"))
    assert first.name == "pass_wd.csv"
    assert first.read_bytes() == b"a,label\n1,x\n"


def test_a_refused_upload_does_not_stay(tmp_path):
    kept = upload.keep(Uploaded("bomb.npz", b"PK"))
    upload.forget(str(kept))
    assert list((actions.workspace.folder() / "uploads").iterdir()) == []
    assert upload.keep(Uploaded("bomb.npz", b"PK")) == kept, "it can be looked at again in another way"
    (tmp_path / "mine.csv").write_text("a")
    for source in (str(tmp_path / "mine.csv"), "digits", "", str(actions.workspace.folder())):
        upload.forget(source)
    assert (tmp_path / "mine.csv").exists()
    assert kept.exists()
