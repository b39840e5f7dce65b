"""One NIfTI file: what is read back, and every way in which a file can be wrong."""

import gzip

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfe_core.scans.nifti import (
    VolumeError,
    read_image,
    read_mask,
)
from rfe_study.phantom.volumes import write_image, write_mask

SHAPE = (8, 9, 10)
OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.1, -0.05, 0.2) @ np.diag([1.0, 1.2, 3.0]), [-4, 5, 6]
)


@pytest.fixture
def volume(rng):
    return rng.normal(100, 20, SHAPE).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def save(path, array, affine=None, kind=nib.Nifti1Image):
    kind(array, np.eye(4) if affine is None else affine).to_filename(path)
    return path


@pytest.mark.parametrize("axes", ["RAS", "LAS", "LPI", "SAR", "PIR"])
def test_every_orientation_reads_as_ras_with_the_voxels_in_place(tmp_path, volume, axes):
    """A voxel keeps its value and its millimetres; negative voxel sizes are only a flip."""
    turn = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(OBLIQUE), nib.orientations.axcodes2ornt(axes)
    )
    turned = nib.Nifti1Image(volume, OBLIQUE).as_reoriented(turn)
    assert "".join(nib.aff2axcodes(turned.affine)) == axes
    turned.to_filename(tmp_path / "turned.nii.gz")

    image, affine = read_image(tmp_path / "turned.nii.gz")

    np.testing.assert_array_equal(image, volume)
    np.testing.assert_allclose(affine, OBLIQUE, atol=1e-6)  # a file keeps float32
    assert image.dtype == np.float32 and image.flags.f_contiguous


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_both_nifti_versions_plain_and_compressed(tmp_path, volume, suffix, kind):
    path = save(tmp_path / f"image{suffix}", volume, kind=kind)
    np.testing.assert_array_equal(read_image(path)[0], volume)


def test_scale_factors_are_applied(tmp_path, rng):
    levels = rng.integers(0, 4096, SHAPE).astype(np.int16)
    nifti = nib.Nifti1Image(levels, np.eye(4))
    nifti.header.set_slope_inter(0.5, -10)
    nifti.to_filename(tmp_path / "scaled.nii.gz")
    np.testing.assert_allclose(read_image(tmp_path / "scaled.nii.gz")[0], levels * 0.5 - 10)


def test_trailing_axis_of_length_one_is_dropped(tmp_path, volume):
    path = save(tmp_path / "four.nii.gz", volume[..., None])
    assert read_image(path)[0].shape == SHAPE


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.floats(1e-3, 1e5),
    offset=st.floats(-1, 1),
    mask_part=st.floats(0, 1),
)
def test_written_volumes_come_back(tmp_path_factory, seed, size, offset, mask_part):
    """Images to within half a level of int16, masks and affine exactly (in float32)."""
    folder = tmp_path_factory.mktemp("round")
    rng = np.random.default_rng(seed)
    image = (size * (rng.normal(size=SHAPE) + offset)).astype(np.float32)
    mask = rng.random(SHAPE) < mask_part

    write_image(folder / "image.nii.gz", image, OBLIQUE)
    write_mask(folder / "mask.nii.gz", mask, OBLIQUE)
    again, affine = read_image(folder / "image.nii.gz")

    half_level = np.abs(image).max() / 32767 / 2
    np.testing.assert_allclose(again, image, rtol=1e-6, atol=half_level * 1.001)
    np.testing.assert_allclose(affine, OBLIQUE, atol=1e-6)
    np.testing.assert_array_equal(read_mask(folder / "mask.nii.gz")[0], mask)


def test_same_volume_gives_the_same_bytes(tmp_path, volume):
    for name in ("one", "two"):
        write_image(tmp_path / f"{name}.nii.gz", volume, OBLIQUE)
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()


def refused(path, *parts, read=read_image):
    """The file is refused, and the message names it and every part."""
    with pytest.raises(VolumeError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path)), message
    for part in parts:
        assert part in message, message


def test_missing_file(tmp_path):
    refused(tmp_path / "none.nii.gz", "file must exist")


def test_folder_in_place_of_a_file(tmp_path):
    refused(tmp_path, "must be readable")


@pytest.mark.parametrize("keep", [0.999, 0.5, 0.01])
def test_truncated_gzip(tmp_path, volume, keep):
    path = save(tmp_path / "cut.nii.gz", volume)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw))])
    refused(path, "gzip file must be complete", "copy it again")


def test_damaged_gzip(tmp_path, volume):
    path = save(tmp_path / "flipped.nii.gz", volume)
    raw = bytearray(path.read_bytes())
    raw[-6] ^= 255  # in the checksum
    path.write_bytes(raw)
    refused(path, "gzip file must be complete")


def test_truncated_plain_file(tmp_path, volume):
    path = save(tmp_path / "cut.nii", volume)
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, "must hold all voxels", "(8, 9, 10)")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 600, b"DICM" * 200])
def test_not_nifti(tmp_path, content):
    path = tmp_path / "other.nii.gz"
    path.write_bytes(content)
    refused(path, "must be NIfTI", f"{len(content)} bytes")


def test_gzipped_text_is_not_nifti(tmp_path):
    path = tmp_path / "text.nii.gz"
    path.write_bytes(gzip.compress(b"hello"))
    refused(path, "must be NIfTI", "b'hello'")


def test_git_lfs_pointer(tmp_path):
    path = tmp_path / "pointer.nii.gz"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    refused(path, "Git LFS pointer", "git lfs pull")


@pytest.mark.parametrize("shape", [(8, 9, 10, 2), (8, 9), (8, 9, 10, 1, 3)])
def test_other_than_three_dimensions(tmp_path, shape):
    path = save(tmp_path / "series.nii.gz", np.ones(shape, np.float32))
    refused(path, "must be 3-D", str(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path, volume, value):
    volume[1:3, 2, 2] = value
    refused(save(tmp_path / "nan.nii.gz", volume), "must be finite", f"2 of {volume.size}")
    volume[:] = value
    refused(save(tmp_path / "nan.nii.gz", volume), "must be finite", "720 of 720")


@pytest.mark.parametrize("value", [0, 7])
def test_constant_image(tmp_path, value):
    path = save(tmp_path / "flat.nii.gz", np.full(SHAPE, value, np.float32))
    refused(path, "must not be empty", f"{value}.0 in every voxel")


def test_affine_without_volume(tmp_path, volume):
    path = save(tmp_path / "flat.nii", volume)
    raw = bytearray(path.read_bytes())
    raw[312:328] = bytes(16)  # srow_z, the third row of the affine
    path.write_bytes(raw)
    refused(path, "affine must be finite and invertible")


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
@pytest.mark.parametrize("read", [read_image, read_mask])
def test_colours_and_complex_numbers(tmp_path, dtype, read):
    path = save(tmp_path / "colour.nii.gz", np.zeros(SHAPE, dtype))
    refused(path, "must be real numbers", read=read)


def test_float_range_that_overflows_float32_is_not_finite(tmp_path, volume):
    """A float64 file beyond float32's range would silently become infinite."""
    volume = volume.astype(np.float64)
    volume[0, 0, 0] = 1e300
    refused(save(tmp_path / "huge.nii.gz", volume), "must be finite", "1 of 720")


def test_binary_masks_of_any_type(tmp_path, rng):
    mask = rng.random(SHAPE) < 0.3
    for dtype in (np.uint8, np.int16, np.float32):
        path = save(tmp_path / "mask.nii.gz", mask.astype(dtype))
        read, _ = read_mask(path)
        np.testing.assert_array_equal(read, mask)
        assert read.dtype == bool
    scaled = nib.Nifti1Image((255 * mask).astype(np.uint8), np.eye(4))
    scaled.header.set_slope_inter(1 / 255, 0)
    scaled.to_filename(path)
    np.testing.assert_array_equal(read_mask(path)[0], mask)


def test_mask_of_several_labels(tmp_path, rng):
    labels = rng.integers(0, 4, SHAPE).astype(np.uint8)
    refused(save(tmp_path / "m.nii.gz", labels), "0 and 1", "4 values: 0, 1, 2, 3", read=read_mask)


def test_mask_of_0_and_255(tmp_path, rng):
    labels = np.where(rng.random(SHAPE) < 0.5, 255, 0).astype(np.uint8)
    refused(save(tmp_path / "m.nii.gz", labels), "0, 255", "mask > 0", read=read_mask)


def test_probability_mask(tmp_path, rng):
    path = save(tmp_path / "m.nii.gz", rng.random(SHAPE).astype(np.float32))
    refused(path, "720 values", "probability map", "mask > 0.5", read=read_mask)


def test_mask_with_nan(tmp_path):
    mask = np.zeros(SHAPE, np.float32)
    mask[0, 0, 0] = np.nan
    refused(save(tmp_path / "m.nii.gz", mask), "0, nan", read=read_mask)
