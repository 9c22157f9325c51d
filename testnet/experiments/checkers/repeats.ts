// I11: a call that timed out is repeated safely: one record has one effect and one answer, however often it is handed in. A call whose end is
// unknown may be found decided later; one that was decided is never refused afterwards.
import type { Checker, TokenSpent } from '../history.ts'
import { brief, counted, type EventOf, eventsOf, honestOf, Inquiry } from './inquiry.ts'

const answerOf = (height: number | undefined, tokens: readonly TokenSpent[]): string =>
  `${height ?? ''} ${tokens.map(({ serial, payload, verdict, use }) => `${serial}/${payload}=${verdict}${use ?? ''}`).join(' ')}`

interface Attempt {
  readonly invoked: EventOf<'invoke'>
  returned?: EventOf<'return'>
}

function checkAttempts(inquiry: Inquiry, record: string, attempts: readonly Attempt[]): void {
  const decided = attempts.filter(({ returned }) => returned?.result === 'ok').map(({ returned }) => returned!)
  const [first] = decided
  if (!first) return
  for (const other of decided.slice(1))
    if (answerOf(other.height, other.tokens) !== answerOf(first.height, first.tokens))
      inquiry.broken(`record ${brief(record)}: call ${other.call} got another answer than call ${first.call}`)
  const firstAt = Math.min(...decided.map(({ at }) => at))
  for (const { invoked, returned } of attempts)
    if (returned?.result === 'refused' && invoked.at > firstAt)
      inquiry.broken(
        `record ${brief(record)}: decided at ${Math.round(firstAt)} ms, refused (${returned.code}) when it was repeated`,
      )
}

export const repeatedOnce: Checker = run => {
  const inquiry = new Inquiry('I11', 'a repeated call has one effect and gets the same answer')
  const attempts = new Map<string, Attempt[]>()
  const calls = new Map<number, Attempt>()
  for (const event of run.history) {
    if (event.type === 'invoke') {
      const attempt: Attempt = { invoked: event }
      calls.set(event.call, attempt)
      const ofRecord = attempts.get(event.record) ?? []
      if (ofRecord.push(attempt) === 1) attempts.set(event.record, ofRecord)
    } else if (event.type === 'return') {
      const attempt = calls.get(event.call)
      if (attempt) attempt.returned = event
    }
  }
  let unknown = 0
  for (const [record, all] of attempts) {
    if (all.length < 2) continue
    inquiry.checked += 1
    if (all[0]!.returned?.result !== 'ok') unknown += 1
    checkAttempts(inquiry, record, all)
  }
  const honest = new Set(honestOf(run))
  const heights = new Map<string, number>()
  for (const { node, height, records } of eventsOf(run, 'final')) {
    if (!honest.has(node)) continue
    for (const record of records) {
      const before = heights.get(record)
      if (before !== undefined && before !== height)
        inquiry.broken(`record ${brief(record)} is final at height ${before} and again at ${height}`)
      heights.set(record, height)
    }
  }
  inquiry.restsOn(
    `${counted(inquiry.checked, 'record')} handed in again, ${unknown} of them after an answer that did not come`,
  )
  return inquiry.finding()
}
