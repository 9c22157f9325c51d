// What checkers have in common: counting what they look at, keeping the first few things that are wrong, and putting a finding together.
import type { Finding, HistoryEvent, Run, Seen } from '../history.ts'
import type { InvariantId } from '../manifest.ts'

/** So many violations are told in full; the rest are counted. */
const evidenceMax = 5

/** One rule being looked into. */
export class Inquiry {
  readonly #invariant: InvariantId
  readonly #rule: string
  readonly #violations: string[] = []
  readonly #grounds: string[] = []
  #violationCount = 0
  checked = 0

  constructor(invariant: InvariantId, rule: string) {
    this.#invariant = invariant
    this.#rule = rule
  }

  /** Something that the rule forbids was seen. */
  broken(text: string): void {
    this.#violationCount += 1
    if (this.#violations.length < evidenceMax) this.#violations.push(text)
  }

  /** On what the finding rests where nothing is wrong. */
  restsOn(text: string): void {
    if (this.#grounds.length < evidenceMax) this.#grounds.push(text)
  }

  /** `idle` where nothing was looked at and nothing is wrong. */
  finding(): Finding {
    const head = { invariant: this.#invariant, rule: this.#rule, checked: this.checked }
    if (this.#violationCount > 0) {
      const more = this.#violationCount - this.#violations.length
      return { ...head, verdict: 'broken', evidence: [...this.#violations, ...(more > 0 ? [`and ${more} more`] : [])] }
    }
    return this.checked === 0
      ? { ...head, verdict: 'idle', evidence: [] }
      : { ...head, verdict: 'holds', evidence: this.#grounds }
  }
}

export type EventOf<Type extends Seen['type']> = Extract<HistoryEvent, { readonly type: Type }>

/** The events of one type, in their order. */
export function* eventsOf<Type extends Seen['type']>(run: Run, type: Type): Generator<EventOf<Type>> {
  for (const event of run.history) if (event.type === type) yield event as EventOf<Type>
}

/** Validators whose word counts. */
export const honestOf = ({ validators, adversaries }: Run): string[] =>
  validators.filter(name => !adversaries.includes(name))

/** Honest validators that have to be well at the end. */
export const soundOf = (run: Run): string[] => honestOf(run).filter(name => !run.lost.includes(name))

/** When a phase began; undefined where the run did not come to it. */
export function phaseAt(run: Run, phase: EventOf<'phase'>['phase']): number | undefined {
  for (const event of eventsOf(run, 'phase')) if (event.phase === phase) return event.at
  return undefined
}

/** When the last thing was seen. */
export const endOf = ({ history }: Run): number => history.reduce((latest, { at }) => Math.max(latest, at), 0)

/** A digest as people read it. */
export const brief = (digest: string): string => (digest.length > 10 ? digest.slice(0, 8) : digest)

/** "1 block", "2 blocks". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
