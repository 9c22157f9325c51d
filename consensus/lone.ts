// For tests: one core among validators that a test plays itself, and the blocks, votes and certificates it plays with.
import { type Block, type Certificate, createBlock, type Proposal, type Vote, type VoteKind } from '../proto/chain.ts'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { configOf, defaultTiming, genesis, network, toyOutcome } from './harness.ts'
import { type Core, createCore, step } from './simplex.ts'
import type { Effect, FinalBlock, Input, Restored } from './types.ts'

const startTime = genesis.block.header.time + 60_000

/** A record digest that is easy to tell. */
export const record = (number: number): Digest => number.toString(16).padStart(64, '0')

/** A block on a parent; its time is one second after the parent's unless told. */
export function child(
  parent: Block,
  view: number,
  {
    records = [],
    time,
    height,
    parentOutcome,
  }: Partial<Pick<Block['header'], 'time' | 'height' | 'parentOutcome'>> & {
    records?: readonly Digest[]
  } = {},
): Block {
  const outcome = parent.header.height === 0 ? genesis.outcome : toyOutcome(parent)
  const header = {
    network,
    height: height ?? parent.header.height + 1,
    view,
    parent: parent.digest,
    parentOutcome: parentOutcome ?? outcome,
    time: time ?? parent.header.time + 1000,
  }
  return createBlock(header, records)
}

/** What a vote is about: a block with its outcome, or for a Nullify a view. */
export type Subject = Block | number

function ballot(kind: VoteKind, subject: Subject, outcome?: Digest): Omit<Vote, 'signer' | 'signature'> {
  if (typeof subject === 'number') return { kind, view: subject, digest: zeroDigest, outcome: zeroDigest }
  return { kind, view: subject.header.view, digest: subject.digest, outcome: outcome ?? toyOutcome(subject) }
}

export const vote = (signer: number, kind: VoteKind, subject: Subject, outcome?: Digest): Vote => ({
  ...ballot(kind, subject, outcome),
  signer,
  signature: new Uint8Array([signer]),
})

export const certificate = (
  kind: VoteKind,
  subject: Subject,
  signers: readonly number[] = [1, 2, 3],
  outcome?: Digest,
): Certificate => ({
  ...ballot(kind, subject, outcome),
  signatures: signers.map(signer => ({ signer, signature: new Uint8Array([signer]) })),
})

export const proposal = (
  block: Block,
  parentCertificate?: Certificate,
  nullifications: readonly Certificate[] = [],
): Proposal => ({ block, signature: new Uint8Array([9]), parentCertificate, nullifications })

/** A core under test, with a clock that a test moves. */
export class Lone {
  readonly core: Core
  now = startTime
  /** Everything that came out so far. */
  readonly log: Effect[] = []
  /** The application's answer; undefined leaves the execution open. */
  answer: (block: Block) => Digest | 'unexecutable' | undefined = toyOutcome

  constructor(
    options: { self?: number; validators?: number; restored?: Partial<Restored>; mayNotSignYet?: boolean } = {},
  ) {
    const { self = 0, validators = 4, restored = {}, mayNotSignYet = false } = options
    const empty: Restored = { tip: genesis, certificate: undefined, journal: [], rejoin: false }
    this.core = createCore(configOf(self, validators, defaultTiming), { ...empty, ...restored })
    this.feed({ type: 'start' })
    if (!mayNotSignYet) for (const from of this.others()) this.feed({ type: 'heldVotes', from, held: undefined })
  }

  others(): number[] {
    const { validators, self } = this.core.config
    return [...Array(validators).keys()].filter(index => index !== self)
  }

  /** One input, and the application's answers to what it leads to. Returns all effects. */
  feed(input: Input): Effect[] {
    const effects = step(this.core, input, this.now)
    this.log.push(...effects)
    const all = [...effects]
    for (const effect of effects) {
      if (effect.type !== 'execute') continue
      const outcome = this.answer(effect.block)
      const { digest } = effect.block
      if (outcome === 'unexecutable') all.push(...this.feed({ type: 'unexecutable', digest, reason: 'no' }))
      else if (outcome) all.push(...this.feed({ type: 'executed', digest, outcome }))
    }
    return all
  }

  vote(...args: Parameters<typeof vote>): Effect[] {
    return this.feed({ type: 'vote', vote: vote(...args) })
  }

  certificate(...args: Parameters<typeof certificate>): Effect[] {
    return this.feed({ type: 'certificate', certificate: certificate(...args) })
  }

  propose(...args: Parameters<typeof proposal>): Effect[] {
    return this.feed({ type: 'proposal', from: 0, proposal: proposal(...args) })
  }

  work(...records: number[]): Effect[] {
    return this.feed({ type: 'work', records: records.map(record) })
  }

  /** Lets time pass: fires the armed timer as often as it is due until then. */
  wait(ms: number): Effect[] {
    const end = this.now + ms
    const effects: Effect[] = []
    for (;;) {
      const at = this.core.armedAt
      if (at === undefined || at > end) break
      this.now = Math.max(this.now, at)
      effects.push(...this.feed({ type: 'timer' }))
    }
    this.now = end
    return effects
  }
}

/** Own votes among effects as words: `notarize 1`. */
export const votesIn = (effects: readonly Effect[]): string[] =>
  effects.flatMap(effect =>
    effect.type === 'broadcast' && effect.message.type === 'vote'
      ? [`${effect.message.vote.kind} ${effect.message.vote.view}`]
      : [],
  )

/** Certificates passed on, as words. */
export const certificatesIn = (effects: readonly Effect[]): string[] =>
  effects.flatMap(effect =>
    (effect.type === 'broadcast' || effect.type === 'send') && effect.message.type === 'certificate'
      ? [`${effect.message.certificate.kind} ${effect.message.certificate.view}`]
      : [],
  )

export const proposalsIn = (effects: readonly Effect[]): Proposal[] =>
  effects.flatMap(effect =>
    (effect.type === 'broadcast' || effect.type === 'send') && effect.message.type === 'proposal'
      ? [effect.message.proposal]
      : [],
  )

/** The effects of one type. */
export const only = <T extends Effect['type']>(effects: readonly Effect[], type: T): Extract<Effect, { type: T }>[] =>
  effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)

export const committed = (effects: readonly Effect[]): FinalBlock[] =>
  only(effects, 'commit').flatMap(({ blocks }) => blocks)
