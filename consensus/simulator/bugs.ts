// Planted bugs: each breaks one duty of an honest node, from outside the core, and must be found by the invariants. A checker counts
// only if it can fail.
import { type Block, type Certificate, quorumOf, type Vote } from '../../proto/chain.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import type { Effect, Input, JournalEntry } from '../types.ts'
import { type Wrap, withEffects, withInputs } from './machine.ts'
import type { Bug } from './simulation.ts'

const without =
  (type: JournalEntry['type']) =>
  (entries: readonly JournalEntry[], urgent: boolean): { entries: readonly JournalEntry[]; urgent: boolean } => ({
    entries: entries.filter(entry => entry.type !== type),
    urgent,
  })

/** Puts certificates together from one vote less than a quorum. */
const countsOneShort: Wrap = (machine, { config }) => {
  const needed = quorumOf(config.validators) - 1
  const ballots = new Map<string, Map<number, Vote>>()
  const count = (vote: Vote): Certificate | undefined => {
    const name = `${vote.kind} ${vote.view} ${vote.digest} ${vote.outcome}`
    const votes = ballots.get(name) ?? new Map<number, Vote>()
    ballots.set(name, votes.set(vote.signer, vote))
    if (votes.size !== needed) return undefined
    const signatures = [...votes.values()].sort((a, b) => a.signer - b.signer)
    const { kind, view, digest, outcome } = vote
    return { kind, view, digest, outcome, signatures }
  }
  return withEffects(machine, (effects, input, now) => {
    const found: Certificate[] = []
    const note = (vote: Vote): void => {
      const certificate = count(vote)
      if (certificate) found.push(certificate)
    }
    if (input.type === 'vote') note(input.vote)
    for (const { message } of effects.filter(effect => effect.type === 'broadcast')) {
      if (message.type === 'vote' && message.vote.signer === config.self) note(message.vote)
    }
    const more = found.flatMap(certificate => machine.step({ type: 'certificate', certificate }, now, undefined))
    return [...effects, ...more]
  })
}

/** Once in the view of a proposal, takes every view between its parent and itself as nullified. */
const assumesGaps: Wrap = (machine, { config }) => {
  const views = new Map<Digest, number>([[config.genesis.block.digest, 0]])
  const proposed = new Map<number, Block>()
  const gapsOf = (block: Block): Certificate[] => {
    const assumed: Certificate[] = []
    const parentView = views.get(block.header.parent)
    for (let view = (parentView ?? block.header.view) + 1; view < block.header.view; view++) {
      assumed.push({ kind: 'nullify', view, digest: zeroDigest, outcome: zeroDigest, signatures: [] })
    }
    return assumed
  }
  return withEffects(machine, (effects, input, now) => {
    const sent = effects.flatMap(effect => (effect.type === 'broadcast' ? [effect.message] : []))
    for (const message of input.type === 'proposal' ? [...sent, input] : sent) {
      if (message.type !== 'proposal') continue
      const { block } = message.proposal
      views.set(block.digest, block.header.view)
      if (!proposed.has(block.header.view)) proposed.set(block.header.view, block)
    }
    const current = proposed.get(machine.view())
    if (!current) return effects
    proposed.delete(machine.view())
    const steps = gapsOf(current).map(certificate => machine.step({ type: 'certificate', certificate }, now, undefined))
    return [...effects, ...steps.flat()]
  })
}

/** Takes a proposal as if its parent were notarized. */
const assumesParent: Wrap = machine => {
  const blocks = new Map<Digest, Block>()
  return withInputs(machine, input => {
    if (input.type !== 'proposal') return input
    const { block, parentCertificate } = input.proposal
    blocks.set(block.digest, block)
    const parent = blocks.get(block.header.parent)
    if (parentCertificate || !parent) return input
    const { parentOutcome: outcome } = block.header
    const { digest, header } = parent
    const assumed: Certificate = { kind: 'notarize', view: header.view, digest, outcome, signatures: [] }
    return { ...input, proposal: { ...input.proposal, parentCertificate: assumed } }
  })
}

/** Signs Finalize for every notarized block, Nullify or not. */
const finalizesAnyway: Wrap = (machine, { config }) => {
  const nullified = new Set<number>()
  const finalized = new Set<number>()
  return withEffects(machine, effects => {
    const more: Effect[] = []
    for (const effect of effects) {
      if (effect.type !== 'broadcast') continue
      const { message } = effect
      if (message.type === 'vote' && message.vote.kind === 'nullify') nullified.add(message.vote.view)
      if (message.type === 'vote' && message.vote.kind === 'finalize') finalized.add(message.vote.view)
      if (message.type !== 'certificate' || message.certificate.kind !== 'notarize') continue
      const { view, digest, outcome } = message.certificate
      if (!nullified.has(view) || finalized.has(view)) continue
      finalized.add(view)
      const vote = config.signer.vote({ kind: 'finalize', view, digest, outcome })
      more.push({ type: 'persist', entries: [{ type: 'ownVote', vote }], urgent: true })
      more.push({ type: 'broadcast', message: { type: 'vote', vote } })
    }
    return [...effects, ...more]
  })
}

/** Signs Notarize for every proposal of a view, not only the first. */
const notarizesAll: Wrap = (machine, { config }) => {
  const own = new Map<number, Vote>()
  return withEffects(machine, (effects, input) => {
    for (const effect of effects) {
      if (effect.type !== 'broadcast' || effect.message.type !== 'vote') continue
      const { vote } = effect.message
      if (vote.kind === 'notarize' && vote.signer === config.self) own.set(vote.view, vote)
    }
    if (input.type !== 'proposal') return effects
    const { digest, header } = input.proposal.block
    const before = own.get(header.view)
    if (!before || before.digest === digest) return effects
    const vote = config.signer.vote({ kind: 'notarize', view: header.view, digest, outcome: before.outcome })
    return [
      ...effects,
      { type: 'persist', entries: [{ type: 'ownVote', vote }], urgent: true },
      { type: 'broadcast', message: { type: 'vote', vote } },
    ]
  })
}

/** Starts to sign at once, as if everybody had answered that they hold nothing. */
const asksNobody: Wrap = (machine, { config }) => {
  const answers = [...Array(config.validators).keys()].filter(peer => peer !== config.self)
  const deaf = withInputs(machine, input => (input.type === 'heldVotes' ? undefined : input))
  return withEffects(deaf, (effects, _input, now) => {
    if (!effects.some(effect => effect.type === 'askHeldVotes')) return effects
    const empty = answers.map((from): Input => ({ type: 'heldVotes', from, held: undefined }))
    const kept = effects.filter(effect => effect.type !== 'askHeldVotes')
    return [...kept, ...empty.flatMap(input => machine.step(input, now, undefined))]
  })
}

/** Sends each Nullify once, and never again. */
const nullifiesOnce: Wrap = machine => {
  const sent = new Set<number>()
  return withEffects(machine, effects => {
    const before = new Set(sent)
    return effects.filter(effect => {
      if ((effect.type !== 'broadcast' && effect.type !== 'send') || effect.message.type !== 'vote') return true
      const { kind, view } = effect.message.vote
      if (kind !== 'nullify') return true
      sent.add(view)
      return !before.has(view)
    })
  })
}

/** Takes no notarization of a view after having given up on it. */
const ignoresLateNotarization: Wrap = machine => {
  const nullified = new Set<number>()
  const deaf = withInputs(machine, input => {
    if (input.type === 'vote' && input.vote.kind === 'notarize' && nullified.has(input.vote.view)) return undefined
    const isLate =
      input.type === 'certificate' && input.certificate.kind !== 'nullify' && nullified.has(input.certificate.view)
    return isLate ? undefined : input
  })
  return withEffects(deaf, effects => {
    for (const effect of effects) {
      if (effect.type === 'persist') {
        for (const entry of effect.entries) {
          if (entry.type === 'ownVote' && entry.vote.kind === 'nullify') nullified.add(entry.vote.view)
        }
      }
    }
    return effects
  })
}

/** All planted bugs. `wish` asks for the kind of schedule that brings a bug out. */
export const bugs: readonly Bug[] = [
  {
    name: 'quorum-one-short',
    summary: 'certificates are made and taken with one vote less than a quorum',
    switches: validators => ({ certificateQuorum: quorumOf(validators) - 1 }),
    wrap: countsOneShort,
  },
  {
    name: 'vote-not-persisted',
    summary: 'own votes are sent without being written',
    switches: () => ({ persist: without('ownVote') }),
  },
  {
    name: 'proposal-not-persisted',
    summary: 'own proposals are sent without being written',
    switches: () => ({ persist: without('ownProposal') }),
  },
  {
    name: 'journal-unsynced',
    summary: 'the journal is written but not synced before messages go out',
    switches: () => ({ persist: entries => ({ entries, urgent: false }) }),
  },
  {
    name: 'body-not-persisted',
    summary: 'a block is voted for while the bytes of its records are only in memory',
    switches: () => ({ omitsBodies: true }),
    wish: { clientsRepeat: false, fault: 'crash' },
  },
  {
    name: 'state-ahead-of-journal',
    summary: 'the application state is synced before the final block that it belongs to',
    switches: () => ({ storesStateFirst: true }),
  },
  {
    name: 'gaps-not-checked',
    summary: 'a proposal may skip views that were not nullified',
    wrap: assumesGaps,
    wish: { adversary: 'invalid-proposer' },
  },
  {
    name: 'parent-not-checked',
    summary: 'a proposal may extend a block that was not notarized',
    wrap: assumesParent,
    wish: { adversary: 'invalid-proposer' },
  },
  {
    name: 'outcome-not-compared',
    summary: 'a node whose own execution gave another outcome goes on with the certified one',
    switches: () => ({ trustsOutcomes: true }),
    wish: { rots: true },
  },
  {
    name: 'nullify-and-finalize',
    summary: 'Finalize is sent for a view that was nullified',
    wrap: finalizesAnyway,
  },
  {
    name: 'notarize-twice',
    summary: 'every proposal of a view gets a vote, not only the first',
    wrap: notarizesAll,
    wish: { adversary: 'equivocating-proposer' },
  },
  {
    name: 'held-votes-not-asked',
    summary: 'a node signs after a start without asking what others hold of its key',
    wrap: asksNobody,
    wish: { fault: 'replaceStore' },
  },
  {
    name: 'nullify-without-repeat',
    summary: 'a Nullify that was lost is never sent again',
    wrap: nullifiesOnce,
  },
  {
    name: 'late-notarization-ignored',
    summary: 'a notarization that comes after the own Nullify is dropped',
    wrap: ignoresLateNotarization,
  },
  {
    name: 'fetch-pinned',
    summary: 'everything is fetched from one peer, dead or alive',
    switches: validators => ({ fetchesOnlyFrom: self => (self + 1) % validators }),
  },
  {
    name: 'records-not-announced',
    summary: 'a record that gossip lost is known to one node only',
    switches: () => ({ isSilentOnRecords: true }),
  },
  {
    name: 'certificates-unverified',
    summary: 'certificates are taken without looking at their signatures',
    switches: () => ({ takesAnyCertificate: true }),
    wish: { adversary: 'forger' },
  },
  {
    name: 'catch-up-unverified',
    summary: 'fetched final blocks are not checked against their certificate',
    switches: () => ({ takesAnyChain: true }),
    wish: { adversary: 'lying-peer' },
  },
]

export const bugNamed = (name: string): Bug | undefined => bugs.find(bug => bug.name === name)
