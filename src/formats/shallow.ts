/** What people write is nested less; what is nested deeper exhausts the stack of every reader. */
const DEEPEST = 200;

/**
 * Check that a JSON or YAML text is not nested so deep that reading it fails, before it is read.
 *
 * @param refuse - Throws, given the end of its sentence.
 */
export function requireShallow(text: string, refuse: (fault: string) => never): void {
  const fault = `groups and lists must be nested at most ${DEEPEST} deep, got more.`;
  if (new RegExp(`(?:[-?:] ){${DEEPEST}}`).test(text)) refuse(fault); // lists of YAML in one line
  let depth = 0;
  // Brackets that do not stand in a text; a text may hold a quote behind a backslash.
  for (const [token] of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > DEEPEST) refuse(fault);
  }
}
