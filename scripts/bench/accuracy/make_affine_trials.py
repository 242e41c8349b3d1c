"""Makes pairs of which the affine map between them is known, from real volumes.

    python make_affine_trials.py FOLDER DATA COUNT

Trial n depends on n alone. The moving image is the fixed one, turned by up to 45 degrees about a random axis, scaled by 0.8 to
1.25 (and by up to 4 percent more along each axis) and shifted by up to 60 mm, sampled on a grid of its own with other
intensities (gamma) and noise. Of five trials one has another contrast (T2 instead of T1), and one a moving image of which 30
percent are cut off. points.csv holds 100 points of the head and where the map takes them, RAS mm.
"""

import sys
from pathlib import Path

import numpy
import SimpleITK as sitk

VOLUMES = ["mni152_t1_2mm", "colin27_head_2mm", "someone_t1_2p75mm"]
MADE = "fixed.nii.gz", "moving.nii.gz", "points.csv"


def random_linear(random):
    axis = random.normal(size=3)
    axis /= numpy.linalg.norm(axis)
    angle = numpy.radians(random.uniform(0, 45))
    cross = numpy.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = numpy.eye(3) + numpy.sin(angle) * cross + (1 - numpy.cos(angle)) * cross @ cross
    scale = numpy.exp(random.uniform(numpy.log(0.8), numpy.log(1.25)))
    return rotation @ numpy.diag(scale * random.uniform(0.96, 1.04, 3))


def make(trial, data, random, kind):
    name = "mni152_t1_2mm" if kind == "contrast" else VOLUMES[random.integers(len(VOLUMES))]
    fixed = sitk.ReadImage(str(data / f"{name}.nii.gz"), sitk.sitkFloat32)
    source = sitk.ReadImage(str(data / "mni152_t2_2mm.nii.gz"), sitk.sitkFloat32) if kind == "contrast" else fixed
    size, spacing = numpy.array(fixed.GetSize()), numpy.array(fixed.GetSpacing())
    centre = numpy.array(fixed.TransformContinuousIndexToPhysicalPoint(((size - 1) / 2).tolist()))
    linear = random_linear(random)
    direction = random.normal(size=3)
    shift = direction / numpy.linalg.norm(direction) * random.uniform(0, 60)

    # moving(T(x)) = source(x) with T(x) = centre + shift + linear (x - centre), LPS mm.
    back = sitk.AffineTransform(3)
    inverse = numpy.linalg.inv(linear)
    back.SetMatrix(inverse.ravel().tolist())
    back.SetTranslation((centre - inverse @ (centre + shift)).tolist())
    own_spacing = spacing * random.uniform(1.0, 1.2)
    own_size = numpy.ceil(size * spacing * 1.1 / own_spacing).astype(int)
    corner = centre + shift + random.uniform(-5, 5, 3) - (own_size - 1) / 2 * own_spacing
    moving = sitk.Resample(source, own_size.tolist(), back, sitk.sitkLinear, corner.tolist(), own_spacing.tolist(), numpy.eye(3).ravel().tolist())
    values = sitk.GetArrayFromImage(moving)
    top = values.max()
    values = top * numpy.clip(values / top, 0, 1) ** random.uniform(0.8, 1.25)
    values = numpy.maximum(values + random.normal(scale=0.02 * top, size=values.shape), 0).astype(numpy.float32)
    if kind == "cut":
        values = numpy.ascontiguousarray(values[int(0.3 * len(values)) :])
        corner = corner + numpy.array([0, 0, int(0.3 * own_size[2]) * own_spacing[2]])
    moving = sitk.GetImageFromArray(values)
    moving.SetSpacing(own_spacing.tolist())
    moving.SetOrigin(corner.tolist())

    head = numpy.argwhere(sitk.GetArrayViewFromImage(fixed) > sitk.GetArrayViewFromImage(fixed).mean())[:, ::-1]
    chosen = head[random.choice(len(head), 100, replace=False)]
    points = numpy.array([fixed.TransformIndexToPhysicalPoint(index.tolist()) for index in chosen])
    partners = centre + shift + (points - centre) @ linear.T
    trial.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(fixed, str(trial / "fixed.nii.gz"))
    sitk.WriteImage(moving, str(trial / "moving.nii.gz"))
    table = numpy.hstack([points, partners]) * [-1, -1, 1, -1, -1, 1]
    header = "fixed_x,fixed_y,fixed_z,moving_x,moving_y,moving_z"
    numpy.savetxt(trial / "points.csv", table, "%.4f", ",", header=header, comments="")


def main(folder, data, count):
    for n in range(int(count)):
        trial = Path(folder) / f"trial{n:03d}"
        if not all((trial / name).exists() for name in MADE):
            kind = {3: "contrast", 4: "cut"}.get(n % 5, "plain")
            make(trial, Path(data) / "brain", numpy.random.default_rng(1000 + n), kind)


main(*sys.argv[1:])
