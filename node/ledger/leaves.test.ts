// Leaves and paths: the fast writer against the plain encoder of proto/verdict.ts, and proofs up to the verdict root.
import { expect, it } from 'vitest'
import { toHex } from '../../proto/bytes.ts'
import { rootFromPath } from '../../proto/merkle.ts'
import { encodeTransactionVerdict, recordLeafHash, transactionLeafHash } from '../../proto/verdict.ts'
import { recordPath, transactionPath } from './leaves.ts'
import { alter, inShort, keyOf, payloadOf, spend, World } from './testing.ts'

/** Three records, with every shape of token verdict among them. */
function varied() {
  const world = new World()
  const one = world.publication(200, 'alice')
  const two = world.publication(3, 'alice')
  world.run(one.signed, two.signed)
  world.run(world.block('alice', [spend('alice', [one.tokens[9]!, one.tokens[150]!, two.tokens[0]!])]))
  const strange = [one.tokens[9]!, two.tokens[0]!, two.tokens[1]!, alter(two.tokens[2]!), one.tokens[150]!]
  const spendings = [
    spend('alice', strange, 'again'),
    spend('alice', [one.tokens[1]!, two.tokens[1]!]),
    spend('alice', [one.tokens[2]!, one.tokens[3]!]),
  ]
  const records = [
    world.return('alice', [one.tokens[20]!, one.tokens[9]!]),
    world.block('alice', spendings),
    world.block('bob', [{ ...spend('bob', [alter(one.tokens[4]!)]), signature: new Uint8Array(64) }]),
  ]
  return { spendings, result: world.run(...records) }
}

it('writes leaves as the plain encoder does', () => {
  const { result } = varied()
  const leaves = result.answers.flatMap(({ transactions }) => transactions)
  const plain = result.transactions.flat().map(encodeTransactionVerdict)
  expect(leaves.map(toHex)).toEqual(plain.map(toHex))
  const shapes = new Set(result.transactions.flat().flatMap(inShort))
  expect([...shapes].sort()).toEqual([
    '01 altered none',
    '01 altered none charged',
    '10 duplicate none',
    '10 duplicate none charged',
    '10 repeated_in_block none charged',
    '11 valid consumed',
    '11 valid released',
  ])
})

it('digests payloads as the plain function does', () => {
  const { spendings, result } = varied()
  expect(result.transactions[1]!.map(({ payload }) => payload)).toEqual(
    spendings.map(({ tokens, information }) => payloadOf(tokens, information)),
  )
})

it('proves every leaf', () => {
  const { result } = varied()
  result.answers.forEach((answer, place) => {
    const { index, count, path } = recordPath(result.answers, place)
    expect(toHex(rootFromPath(recordLeafHash(answer.leaf), index, count, path))).toBe(result.verdictRoot)
    answer.transactions.forEach((leaf, transaction) => {
      const below = transactionPath(answer, transaction)
      const root = rootFromPath(transactionLeafHash(leaf), below.index, below.count, below.path)
      expect(toHex(root)).toBe(result.records[place]!.transactionsRoot)
    })
  })
})

it('pins state and verdicts of a small history', () => {
  const { result } = varied()
  expect(keyOf('alice').publicKey.length).toBe(32)
  expect({ verdicts: result.verdictRoot, state: result.stateRoot }).toMatchInlineSnapshot(`
    {
      "state": "92d5880f0959558a0a5597da200a88957daec18956e2100ebd82c3bcd475a409",
      "verdicts": "b9018abaa9f2e8482d42e33233409c1282b0fb2668c3243eaa2b1f9bb7e9f530",
    }
  `)
})
