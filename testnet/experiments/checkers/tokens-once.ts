// I2: no token is consumed twice, whoever was told so: all answers that clients hold and all that nodes decided are put together.
import type { Checker } from '../history.ts'
import { brief, counted, eventsOf, Inquiry } from './inquiry.ts'

interface Use {
  readonly record: string
  readonly who: string
}

export const tokensOnce: Checker = run => {
  const inquiry = new Inquiry('I2', 'no token is consumed twice')
  const uses = new Map<string, Use>()
  const twice = new Set<string>()
  const consume = (serial: string, record: string, who: string): void => {
    const before = uses.get(serial)
    if (!before) {
      uses.set(serial, { record, who })
    } else if (before.record !== record && !twice.has(serial)) {
      twice.add(serial)
      inquiry.broken(
        `token ${serial}: consumed by record ${brief(before.record)} (${before.who}) and by record ${brief(record)} (${who})`,
      )
    }
  }
  const records = new Map<number, string>()
  const told = new Map<string, { readonly tokens: Set<string>; readonly who: string }>()
  const decided = new Map<string, Set<string>>()
  for (const event of run.history) {
    if (event.type === 'invoke') records.set(event.call, event.record)
    else if (event.type === 'record' && event.consumed && event.refusal === undefined) {
      decided.set(event.digest, new Set(event.consumed))
      for (const serial of event.consumed) consume(serial, event.digest, `height ${event.height}`)
      if (new Set(event.consumed).size !== event.consumed.length)
        inquiry.broken(`record ${brief(event.digest)} consumed one token more than once`)
    } else if (event.type === 'return' && event.result === 'ok') {
      const record = records.get(event.call) ?? `call ${event.call}`
      const who = `told at ${Math.round(event.at)} ms`
      const tokens = new Set<string>()
      for (const { serial, verdict, use } of event.tokens) {
        if (verdict !== '11' || use === 'released') continue
        if (tokens.has(serial)) inquiry.broken(`token ${serial}: twice 11 in record ${brief(record)}`)
        tokens.add(serial)
        consume(serial, record, who)
      }
      told.set(record, { tokens, who })
    }
  }
  for (const [record, { tokens, who }] of told) {
    const known = decided.get(record)
    for (const serial of tokens)
      if (known && !known.has(serial))
        inquiry.broken(`token ${serial}: ${who} that record ${brief(record)} consumed it, which the nodes do not have`)
  }
  inquiry.checked = uses.size
  const calls = [...eventsOf(run, 'return')].filter(({ result }) => result === 'ok').length
  inquiry.restsOn(`${counted(uses.size, 'consumed token')} in ${counted(calls, 'answer')}`)
  return inquiry.finding()
}
