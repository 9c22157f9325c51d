// What faults that overlap make of a direction together, and that ending one leaves the others.
import { expect, test } from 'vitest'
import type { RelayClient } from '../../../relay/client.ts'
import { directionsOf, type LinkRule, ruleAll } from '../../../relay/rules.ts'
import { combined, LinkBook } from './link-book.ts'

test('delays add up, the slower and the more broken wins', () => {
  expect(combined({ delayMs: 20, bytesPerSecond: 900 }, { delayMs: 5, jitterMs: 3, bytesPerSecond: 400 })).toEqual({
    delayMs: 25,
    jitterMs: 3,
    bytesPerSecond: 400,
  })
  expect(combined({ cut: true }, { stalled: true })).toEqual({ cut: true, stalled: true })
  expect(combined({ flap: { downMs: 1, upMs: 2 } }, {})).toEqual({ flap: { downMs: 1, upMs: 2 } })
  expect(combined({}, {})).toEqual({})
})

test('a fault that ends leaves what others and the network itself put on a link, and only changes are sent', async () => {
  const sent: LinkRule[][] = []
  const relay = { set: async (rules: LinkRule[]) => void sent.push(rules) } as unknown as RelayClient
  const [always, slow, cut] = [{}, {}, {}]
  const book = new LinkBook(relay, ['v1', 'v2'])
  const all = directionsOf(['v1', 'v2'])
  const [first, second] = [
    { from: 'v1', to: 'v2' },
    { from: 'v2', to: 'v1' },
  ]
  await book.put(always, ruleAll(all, { delayMs: 1 }))
  await book.put(slow, ruleAll([first], { delayMs: 10 }))
  await book.put(cut, ruleAll(all, { cut: true }))
  await book.put(cut, [])
  await book.healAllBut(always)
  await book.healAllBut(always)
  expect(sent).toEqual([
    ruleAll(all, { delayMs: 1 }),
    ruleAll([first], { delayMs: 11 }),
    [...ruleAll([first], { delayMs: 11, cut: true }), ...ruleAll([second], { delayMs: 1, cut: true })],
    [...ruleAll([first], { delayMs: 11 }), ...ruleAll([second], { delayMs: 1 })],
    ruleAll([first], { delayMs: 1 }),
  ])
})
