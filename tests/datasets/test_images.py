"""Images in folders, manifests, zips and arrays: what is read is what was written."""

import gzip
import io
import os
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.datasets import inspect_source, load_examples
from core.types.errors import DataError
from core.types.examples import Modality, Roles


def test_folder_per_class(class_folder):
    examples = load_examples(class_folder)
    assert examples.class_names == ("cat", "dog")
    assert examples.source_path.tolist() == [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(3)]
    assert examples.inputs.shape == (6, 6, 6, 3)
    assert examples.inputs[4][0, 0].tolist() == [110, 110, 110]
    np.testing.assert_array_equal(examples.inputs.take([4, 1]), [examples.inputs[4], examples.inputs[1]])


def test_split_folders_and_a_folder_around_everything(tmp_path, make_png):
    for place, value in (("all/train/a/x.png", 1), ("all/val/a/y.png", 2), ("all/train/b/z.png", 3)):
        (tmp_path / "set" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / place).write_bytes(make_png(value))
    examples = load_examples(tmp_path / "set")
    assert examples.class_names == ("a", "b")
    assert dict(zip(examples.source_path, examples.splits, strict=True)) == {
        "all/train/a/x.png": "train",
        "all/val/a/y.png": "valid",
        "all/train/b/z.png": "train",
    }


def test_images_are_read_when_asked_for(class_folder):
    examples = load_examples(class_folder)
    os.remove(class_folder / "cat" / "1.png")
    assert examples.inputs[0].shape == (6, 6, 3)
    with pytest.raises(DataError, match=r"1\.png can no longer be read"):
        examples.inputs[1]


def test_different_sizes_are_resized_on_request(class_folder, make_png):
    (class_folder / "cat" / "big.png").write_bytes(make_png(77, (12, 9)))
    inputs = load_examples(class_folder).inputs
    assert inputs.shape == (7,)
    assert inputs.sizes.tolist().count([9, 12]) == 1
    assert inputs.take(range(7), size=(8, 8)).shape == (7, 8, 8, 3)
    with pytest.raises(DataError, match="differ in size"):
        inputs.take([0])


def test_gray_stays_gray_and_mixes_to_color(tmp_path, make_png):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.png").write_bytes(make_png(50, mode="L"))
    assert load_examples(tmp_path).inputs.shape == (1, 6, 6, 1)
    (tmp_path / "a" / "1.png").write_bytes(make_png(60))
    inputs = load_examples(tmp_path).inputs
    assert inputs[0].shape == (6, 6, 3)
    assert (inputs[0] == 50).all()


def test_conversions_give_the_right_pixels(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)).save(folder / "deep.png")
    Image.new("RGBA", (4, 4), (200, 0, 0, 0)).save(folder / "clear.png")
    wide = Image.new("RGB", (6, 4))
    wide.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    wide.save(folder / "turned.png", exif=exif)
    inputs = load_examples(tmp_path).inputs
    assert (inputs[1] == 100).all()
    assert (inputs[0] == 255).all()
    assert inputs[2][3, 5].tolist() == [255, 255, 255]


def test_manifest_and_zip_give_the_same_examples(tmp_path, class_folder):
    files = sorted(class_folder.rglob("*.png"))
    lines = [f"{p.relative_to(class_folder).as_posix()},{p.parent.name},train" for p in files]
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in files:
            archive.write(path, f"wrapped/{path.relative_to(class_folder).as_posix()}")
    folder, packed = load_examples(class_folder), load_examples(tmp_path / "pets.zip", cache=tmp_path / "cache")
    (class_folder / "list.csv").write_text("\n".join(["file,kind,split", *lines]) + "\n")
    listed = load_examples(class_folder / "list.csv", roles=Roles(label="kind"))
    assert folder.ids.tolist() == packed.ids.tolist() == listed.ids.tolist()
    assert folder.fingerprint == packed.fingerprint == listed.fingerprint
    assert listed.columns.columns.tolist() == ["file", "kind", "split"]
    (class_folder / "list.csv").rename(class_folder / "manifest.csv")
    assert load_examples(class_folder, roles=Roles(label="kind")).fingerprint == folder.fingerprint


def test_skipped_images_keep_the_numbering_of_the_source(class_folder):
    (class_folder / "cat" / "1.png").write_bytes(b"")
    examples = load_examples(class_folder)
    assert examples.source_index.tolist() == [0, 2, 3, 4, 5]
    assert [f.count for f in examples.report if f.code == "unreadable"] == [1]
    assert [f.rows for f in examples.report if f.code == "skipped"] == [("cat/1.png",)]


def test_preview_shows_roles_rows_and_images(class_folder):
    preview = inspect_source(class_folder)
    assert (preview.modality, preview.loader, preview.rows) == (Modality.IMAGE, "images", 6)
    assert (preview.roles.label, preview.roles.path) == ("label", "path")
    assert len(preview.images) == 5


def test_npz_is_unpacked_once_and_mapped(digits_npz, tmp_path):
    cache = tmp_path / "cache"
    examples = load_examples(digits_npz, cache=cache)
    with np.load(digits_npz) as truth:
        np.testing.assert_array_equal(examples.inputs.take(range(60))[..., 0], truth["images"])
        np.testing.assert_array_equal(examples.labels, truth["label"])
    files = {p: p.stat().st_mtime_ns for p in cache.iterdir()}
    assert len(files) == 1
    assert isinstance(examples.inputs.array.base, np.memmap) or isinstance(examples.inputs.array, np.memmap)
    load_examples(digits_npz, cache=cache)
    assert {p: p.stat().st_mtime_ns for p in cache.iterdir()} == files


@pytest.mark.parametrize("kind", ["float", "channels first", "16-bit", "fortran"])
def test_other_kinds_of_arrays_become_bytes(tmp_path, kind):
    pixels = np.random.default_rng(1).integers(0, 256, (9, 5, 7, 3)).astype(np.uint8)
    stored = {
        "float": (pixels / 255).astype(np.float32),
        "channels first": pixels.transpose(0, 3, 1, 2),
        "16-bit": pixels.astype(np.uint16) * 257,
        "fortran": np.asfortranarray(pixels),
    }[kind]
    np.savez(tmp_path / "a.npz", x=stored, y=np.arange(9) % 3)
    examples = load_examples(tmp_path / "a.npz", cache=tmp_path)
    np.testing.assert_array_equal(examples.inputs.take(range(9)), pixels)


def test_standardized_pixels_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(5, 4, 4)), y=np.arange(5))
    with pytest.raises(DataError, match="hold values from -"):
        load_examples(tmp_path / "a.npz", cache=tmp_path)


def test_features_in_arrays_are_a_table(tmp_path):
    features = np.random.default_rng(0).normal(size=(8, 3))
    features[2, 1] = np.nan
    np.savez(tmp_path / "a.npz", X=features, y=np.arange(8) % 2, id=np.arange(8) + 100)
    examples = load_examples(tmp_path / "a.npz")
    assert examples.modality is Modality.TABLE
    np.testing.assert_array_equal(examples.inputs.to_numpy(), features)
    assert examples.ids[0] == "100"


def test_several_possible_labels_must_be_chosen(tmp_path, digits_npz):
    with np.load(digits_npz) as whole:
        np.savez(tmp_path / "a.npz", images=whole["images"], clean_label=whole["label"], noisy_label=whole["label"])
    with pytest.raises(DataError, match="clean_label, noisy_label"):
        load_examples(tmp_path / "a.npz")


def test_class_names_of_the_source_are_used(tmp_path, digits_npz):
    names = np.array(["z", "y", "x"])
    with np.load(digits_npz) as whole:
        np.savez(tmp_path / "a.npz", images=whole["images"], label=whole["label"], class_names=names)
        examples = load_examples(tmp_path / "a.npz")
        assert examples.class_names == ("z", "y", "x")
        np.testing.assert_array_equal(examples.labels, whole["label"])


def test_idx_files_as_published(tmp_path):
    pixels, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), bytes([3, 1])
    images = struct.pack(">HBBIII", 0, 8, 3, 2, 3, 4) + pixels.tobytes()
    (tmp_path / "t-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    (tmp_path / "t-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 2) + labels)
    examples = load_examples(tmp_path / "t-images-idx3-ubyte.gz", labels=tmp_path / "t-labels-idx1-ubyte")
    np.testing.assert_array_equal(examples.inputs.take([0, 1])[..., 0], pixels)
    assert [examples.class_names[c] for c in examples.labels] == ["3", "1"]
    (tmp_path / "cut-images-idx3-ubyte.gz").write_bytes(gzip.compress(images[:-5]))
    with pytest.raises(DataError, match="truncated"):
        load_examples(tmp_path / "cut-images-idx3-ubyte.gz", roles=Roles(label="none"))


def test_real_images(shared_data, tmp_path):
    source = shared_data / "cifar10n_train_10k.npz"
    examples = load_examples(source, roles=Roles(inputs="images", label="aggre_label"), cache=tmp_path)
    with np.load(source) as truth:
        np.testing.assert_array_equal(examples.inputs.take([0, 77, 9999]), truth["images"][[0, 77, 9999]])
        np.testing.assert_array_equal(examples.labels, truth["aggre_label"])
        assert examples.class_names == tuple(truth["class_names"])
    assert examples.inputs.shape == (10_000, 32, 32, 3)


def test_a_jpeg_is_read_as_pillow_reads_it(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(out.getvalue())
    np.testing.assert_array_equal(load_examples(tmp_path).inputs[0], np.asarray(Image.open(io.BytesIO(out.getvalue()))))
