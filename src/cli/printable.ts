/** Control characters, what makes one line two, and marks that turn the direction of text: a terminal would obey them. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text of somebody else's, such as a file name or an entry of a model, as one line that commands no terminal. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A message is a sentence, not the file that it speaks of: beyond this length its middle is left out. */
const LONGEST = 1200;

/** A message that may quote something long, short enough to be read. */
export function shortened(message: string): string {
  if (message.length <= LONGEST) return message;
  const half = LONGEST / 2;
  return `${message.slice(0, half)} [...] ${message.slice(-half)}`;
}
