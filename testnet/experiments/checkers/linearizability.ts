// L1: the spends of every token are linearizable: there is one order of all records, each placed between its being handed in and its being answered, in
// which every answer is what docs/protocol.md gives. Wing and Gong's search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of
// (what is placed, state) ("Testing for linearizability", 2017); tokens are independent of each other (P-compositionality, Horn and Kroening 2015).
import type { Checker, Run, TokenSpent } from '../history.ts'
import { brief, counted, type EventOf, Inquiry } from './inquiry.ts'
import { applied, type Operation, type TokenState } from './token-model.ts'

/** One record and all calls that handed it in. */
interface HandedIn {
  readonly record: string
  readonly kind: EventOf<'invoke'>['kind']
  fromMs: number
  toMs: number
  isDecided: boolean
  tokens: readonly TokenSpent[]
}

/** Records that may have had an effect. A refused call had none, so that it widens nothing. */
function recordsOf(run: Run): HandedIn[] {
  const returns = new Map<number, EventOf<'return'>>()
  for (const event of run.history) if (event.type === 'return') returns.set(event.call, event)
  const records = new Map<string, HandedIn>()
  for (const event of run.history) {
    if (event.type !== 'invoke') continue
    const returned = returns.get(event.call)
    if (returned?.result === 'refused') continue
    const { record, kind } = event
    const asked = event.tokens.map(token => ({ ...token, verdict: undefined }))
    const known = records.get(record) ?? {
      record,
      kind,
      fromMs: event.at,
      toMs: Infinity,
      isDecided: false,
      tokens: asked,
    }
    records.set(record, known)
    known.fromMs = Math.min(known.fromMs, event.at)
    if (returned?.result !== 'ok') continue
    known.toMs = Math.min(known.toMs, returned.at)
    if (!known.isDecided && (kind === 'publication' || returned.tokens.length > 0)) known.tokens = returned.tokens
    known.isDecided = true
    if (kind === 'publication' && known.tokens.length === 0) known.tokens = asked
  }
  return [...records.values()]
}

/** A publication that the run did not see: at any time, or never. */
const unseenPublication: Operation = {
  record: '',
  kind: 'publish',
  fromMs: -Infinity,
  toMs: Infinity,
  isDecided: false,
  answers: [],
}

/** The operations on each token. */
function operationsBySerial(records: readonly HandedIn[]): Map<string, Operation[]> {
  const bySerial = new Map<string, Operation[]>()
  for (const { record, kind, fromMs, toMs, isDecided, tokens } of records) {
    const answers = new Map<string, Omit<TokenSpent, 'serial'>[]>()
    for (const { serial, ...answer } of tokens) {
      const known = answers.get(serial)
      if (known) known.push(answer)
      else answers.set(serial, [answer])
    }
    for (const [serial, given] of answers) {
      const isPublication = kind === 'publication'
      // an answer that was not told may be any
      const isKnown = isDecided && (isPublication || given.every(({ verdict }) => verdict !== undefined))
      const operation: Operation = {
        record,
        kind: isPublication ? 'publish' : 'spend',
        fromMs,
        toMs: isKnown ? toMs : Infinity,
        isDecided: isKnown,
        answers: given,
      }
      const known = bySerial.get(serial)
      if (known) known.push(operation)
      else bySerial.set(serial, [operation])
    }
  }
  for (const operations of bySerial.values())
    if (!operations.some(({ kind }) => kind === 'publish')) operations.push(unseenPublication)
  return bySerial
}

/** True where one order of the operations explains all answers of a token. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const tried = new Set<string>()
  const search = (placed: bigint, state: TokenState): boolean => {
    const open = operations.filter((_, at) => (placed & (1n << BigInt(at))) === 0n)
    const decided = open.filter(({ isDecided }) => isDecided)
    if (decided.length === 0) return true
    const name = `${placed} ${state}`
    if (tried.has(name)) return false
    tried.add(name)
    // whatever was answered before something else was handed in stands before it
    const untilMs = decided.reduce((first, { toMs }) => Math.min(first, toMs), Infinity)
    const changing: (readonly [bigint, TokenState])[] = []
    for (let at = 0; at < operations.length; at++) {
      const bit = 1n << BigInt(at)
      const operation = operations[at]!
      if ((placed & bit) !== 0n || operation.fromMs > untilMs) continue
      const next = applied(state, operation)
      // what fits here and changes nothing fits nowhere better: no other order need be tried
      if (next === state) return search(placed | bit, state)
      if (next !== undefined) changing.push([placed | bit, next])
    }
    for (const [after, next] of changing) if (search(after, next)) return true
    return false
  }
  return search(0n, 'unpublished')
}

/**
 * 00 without a word, or for a payment that was decided in part: some other record with the same payment may have been decided before this one was
 * answered, and not all of it was consumed; or the same record holds the payment twice.
 */
class Payments {
  readonly #records = new Map<
    string,
    { readonly record: string; readonly fromMs: number; readonly mayBePartial: boolean }[]
  >()

  constructor(records: readonly HandedIn[]) {
    for (const { record, kind, fromMs, isDecided, tokens } of records) {
      if (kind === 'publication') continue
      const whole = new Map<string, boolean>()
      for (const { payload, verdict, use } of tokens)
        whole.set(payload, (whole.get(payload) ?? true) && isDecided && verdict === '11' && use !== 'released')
      for (const [payload, isWhole] of whole) {
        const known = this.#records.get(payload) ?? []
        if (known.push({ record, fromMs, mayBePartial: !isWhole }) === 1) this.#records.set(payload, known)
      }
    }
  }

  explains(record: string, payload: string, toMs: number): boolean {
    const known = this.#records.get(payload) ?? []
    return known.some(other => other.record !== record && other.mayBePartial && other.fromMs <= toMs)
  }
}

/** Gives a 00 without a reason the one that it can have. */
function withReasons(records: readonly HandedIn[], payments: Payments, inquiry: Inquiry): void {
  for (const handedIn of records) {
    if (handedIn.kind === 'publication' || !handedIn.isDecided) continue
    const seen = new Set<string>()
    handedIn.tokens = handedIn.tokens.map(token => {
      const isTwice = seen.has(`${token.payload} ${token.serial}`)
      seen.add(`${token.payload} ${token.serial}`)
      if (token.verdict !== '00' || (token.reason !== undefined && token.reason !== 'payload_decided')) return token
      const isExplained = isTwice || payments.explains(handedIn.record, token.payload, handedIn.toMs)
      if (isExplained) return { ...token, reason: 'payload_decided' }
      if (token.reason !== undefined)
        inquiry.broken(
          `token ${token.serial}: 00 in record ${brief(handedIn.record)} because its payment was decided, which it was not`,
        )
      return token
    })
  }
}

const timeText = (ms: number): string => (Number.isFinite(ms) ? `${Math.round(ms)}` : '…')

function operationText({ record, kind, fromMs, toMs, isDecided, answers }: Operation): string {
  const what = kind === 'publish' ? 'published' : answers.map(({ verdict }) => verdict ?? 'spent?').join(' ')
  return `${what}${isDecided ? '' : ' (unknown)'} by ${brief(record)} in ${timeText(fromMs)}–${timeText(toMs)} ms`
}

export const spendsLinearizable: Checker = run => {
  const inquiry = new Inquiry('L1', 'the spends of every token are linearizable')
  const records = recordsOf(run)
  withReasons(records, new Payments(records), inquiry)
  let concurrent = 0
  for (const [serial, operations] of operationsBySerial(records)) {
    const spends = operations.filter(({ kind }) => kind === 'spend')
    if (spends.some(({ isDecided }) => isDecided)) inquiry.checked += 1
    if (spends.length > 1) concurrent += 1
    if (isLinearizable(operations)) continue
    const seen = operations.filter(({ record }) => record !== '').map(operationText)
    inquiry.broken(`token ${serial}: no order explains ${seen.join('; ')}`)
  }
  inquiry.restsOn(
    `${counted(inquiry.checked, 'spent token')} in ${counted(records.length, 'record')}, ${concurrent} of them spent more than once`,
  )
  return inquiry.finding()
}
