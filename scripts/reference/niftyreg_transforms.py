"""Let NiftyReg register two small images, and keep its transforms with what reg_resample and reg_transform make of them.

niftyreg_transforms.py BIN FOLDER

BIN holds NiftyReg's programs, which take an hour to compile: the tests read what this wrote to test/fixtures/transforms/niftyreg.
Written with NiftyReg 1.5.70 (the package niftyreg 1.5.70rc1).

Writes fixed and moving images (oblique, anisotropic; the fixed one right-handed, the moving one left-handed), affine.txt of reg_aladin,
control_points.nii.gz of reg_f3d, deformation.nii.gz and displacement.nii.gz of reg_transform, moved.nii.gz of reg_resample with the former, and
points.json, RAS mm: `points` of the fixed image, and `mapped` by the name of the file.
"""

import json
import os
import subprocess
import sys

import nibabel as nib
import numpy as np


def rotation(degrees):
    x, y, z = np.deg2rad(degrees)
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return rz @ ry @ rx


def blobs(points):
    centres = [((0, 0, 0), 10, 1000), ((9, -5, 4), 5, 600), ((-6, 7, -5), 4, -500)]
    return sum(h * np.exp(-((points - np.array(c)) ** 2).sum(-1) / (2 * s * s)) for c, s, h in centres)


def image(shape, degrees, spacing, change):
    affine = np.eye(4)
    affine[:3, :3] = rotation(degrees) @ np.diag(spacing)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    values = blobs(change(index @ affine[:3, :3].T + affine[:3, 3]))
    made = nib.Nifti1Image(values.round().astype(np.int16), affine)
    made.set_sform(affine, 1)
    made.set_qform(affine, 1)
    return made


def moving_to_fixed(points):
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x + 3 + np.sin(y / 8), 1.1 * y, z - 2], axis=-1)


def main(programs, folder):
    path = lambda name: os.path.join(folder, name)

    def run(program, *words):
        subprocess.run([os.path.join(programs, program), *words], check=True, stdout=subprocess.DEVNULL)

    fixed = image((23, 19, 21), (12, -9, 17), (3, 3.5, 3), lambda points: points)
    moving = image((21, 25, 18), (-25, 14, 6), (-3, 2.5, 3.5), moving_to_fixed)
    nib.save(fixed, path("fixed.nii.gz"))
    nib.save(moving, path("moving.nii.gz"))
    images = ["-ref", path("fixed.nii.gz"), "-flo", path("moving.nii.gz")]
    unwanted = path("unwanted.nii.gz")
    run("reg_aladin", *images, "-aff", path("affine.txt"), "-res", unwanted, "-ln", "2")
    run("reg_f3d", *images, "-aff", path("affine.txt"), "-cpp", path("control_points.nii.gz"), "-res", unwanted, "-sx", "9", "-ln", "1", "-maxit", "50")
    reference = ["-ref", path("fixed.nii.gz")]
    run("reg_transform", *reference, "-def", path("control_points.nii.gz"), path("deformation.nii.gz"))
    run("reg_transform", *reference, "-disp", path("control_points.nii.gz"), path("displacement.nii.gz"))
    run("reg_resample", *images, "-trans", path("deformation.nii.gz"), "-res", path("moved.nii.gz"), "-inter", "1")
    index = np.random.default_rng(5).integers(4, np.array(fixed.shape) - 4, (20, 3))
    points = index @ fixed.affine[:3, :3].T + fixed.affine[:3, 3]
    mapped = {}
    for name in ("affine.txt", "deformation.nii.gz", "displacement.nii.gz"):
        np.savetxt(path("in.txt"), points)
        run("reg_transform", *reference, "-land", path(name), path("in.txt"), path("out.txt"))
        mapped[name] = np.loadtxt(path("out.txt")).tolist()
    for name in ("in.txt", "out.txt", "unwanted.nii.gz"):
        os.remove(path(name))
    with open(path("points.json"), "w") as file:
        json.dump({"points": points.tolist(), "mapped": mapped}, file)


main(*sys.argv[1:])
