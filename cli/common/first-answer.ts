// One question to several who can all answer it, where one that is silent must not cost the time that there is.

/**
 * Asks one after the other: the next as soon as one fails, and as well as the others once the last has been silent for `patienceMs`. Resolves with the
 * first answer, and ends what is still asked. Throws an AggregateError of all failures, in their order.
 */
export async function firstAnswer<T>(
  asks: readonly ((signal: AbortSignal) => Promise<T>)[],
  patienceMs: number,
  ending: AbortSignal,
): Promise<T> {
  const answered = new AbortController()
  const signal = AbortSignal.any([ending, answered.signal])
  const failures: unknown[] = []
  let asked = 0
  let silence: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const askNext = (): void => {
        clearTimeout(silence)
        const ask = signal.aborted ? undefined : asks[asked]
        if (!ask) return
        asked += 1
        silence = setTimeout(askNext, patienceMs)
        ask(signal).then(resolve, error => {
          failures.push(error)
          if (failures.length === asks.length || ending.aborted) reject(new AggregateError(failures))
          else askNext()
        })
      }
      askNext()
    })
  } finally {
    clearTimeout(silence)
    answered.abort()
  }
}
