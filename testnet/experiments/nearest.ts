// What somebody meant who mistyped a word: the nearest of the words that there are, by insertions, deletions, changes and swaps.

function distance(from: string, to: string): number {
  const rows = Array.from({ length: from.length + 1 }, (_, at) => [at])
  for (let at = 1; at <= to.length; at++) rows[0]![at] = at
  for (let row = 1; row <= from.length; row++)
    for (let column = 1; column <= to.length; column++) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      rows[row]![column] = Math.min(
        rows[row - 1]![column]! + 1,
        rows[row]![column - 1]! + 1,
        rows[row - 1]![column - 1]! + change,
        isSwap ? rows[row - 2]![column - 2]! + 1 : Number.POSITIVE_INFINITY,
      )
    }
  return rows[from.length]![to.length]!
}

/** Longer words than any of ours are meant for none. */
const wordCharsMax = 40

/** The known word that a third of the letters or less separate from it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > wordCharsMax) return undefined
  const plain = word.toLowerCase().replaceAll(/[-_]/g, '')
  const ranked = known
    .map(candidate => ({ candidate, apart: distance(plain, candidate.toLowerCase().replaceAll('-', '')) }))
    .filter(({ candidate, apart }) => apart <= Math.max(1, Math.floor(Math.max(plain.length, candidate.length) / 3)))
  return ranked.toSorted((a, b) => a.apart - b.apart)[0]?.candidate
}

/** A hint for a word that is none of those known. */
export function meant(word: string, known: readonly string[]): string {
  const candidate = nearest(word, known)
  return candidate === undefined ? `one of ${known.join(', ')}` : `did you mean ${candidate}?`
}
