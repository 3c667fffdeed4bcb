"""An upload is kept by its content."""

import io

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
