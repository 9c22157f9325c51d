// What a validator tells people, in the log and on /events: one line per final block and per fault, so that a stalled network tells why.
import pino from 'pino'
import type { Effect } from '../consensus/types.ts'
import type { Commit } from './application.ts'
import type { LogLevel } from './config.ts'
import type { NodeEvent } from './http.ts'

export type Log = pino.Logger
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** An event with the words that go with it. */
export interface Told {
  readonly level: Level
  readonly message: string
  readonly event: NodeEvent
}

/** JSON lines on stdout, not buffered: the last lines before a crash are the ones that matter. */
export function createLog(level: LogLevel, name: string): Log {
  const options = { level, base: { node: name }, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, pino.destination({ sync: true }))
}

/** Tells the log and whoever follows /events. */
export class Events {
  readonly #log: Log
  readonly #listeners = new Set<(event: NodeEvent) => void>()

  constructor(log: Log) {
    this.#log = log
  }

  tell({ level, message, event }: Told): void {
    this.#log[level]({ event: event.type, ...event, type: undefined }, message)
    for (const listener of this.#listeners) listener(event)
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

const told = (level: Level, message: string, event: NodeEvent): Told => ({ level, message, event })

export const linkTold = (peer: string, up: boolean): Told =>
  told('info', up ? 'link up' : 'link down', { type: 'link', peer, up })

/** What a commit says to people. */
export function finalBlockTold({ tip, records, verdicts }: Commit): Told {
  const { block, stateRoot } = tip
  const { height, view, time } = block.header
  const event = {
    type: 'block',
    height,
    view,
    digest: block.digest,
    stateRoot,
    blockTime: new Date(time).toISOString(),
    records: records.length,
    verdicts,
  }
  // An idle network's heartbeats are no news.
  return told(records.length > 0 ? 'info' : 'debug', 'final', event)
}

/** What an effect of the consensus core says to people; undefined where it says nothing. */
export function eventOf(effect: Effect, nameOf: (validator: number) => string): Told | undefined {
  if (effect.type === 'evidence') {
    const { validator, type } = effect.evidence
    const event = { type: 'equivocation', validator: nameOf(validator), evidence: type }
    return told('warn', 'a validator signed two things of which it may sign one', event)
  }
  if (effect.type !== 'report') return undefined
  const { event } = effect
  switch (event.type) {
    case 'timedOut': {
      const silent = event.silent.map(nameOf)
      const fields = { type: 'view_timed_out', view: event.view, leader: nameOf(event.leader), silent }
      return told('info', 'view timed out', fields)
    }
    case 'skipped':
      return told('info', 'silent leader skipped', {
        type: 'leader_skipped',
        view: event.view,
        leader: nameOf(event.leader),
      })
    case 'rejected':
      return told('warn', 'proposal rejected', { type: 'proposal_rejected', view: event.view, reason: event.reason })
    case 'maySign':
      return told('info', 'votes from here on', { type: 'may_vote', fromView: event.fromView })
    case 'mute':
      return told(
        'error',
        'others hold votes of this key that the store lacks: it was wiped or is an old copy; follows without voting until `mupib node rejoin`',
        { type: 'mute', view: event.view },
      )
    case 'outcomeDiffers': {
      const { digest: block, own, certified } = event
      const fields = { type: 'outcome_differs', block, own, certified }
      return told('fatal', 'a certified block has another outcome here: votes no more', fields)
    }
    case 'split':
      return told(
        'fatal',
        'a finalization contradicts the final chain here: more than f validators lie; votes no more',
        {
          type: 'split',
          view: event.certificate.view,
        },
      )
    default: {
      const { type, ...fields } = event
      return told('debug', type, { type, ...fields })
    }
  }
}
