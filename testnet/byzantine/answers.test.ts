// What an adversary answers arrives as it was meant: the truth unchanged, and lies as bytes that another validator can read.
import { expect, test } from 'vitest'
import { lyingPeer } from '../../consensus/adversaries/lying-peer.ts'
import type { Machine } from '../../consensus/machine.ts'
import type { WrapContext } from '../../consensus/simulator/machine.ts'
import { Random } from '../../consensus/simulator/random.ts'
import { type Block, createBlock, encodeBlock, encodeCertificate, encodeVote, type Vote } from '../../proto/chain.ts'
import { digestOf } from '../../proto/hash.ts'
import {
  decodeFetchResponse,
  encodeFetchResponse,
  type FetchRequest,
  type FetchResponse,
} from '../../proto/wire/codec.ts'
import { answersOf } from './answers.ts'

const digest = (text: string) => digestOf('genesis', Buffer.from(text))
const network = digest('network')

function blockAfter(parent: Block | undefined, records: readonly string[]): Block {
  const height = (parent?.header.height ?? 0) + 1
  const header = {
    network,
    height,
    view: height,
    parent: parent?.digest ?? digest('parent'),
    parentOutcome: digest(`outcome ${height - 1}`),
    time: height,
  }
  return createBlock(header, records)
}

const first = blockAfter(undefined, [digest('a'), digest('b')])
const second = blockAfter(first, [])
const third = blockAfter(second, [digest('c')])
const signature = new Uint8Array(64).fill(7)
const ballot = { kind: 'finalize', view: 3, digest: third.digest, outcome: digest('outcome 3') } as const
const vote: Vote = { ...ballot, signer: 1, signature }
const certificate = encodeCertificate({ ...ballot, signatures: [{ signer: 1, signature }] })

const exchanges: readonly (readonly [FetchRequest, FetchResponse])[] = [
  [
    { type: 'range', fromHeight: 1, maxBlocks: 8 },
    {
      type: 'range',
      blocks: [
        { block: encodeBlock(first), records: [Uint8Array.of(1), Uint8Array.of(2)] },
        { block: encodeBlock(second), records: [] },
        { block: encodeBlock(third), records: [Uint8Array.of(3)] },
      ],
      certificate,
    },
  ],
  [
    { type: 'block', digest: first.digest },
    { type: 'block', block: encodeBlock(first) },
  ],
  [
    { type: 'records', digests: first.records },
    { type: 'records', records: [Uint8Array.of(1), Uint8Array.of(2)] },
  ],
  [
    { type: 'certificates', view: 3 },
    { type: 'certificates', certificates: [certificate] },
  ],
  [
    { type: 'heldVotes', validator: 1 },
    { type: 'heldVotes', held: { view: 3, votes: [encodeVote(vote)], proposal: undefined } },
  ],
]

// a machine's other parts are not asked
const machine = (answer: Machine['answer']) => ({ answer }) as Machine

test('one that does not lie when asked needs no answers of its own', () => {
  expect(answersOf(machine(undefined))).toBe(undefined)
})

test.each(exchanges)('the truth about %o passes unchanged', (request, honest) => {
  const answer = answersOf(machine((_ask, truth) => truth))!
  expect(answer(request, honest, 2)).toEqual(honest)
})

test.each(exchanges)('lies about %o can be read, and are lies', (request, honest) => {
  const truth = encodeFetchResponse(honest)
  const lies = Array.from({ length: 40 }, (_, seed) => {
    const context = { random: new Random(seed) } as WrapContext
    const told = answersOf(lyingPeer(machine(undefined), context))!(request, honest, 2)
    const bytes = encodeFetchResponse(told)
    expect(decodeFetchResponse(bytes).type).toBe(honest.type)
    return Buffer.compare(bytes, truth) !== 0
  })
  expect(lies.filter(isLie => isLie).length).toBeGreaterThan(20)
})
