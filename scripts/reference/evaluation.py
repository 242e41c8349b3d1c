"""What NumPy, SciPy and SimpleITK measure, for tests of `hypermorph evaluate`. numpy 2.2.6, scipy 1.15.3, SimpleITK 2.5.2.

    python evaluation.py labels FIRST SECOND       overlap (SimpleITK) and surface distances (SciPy) of every label
    python evaluation.py distances MASK            distance of every voxel to the nearest voxel that is not 0, mm (SciPy), i fastest
    python evaluation.py warp WARP                 determinants of the Jacobian (SimpleITK), i fastest; Learn2Reg's SDlogJ (NumPy)
    python evaluation.py images FIRST SECOND BINS  NCC, MSE and mutual information (NumPy)
    python evaluation.py points WARP X,Y,Z ...     where a warp takes points, RAS mm (SimpleITK)
"""

import json
import sys

import numpy
import SimpleITK as sitk
from scipy import ndimage


def read(path):
    """Voxels [i, j, k] and their spacing."""
    image = sitk.ReadImage(path)
    return sitk.GetArrayFromImage(image).T, image.GetSpacing()


def surface(mask):
    return mask & ~ndimage.binary_erosion(mask)


def labels(first, second):
    (a, spacing), (b, _) = read(first), read(second)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*[sitk.Cast(sitk.ReadImage(path), sitk.sitkUInt16) for path in (first, second)])
    rows = []
    for label in sorted({int(value) for value in numpy.union1d(a, b)} - {0}):
        surfaces = [surface(map == label) for map in (a, b)]
        there = ndimage.distance_transform_edt(~surfaces[1], spacing)[surfaces[0]]
        back = ndimage.distance_transform_edt(~surfaces[0], spacing)[surfaces[1]]
        rows.append(
            {
                "label": label,
                "dice": overlap.GetDiceCoefficient(label),
                "jaccard": overlap.GetJaccardCoefficient(label),
                "hd95Mm": max(numpy.percentile(there, 95), numpy.percentile(back, 95)),
                "assdMm": numpy.concatenate([there, back]).mean(),
            }
        )
    return rows


def distances(path):
    mask, spacing = read(path)
    return ndimage.distance_transform_edt(mask == 0, spacing).ravel("F").tolist()


def warp(path):
    field = sitk.ReadImage(path)
    determinants = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field, True)).T
    inner = determinants[2:-2, 2:-2, 2:-2].astype(float)
    return {
        "determinants": determinants.ravel("F").tolist(),
        "learn2reg": numpy.log((inner + 3).clip(1e-9, 1e9)).std(),
    }


def images(first, second, bins):
    (a, _), (b, _) = read(first), read(second)
    a, b = a.astype(float).ravel(), b.astype(float).ravel()
    joint = numpy.histogram2d(a, b, int(bins))[0] / a.size
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return {
        "ncc": numpy.corrcoef(a, b)[0, 1],
        "mse": ((a - b) ** 2).mean(),
        "mi": (joint[there] * numpy.log(joint[there] / independent[there])).sum(),
    }


def points(path, *texts):
    field = sitk.Cast(sitk.ReadImage(path), sitk.sitkVectorFloat64)
    transform = sitk.DisplacementFieldTransform(field)
    lps = numpy.array([-1, -1, 1])
    given = [numpy.array([float(number) for number in text.split(",")]) for text in texts]
    return [(lps * transform.TransformPoint((lps * point).tolist())).tolist() for point in given]


what, *words = sys.argv[1:]
print(json.dumps(globals()[what](*words)))
