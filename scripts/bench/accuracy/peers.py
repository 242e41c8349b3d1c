"""Registers a pair with a program that others have written, and writes its transform as one dense field.

    python peers.py PEER register FIXED MOVING FOLDER THREADS
    python peers.py PEER compose FIXED MOVING FOLDER THREADS

PEER: greedy, greedy-affine, ants, ants-affine, demons or demons-affine. `register` writes the program's own transforms into FOLDER;
`compose` then brings them to FOLDER/warp.nii.gz, a displacement field on the fixed grid (LPS mm), and is not part of the work
that is timed.
"""

import os
import sys

GREEDY_METRIC = "-m NCC 2x2x2 -n 100x50x10"


def greedy(action, fixed, moving, folder, threads, deformable):
    from picsl_greedy import Greedy3D

    program = Greedy3D()
    affine, field = f"{folder}/affine.mat", f"{folder}/field.nii.gz"
    options = f"-threads {threads} -V 0"
    transforms = f"{field} {affine}" if deformable else affine
    if action == "compose":
        program.execute(f"-rf {fixed} -rc {folder}/warp.nii.gz -r {transforms} {options}")
        return
    program.execute(f"-a -i {fixed} {moving} -o {affine} -ia-image-centers {GREEDY_METRIC} {options}")
    if deformable:
        program.execute(f"-i {fixed} {moving} -it {affine} -o {field} {GREEDY_METRIC} {options}")


def ants(action, fixed, moving, folder, threads, deformable):
    os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = threads
    os.environ["ANTS_RANDOM_SEED"] = "1"
    import ants as program

    images = program.image_read(fixed), program.image_read(moving)
    prefix = f"{folder}/ants_"
    if action == "compose":
        names = ["1Warp.nii.gz", "0GenericAffine.mat"] if deformable else ["0GenericAffine.mat"]
        transforms = [prefix + name for name in names]
        field = program.apply_transforms(*images, transforms, compose=f"{folder}/")
        os.replace(field, f"{folder}/warp.nii.gz")
        return
    kind = "SyNCC" if deformable else "Affine"
    program.registration(*images, type_of_transform=kind, outprefix=prefix, random_seed=1)


def demons(action, fixed, moving, folder, threads, deformable):
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(int(threads))
    fixed, moving = [sitk.Cast(sitk.ReadImage(path), sitk.sitkFloat32) for path in (fixed, moving)]
    affine_file, field_file = f"{folder}/affine.tfm", f"{folder}/field.nii.gz"
    if action == "compose":
        chain = sitk.CompositeTransform(3)
        chain.AddTransform(sitk.ReadTransform(affine_file))
        if deformable:
            field = sitk.Cast(sitk.ReadImage(field_file), sitk.sitkVectorFloat64)
            chain.AddTransform(sitk.DisplacementFieldTransform(field))
        convert = sitk.TransformToDisplacementFieldFilter()
        convert.SetReferenceImage(fixed)
        convert.SetOutputPixelType(sitk.sitkVectorFloat32)
        sitk.WriteImage(convert.Execute(chain), f"{folder}/warp.nii.gz")
        return
    affine = register_affinely(sitk, fixed, moving)
    sitk.WriteTransform(affine, affine_file)
    if not deformable:
        return
    aligned = sitk.Resample(moving, fixed, affine, sitk.sitkLinear, float(sitk.GetArrayViewFromImage(moving).min()))
    aligned = sitk.HistogramMatching(aligned, fixed, 256, 15, True)
    sitk.WriteImage(run_demons(sitk, fixed, aligned), field_file)


def register_affinely(sitk, fixed, moving):
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.AffineTransform(3), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.25)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetInitialTransform(start, inPlace=False)
    return method.Execute(fixed, moving)


def run_demons(sitk, fixed, moving, levels=((4, 100), (2, 50), (1, 25))):
    """Diffeomorphic demons from coarse to fine; smoothing of 1.5 voxels."""
    field = None
    for factor, iterations in levels:
        factors = [min(factor, max(size // 16, 1)) for size in fixed.GetSize()]
        images = [sitk.Shrink(sitk.SmoothingRecursiveGaussian(image, 0.5 * factor * min(image.GetSpacing())) if factor > 1 else image, factors) for image in (fixed, moving)]
        method = sitk.DiffeomorphicDemonsRegistrationFilter()
        method.SetNumberOfIterations(iterations)
        method.SetStandardDeviations(1.5)
        if field is None:
            field = method.Execute(*images)
        else:
            field = method.Execute(*images, sitk.Resample(field, images[0]))
    return sitk.Cast(field, sitk.sitkVectorFloat32)


if __name__ == "__main__":
    peer, *arguments = sys.argv[1:]
    program, _, stage = peer.partition("-")
    {"greedy": greedy, "ants": ants, "demons": demons}[program](*arguments, deformable=stage != "affine")
