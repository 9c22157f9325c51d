// I7: no honest key signs two conflicting votes, power loss included: two different Notarize, two different Finalize, two proposals, or Nullify and
// Finalize, in one view (rule 9). A node whose store was wiped or replaced by an old one is mute before it votes anew (rule 8c).
import type { Checker } from '../history.ts'
import { brief, counted, type EventOf, eventsOf, honestOf, Inquiry } from './inquiry.ts'

type Signature = EventOf<'signed'>

const same = (a: Signature, b: Signature): boolean => a.digest === b.digest && a.outcome === b.outcome

/** What one key signed in a view, the first of each kind. */
type Round = Partial<Record<Signature['kind'], Signature>>

function conflictOf(round: Round, next: Signature): string | undefined {
  const before = round[next.kind]
  if (next.kind === 'nullify' || next.kind === 'finalize') {
    const other = round[next.kind === 'nullify' ? 'finalize' : 'nullify']
    if (other) return `both Nullify and Finalize`
  }
  if (!before || next.kind === 'nullify') return undefined
  if (next.kind === 'proposal' ? before.digest === next.digest : same(before, next)) return undefined
  return `two different ${next.kind === 'proposal' ? 'proposals' : `${next.kind} votes`} (${brief(before.digest)}, ${brief(next.digest)})`
}

/** What a key did so far. */
interface Signer {
  readonly rounds: Map<number, Round>
  /** Its store was replaced, and it did not say yet that it lacks votes. */
  replacedBy: string | undefined
}

export const votesOnce: Checker = run => {
  const inquiry = new Inquiry('I7', 'no honest key signs two conflicting votes')
  const signers = new Map<string, Signer>(
    honestOf(run).map(name => [name, { rounds: new Map(), replacedBy: undefined }]),
  )
  const sign = (signer: Signer, vote: Signature): void => {
    const { node, view, kind } = vote
    const round = signer.rounds.get(view) ?? {}
    signer.rounds.set(view, round)
    inquiry.checked += 1
    const conflict = conflictOf(round, vote)
    if (conflict) inquiry.broken(`${node} in view ${view}: ${conflict}`)
    // what is sent again as it was stored is no new vote
    if (signer.replacedBy !== undefined && !round[kind]) {
      inquiry.broken(`${node} votes in view ${view} after ${signer.replacedBy}, without having been mute`)
      signer.replacedBy = undefined
    }
    round[kind] ??= vote
  }
  for (const event of run.history) {
    if (event.type === 'signed') {
      const signer = signers.get(event.node)
      if (signer) sign(signer, event)
    } else if (event.type === 'accused' && signers.has(event.node)) {
      inquiry.broken(`${event.by} holds evidence against ${event.node}, which is honest`)
    } else if (event.type === 'fault' && event.edge === 'begins') {
      if (event.action !== 'wipe' && event.action !== 'oldSnapshot') continue
      for (const node of event.nodes) {
        const signer = signers.get(node)
        // a key that never signed has nothing to contradict
        if (signer && signer.rounds.size > 0)
          signer.replacedBy = event.action === 'wipe' ? 'its disk was wiped' : 'an old store was put in place'
      }
    } else if (event.type === 'life' && (event.state === 'mute' || event.state === 'refuses')) {
      const signer = signers.get(event.node)
      if (signer) signer.replacedBy = undefined
    }
  }
  const views = [...signers.values()].reduce((sum, { rounds }) => sum + rounds.size, 0)
  inquiry.restsOn(
    `${counted(inquiry.checked, 'signature')} in ${counted(views, 'view')} of ${counted(signers.size, 'honest key')}`,
  )
  for (const { node, at, state } of eventsOf(run, 'life'))
    if (state === 'mute' && signers.has(node)) inquiry.restsOn(`${node} was mute from ${Math.round(at)} ms`)
  return inquiry.finding()
}
