"""Move an image by the cubic B-splines of SciPy and SimpleITK, and print how far the results are from ours.

cubic_sampling.py FIXED MOVING AFFINE WARP MOVED

MOVED is MOVING on the grid of FIXED through WARP, a displacement field, and then AFFINE, a text file of ITK. Compared are the voxels that
lead between the outermost voxel centres of MOVING: half a voxel beyond, both programs go on in the mirror, and we take the outermost one.

Prints JSON: `simpleitk` and `scipy`, largest differences as a share of the range of MOVING, `linear` that of a linear look-up of SimpleITK,
and `inside`, the share of voxels that are compared.
"""

import json
import sys

import numpy as np
import SimpleITK as sitk
from scipy import ndimage


def main(fixed_path, moving_path, affine_path, warp_path, moved_path):
    fixed = sitk.ReadImage(fixed_path, sitk.sitkFloat32)
    moving = sitk.ReadImage(moving_path, sitk.sitkFloat32)
    moved = sitk.GetArrayFromImage(sitk.ReadImage(moved_path, sitk.sitkFloat32))
    warp = sitk.DisplacementFieldTransform(sitk.Cast(sitk.ReadImage(warp_path), sitk.sitkVectorFloat64))
    chain = sitk.CompositeTransform([sitk.ReadTransform(affine_path), warp])

    size = fixed.GetSize()
    voxels = [(i, j, k) for k in range(size[2]) for j in range(size[1]) for i in range(size[0])]
    lead = lambda voxel: chain.TransformPoint(fixed.TransformIndexToPhysicalPoint(voxel))
    places = np.array([moving.TransformPhysicalPointToContinuousIndex(lead(voxel)) for voxel in voxels])
    inside = ((places >= 0) & (places <= np.array(moving.GetSize()) - 1)).all(1)
    values = sitk.GetArrayFromImage(moving)

    def difference(theirs):
        return float(np.abs(np.ravel(theirs) - moved.ravel())[inside].max() / np.ptp(values))

    print(json.dumps({
        "simpleitk": difference(sitk.GetArrayFromImage(sitk.Resample(moving, fixed, chain, sitk.sitkBSpline, 0.0))),
        "scipy": difference(ndimage.map_coordinates(values.astype(float), places[:, ::-1].T, order=3, mode="mirror")),
        "linear": difference(sitk.GetArrayFromImage(sitk.Resample(moving, fixed, chain, sitk.sitkLinear, 0.0))),
        "inside": float(inside.mean()),
    }))


main(*sys.argv[1:])
