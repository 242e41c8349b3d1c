"""Apply a chain of an affine, a displacement and an affine as ITK does, and print how far the results are from ours.

simpleitk_chain.py FIXED MOVING OUTER WARP INNER MOVED POINTS

INNER acts first, then WARP, then OUTER. POINTS is JSON, LPS mm: `points` and `mapped`, where we say they go; `targets` and
`back`, where we say these come from.

Prints JSON: `moved`, the largest difference between ITK's resampling of MOVING and MOVED, as a share of the range of MOVING;
`inside`, the share of voxels that ITK finds inside MOVING; `points`, the largest distance in mm between where ITK and we take
a point; `inverse`, between a target and where ITK takes what we lead it back to; `moves`, how far the points go at most.
"""

import json
import sys

import numpy as np
import SimpleITK as sitk


def farthest(transform, points, expected):
    found = np.array([transform.TransformPoint(point) for point in points])
    return float(np.linalg.norm(found - np.array(expected), axis=1).max())


def main(fixed_path, moving_path, outer_path, warp_path, inner_path, moved_path, points_path):
    fixed = sitk.ReadImage(fixed_path, sitk.sitkFloat32)
    moving = sitk.ReadImage(moving_path, sitk.sitkFloat32)
    field = sitk.Cast(sitk.ReadImage(warp_path), sitk.sitkVectorFloat64)
    chain = sitk.CompositeTransform(3)
    chain.AddTransform(sitk.ReadTransform(outer_path))
    chain.AddTransform(sitk.DisplacementFieldTransform(field))
    chain.AddTransform(sitk.ReadTransform(inner_path))  # the last one added acts first

    moved = sitk.GetArrayFromImage(sitk.ReadImage(moved_path, sitk.sitkFloat32))
    resampled = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, chain, sitk.sitkLinear, 0.0))
    ones = sitk.Image(moving.GetSize(), sitk.sitkFloat32) + 1
    ones.CopyInformation(moving)
    inside = sitk.GetArrayFromImage(sitk.Resample(ones, fixed, chain, sitk.sitkNearestNeighbor, 0.0))
    values = sitk.GetArrayFromImage(moving)
    with open(points_path) as file:
        lists = json.load(file)
    print(json.dumps({
        "version": sitk.Version.VersionString(),
        "moved": float(np.abs(resampled - moved).max() / (values.max() - values.min())),
        "inside": float(inside.mean()),
        "points": farthest(chain, lists["points"], lists["mapped"]),
        "inverse": farthest(chain, lists["back"], lists["targets"]),
        "moves": farthest(chain, lists["points"], lists["points"]),
    }))


main(*sys.argv[1:])
