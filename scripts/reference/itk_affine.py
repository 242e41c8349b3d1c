"""What SimpleITK 2 makes of transform files: where its transforms take points, LPS mm.

python itk_affine.py read FILE        reads a file, and prints where it takes the points
python itk_affine.py write FOLDER     writes one file per kind of transform, and prints their names and where each takes them
"""

import json
import sys

import SimpleITK as sitk

POINTS = [[0.0, 0.0, 0.0], [10.0, -20.0, 30.0], [-7.0, 5.0, 3.0], [40.0, 50.0, -60.0]]


def taken(transform):
    return [list(transform.TransformPoint(point)) for point in POINTS]


def transforms():
    centre = (12.0, -3.0, 7.5)
    affine = sitk.AffineTransform((1.1, 0.1, -0.2, 0.05, 0.9, 0.3, 0.2, -0.1, 1.05), (3.0, -4.0, 5.0), centre)
    euler = sitk.Euler3DTransform(centre, 0.2, -0.3, 0.5, (1.0, 2.0, 3.0))
    zyx = sitk.Euler3DTransform(centre, 0.2, -0.3, 0.5, (1.0, 2.0, 3.0))
    zyx.SetComputeZYX(True)
    versor = sitk.VersorRigid3DTransform((0.1, -0.2, 0.3, (1 - 0.14) ** 0.5), (4.0, 5.0, 6.0), centre)
    similarity = sitk.Similarity3DTransform(1.2, (0.1, -0.2, 0.3, (1 - 0.14) ** 0.5), (4.0, 5.0, 6.0), centre)
    scale = sitk.ScaleTransform(3, (1.1, 0.9, 1.2))
    shift = sitk.TranslationTransform(3, (1.0, -2.0, 3.0))
    composite = sitk.CompositeTransform([affine, euler, scale])
    return {
        "affine": affine,
        "euler": euler,
        "euler_zyx": zyx,
        "versor": versor,
        "similarity": similarity,
        "scale": scale,
        "translation": shift,
        "composite": composite,
    }


if sys.argv[1] == "read":
    print(json.dumps({"points": POINTS, "taken": taken(sitk.ReadTransform(sys.argv[2]))}))
else:
    written = {}
    for name, transform in transforms().items():
        sitk.WriteTransform(transform, f"{sys.argv[2]}/{name}.tfm")
        written[name] = taken(transform)
    print(json.dumps({"points": POINTS, "written": written}))
