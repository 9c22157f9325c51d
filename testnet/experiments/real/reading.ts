// The end of a run: what is open is finished, everybody catches up, and then everything is read: first from the running nodes, then from their files.
import * as fs from 'node:fs'
import { MupibError } from '../../../proto/errors.ts'
import type { EngineOptions } from '../engine.ts'
import type { HistoryEvent } from '../history.ts'
import { type BooksSeen, countMoney, flushAll, readBooks } from './books.ts'
import type { RealRun } from './engine.ts'
import { answerDigest } from './ledger-load.ts'
import { pause } from './schedule.ts'
import { readAnswers, readChain, readStore, type StoredChain } from './stores.ts'

/** Bounds for failure only, in milliseconds. */
const drainLimitMs = 45_000
const hopelessLimitMs = 5_000
const catchUpLimitMs = 30_000
const readLimitMs = 5_000
/** Records that every node is asked for at the end; of more, the newest. */
const readsMax = 600
const readsAtOnce = 4

/** What was read while everything still ran, by run. */
const seenBooks = new WeakMap<RealRun, BooksSeen>()

/** Finishes what is open, waits until all have caught up, and reads what the running processes say. */
export async function settle(run: RealRun, isDeciding: boolean, { progress, signal }: EngineOptions): Promise<void> {
  const { payments, ledger, recorder, context, sessions } = run
  progress('no more payments; what is open is finished')
  // from a network that decides nothing there is nothing to wait for
  const limitMs = isDeciding ? drainLimitMs : hopelessLimitMs
  const flush = (): Promise<boolean> => flushAll(context.network, hopelessLimitMs)
  const [isIdle] = await Promise.all([payments.drain(limitMs, async () => void (await flush())), ledger.drain(limitMs)])
  if (!isIdle) progress('some payments stay open')
  if (sessions) {
    progress('sessions come to their ends')
    if (!(await sessions.drain())) progress('some sessions stay open')
    await sessions.read()
  }
  const isFlushed = isDeciding && (await flushAll(context.network))
  if (!(await allCaughtUp(run))) progress('some validators do not catch up')
  recorder.see({ type: 'phase', phase: 'settled' })
  await finalReads(run)
  if (!isFlushed) {
    progress('an auditor has open transfers: the books are not counted')
    return
  }
  try {
    seenBooks.set(run, await readBooks(context.network, signal))
  } catch (error) {
    if (!(error instanceof MupibError) || error.code === 'bug') throw error
    progress(`the books are not counted: ${error.message}`)
  }
}

const honestOf = ({ field, adversaries }: RealRun): string[] =>
  field.validators.filter(name => !adversaries.includes(name))

async function allCaughtUp(run: RealRun): Promise<boolean> {
  const { field, context } = run
  const names = honestOf(run).filter(name => !context.lost.has(name) || field.isRunning(name))
  const deadline = performance.now() + catchUpLimitMs
  for (;;) {
    const heights = await Promise.all(names.map(async name => (await field.status(name))?.height))
    if (heights.every(height => height !== undefined && height === heights[0])) return true
    if (performance.now() >= deadline) return false
    await pause(100)
  }
}

interface ShownRecord {
  readonly proof: { readonly recordLeaf: string; readonly transactionLeaves: readonly string[] }
}

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

/** What a node answers for a record now; undefined where it says nothing in time, which is no word on the record. */
async function ask(http: string, record: string): Promise<{ readonly answer: string | undefined } | undefined> {
  try {
    const signal = AbortSignal.timeout(readLimitMs)
    const response = await fetch(new URL(`/records/${record}`, http), { signal })
    if (!response.ok) return { answer: undefined }
    const { recordLeaf, transactionLeaves } = ((await response.json()) as ShownRecord).proof
    return { answer: answerDigest(bytes(recordLeaf), transactionLeaves.map(bytes)) }
  } catch {
    return undefined
  }
}

const acknowledgedIn = ({ recorder }: RealRun): string[] => [
  ...new Set(recorder.history.flatMap(event => (event.type === 'acknowledged' ? [event.record] : []))),
]

/** Asks every honest node for the newest of the records that clients had certified answers to. */
async function finalReads(run: RealRun): Promise<void> {
  const { field, recorder } = run
  const records = acknowledgedIn(run).slice(-readsMax)
  const readAll = async (node: string): Promise<void> => {
    const queue = [...records]
    const lane = async (): Promise<void> => {
      for (let record = queue.pop(); record !== undefined; record = queue.pop()) {
        const told = await ask(field.http(node), record)
        if (told) recorder.see({ type: 'read', node, record, answer: told.answer })
      }
    }
    await Promise.all(Array.from({ length: readsAtOnce }, lane))
  }
  await Promise.all(
    honestOf(run)
      .filter(name => field.isRunning(name))
      .map(readAll),
  )
}

/** Reads from a node's store the acknowledged records that it was not asked for, or about which it said nothing. */
async function readTheRest(run: RealRun, node: string): Promise<void> {
  const { field, recorder } = run
  const told = new Set(
    recorder.history.flatMap(event => (event.type === 'read' && event.node === node ? [event.record] : [])),
  )
  const rest = acknowledgedIn(run).filter(record => !told.has(record))
  if (rest.length === 0) return
  for (const [record, answer] of await readAnswers(field.actor(node), rest))
    recorder.see({ type: 'read', node, record, answer })
}

/** Stops everything, reads the stores, and completes the history. */
export async function finishReading(run: RealRun, { progress }: EngineOptions): Promise<void> {
  const { field, observer, recorder, network, payments, ledger } = run
  await observer.end()
  await ledger.close()
  await payments.close()
  readLogs(run)
  progress('all processes stop; their stores are read')
  await field.end()
  await network.stop()
  let chain: StoredChain | undefined
  let best = 0
  for (const name of honestOf(run)) {
    const actor = field.actor(name)
    const seen = await readStore(actor, text => recorder.see({ type: 'bug', node: name, text }))
    recorder.see(seen)
    if (seen.check === 'sound') await readTheRest(run, name)
    if (seen.check !== 'sound' || seen.height <= best) continue
    best = seen.height
    chain = await readChain(actor)
  }
  const blocks = observer.blocks
  writeFinals(run, chain)
  if (chain) {
    const firstSeen = new Map<number, number>()
    for (const { height, at } of blocks) firstSeen.set(height, Math.min(at, firstSeen.get(height) ?? at))
    for (const { verdicts: _, ...record } of chain.records)
      recorder.see({ type: 'record', ...record }, firstSeen.get(record.height) ?? recorder.now)
    const books = seenBooks.get(run)
    if (books) {
      recorder.see({ type: 'money', money: countMoney(books, chain.consumed, payments.users, ledger.holders) })
      for (const insurance of books.insurance) recorder.see(insurance)
    }
  }
  recorder.see({ type: 'phase', phase: 'ends' })
}

/** Blocks as nodes showed them, with the verdicts that the chain gives their records. */
function writeFinals({ observer, recorder }: RealRun, chain: StoredChain | undefined): void {
  const verdictsOf = new Map(chain?.records.map(({ digest, verdicts }) => [digest, verdicts]))
  for (const { at, ...block } of observer.blocks) {
    const verdicts = { '11': 0, '01': 0, '10': 0, '00': 0 }
    for (const record of block.records)
      for (const [verdict, count] of Object.entries(verdictsOf.get(record) ?? {}))
        verdicts[verdict as keyof typeof verdicts] += count
    recorder.see({ type: 'final', ...block, verdicts } as Omit<Extract<HistoryEvent, { type: 'final' }>, 'at'>, at)
  }
}

/** Fatal lines and bugs in the logs of honest processes. */
function readLogs({ field, recorder, adversaries }: RealRun): void {
  const fatal = 60
  for (const name of field.parties.filter(party => !adversaries.includes(party))) {
    for (const line of jsonLines(field.actor(name).logFile)) {
      const { level, msg, event, err, error } = line as {
        level?: number
        msg?: string
        event?: string
        err?: { message?: string }
        error?: { code?: string; message?: string }
      }
      const isBug =
        event === 'bug' ||
        error?.code === 'bug' ||
        (level === fatal && (event === 'outcome_differs' || event === 'split'))
      if (isBug)
        recorder.see({ type: 'bug', node: name, text: `${msg ?? ''} ${(error ?? err)?.message ?? event ?? ''}`.trim() })
    }
  }
}

/** Every line of a file that is JSON; none where there is no file. */
export function* jsonLines(file: string): Generator<unknown> {
  if (!fs.existsSync(file)) return
  for (const text of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!text.startsWith('{')) continue
    try {
      yield JSON.parse(text)
    } catch {
      // the last line of a process that was killed while it wrote
    }
  }
}
