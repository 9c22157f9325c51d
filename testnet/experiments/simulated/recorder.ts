// Writes the history of a simulated run: what nodes made final, what clients asked for and were told, in the words that checkers read.
import type { Observation } from '../../../consensus/invariants/invariant.ts'
import type { Answer } from '../../../node/ledger/leaves.ts'
import { toHex } from '../../../proto/bytes.ts'
import { type Digest, digestOf, zeroDigest } from '../../../proto/hash.ts'
import type { LedgerRecord, SignedRecord, TokenBlock } from '../../../proto/records.ts'
import { payloadDigest } from '../../../proto/token.ts'
import type { SessionStanding, UserStanding } from '../../../proto/verdict.ts'
import type { BlockSeen, HistoryEvent, Seen, TokenSpent } from '../history.ts'
import { decodedRecord } from './ledger-application.ts'
import { type CallBook, type ReadAnswer, readAnswer } from './ledger-client.ts'
import type { BlockResult, LedgerState } from './ledger-state.ts'
import { certificateOf } from './parties.ts'
import { hashOf, serialOf } from './tokens.ts'

export const nodeName = (index: number): string => `v${index + 1}`

/** Digest over verdict and transaction verdicts. */
export const answerDigest = ({ leaf, transactions }: Answer): Digest => digestOf('recordLeaf', leaf, ...transactions)

type Asked = Omit<TokenSpent, 'verdict'>

// A record's tokens are the same whoever hands it in.
const askedTokens = new WeakMap<SignedRecord, readonly Asked[]>()

function tokensOf(signed: SignedRecord): readonly Asked[] {
  const known = askedTokens.get(signed)
  if (known) return known
  const tokens = namedTokens(signed.record)
  askedTokens.set(signed, tokens)
  return tokens
}

function namedTokens(record: LedgerRecord): Asked[] {
  if (record.kind === 'publication') {
    const group = { bank: record.signer, publication: record.number }
    const count = record.hashes.length / 32
    return Array.from({ length: count }, (_, index) => ({ serial: serialIn(group, index), payload: '' }))
  }
  if (record.kind !== 'return' && record.kind !== 'tokenBlock') return []
  const payments = record.kind === 'return' ? [record.payment] : record.transactions
  return payments.flatMap(({ time, information, tokens }) => {
    const loose = tokens.map(token => ({ ...token, group: record.groups[token.group]! }))
    const payload = payloadDigest(time, information, loose.map(hashOf))
    return loose.map(token => ({ serial: serialOf(token), payload }))
  })
}

const serialIn = (group: { readonly bank: Digest; readonly publication: number }, index: number): string =>
  serialOf({ group: group as Parameters<typeof serialOf>[0]['group'], index })

/** The verdicts on a record's tokens. */
function spentTokens(signed: SignedRecord, { verdict, transactions }: ReadAnswer): TokenSpent[] {
  if (verdict.refusal !== undefined) return []
  if (signed.record.kind === 'publication') return tokensOf(signed).map(token => ({ ...token, verdict: undefined }))
  return transactions.flatMap(({ payload, tokens }) =>
    tokens.map(({ bank, publication, index, verdict: said, reason, use, firstUse }) => ({
      serial: serialIn({ bank, publication }, index),
      payload,
      verdict: said,
      reason,
      ...(said === '11' ? { use } : {}),
      ...(firstUse ? { firstUse: firstUse.record } : {}),
    })),
  )
}

function blockSeen(
  { user, pending, terms, transactions }: TokenBlock,
  { gammaBefore, gammaAfter }: UserStanding,
): BlockSeen {
  const tokens = transactions.reduce((sum, each) => sum + each.tokens.length, 0)
  const waiting = pending ? transactions.at(-1)!.tokens.length : 0
  return { user: toHex(user), tokens, pending: waiting, gammaBefore, gammaAfter, w0: terms?.w0 }
}

interface MemberSeen {
  readonly name: string
  readonly role: string
  readonly revokedAt: number | undefined
}

export interface RecorderOptions {
  readonly now: () => number
  readonly auditors: readonly string[]
  /** The state that a node has stored. */
  readonly stateOf: (node: number) => LedgerState
}

export class Recorder {
  readonly history: HistoryEvent[] = []
  readonly #options: RecorderOptions
  /** Digests by node and height. */
  readonly #finals = new Map<string, Digest>()
  readonly #recorded = new Set<Digest>()
  readonly #calls = new Map<number, { readonly client: string; readonly record: SignedRecord }>()
  readonly #members = new Map<Digest, MemberSeen>()
  readonly #acknowledged = new Map<Digest, Digest>()
  #call = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    const named = [
      ['authority', 'authority'],
      ['bank', 'bank'],
      ...options.auditors.map(name => [name, 'auditor'] as const),
    ] as const
    for (const [name, role] of named)
      this.#members.set(certificateOf(name).fingerprint, { name, role, revokedAt: undefined })
  }

  see(seen: Seen): void {
    this.history.push({ at: this.#options.now(), ...seen })
  }

  observe(observation: Observation): void {
    const node = nodeName(observation.node)
    switch (observation.type) {
      case 'votes': {
        const { kind, view, digest, outcome } = observation.vote
        this.see({ type: 'signed', node, view, kind, digest, outcome })
        break
      }
      case 'proposes': {
        const { digest, header } = observation.proposal.block
        this.see({ type: 'signed', node, view: header.view, kind: 'proposal', digest, outcome: zeroDigest })
        break
      }
      case 'finalizes':
        this.#finalizes(observation.node, observation.final.block.digest)
        break
      case 'accuses':
        this.see({ type: 'accused', node: nodeName(observation.validator), by: node })
        break
      case 'restarts':
        this.see({ type: 'life', node, state: 'starts', code: undefined })
        break
      case 'crashes':
        this.see({ type: 'life', node, state: 'ends', code: undefined })
        break
      case 'reports':
        if (observation.event.type === 'maySign') this.see({ type: 'life', node, state: 'votes', code: undefined })
        if (observation.event.type === 'mute') this.see({ type: 'life', node, state: 'mute', code: 'votes_missing' })
        if (observation.event.type === 'outcomeDiffers')
          this.see({ type: 'life', node, state: 'refuses', code: 'outcome_differs' })
        break
      case 'forgets':
        break
    }
  }

  #finalizes(index: number, digest: Digest): void {
    let result: BlockResult | undefined = this.#options.stateOf(index).result
    while (result && result.digest !== digest) result = result.before
    if (!result) return
    const node = nodeName(index)
    const name = `${node}/${result.height}`
    if (this.#finals.get(name) === digest) return
    this.#finals.set(name, digest)
    const { block, executed } = result
    const { height, view, parent, time } = block.header
    const { stateRoot, verdictRoot, verdicts } = executed
    const named = { node, height, view, digest, parent, stateRoot, verdictRoot, time }
    this.see({ type: 'final', ...named, records: block.records, verdicts: { ...verdicts } })
    executed.answers.forEach((answer, place) => {
      this.#record(answer, block.records[place]!, height, result.bytesOf(answer.record))
    })
  }

  #record(answer: Answer, digest: Digest, height: number, bytes: Uint8Array | undefined): void {
    const signed = bytes && decodedRecord(bytes)
    if (!signed || this.#recorded.has(digest)) return
    this.#recorded.add(digest)
    const { record } = signed
    const member = this.#members.get(record.signer)
    const read = readAnswer(answer)
    const consumed = spentTokens(signed, read).flatMap(({ serial, use }) => (use === 'consumed' ? [serial] : []))
    this.see({
      type: 'record',
      digest,
      kind: record.kind,
      signer: member?.name ?? record.signer.slice(0, 8),
      role: member?.role ?? '',
      number: record.number,
      height,
      refusal: read.verdict.refusal,
      revokedAt: member?.revokedAt,
      consumed,
      ...(record.kind === 'publication' ? { expiry: record.expiry } : {}),
      ...(record.kind === 'tokenBlock' && read.verdict.user ? { block: blockSeen(record, read.verdict.user) } : {}),
    })
    if (read.verdict.session) this.#standing(read.verdict.session)
    if (record.kind !== 'revocation' || read.verdict.refusal !== undefined) return
    const revoked = this.#members.get(record.certificate)
    if (revoked) this.#members.set(record.certificate, { ...revoked, revokedAt: revoked.revokedAt ?? height })
  }

  #standing({ windowEnd: _, paid, returned, ...stands }: SessionStanding): void {
    this.see({ type: 'standing', ...stands, paid: `${paid}`, returned: `${returned}` })
  }

  /** For clients. */
  readonly calls: CallBook = {
    invoked: (client, record) => {
      const call = ++this.#call
      this.#calls.set(call, { client, record })
      const { kind } = record.record
      if (kind === 'publication' || kind === 'tokenBlock' || kind === 'return')
        this.see({ type: 'invoke', call, client, record: record.digest, kind, tokens: tokensOf(record) })
      return call
    },
    timedOut: call => {
      if (!this.#isSpending(call)) return
      this.see({ type: 'return', call, result: 'unknown', code: undefined, height: undefined, tokens: [] })
    },
    answered: (call, answer, height) => {
      const { client, record } = this.#calls.get(call)!
      const said = answerDigest(answer.leaves)
      this.#acknowledged.set(record.digest, said)
      this.see({ type: 'acknowledged', client, record: record.digest, answer: said })
      if (!this.#isSpending(call)) return
      const { refusal } = answer.verdict
      const result = refusal === undefined ? 'ok' : 'refused'
      this.see({ type: 'return', call, result, code: refusal, height, tokens: spentTokens(record, answer) })
    },
  }

  #isSpending(call: number): boolean {
    const kind = this.#calls.get(call)?.record.record.kind
    return kind === 'publication' || kind === 'tokenBlock' || kind === 'return'
  }

  /** Records to which some client had a certified answer. */
  get acknowledgedRecords(): Digest[] {
    return [...this.#acknowledged.keys()]
  }
}
