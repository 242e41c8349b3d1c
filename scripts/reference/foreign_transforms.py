"""What other programs make of transforms: their own files with where they lead, and where ours lead in their hands.

foreign_transforms.py PROGRAM write FOLDER
foreign_transforms.py PROGRAM read FOLDER

FOLDER holds fixed.nii.gz and moving.nii.gz. `write` leaves the program's own transforms there, and moved images where the program
moves images. `read` takes what we wrote there: affine.* and warp.*, of which the warp acts first, or chain.h5 with both.

Prints JSON, RAS mm: `points`, of the fixed image, and `mapped`, by name of the files that take them there. PROGRAM: itk
(SimpleITK), ants, greedy, fsl (fslpy), freesurfer (surfa), nibabel (SPM, NiftyReg, VoxelMorph, RAS).
"""

import json
import os
import sys

import nibabel as nib
import numpy as np

LPS = np.array([-1.0, -1.0, 1.0])


def apply(matrix, points):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def some_voxels(image, count=60):
    """Voxel centres of an image, not at its edge, RAS mm."""
    voxels = np.random.default_rng(7).integers(4, np.array(image.shape[:3]) - 4, (count, 3))
    return apply(image.affine, voxels.astype(float))


def some_affine():
    """Fixed to moving, RAS mm."""
    angle = np.deg2rad(20)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.array([[1.1, 0.05, 0], [0, 0.95, -0.1], [0, 0, 1]])
    matrix[:3, 3] = [3, -2, 4]
    return matrix


def some_displacement(points):
    """Smooth, of some mm, RAS."""
    x, y, z = np.moveaxis(points, -1, 0) / 9
    return 3 * np.stack([np.sin(y), np.cos(x + z) - 1, np.sin(x - y)], axis=-1)


def voxel_centres(image):
    index = np.stack(np.meshgrid(*map(np.arange, image.shape[:3]), indexing="ij"), axis=-1)
    return apply(image.affine, index.reshape(-1, 3).astype(float)).reshape(index.shape)


def itk(action, folder, fixed, moving):
    import SimpleITK as sitk

    points = some_voxels(fixed)
    if action == "write":
        reference = sitk.ReadImage(f"{folder}/fixed.nii.gz")
        affine = sitk.AffineTransform(3)
        lps = np.diag([*LPS, 1]) @ some_affine() @ np.diag([*LPS, 1])
        affine.SetMatrix(lps[:3, :3].ravel().tolist())
        affine.SetTranslation(lps[:3, 3].tolist())
        euler = sitk.Euler3DTransform((10.0, -5.0, 20.0), 0.1, -0.2, 0.3, (1.0, 2.0, 3.0))
        vectors = some_displacement(voxel_centres(fixed)) * LPS
        field = sitk.GetImageFromArray(np.ascontiguousarray(vectors.transpose(2, 1, 0, 3)), isVector=True)
        field.CopyInformation(reference)
        warp = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
        chain = sitk.CompositeTransform([affine, warp])
        spline = sitk.BSplineTransformInitializer(reference, [5, 4, 6])
        spline.SetParameters(np.random.default_rng(9).uniform(-4, 4, len(spline.GetParameters())).tolist())
        splines = sitk.CompositeTransform([affine, spline])
        files = {"affine.tfm": affine, "affine.mat": affine, "euler.mat": euler, "chain.h5": chain, "warp.h5": warp}
        files |= {"spline.txt": spline, "spline.mat": spline, "spline.h5": spline, "splines.tfm": splines, "splines.h5": splines}
        for name, transform in files.items():
            sitk.WriteTransform(transform, f"{folder}/{name}")
        moving_image = sitk.ReadImage(f"{folder}/moving.nii.gz")
        sitk.WriteImage(sitk.Resample(moving_image, reference, splines, sitk.sitkLinear, 0.0), f"{folder}/moved.nii.gz")
    else:
        names = ["affine.txt", "affine.mat", "chain.h5", "spline_chain.h5"]
        files = {name: sitk.ReadTransform(f"{folder}/{name}") for name in names}
        field = sitk.Cast(sitk.ReadImage(f"{folder}/warp.nii.gz"), sitk.sitkVectorFloat64)
        files["warp.nii.gz"] = sitk.DisplacementFieldTransform(field)
    lead = lambda transform: [transform.TransformPoint(point) for point in (points * LPS).tolist()]
    return points, {name: np.array(lead(transform)) * LPS for name, transform in files.items()}


def ants(action, folder, fixed, moving):
    import ants as program
    import pandas as pd

    points = some_voxels(fixed)
    table = pd.DataFrame(points * LPS, columns=["x", "y", "z"])
    images = [program.image_read(f"{folder}/{name}.nii.gz") for name in ("fixed", "moving")]

    def lead(files, name=None):
        paths = [f"{folder}/{file}" for file in files]
        if name:
            program.apply_transforms(*images, paths).to_filename(f"{folder}/{name}")
        return program.apply_transforms_to_points(3, table, paths)[["x", "y", "z"]].to_numpy() * LPS

    if action == "write":
        options = {"type_of_transform": "SyN", "random_seed": 1, "reg_iterations": (20, 10, 5)}
        program.registration(*images, outprefix=f"{folder}/ants_", **options)
        program.registration(*images, outprefix=f"{folder}/ants_", write_composite_transform=True, **options)
        back = [f"{folder}/ants_0GenericAffine.mat", f"{folder}/ants_1InverseWarp.nii.gz"]
        inverse = program.apply_transforms_to_points(3, table, back, whichtoinvert=[True, False])
        return points, {
            "warp and affine": lead(["ants_1Warp.nii.gz", "ants_0GenericAffine.mat"], "moved.nii.gz"),
            "composite": lead(["ants_Composite.h5"], "composite.nii.gz"),
            "inverse": inverse[["x", "y", "z"]].to_numpy() * LPS,
        }
    return points, {
        "warp and affine": lead(["warp.nii.gz", "affine.mat"], "moved.nii.gz"),
        "chain.h5": lead(["chain.h5"]),
    }


def greedy(action, folder, fixed, moving):
    from picsl_greedy import Greedy3D

    program = Greedy3D()
    f, m = f"{folder}/fixed.nii.gz", f"{folder}/moving.nii.gz"
    options = "-threads 1 -V 0"
    affine, warp = f"{folder}/affine.mat", f"{folder}/warp.nii.gz"
    if action == "write":
        program.execute(f"-a -i {f} {m} -o {affine} -ia-image-centers -m NMI -n 40x20 {options}")
        program.execute(f"-i {f} {m} -it {affine} -o {warp} -oinv {folder}/inverse.nii.gz -m SSD -n 20x10 {options}")
    program.execute(f"-rf {f} -rm {m} {folder}/moved.nii.gz -r {warp} {affine} {options}")
    program.execute(f"-rf {f} -rm {m} {folder}/affine_moved.nii.gz -r {affine} {options}")
    return some_voxels(fixed), {}


def fsl(action, folder, fixed, moving):
    from fsl.data.image import Image
    from fsl.transform import fnirt, nonlinear
    from fsl.transform.flirt import fromFlirt, readFlirt, toFlirt, writeFlirt

    ref, src = Image(f"{folder}/fixed.nii.gz"), Image(f"{folder}/moving.nii.gz")
    points = some_voxels(fixed)
    if action == "write":
        back = np.linalg.inv(some_affine())
        writeFlirt(toFlirt(back, src, ref, "world", "world"), f"{folder}/affine.mat")
        places = voxel_centres(fixed)
        goal = apply(some_affine(), (places + some_displacement(places)).reshape(-1, 3)).reshape(places.shape)
        header = fixed.header.copy()
        header.set_data_dtype(np.float32)
        spaces = {"srcSpace": "world", "refSpace": "world", "defType": "absolute"}
        field = nonlinear.DeformationField(goal, src=src, ref=ref, header=header, **spaces)
        field = fnirt.toFnirt(field)
        for kind in ("absolute", "relative"):
            data = field.data if kind == "absolute" else nonlinear.convertDeformationType(field, kind)
            image = nib.Nifti1Image(data.astype(np.float32), fixed.affine)
            image.header["intent_code"] = 2006
            nib.save(image, f"{folder}/{kind}.nii.gz")
        moved = apply(some_affine(), points + some_displacement(points))
        return points, {"affine.mat": apply(some_affine(), points), "absolute.nii.gz": moved, "relative.nii.gz": moved}
    mapped = {}
    back = fromFlirt(readFlirt(f"{folder}/affine.mat"), src, ref, "world", "world")
    mapped["affine.mat"] = apply(np.linalg.inv(back), points)
    for kind in ("absolute", "relative"):
        field = fnirt.readFnirt(f"{folder}/{kind}.nii.gz", src, ref, defType=kind)
        assert nonlinear.detectDeformationType(field) == kind, f"FSL takes the {kind} warp for another one"
        mapped[f"{kind}.nii.gz"] = field.transform(points, "world", "world")
    return points, mapped


def nibabel(action, folder, fixed, moving):
    """Fields of programs that are not here, by the words of their manuals: SPM, NiftyReg, VoxelMorph, RAS mm."""
    import SimpleITK as sitk

    rng = np.random.default_rng(7)
    index = rng.integers(4, np.array(fixed.shape) - 4, (60, 3))
    points = apply(fixed.affine, index.astype(float))
    linear = fixed.affine[:3, :3]
    meaning = {  # name: intent, its name, its parameter; points and field -> moving points
        "ras.nii.gz": (1006, "", 0, lambda at, field: at + field),
        "spm.nii.gz": (1007, "Mapping", 0, lambda at, field: field),
        "niftyreg.nii.gz": (1007, "NREG_TRANS", 0, lambda at, field: field),
        "niftyreg_displacement.nii.gz": (1007, "NREG_TRANS", 1, lambda at, field: at + field),
        "voxels.nii.gz": (0, "", 0, lambda at, field: at + field @ linear.T),
    }
    mapped = {}
    if action == "write":
        places = voxel_centres(fixed)
        goal = apply(some_affine(), (places + some_displacement(places)).reshape(-1, 3)).reshape(places.shape)
        absolute = ("spm.nii.gz", "niftyreg.nii.gz")
        for name, (code, text, parameter, _) in meaning.items():
            field = goal if name in absolute else goal - places
            if name == "voxels.nii.gz":
                field = field @ np.linalg.inv(linear).T
            data = field.astype(np.float32)
            image = nib.Nifti1Image(data if code == 0 else data[:, :, :, None, :], fixed.affine)
            image.header["intent_code"], image.header["intent_name"] = code, text
            image.header["intent_p1"] = parameter
            nib.save(image, f"{folder}/{name}")
            mapped[name] = apply(some_affine(), points + some_displacement(points))
        return points, mapped
    del meaning["niftyreg_displacement.nii.gz"]  # positions are written
    for name, (code, text, parameter, lead) in meaning.items():
        image = nib.load(f"{folder}/{name}")
        found = int(image.header["intent_code"]), image.header["intent_name"].item().decode(), float(image.header["intent_p1"])
        assert found == (code, text, parameter), f"{name}: {found}"
        assert image.shape == fixed.shape + ((3,) if code == 0 else (1, 3)), f"{name}: {image.shape}"
        field = image.get_fdata().reshape(*fixed.shape, 3)
        mapped[name] = lead(points, field[tuple(index.T)])
    # ITK 5.4 and newer turn intent 1006 themselves.
    field = sitk.Cast(sitk.ReadImage(f"{folder}/ras.nii.gz"), sitk.sitkVectorFloat64)
    warp = sitk.DisplacementFieldTransform(field)
    mapped["ras.nii.gz in ITK"] = np.array([warp.TransformPoint(p) for p in (points * LPS).tolist()]) * LPS
    return points, mapped


def freesurfer(action, folder, fixed, moving):
    import surfa

    target, source = (surfa.load_volume(f"{folder}/{name}.nii.gz").geom for name in ("fixed", "moving"))
    points = some_voxels(fixed)
    if action == "write":
        back = surfa.Affine(np.linalg.inv(some_affine()), source=source, target=target, space="world")
        back.save(f"{folder}/world.lta")
        back.convert(space="voxel").save(f"{folder}/voxels.lta")
        mapped = {name: apply(some_affine(), points) for name in ("world.lta", "voxels.lta")}
        places = voxel_centres(fixed)
        goal = apply(some_affine(), (places + some_displacement(places)).reshape(-1, 3)).reshape(places.shape)
        formats = surfa.transform.Warp.Format
        warp = surfa.transform.Warp(goal.astype(np.float32), source=source, target=target, format=formats.abs_ras)
        for name in ("abs_crs", "disp_crs", "abs_ras", "disp_ras"):
            warp.convert(format=getattr(formats, name)).save(f"{folder}/{name}.mgz")
            mapped[f"{name}.mgz"] = apply(some_affine(), points + some_displacement(points))
        warp(surfa.load_volume(f"{folder}/moving.nii.gz")).save(f"{folder}/moved.nii.gz")
        return points, mapped
    back = surfa.load_affine(f"{folder}/affine.lta")
    same = [np.abs(a.vox2world.matrix - b.vox2world.matrix).max() for a, b in ((back.source, source), (back.target, target))]
    assert max(same) < 1e-4, f"FreeSurfer places our volumes {max(same)} away"
    warp = surfa.load_warp(f"{folder}/warp.mgz")
    same = [np.abs(a.vox2world.matrix - b.vox2world.matrix).max() for a, b in ((warp.source, source), (warp.target, target))]
    assert max(same) < 1e-4, f"FreeSurfer places the images of our warp {max(same)} away"
    warp(surfa.load_volume(f"{folder}/moving.nii.gz")).save(f"{folder}/moved.nii.gz")
    index = np.rint(apply(np.linalg.inv(fixed.affine), points)).astype(int)
    places = warp.convert(format=surfa.transform.Warp.Format.abs_ras).data[tuple(index.T)]
    return points, {"affine.lta": apply(np.linalg.inv(back.convert(space="world").matrix), points), "warp.mgz": places}


def main(program, action, folder):
    # What the programs say goes to stderr: stdout holds the result alone.
    stdout = os.dup(1)
    os.dup2(2, 1)
    images = [nib.load(f"{folder}/{name}.nii.gz") for name in ("fixed", "moving")]
    run = {"itk": itk, "ants": ants, "greedy": greedy, "fsl": fsl, "freesurfer": freesurfer, "nibabel": nibabel}[program]
    points, mapped = run(action, folder, *images)
    lists = {name: np.asarray(found).tolist() for name, found in mapped.items()}
    os.write(stdout, json.dumps({"points": points.tolist(), "mapped": lists}).encode())


main(*sys.argv[1:])
