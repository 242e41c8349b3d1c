"""Apply an affine and a displacement as antsApplyTransforms does, and print how far the results are from ours.

ants_apply.py FIXED MOVING LABELS AFFINE WARP MOVED NEAREST MAJORITY POINTS

The point goes through WARP first, then through AFFINE. POINTS is JSON, LPS mm: `points` and `mapped`, where we say they go.

Prints JSON: `moved`, the largest difference between ANTs' image and MOVED, as a share of the range of MOVING; `nearest` and
`majority`, the share of voxels whose label differs; `labelled`, the share of voxels with one; `points`, the largest distance in
mm; `wrong`, that distance if the two transforms change places.
"""

import json
import sys

import ants
import numpy as np
import pandas as pd


def moved_by(fixed, moving, transforms, interpolator):
    return ants.apply_transforms(fixed, moving, transforms, interpolator=interpolator).numpy()


def farthest(points, expected, transforms):
    table = pd.DataFrame(points, columns=["x", "y", "z"])
    found = ants.apply_transforms_to_points(3, table, transforms)[["x", "y", "z"]].to_numpy()
    return float(np.linalg.norm(found - np.array(expected), axis=1).max())


def main(fixed_path, moving_path, labels_path, affine, warp, moved_path, nearest_path, majority_path, points_path):
    fixed, moving, labels = (ants.image_read(path) for path in (fixed_path, moving_path, labels_path))
    moved, nearest, majority = (ants.image_read(path).numpy() for path in (moved_path, nearest_path, majority_path))
    transforms = [warp, affine]  # as on the command line of ANTs, whose first one acts first
    found = moved_by(fixed, moving, transforms, "linear")
    values = moving.numpy()
    with open(points_path) as file:
        lists = json.load(file)
    print(json.dumps({
        "moved": float(np.abs(found - moved).max() / (values.max() - values.min())),
        "nearest": float((moved_by(fixed, labels, transforms, "nearestNeighbor") != nearest).mean()),
        "majority": float((moved_by(fixed, labels, transforms, "genericLabel") != majority).mean()),
        "labelled": float((nearest != 0).mean()),
        "points": farthest(lists["points"], lists["mapped"], transforms),
        "wrong": farthest(lists["points"], lists["mapped"], transforms[::-1]),
    }))


main(*sys.argv[1:])
