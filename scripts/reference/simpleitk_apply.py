"""Apply displacement files as ITK does, and print how far the results are from ours.

simpleitk_apply.py FIXED MOVING WARP MOVED INVERSE_WARP

Prints JSON: `moved` is the largest difference between ITK's resampling of MOVING through WARP and MOVED, over the whole
grid, as a share of the range of MOVING; `inside` the share of voxels that ITK finds inside MOVING; `inverse` the largest
distance in mm between a point and its image through WARP and back through INVERSE_WARP, in the middle half of FIXED;
`moves` the largest displacement there.
"""

import json
import sys

import numpy as np
import SimpleITK as sitk


def transform(path):
    return sitk.DisplacementFieldTransform(sitk.Cast(sitk.ReadImage(path), sitk.sitkVectorFloat64))


def main(fixed_path, moving_path, warp_path, moved_path, inverse_path):
    fixed = sitk.ReadImage(fixed_path, sitk.sitkFloat32)
    moving = sitk.ReadImage(moving_path, sitk.sitkFloat32)
    moved = sitk.GetArrayFromImage(sitk.ReadImage(moved_path, sitk.sitkFloat32))
    warp = transform(warp_path)
    inverse = transform(inverse_path)

    resampled = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, warp, sitk.sitkLinear, 0.0))
    ones = sitk.Image(moving.GetSize(), sitk.sitkFloat32) + 1
    ones.CopyInformation(moving)
    inside = sitk.GetArrayFromImage(sitk.Resample(ones, fixed, warp, sitk.sitkNearestNeighbor, 0.0))
    values = sitk.GetArrayFromImage(moving)
    difference = np.abs(resampled - moved).max() / (values.max() - values.min())

    size = fixed.GetSize()
    middle = [range(n // 4, 3 * n // 4) for n in size]
    consistency = moves = 0.0
    for k in middle[2]:
        for j in middle[1]:
            for i in middle[0]:
                p = fixed.TransformIndexToPhysicalPoint((i, j, k))
                q = warp.TransformPoint(p)
                back = inverse.TransformPoint(q)
                moves = max(moves, float(np.linalg.norm(np.subtract(q, p))))
                consistency = max(consistency, float(np.linalg.norm(np.subtract(back, p))))
    print(json.dumps({
        "version": sitk.Version.VersionString(),
        "moved": float(difference),
        "inside": float(inside.mean()),
        "inverse": consistency,
        "moves": moves,
    }))


main(*sys.argv[1:])
