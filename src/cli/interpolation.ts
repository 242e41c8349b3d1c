import {Option} from 'commander';

/** The option that says how intensities are looked up between voxels. */
export function interpolationOption(what: string): Option {
  return new Option(
    '--interpolation <how>',
    `${what} between voxels: linear, or cubic, the B-spline of degree 3 through the voxels (as -n BSpline of ANTs, sitkBSpline, order=3 of SciPy), which is sharper and may overshoot at edges; not of labels`,
  )
    .choices(['linear', 'cubic'])
    .default('linear');
}
