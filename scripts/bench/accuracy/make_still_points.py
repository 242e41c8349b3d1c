"""Makes landmarks of pairs in which nothing should move: two images of one person or of one average, in one space.

    python make_still_points.py FOLDER BRAIN_DATA

Points of a lattice of 12 mm where both images show something (more than a fifth of their 98th percentile), RAS mm, twice.
"""

import sys
from pathlib import Path

import nibabel
import numpy

PAIRS = {"mni152": ("mni152_t1_2mm", "mni152_t2_2mm"), "someone": ("someone_epi_3mm", "someone_t1_2p75mm")}


def shown(image, points):
    """Whether the nearest voxel of each point shows something."""
    voxels = numpy.asarray(image.dataobj, numpy.float32).reshape(image.shape[:3])
    index = numpy.rint(nibabel.affines.apply_affine(numpy.linalg.inv(image.affine), points)).astype(int)
    inside = ((index >= 0) & (index < voxels.shape)).all(-1)
    values = voxels[tuple(index[inside].T)]
    inside[inside] = values > 0.2 * numpy.percentile(voxels, 98)
    return inside


def main(folder, data):
    steps = numpy.arange(-108, 109, 12)
    lattice = numpy.stack(numpy.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    for name, files in PAIRS.items():
        first, second = (nibabel.load(Path(data) / f"{file}.nii.gz") for file in files)
        points = lattice[shown(first, lattice) & shown(second, lattice)]
        table = numpy.concatenate([points, points], 1)
        header = "fixed_x,fixed_y,fixed_z,moving_x,moving_y,moving_z"
        numpy.savetxt(Path(folder) / f"{name}.csv", table, "%g", ",", header=header, comments="")


main(*sys.argv[1:])
