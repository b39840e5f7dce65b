"""The rigid motion that fits one image to another, by SimpleITK (the extra ``register``)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import SimpleITK as sitk

#: ITK counts millimetres to the left and to the back, NIfTI to the right and to the front.
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

#: The metric looks at so many voxels at most, nearly regular ones, and in bins of intensity.
SAMPLED, BINS = 100_000, 32

#: Millimetres of a voxel, if theirs are finer, of the fixed and the moving image. The moving one is
#: interpolated, so coarse voxels there cost accuracy.
FIXED_MM, MOVING_MM = 2.0, 1.0

#: Levels of the search: the fixed image smaller by a factor, both smoothed (sigma in millimetres).
SHRINK, SMOOTH_MM = (2, 1), (2.0, 1.0)

#: An image (X, Y, Z) and its affine (4, 4).
Placed = tuple[NDArray[np.float32], NDArray[np.float64]]


class Motion(NamedTuple):
    """From millimetres of the fixed image to those of the moving one (4, 4), in RAS+.

    ``before`` and ``after`` are the images' mutual information with the headers and with it.
    """

    transform: NDArray[np.float64]
    before: float
    after: float


def available() -> bool:
    """Whether SimpleITK is installed; it is not imported."""
    return find_spec("SimpleITK") is not None


def rigid(fixed: Placed, moving: Placed) -> Motion:
    """The rigid motion of most mutual information (Mattes et al. 2003).

    The search begins at the better of two places, where the headers say and with the centres of
    mass in one point, and ends at the best it saw. One thread and a fixed seed: the same images
    give the same motion.

    Raises
    ------
    RuntimeError
        The images overlap in neither place.
    """
    import SimpleITK as sitk  # here: it is large, and few need it

    one, other = _image(fixed, FIXED_MM), _image(moving, MOVING_MM)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.REGULAR)
    part = min(1.0, SAMPLED / one.GetNumberOfPixels())
    method.SetMetricSamplingPercentage(part, seed=1)  # 0 would be the clock
    method.SetInterpolator(sitk.sitkLinear)
    method.MetricUseFixedImageGradientFilterOff()  # differences where they are needed are faster
    method.MetricUseMovingImageGradientFilterOff()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0, minStep=1e-4, numberOfIterations=300, gradientMagnitudeTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(SHRINK)
    method.SetSmoothingSigmasPerLevel(SMOOTH_MM)

    def information(transform: sitk.Euler3DTransform) -> float:
        method.SetInitialTransform(sitk.Euler3DTransform(transform), inPlace=True)
        try:
            return -method.MetricEvaluate(one, other)
        except RuntimeError:  # no overlap
            return -np.inf

    headers = sitk.Euler3DTransform()
    middle = [(size - 1) / 2 for size in one.GetSize()]
    headers.SetCenter(one.TransformContinuousIndexToPhysicalPoint(middle))
    by_mass = sitk.CenteredTransformInitializer(
        one, other, headers, sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    places = [headers, sitk.Euler3DTransform(by_mass)]
    known = [information(place) for place in places]
    found = sitk.Euler3DTransform(places[int(np.argmax(known))])
    method.SetInitialTransform(found, inPlace=True)
    method.Execute(one, other)
    places, known = [*places, found], [*known, information(found)]
    return Motion(_matrix(places[int(np.argmax(known))]), known[0], max(known))


def _image(placed: Placed, coarse_mm: float) -> sitk.Image:
    """A coarse image for ITK; its brightest thousandth is cut off, which bins of intensity need."""
    import SimpleITK as sitk

    array, affine = placed
    image = sitk.GetImageFromArray(np.minimum(array, np.percentile(array, 99.9)).T)
    affine = LPS @ affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetOrigin(affine[:3, 3])
    image.SetSpacing(spacing)
    image.SetDirection((affine[:3, :3] / spacing).ravel())
    factors = [max(1, round(coarse_mm / edge)) for edge in spacing]
    return sitk.BinShrink(image, factors)


def _matrix(transform: sitk.Transform) -> NDArray[np.float64]:
    """A transform of points as a matrix (4, 4), in RAS+."""
    origin, *axes = (
        np.array(transform.TransformPoint(p)) for p in [(0.0, 0.0, 0.0), *np.eye(3).tolist()]
    )
    matrix = np.eye(4)
    matrix[:3] = np.column_stack([*(axis - origin for axis in axes), origin])
    return LPS @ matrix @ LPS
