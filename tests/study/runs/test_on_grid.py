"""What is written on a scan's own grid lies on it voxel by voxel, as its file is stored."""

import nibabel as nib
import numpy as np
import pytest

from rfe_core.scans.nifti import VolumeError, read_image, read_mask
from rfe_study.runs.on_grid import write_on_grid

SHAPE = (8, 9, 10)
OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.1, -0.05, 0.2) @ np.diag([1.0, 1.2, 3.0]), [-4, 5, 6]
)
FIELDS = (
    *("sform_code", "qform_code", "srow_x", "srow_y", "srow_z", "quatern_b", "quatern_c"),
    *("quatern_d", "qoffset_x", "qoffset_y", "qoffset_z", "pixdim", "xyzt_units", "dim"),
)


def scan(path, axes="RAS", affine=OBLIQUE, kind=nib.Nifti1Image, **codes):
    """A scan whose voxels are stored in this order; each has a value of its own."""
    values = np.arange(1, 1 + np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    turn = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(affine), nib.orientations.axcodes2ornt(axes)
    )
    image = kind(values, affine).as_reoriented(turn)
    image.set_sform(image.affine, codes.get("sform", 1))
    image.set_qform(image.affine, codes.get("qform", 1))
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = b"a patient's name"
    image.header["scl_slope"], image.header["scl_inter"] = 2.0, 1.0
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"born 1970"))
    image.to_filename(path)
    return path


@pytest.mark.parametrize("axes", ["RAS", "LAS", "PIR", "LPI", "SAR"])
@pytest.mark.parametrize("affine", [np.diag([1, 1.2, 3, 1]), OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_a_mask_marks_the_voxels_it_was_made_of(tmp_path, axes, affine, kind):
    path = scan(tmp_path / "flair.nii.gz", axes, affine, kind, sform=4, qform=2)
    stored = np.asarray(nib.load(path).dataobj)  # as it is stored, not turned
    image, _ = read_image(path)
    write_on_grid(tmp_path / "mask.nii.gz", image > image.mean(), path)
    mask = nib.load(tmp_path / "mask.nii.gz")
    assert type(mask) is kind and "".join(nib.aff2axcodes(mask.affine)) == axes
    np.testing.assert_array_equal(np.asarray(mask.dataobj), stored > stored.mean())
    assert mask.get_data_dtype() == np.uint8
    for field in FIELDS:
        np.testing.assert_array_equal(mask.header[field], nib.load(path).header[field], field)
    assert (int(mask.header["sform_code"]), int(mask.header["qform_code"])) == (4, 2)
    back, affine_back = read_mask(tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(back, image > image.mean())
    np.testing.assert_array_equal(affine_back, read_image(path)[1])


def test_a_map_keeps_its_values(tmp_path):
    path = scan(tmp_path / "flair.nii.gz", "LAS")
    image, _ = read_image(path)
    write_on_grid(tmp_path / "map.nii.gz", image / 7, path)
    again = nib.load(tmp_path / "map.nii.gz")
    assert again.get_data_dtype() == np.float32
    stored = np.asarray(nib.load(path).dataobj) / 7
    np.testing.assert_allclose(np.asarray(again.dataobj), stored, rtol=1e-6)


def test_nothing_else_of_the_scan_goes_along(tmp_path):
    path = scan(tmp_path / "flair.nii.gz")
    write_on_grid(tmp_path / "mask.nii.gz", np.ones(SHAPE, bool), path)
    header = nib.load(tmp_path / "mask.nii.gz").header
    assert not bytes(header["descrip"]).strip(b"\0") and not header.extensions
    assert (
        np.asarray(nib.load(tmp_path / "mask.nii.gz").dataobj).tolist() == np.ones(SHAPE).tolist()
    )


def test_one_code_alone_a_trailing_axis_and_the_other_byte_order(tmp_path):
    values = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(*SHAPE, 1)
    header = nib.Nifti1Header(endianness=">")
    image = nib.Nifti1Image(values, None, header)
    image.set_qform(np.diag([-1.0, 1.0, 3.0, 1.0]), 1)
    image.set_sform(None, 0)
    image.to_filename(tmp_path / "flair.nii")
    read, _ = read_image(tmp_path / "flair.nii")
    write_on_grid(tmp_path / "mask.nii.gz", read > 300, tmp_path / "flair.nii")
    mask = nib.load(tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(np.asarray(mask.dataobj), values > 300)
    assert (int(mask.header["sform_code"]), int(mask.header["qform_code"])) == (0, 1)
    np.testing.assert_array_equal(mask.affine, np.diag([-1.0, 1.0, 3.0, 1.0]))


def test_another_grid_is_refused(tmp_path):
    path = scan(tmp_path / "flair.nii.gz")
    with pytest.raises(VolumeError, match=r"flair.nii.gz: scan must have the shape \(4, 9, 10\)"):
        write_on_grid(tmp_path / "mask.nii.gz", np.ones((4, 9, 10), bool), path)
    assert not (tmp_path / "mask.nii.gz").exists()
