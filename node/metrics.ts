// Prometheus metrics of a validator. They watch effects and events from outside; no rule knows of them.
import * as prometheus from 'prom-client'
import type { Effect } from '../consensus/types.ts'
import type { Verdict } from '../proto/verdict.ts'

/** What is read at scrape time rather than counted. */
export interface Gauges {
  height(): number
  view(): number
  pendingRecords(): number
  connectedValidators(): number
  sessions(): number
  gossipSkipped(): number
}

/** Undefined where the process has no descriptor left: Linux tells it in a file. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss()
  } catch {
    return undefined
  }
}

/** Counters and histograms of one validator, in a registry of its own. */
export class Metrics {
  readonly registry = new prometheus.Registry()
  readonly #views = this.#counter('mupib_views_total', 'Views ended, by how', ['end'])
  readonly #blocks = this.#counter('mupib_blocks_final_total', 'Ledger blocks that became final')
  readonly #records = this.#counter('mupib_records_final_total', 'Records that became final', ['kind', 'answer'])
  readonly #tokens = this.#counter('mupib_tokens_total', 'Tokens decided, by verdict', ['verdict'])
  readonly #refused = this.#counter('mupib_messages_refused_total', 'Messages refused, by code', ['code'])
  readonly #evidence = this.#counter('mupib_equivocations_total', 'Equivocations seen')
  readonly #writes = new prometheus.Histogram({
    name: 'mupib_write_seconds',
    help: 'Duration of one synced write',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1],
    registers: [this.registry],
  })

  #counter<T extends string>(name: string, help: string, labelNames: T[] = []): prometheus.Counter<T> {
    return new prometheus.Counter({ name, help, labelNames, registers: [this.registry] })
  }

  constructor(gauges: Gauges) {
    const gauge = (name: string, help: string, read: () => number | undefined): void => {
      new prometheus.Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          const value = read()
          if (value !== undefined) this.set(value)
        },
      })
    }
    gauge('mupib_height', 'Height of the last final block', gauges.height)
    gauge('mupib_view', 'Current view', gauges.view)
    gauge('mupib_records_pending', 'Records held that are not final', gauges.pendingRecords)
    gauge('mupib_validators_connected', 'Other validators with a live link', gauges.connectedValidators)
    gauge('mupib_client_sessions', 'Sessions of banks, auditors and the authority', gauges.sessions)
    gauge(
      'mupib_gossip_skipped_total',
      'Gossip publications left out because too much was in flight',
      gauges.gossipSkipped,
    )
    gauge('mupib_process_resident_bytes', 'Resident memory', residentBytes)
    gauge('mupib_process_cpu_seconds_total', 'User and system time', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    })
  }

  observe(effect: Effect): void {
    if (effect.type === 'commit') this.#blocks.inc(effect.blocks.length)
    if (effect.type === 'evidence') this.#evidence.inc()
    if (effect.type !== 'report') return
    const { type } = effect.event
    if (type === 'notarized' || type === 'nullified' || type === 'timedOut' || type === 'skipped')
      this.#views.inc({ end: type })
  }

  recordFinal(kind: string, answer: string): void {
    this.#records.inc({ kind, answer })
  }

  tokens(verdict: Verdict, count: number): void {
    this.#tokens.inc({ verdict }, count)
  }

  refused(code: string): void {
    this.#refused.inc({ code })
  }

  write(seconds: number): void {
    this.#writes.observe(seconds)
  }
}
