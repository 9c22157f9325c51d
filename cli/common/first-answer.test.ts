import { describe, expect, it } from 'vitest'
import { firstAnswer } from './first-answer.ts'

const never = new AbortController().signal

/** Answers nothing until it is ended. */
const silent = (signal: AbortSignal): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended')), { once: true }))

describe('the first answer', () => {
  it('comes from the first, and nobody else is asked', async () => {
    const asked: number[] = []
    const asks = [0, 1].map(at => async () => {
      asked.push(at)
      return at
    })
    expect(await firstAnswer(asks, 10_000, never)).toBe(0)
    expect(asked).toEqual([0])
  })

  it('comes from the next where one fails, and at once', async () => {
    expect(await firstAnswer([() => Promise.reject(new Error('no')), async () => 'yes'], 100_000, never)).toBe('yes')
  })

  it('comes from the next where one is silent, which is asked no longer then', async () => {
    let ended: AbortSignal | undefined
    const first = (signal: AbortSignal): Promise<string> => {
      ended = signal
      return silent(signal)
    }
    expect(await firstAnswer([first, async () => 'yes'], 5, never)).toBe('yes')
    expect(ended!.aborted).toBe(true)
  })

  it('comes from the first after all, where it was only slow', async () => {
    let release = (_answer: string): void => {}
    const slow = new Promise<string>(resolve => {
      release = resolve
    })
    const second = (signal: AbortSignal): Promise<string> => {
      release('slow')
      return silent(signal)
    }
    expect(await firstAnswer([() => slow, second], 5, never)).toBe('slow')
  })

  it('is all that was said where everybody fails, or the caller ends it', async () => {
    const fails = (reason: string) => () => Promise.reject(new Error(reason))
    await expect(firstAnswer([fails('a'), fails('b')], 5, never)).rejects.toMatchObject({
      errors: [new Error('a'), new Error('b')],
    })
    const ending = new AbortController()
    const asking = firstAnswer([silent, silent, silent], 100_000, ending.signal)
    ending.abort()
    await expect(asking).rejects.toMatchObject({ errors: [new Error('ended')] })
  })
})
