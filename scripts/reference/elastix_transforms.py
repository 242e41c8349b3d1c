"""Let elastix register two small images and two real brains, and keep its transform parameters with where transformix takes points by them.

elastix_transforms.py FOLDER

Needs itk-elastix, which is too large for the tests: they read what this wrote to test/fixtures/transforms/elastix. Written with
itk-elastix 0.25.4.

Writes FOLDER/<kind>.txt for affine, Euler, similarity and translation transforms and a spline, brains.txt and brains_spline.txt for an
affine one and a spline between the brains of data/brain, FOLDER/points.json, RAS mm: `points`, and `mapped` by kind; and of the small images
moving.nii.gz, moved.nii.gz, which transformix moved by the spline, looking up linearly, and moved_cubic.nii.gz, by cubic splines.
"""

import json
import os
import sys
import tempfile

import itk
import numpy as np

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "brain")
LPS = np.array([-1.0, -1.0, 1.0])
KINDS = {
    "affine": "AffineTransform",
    "euler": "EulerTransform",
    "similarity": "SimilarityTransform",
    "translation": "TranslationTransform",
    "spline": "BSplineTransform",
}


def blob_image(size, spacing, origin, direction, shift):
    image = itk.image_from_array(np.zeros(size[::-1], np.float32))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    index = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), -1).reshape(-1, 3)
    points = index * spacing @ np.asarray(direction).T + origin
    centres = [((0, 0, 0), 10, 100), ((9, -5, 4), 5, 60), ((-6, 7, -5), 4, -50)]
    values = sum(h * np.exp(-(((points - shift - np.array(c)) ** 2).sum(1)) / (2 * s * s)) for c, s, h in centres)
    itk.array_view_from_image(image)[:] = values.reshape(size).transpose(2, 1, 0)
    return image


def register(fixed, moving, name, file, points, spacing="16"):
    """Write what elastix finds, and give where transformix takes the points by it."""
    parameters = itk.ParameterObject.New()
    if name == "BSplineTransform":
        settings = parameters.GetDefaultParameterMap("bspline", 2)
        settings["FinalGridSpacingInPhysicalUnits"] = [spacing]
        settings["GridSpacingSchedule"] = ["1", "1"]
    else:
        settings = parameters.GetDefaultParameterMap("rigid", 2)
    settings["Transform"] = [name]
    settings["MaximumNumberOfIterations"] = ["100"]
    parameters.AddParameterMap(settings)
    _, found = itk.elastix_registration_method(fixed, moving, parameter_object=parameters)
    found.WriteParameterFile(file)
    if found.GetNumberOfParameterMaps() != 1:
        sys.exit("one transform was asked for")
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "points.txt"), "w") as given:
            given.write(f"point\n{len(points)}\n" + "\n".join(" ".join(map(str, p)) for p in points * LPS))
        itk.transformix_filter(
            moving, found, fixed_point_set_file_name=os.path.join(work, "points.txt"), output_directory=work
        )
        with open(os.path.join(work, "outputpoints.txt")) as made:
            lines = [line.split("OutputPoint = [")[1].split("]")[0] for line in made]
    return (np.array([list(map(float, line.split())) for line in lines]) * LPS).tolist()


def move(moving, folder):
    """Write the moving image, and what transformix makes of it by the spline."""
    itk.imwrite(moving, os.path.join(folder, "moving.nii.gz"))
    for order, name in (("1", "moved.nii.gz"), ("3", "moved_cubic.nii.gz")):
        found = itk.ParameterObject.New()
        found.ReadParameterFile(os.path.join(folder, "spline.txt"))
        for key, value in (("FinalBSplineInterpolationOrder", order), ("ResultImagePixelType", "float")):
            found.SetParameter(0, key, [value])
        itk.imwrite(itk.transformix_filter(moving, found), os.path.join(folder, name))


def main(folder):
    angle = np.deg2rad(15)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    fixed = blob_image((30, 28, 26), (2.0, 2.5, 3.0), turned @ (-29.0, -34.0, -38.0), turned, (0, 0, 0))
    moving = blob_image((32, 26, 28), (2.5, 2.5, 2.5), (-39.0, -31.0, -34.0), np.eye(3), (3, -2, 1.5))
    points = np.random.default_rng(3).uniform(-20, 20, (20, 3))
    mapped = {kind: register(fixed, moving, name, os.path.join(folder, f"{kind}.txt"), points) for kind, name in KINDS.items()}
    move(moving, folder)
    brains = [itk.imread(os.path.join(DATA, f"{name}_brain_1mm.nii.gz"), itk.F) for name in ("icbm2009a", "colin27")]
    mapped["brains"] = register(*brains, "AffineTransform", os.path.join(folder, "brains.txt"), points)
    mapped["brains_spline"] = register(*brains, "BSplineTransform", os.path.join(folder, "brains_spline.txt"), points, "48")
    with open(os.path.join(folder, "points.json"), "w") as file:
        json.dump({"points": points.tolist(), "mapped": mapped}, file)


main(sys.argv[1])
