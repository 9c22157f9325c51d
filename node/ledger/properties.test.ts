// Properties over random histories of token blocks and returns: conservation, determinism, γ, refusals that change nothing.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SignedRecord, TokenBlock } from '../../proto/records.ts'
import type { TransactionVerdict } from '../../proto/verdict.ts'
import { userStanding } from './queries.ts'
import { statePrefixes } from './rows.ts'
import { alter, type HeldToken, keyOf, type Spending, spend, World } from './testing.ts'

const tokensEach = 10
const users = ['alice', 'bob'] as const
const auditors = ['auditor', 'other-auditor'] as const

/** One presentation of a token: honest, altered, or another user's. */
const tokenUse = fc.record({
  index: fc.nat(tokensEach - 1),
  how: fc.oneof({ weight: 8, arbitrary: fc.constant('as it is') }, { weight: 1, arbitrary: fc.constant('altered') }),
})
const payment = fc.record({
  tokens: fc.array(tokenUse, { minLength: 1, maxLength: 4 }),
  /** Payments with the same tokens and item are the same payload. */
  item: fc.nat(2),
  forged: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
const presentation = fc.record({
  user: fc.constantFrom(...users),
  by: fc.constantFrom(...auditors, 'bank' as const),
  payments: fc.array(payment, { minLength: 1, maxLength: 4 }),
  pending: fc.boolean(),
  holderOf: fc.oneof({ weight: 9, arbitrary: fc.constant('own') }, { weight: 1, arbitrary: fc.constant('swapped') }),
  wrongPrevious: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
type Presentation = typeof presentation extends fc.Arbitrary<infer T> ? T : never
const histories = fc.array(presentation, { minLength: 1, maxLength: 10 })

/** A world with published tokens, made once: its copies share the state, which nothing changes. */
function prepare() {
  const world = new World()
  const alice = world.publication(tokensEach, 'alice')
  const bob = world.publication(tokensEach, 'bob')
  world.run(alice.signed, bob.signed)
  return { world, held: { alice: alice.tokens, bob: bob.tokens } satisfies Record<string, HeldToken[]> }
}

const prepared = prepare()

function copyOfWorld(): World {
  const world = new World()
  world.draft = prepared.world.draft
  world.height = prepared.world.height
  world.time = prepared.world.time
  for (const [stream, head] of prepared.world.heads) world.heads.set(stream, head)
  return world
}

function recordOf(world: World, shown: Presentation): SignedRecord {
  const { user, by, payments, pending, holderOf, wrongPrevious } = shown
  const { held } = prepared
  const owner = holderOf === 'own' ? user : user === 'alice' ? 'bob' : 'alice'
  const tokensOf = (uses: Presentation['payments'][number]['tokens']) =>
    uses.map(({ index, how }) => (how === 'altered' ? alter(held[owner][index]!) : held[owner][index]!))
  const links = wrongPrevious ? { previous: 'ab'.repeat(32) } : {}
  if (by === 'bank') return world.return(user, tokensOf(payments[0]!.tokens), {}, by, links)
  const spendings = payments.map(({ tokens, item, forged }): Spending => {
    const spending = spend(user, tokensOf(tokens), `item ${item}`)
    return forged ? { ...spending, signature: new Uint8Array(64).fill(1) } : spending
  })
  return world.block(user, spendings, { pending }, by, links)
}

/** Runs a history record by record; gives the records and their answers. */
function play(shown: readonly Presentation[]) {
  const world = copyOfWorld()
  const records: SignedRecord[] = []
  const verdicts: { refused: boolean; transactions: readonly TransactionVerdict[]; changed: number[] }[] = []
  const answers: Uint8Array[][] = []
  for (const presented of shown) {
    const record = recordOf(world, presented)
    const result = world.runValid(record)
    if ('invalid' in result) continue // the same refused bytes again
    const changed = [...result.draft.rows]
    records.push(record)
    answers.push([...result.answers[0]!.transactions])
    verdicts.push({
      refused: result.records[0]!.refusal !== undefined,
      transactions: result.transactions[0]!,
      changed: changed.map(([key]) => key.charCodeAt(0)),
    })
  }
  return { world, records, verdicts, answers }
}

const tokensOf = (verdicts: ReturnType<typeof play>['verdicts']) =>
  verdicts.flatMap(({ transactions }) => transactions.flatMap(({ tokens }) => tokens))

it('consumes a token at most once, and gives 10 only after that', () => {
  fc.assert(
    fc.property(histories, shown => {
      const consumed = new Set<string>()
      for (const { publication, index, use, reason } of tokensOf(play(shown).verdicts)) {
        const serial = `${publication}/${index}`
        if (use === 'consumed' && consumed.has(serial)) return false
        if (reason === 'duplicate' && !consumed.has(serial)) return false
        if (use === 'consumed') consumed.add(serial)
      }
      return true
    }),
    { numRuns: 60 },
  )
})

it('charges what γ says, and only behind a valid signature', () => {
  fc.assert(
    fc.property(histories, shown => {
      const { world, records, verdicts } = play(shown)
      const charged = new Map<string, number>(users.map(user => [user, 0]))
      verdicts.forEach(({ transactions }, i) => {
        const { user } = records[i]!.record as TokenBlock
        const name = users.find(candidate => Buffer.compare(keyOf(candidate).publicKey, user) === 0)!
        for (const { holder, tokens } of transactions) {
          const count = tokens.filter(token => token.charged).length
          if (count > 0) expect(holder).toBe('valid')
          charged.set(name, charged.get(name)! + count)
        }
      })
      for (const user of users) expect(userStanding(world.draft, keyOf(user).publicKey).gamma).toBe(charged.get(user))
    }),
    { numRuns: 60 },
  )
})

it('gives released tokens back: none of them stays used', () => {
  fc.assert(
    fc.property(histories, shown => {
      const { verdicts } = play(shown)
      for (const { transactions } of verdicts) {
        const tokens = transactions.flatMap(transaction => transaction.tokens)
        const isReleasing = tokens.some(({ use }) => use === 'released')
        if (!isReleasing) continue
        expect(tokens.some(({ verdict }) => verdict !== '11')).toBe(true)
        expect(transactions.at(-1)!.pending).toBe(true)
        expect(transactions.at(-1)!.tokens.some(({ use }) => use === 'consumed')).toBe(false)
      }
    }),
    { numRuns: 60 },
  )
})

it('changes one row for a refused record', () => {
  fc.assert(
    fc.property(histories, shown => {
      for (const { refused, changed } of play(shown).verdicts)
        if (refused) expect(changed).toEqual([statePrefixes.refused])
    }),
    { numRuns: 60 },
  )
})

it('is the same on two drafts, and the same however the records are cut into blocks', () => {
  fc.assert(
    fc.property(histories, fc.infiniteStream(fc.boolean()), (shown, cuts) => {
      const { world, records, answers } = play(shown)
      // Returns run before token blocks within a block: the order is kept by cutting wherever it would change.
      const blocks: SignedRecord[][] = []
      for (const record of records) {
        const open = blocks.at(-1)
        const follows = open && !(record.record.kind === 'return' && open.at(-1)!.record.kind === 'tokenBlock')
        if (follows && !cuts.next().value) open.push(record)
        else blocks.push([record])
      }
      const replay = () => {
        const again = copyOfWorld()
        const given = blocks.flatMap(block => again.run(...block).answers.map(({ transactions }) => [...transactions]))
        return { given, rows: again.draft.all(), root: again.draft.root() }
      }
      const one = replay()
      expect(one.given).toEqual(answers)
      const two = replay()
      expect(two.root).toBe(one.root)
      // places in blocks differ between the two ways to cut, uses and standings do not
      for (const prefix of [statePrefixes.uses, statePrefixes.user, statePrefixes.payload, statePrefixes.stream]) {
        const rowsOf = (rows: Map<string, Uint8Array>) =>
          [...rows].filter(([key]) => key.charCodeAt(0) === prefix).sort()
        expect(rowsOf(one.rows)).toEqual(rowsOf(world.draft.all()))
      }
    }),
    { numRuns: 40 },
  )
})
