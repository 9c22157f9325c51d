// Cost of executing valid tokens, in microseconds of CPU for each: `npx tsx node/ledger/execute.bench.ts [tokens]`, by hand.
// State is in memory and has no root, so that only the rules are measured.
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { decodeRecord, type SignedRecord } from '../../proto/records.ts'
import { executeBlock } from './execute.ts'
import { MapDraft } from './map-draft.ts'
import { type HeldToken, spend, World } from './testing.ts'

const userCount = 20
const paymentTokens = 5
const blockTokens = 100
const tokensWanted = Number(process.argv[2] ?? 40_000)

class RootlessDraft extends MapDraft {
  override root(): Digest {
    return zeroDigest
  }
}

function prepare(): { draft: RootlessDraft; blocks: SignedRecord[][] } {
  const world = new World()
  const perUser = Math.floor(tokensWanted / userCount / blockTokens) * blockTokens
  const users = Array.from({ length: userCount }, (_, i) => `user-${i}`)
  const held = users.map(user => world.publication(perUser, user))
  world.run(...held.map(({ signed }) => signed))
  const draft = new RootlessDraft()
  for (const [key, value] of world.draft.all()) draft.put(Buffer.from(key, 'latin1'), value)
  const blocks: SignedRecord[][] = []
  for (let from = 0; from < perUser; from += blockTokens)
    blocks.push(
      users.map((user, i) => world.block(user, spendAll(user, held[i]!.tokens.slice(from, from + blockTokens)))),
    )
  return { draft, blocks }
}

function spendAll(user: string, tokens: readonly HeldToken[]) {
  const count = tokens.length / paymentTokens
  return Array.from({ length: count }, (_, i) => spend(user, tokens.slice(i * paymentTokens, (i + 1) * paymentTokens)))
}

function microsecondsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

const { draft, blocks } = prepare()
const travelled = blocks.map(records => records.map(({ bytes }) => bytes))
const tokens = blocks.length * userCount * blockTokens
let decoded: SignedRecord[][] = []
for (let round = 0; round < 5; round++) {
  const decoding = microsecondsOf(() => {
    decoded = travelled.map(records => records.map(decodeRecord))
  })
  // Every round executes from the same state: a fresh draft on the prepared one.
  const onTop = new RootlessDraft(draft)
  let time = 1_700_000_010_000
  let wrong = 0
  const executing = microsecondsOf(() => {
    decoded.forEach((records, i) => {
      const result = executeBlock(onTop, { height: 2 + i, time: time + 1 }, time++, records)
      if ('invalid' in result) throw new Error(result.invalid)
      wrong += result.answers.filter(({ transactions }) => transactions.length !== blockTokens / paymentTokens).length
    })
  })
  if (wrong > 0) throw new Error(`${wrong} records were not decided`)
  console.log(
    `${tokens} tokens: decode ${(decoding / tokens).toFixed(2)} µs, execute ${(executing / tokens).toFixed(2)} µs each`,
  )
}
