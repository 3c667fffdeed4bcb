"""Folders that no class should be made of, and class folders that cannot be read: each is named, none vanishes."""

import os
import sys
import zipfile

import pytest
from faulty_files import png_bytes

from core.datasets import inspect_source, load_examples
from core.types.errors import DataError


def images(root, *places):
    """A different image at each place."""
    for value, place in enumerate(places):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(png_bytes(value + 100))
    return root


@pytest.fixture
def pets(tmp_path):
    return images(tmp_path / "pets", "cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png")


def card(examples) -> str:
    return "\n".join(f.text for f in examples.report)


def as_anyone(read, source):
    """What `read(source)` answers in a process that has no rights but a stranger's: (classes, words)."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            found = read(source)
            words = "\n".join(found.notes) if hasattr(found, "notes") else card(found)
        except DataError as error:
            words = error.lines()
        except BaseException as error:  # told to the parent, which fails
            words = f"crash: {error!r}"
        os.write(send, words.encode()[:60_000])
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as answer:
        words = answer.read().decode()
    os.waitpid(child, 0)
    return words


@pytest.fixture
def open_pets(pets):
    """The images, reachable by everybody; every mode is put back, so that the folder can be removed."""
    for parent in (pets, *pets.parents):
        if str(parent).count("/") > 1 and parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    yield pets
    for folder in (pets, pets / "cat"):
        folder.chmod(0o755)


pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
needs_users = pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "fork"), reason="needs Unix permissions")


@needs_users
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
@pytest.mark.parametrize("read", [load_examples, inspect_source])
def test_fault_3_source_folder_without_permission(open_pets, mode, read):
    open_pets.chmod(mode)
    words = as_anyone(read, open_pets)
    assert words.startswith(f"No permission to read {open_pets}.")
    assert "chmod" in words


@needs_users
@pytest.mark.parametrize(("mode", "word"), [(0o000, "cat/"), (0o111, "cat/"), (0o444, "cat/0.png")])
@pytest.mark.parametrize("read", [load_examples, inspect_source])
def test_fault_3_class_folder_without_permission(open_pets, mode, word, read):
    (open_pets / "cat").chmod(mode)
    words = as_anyone(read, open_pets)
    if read is load_examples or word == "cat/":
        assert f"skipped: no permission: {word}" in words
    if read is load_examples:
        assert "2 rows" in words


@needs_users
def test_fault_3_nothing_but_forbidden_folders(open_pets):
    for name in ("cat", "dog"):
        (open_pets / name).chmod(0)
    words = as_anyone(load_examples, open_pets)
    (open_pets / "dog").chmod(0o755)
    assert words.startswith(f"No images found in {open_pets} (skipped: no permission: ")


def test_class_folders_that_are_links_are_named(pets, tmp_path):
    images(tmp_path / "elsewhere", "7.png")
    (pets / "cow").symlink_to(tmp_path / "elsewhere")
    (pets / "kitten").symlink_to("cat")
    (pets / "lost").symlink_to("nowhere")
    examples = load_examples(pets)
    assert examples.class_names == ("cat", "dog")
    assert "skipped: link to a folder, not followed: cow/, kitten/" in card(examples)
    assert "skipped: link to a folder, not followed: cow/, kitten/" in inspect_source(pets).notes


def test_hidden_folders_are_no_classes(pets):
    images(
        pets, ".ipynb_checkpoints/0.png", "cat/.ipynb_checkpoints/0-checkpoint.png", "__MACOSX/cat/0.png", "dog/._2.png"
    )
    examples = load_examples(pets)
    assert (len(examples), examples.class_names) == (4, ("cat", "dog"))
    assert "skipped: hidden folder: .ipynb_checkpoints/, __MACOSX/, cat/.ipynb_checkpoints/" in card(examples)
    assert "skipped: hidden file: dog/._2.png" in card(examples)


def test_a_hidden_folder_may_be_the_source_itself(tmp_path):
    assert load_examples(images(tmp_path / ".pets", "cat/0.png", "dog/1.png")).class_names == ("cat", "dog")


def test_empty_class_folders_and_other_files_are_named(pets):
    (pets / "cow" / "calf").mkdir(parents=True)
    images(pets, "horse/photo.xyz", "dog/young/9.png")
    examples = load_examples(pets)
    assert "no images in: cow/, horse/" in card(examples)
    assert "1 files of other kinds were not read: horse/photo.xyz" in card(examples)
    assert "1 images lie below their class folder: dog/young/9.png" in card(examples)
    assert examples.class_names == ("cat", "dog")


def test_a_class_of_damaged_images_is_named(pets):
    for name in ("7.png", "8.png"):
        images(pets, f"cow/{name}")
        (pets / "cow" / name).write_bytes(b"?")
    examples = load_examples(pets)
    assert examples.class_names == ("cat", "dog")
    assert "no image can be read of: cow" in card(examples)


def test_a_clean_folder_says_nothing_of_the_kind(pets):
    assert inspect_source(pets).notes == ()
    assert {f.code for f in load_examples(pets).report} == {
        "rows",
        "ids",
        "sizes",
        "unreadable",
        "classes",
        "no_held_out",
        "exact_duplicates",
    }


@pytest.mark.parametrize("stray", ["extra/5.png", "5.png"])
def test_a_stray_beside_split_folders_is_refused(tmp_path, stray):
    root = images(tmp_path / "set", "train/cat/0.png", "train/dog/1.png", "val/cat/2.png", stray)
    with pytest.raises(DataError, match=f"the folders train, val look like splits, but {stray} lies beside them"):
        load_examples(root)


def test_a_class_that_is_called_train_is_a_class(tmp_path):
    root = images(tmp_path / "vehicles", "bus/0.png", "car/1.png", "train/2.png")
    assert load_examples(root).class_names == ("bus", "car", "train")


def test_zips_hide_nothing_either(pets, tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(pets.rglob("*.png")):
            archive.write(path, path.relative_to(pets))
        archive.mkdir("cow")
        archive.writestr("horse/photo.xyz", b"?")
        archive.writestr(".ipynb_checkpoints/0.png", png_bytes(3))
    words = card(load_examples(tmp_path / "pets.zip", cache=tmp_path / "cache"))
    assert "no images in: cow/, horse/" in words
    assert "horse/photo.xyz" in words
    assert "skipped: hidden folder: .ipynb_checkpoints/" in words


def test_names_that_are_not_utf8(pets, tmp_path):
    latin = os.fsencode(pets / "cat") + b"/caf\xe9.png"
    with open(latin, "wb") as file:
        file.write(png_bytes(77))
    examples = load_examples(pets)
    assert len(examples) == 4
    assert "skipped: name is not UTF-8: cat/caf\\xe9.png" in card(examples)
    os.mkdir(os.fsencode(pets) + b"/caf\xe9")
    for read in (load_examples, inspect_source):
        with pytest.raises(DataError, match=r"The name of the folder caf\\xe9 in .*pets is not UTF-8"):
            read(pets)
    with pytest.raises(DataError, match=r"caf\\xe9 is a bad path: its name is not UTF-8"):
        load_examples(os.fsdecode(os.fsencode(pets) + b"/caf\xe9"))


def test_very_deep_folders_are_named_not_walked(pets):
    deep = pets / "cat" / "/".join("d" * 70)
    deep.mkdir(parents=True)
    (deep / "x.png").write_bytes(png_bytes(9))
    examples = load_examples(pets)
    assert len(examples) == 4
    assert "skipped: more than 64 folders deep: cat/d/d/" in card(examples)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("a/" * 1500 + "x.png", "lies 1,500 folders deep"),
        ("a" * 300 + "/x.png", "is too long for a file"),
        ("NUL.png", "a member without a name"),
        (".", "a member without a name"),
        ("cat//./0.png", "is there twice"),
    ],
)
def test_zip_members_with_impossible_names(tmp_path, member, words):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/0.png", png_bytes(1))
        archive.writestr(member, png_bytes(2))
    (tmp_path / "a.zip").write_bytes((tmp_path / "a.zip").read_bytes().replace(b"NUL", b"\0\0\0"))
    with pytest.raises(DataError, match=words) as caught:
        load_examples(tmp_path / "a.zip", cache=tmp_path / "cache")
    assert len(str(caught.value)) < 400
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["a.zip", "a.npz"])
def test_members_of_one_name_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for value in (1, 2):
            archive.writestr("cat/0.png" if name == "a.zip" else "images.npy", png_bytes(value))
    with pytest.raises(DataError, match="is there twice"):
        load_examples(tmp_path / name, cache=tmp_path / "cache")


def test_a_zip_without_images_is_named_with_what_it_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "tables.zip", "w") as archive:
        archive.writestr("data.csv", "a,b\n1,2\n")
        archive.writestr("readme", "text")
    with pytest.raises(DataError) as caught:
        load_examples(tmp_path / "tables.zip", cache=tmp_path / "cache")
    assert str(caught.value) == f"No images found in {tmp_path}/tables.zip (files: 1 of .csv, 1 of no suffix)."


def test_a_label_of_5000_digits_is_no_class(tmp_path):
    (tmp_path / "a.csv").write_text("x,label\n1,3\n2," + "9" * 5000 + "\n3,4\n")
    with pytest.raises(DataError, match=r"the label 9{20}\.\.\. in row 1 is a number of 5,000 digits"):
        load_examples(tmp_path / "a.csv")
