/** The intent codes that matter to registration, in words. */
const MEANINGS: Readonly<Record<number, string>> = {
  0: 'none: an image',
  1002: 'label map',
  1005: 'symmetric matrices',
  1006: 'displacement field (RAS mm: FreeSurfer, ITK 5.4 and newer)',
  1007: 'vector field (ITK and ANTs warps: LPS mm)',
  2003: 'colour vectors',
  2006: 'FSL FNIRT displacement field (FSL mm)',
  2007: 'FSL FNIRT cubic spline coefficients, not a dense field',
  2008: 'FSL FNIRT discrete cosine coefficients, not a dense field',
  2009: 'FSL FNIRT quadratic spline coefficients, not a dense field',
  2016: 'FSL topup cubic spline coefficients, not a dense field',
  2017: 'FSL topup quadratic spline coefficients, not a dense field',
  2018: 'FSL topup field',
};

/** What an intent means; for code 1007 the name tells programs apart that store different things. */
export function intentMeaning(code: number, name: string): string {
  if (code === 1007 && name === 'NREG_TRANS') {
    return 'NiftyReg transformation (RAS mm)';
  }
  if (code === 1007 && name === 'Mapping') {
    return 'SPM deformation (RAS mm positions)';
  }
  return MEANINGS[code] ?? (code > 1 && code < 1000 ? 'statistical map' : 'other');
}

/** Whether a file of this intent holds several numbers per voxel that belong together: a warp, or coefficients of one. */
export function isVectorIntent(code: number): boolean {
  return [1005, 1006, 1007, 2006, 2007, 2008, 2009, 2016, 2017].includes(code);
}
