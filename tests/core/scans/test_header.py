"""Hostile and odd headers: refused before memory is taken, or read as the standard says."""

import gzip
import io
import os
import struct
import tracemalloc

import nibabel as nib
import numpy as np
import pytest

from rfe_core.scans import geometry, header
from rfe_core.scans.errors import VolumeError
from rfe_core.scans.nifti import read_image, read_mask

SHAPE = (5, 6, 7)
AFFINE = np.diag([1.0, 2, 3, 1])


@pytest.fixture
def voxels():
    return np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32)


def changed(path, voxels, *, packed=False, kind=nib.Nifti1Image, **fields):
    """Write an image whose header has some fields set to what they should not be."""
    raw = bytearray(kind(voxels, AFFINE).to_bytes())
    stored = np.frombuffer(raw, kind.header_class.template_dtype, 1)
    for name, value in fields.items():
        stored[name] = value
    path.write_bytes(gzip.compress(raw) if packed else raw)
    return path


def refused(path, *parts, megabytes=5, read=read_image):
    """One error that names the file, without memory for what the file claims."""
    tracemalloc.start()
    with pytest.raises(VolumeError) as caught:
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(str(path)) and all(part in message for part in parts), message
    assert peak < megabytes * 2**20


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("read", [read_image, read_mask, header.read_header])
def test_a_small_file_that_claims_much(tmp_path, voxels, packed, read):
    path = changed(tmp_path / "a.nii.gz", voxels, packed=packed, dim=[3, 500, 500, 800, 1, 1, 1, 1])
    refused(path, "must hold all voxels of its header's shape (500, 500, 800)", read=read)
    path = changed(tmp_path / "b.nii.gz", voxels, packed=packed, dim=[3, *3 * [32767], 1, 1, 1, 1])
    refused(path, "at most 536870912 voxels, got 351811509616", read=read)


@pytest.mark.parametrize(
    ("zeros", "message"),
    [(2**29, "at most 536870912 voxels"), (2**28 - 5, "gzip file must be complete")],
)
def test_a_gzip_bomb(tmp_path, zeros, message):
    """Half a gigabyte of zeros in half a megabyte, whose header claims more or less of it."""
    raw = nib.Nifti1Image(np.ones(SHAPE, np.float32), AFFINE).to_bytes()[:352]
    raw = bytearray(raw)
    side = (1024, 1024, 513) if zeros == 2**29 else SHAPE
    raw[40:56] = struct.pack("<8h", 3, *side, 1, 1, 1, 1)
    bomb = gzip.compress(raw, 1) + 512 * gzip.compress(bytes(2**20), 1)
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(bomb)
    if side == SHAPE:
        refused(path, "must end with its voxels, got more than 1048576 bytes behind", megabytes=8)
    else:
        refused(path, message)


def test_an_image_of_nothing_but_zeros_is_refused_before_it_is_unpacked(tmp_path):
    """A mask may be as empty as that."""
    path = changed(tmp_path / "a.nii.gz", np.zeros((128, 128, 128)), packed=True)
    size = path.stat().st_size
    assert 900 * size < 128**3 * 8
    refused(path, f"got {size} of gzip, in which a scan has at most {500 * size}", megabytes=1)
    assert not read_mask(path)[0].any()


@pytest.mark.parametrize("offset", [-1.0, np.nan, np.inf, 1e30, 1e38, 100.0, 400.5])
@pytest.mark.parametrize("packed", [False, True])
def test_voxels_that_begin_nowhere(tmp_path, voxels, offset, packed):
    path = changed(tmp_path / "a.nii.gz", voxels, packed=packed, vox_offset=offset)
    refused(path, "must hold all voxels" if offset in (1e30, 1e38) else "vox_offset must be 0 or")


def test_an_offset_of_0_means_behind_the_header(tmp_path, voxels):
    path = changed(tmp_path / "a.nii", voxels, vox_offset=0)
    np.testing.assert_array_equal(read_image(path)[0], voxels)


@pytest.mark.parametrize(
    "shape", [[3, -5, 6, 7], [3, 0, 6, 7], [3, 5, 6, -1], [2, 5, 6, 7], [0, 5, 6, 7], [4, 5, 6, 7]]
)
def test_dimensions_that_are_none(tmp_path, voxels, shape):
    dims = [*shape, 3, 1, 1, 1]
    refused(changed(tmp_path / "a.nii", voxels, dim=dims), "must be")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 1e-30, 0.0])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_affines_that_are_none(tmp_path, voxels, value, kind):
    path = changed(tmp_path / "a.nii", voxels, kind=kind, srow_z=[0, 0, value, 0])
    refused(path, "affine must be finite and invertible, voxel edges from 1e-05 to 10000 mm")


def test_scale_factors(tmp_path, voxels):
    for name, value in (("scl_slope", np.inf), ("scl_slope", -np.inf), ("scl_inter", np.nan)):
        fields = {"scl_slope": 1.0, "scl_inter": 0.0, name: value}
        refused(changed(tmp_path / "a.nii", voxels, **fields), "scale factors must be finite")
    for slope in (np.nan, 0):  # by the standard, and as nibabel writes it: no scale
        path = changed(tmp_path / "a.nii", voxels, scl_slope=slope)
        np.testing.assert_array_equal(read_image(path)[0], voxels)


@pytest.mark.parametrize("value", [1e38, -1e38, 1e19])
def test_intensities_that_float32_cannot_square(tmp_path, voxels, value):
    voxels[1, 2, 3] = value
    refused(
        changed(tmp_path / "a.nii", voxels), "largest intensity must lie between 1e-18 and 1e+18"
    )
    voxels = voxels / 1e38 / 1e-3
    refused(changed(tmp_path / "b.nii", voxels * np.float32(1e-30)), "must")


def test_the_header_of_a_pair(tmp_path, voxels):
    refused(changed(tmp_path / "a.nii", voxels, magic=b"ni1"), "one file, got the header of a pair")


def test_what_waits_for_ever_is_not_opened(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "a.nii")
    refused(tmp_path / "a.nii", "must be readable, got a folder or a device")


def test_the_name_does_not_say_whether_a_file_is_packed(tmp_path, voxels):
    np.testing.assert_array_equal(read_image(changed(tmp_path / "plain.nii.gz", voxels))[0], voxels)
    np.testing.assert_array_equal(
        read_image(changed(tmp_path / "packed.nii", voxels, packed=True))[0], voxels
    )


def test_gzip_in_several_parts(tmp_path, voxels):
    """As parallel compressors write it."""
    raw = nib.Nifti1Image(voxels, AFFINE).to_bytes()
    parts = [gzip.compress(raw[start : start + 100]) for start in range(0, len(raw), 100)]
    (tmp_path / "a.nii.gz").write_bytes(b"".join(parts))
    np.testing.assert_array_equal(read_image(tmp_path / "a.nii.gz")[0], voxels)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("axes", ["RAS", "LPI", "PIR"])
def test_both_orders_of_bytes_in_every_type_scaled(tmp_path, dtype, order, axes):
    levels = np.arange(210).reshape(SHAPE).astype(dtype)
    image = nib.Nifti1Image(levels, AFFINE, nib.Nifti1Header(endianness=order))
    image.header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
    image.header.set_slope_inter(0.5, -3)
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(AFFINE), nib.orientations.axcodes2ornt(axes)
    )
    image.as_reoriented(turn).to_filename(tmp_path / "a.nii.gz")
    raw = gzip.decompress((tmp_path / "a.nii.gz").read_bytes())
    assert nib.Nifti1Header.from_fileobj(io.BytesIO(raw)).endianness == order
    read, affine = read_image(tmp_path / "a.nii.gz")
    again = nib.as_closest_canonical(nib.load(tmp_path / "a.nii.gz"))
    np.testing.assert_allclose(read, again.get_fdata(), rtol=1e-6)
    np.testing.assert_array_equal(affine, again.affine)


# ---- sform and qform


def with_forms(path, voxels, sform, qform, codes=(1, 1)):
    image = nib.Nifti1Image(voxels, sform)
    image.set_sform(sform, codes[0])
    image.set_qform(qform, codes[1])
    image.to_filename(path)
    return path


def concerns(path):
    return geometry.concerns(path, header.read_header(path))


def test_right_against_left_is_refused(tmp_path, voxels):
    mirrored = np.diag([-1.0, 1, 1, 1]) @ AFFINE
    path = with_forms(tmp_path / "a.nii", voxels, AFFINE, mirrored)
    refused(path, "must not mirror each other (right against left), got RAS and LAS")
    for codes in ((1, 0), (0, 1)):  # only one of them counts
        path = with_forms(tmp_path / "b.nii", voxels, AFFINE, mirrored, codes)
        assert concerns(path) == []


def test_forms_that_differ_are_told(tmp_path, voxels):
    shifted = AFFINE.copy()
    shifted[0, 3] += 2
    (concern,) = concerns(with_forms(tmp_path / "a.nii", voxels, AFFINE, shifted))
    assert "a.nii: sform and qform place a voxel up to 2 mm apart; the sform was used" in concern
    assert concerns(with_forms(tmp_path / "b.nii", voxels, AFFINE, AFFINE)) == []


def test_no_form_at_all_is_told(tmp_path, voxels):
    path = with_forms(tmp_path / "a.nii", voxels, AFFINE, AFFINE, (0, 0))
    (concern,) = concerns(path)
    assert "sform_code and qform_code are both 0, so which side is left is a guess" in concern


def test_a_qform_that_is_none_leaves_the_sform(tmp_path, voxels):
    path = changed(tmp_path / "a.nii", voxels, qform_code=1, quatern_b=5.0)
    np.testing.assert_array_equal(read_image(path)[1], AFFINE)
    (concern,) = concerns(path)
    assert "qform is not that of an image; the sform was used" in concern
