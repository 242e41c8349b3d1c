"""Let NiftyReg register two small images and two real brains, and keep its transforms with what reg_resample and reg_transform make of them.

niftyreg_transforms.py BIN FOLDER

BIN holds NiftyReg's programs, which take an hour to compile: the tests read what this wrote to test/fixtures/transforms/niftyreg.
Written with NiftyReg 1.5.70 (the package niftyreg 1.5.70rc1).

Writes FOLDER/blobs, of made-up images, and FOLDER/brains, of those of data/brain made coarse: fixed and moving images (oblique,
anisotropic; the fixed one right-handed, the moving one left-handed), affine.txt of reg_aladin, control_points.nii.gz of reg_f3d,
deformation.nii.gz and displacement.nii.gz of reg_transform, moved.nii.gz and affine_moved.nii.gz of reg_resample, jacobian.nii.gz of reg_jacobian, and
points.json, RAS mm: `points` of the fixed image, and `mapped` by the name of the file.
"""

import json
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
from scipy import ndimage

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "brain")


def rotation(degrees):
    x, y, z = np.deg2rad(degrees)
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return rz @ ry @ rx


def blobs(points):
    centres = [((0, 0, 0), 10, 1000), ((9, -5, 4), 5, 600), ((-6, 7, -5), 4, -500)]
    return sum(h * np.exp(-((points - np.array(c)) ** 2).sum(-1) / (2 * s * s)) for c, s, h in centres)


def grid(shape, degrees, spacing, centre=(0, 0, 0)):
    affine = np.eye(4)
    affine[:3, :3] = rotation(degrees) @ np.diag(spacing)
    affine[:3, 3] = np.array(centre) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return shape, affine


def image(shape, affine, values):
    made = nib.Nifti1Image(values.round().astype(np.int16), affine)
    made.set_sform(affine, 1)
    made.set_qform(affine, 1)
    return made


def blob_image(shape, affine, change):
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    return image(shape, affine, blobs(change(index @ affine[:3, :3].T + affine[:3, 3])))


def brain_image(name, shape, affine):
    """A brain on a coarse grid, first smoothed to about the size of its voxels, 0 to 1000."""
    brain = nib.load(os.path.join(DATA, f"{name}_brain_1mm.nii.gz"))
    smooth = ndimage.gaussian_filter(brain.get_fdata(), np.abs(np.diag(affine[:3, :3])).mean() / 2.355)
    to_brain = np.linalg.inv(brain.affine) @ affine
    values = ndimage.affine_transform(smooth, to_brain[:3, :3], to_brain[:3, 3], shape, order=1)
    return image(shape, affine, 1000 * values / values.max())


def moving_to_fixed(points):
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x + 3 + np.sin(y / 8), 1.1 * y, z - 2], axis=-1)


def register(run, path, fixed, moving, options):
    """Everything that NiftyReg makes of two images, into the folder of `path`."""
    nib.save(fixed, path("fixed.nii.gz"))
    nib.save(moving, path("moving.nii.gz"))
    images = ["-ref", path("fixed.nii.gz"), "-flo", path("moving.nii.gz")]
    unwanted = path("unwanted.nii.gz")
    run("reg_aladin", *images, "-aff", path("affine.txt"), "-res", unwanted, "-ln", "2")
    run("reg_f3d", *images, "-aff", path("affine.txt"), "-cpp", path("control_points.nii.gz"), "-res", unwanted, *options)
    reference = ["-ref", path("fixed.nii.gz")]
    run("reg_transform", *reference, "-def", path("control_points.nii.gz"), path("deformation.nii.gz"))
    run("reg_transform", *reference, "-disp", path("control_points.nii.gz"), path("displacement.nii.gz"))
    for transform, moved in (("deformation.nii.gz", "moved.nii.gz"), ("affine.txt", "affine_moved.nii.gz")):
        run("reg_resample", *images, "-trans", path(transform), "-res", path(moved), "-inter", "1")
    run("reg_jacobian", *reference, "-trans", path("control_points.nii.gz"), "-jac", path("jacobian.nii.gz"))
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


def main(programs, folder):
    def run(program, *words):
        subprocess.run([os.path.join(programs, program), *words], check=True, stdout=subprocess.DEVNULL)

    def register_into(name, *rest):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        register(run, lambda file: os.path.join(folder, name, file), *rest)

    fixed, moving = grid((23, 19, 21), (12, -9, 17), (3, 3.5, 3)), grid((21, 25, 18), (-25, 14, 6), (-3, 2.5, 3.5))
    blob_images = blob_image(*fixed, lambda points: points), blob_image(*moving, moving_to_fixed)
    register_into("blobs", *blob_images, ["-sx", "9", "-ln", "1", "-maxit", "50"])
    fixed = grid((25, 31, 27), (8, -6, 11), (7.5, 7, 7.4), (0, -18, 12))
    moving = grid((27, 31, 26), (-12, 7, 5), (-7.2, 7.1, 7), (0, -18, 12))
    brains = brain_image("icbm2009a", *fixed), brain_image("colin27", *moving)
    register_into("brains", *brains, ["-sx", "21", "-ln", "2"])


main(*sys.argv[1:])
