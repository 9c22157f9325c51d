// Sessions, by what the ledger certified, what the parties saw, and what the bank has in its books.
// I6 what a session put aside is what was paid, what went back and what is still there; the bank paid out what the ledger certified, and every
//    balance follows from that to the unit;
// F1 fair exchange: an honest party of a session loses at most one unit. A client's loss is what left its account (or does not come back) for
//    units that did not arrive, a till's is what it delivered and was not paid for.
import type { Checker, Run } from '../history.ts'
import { brief, counted, type EventOf, eventsOf, Inquiry } from './inquiry.ts'

interface SessionSeen {
  readonly agreed: EventOf<'session'>
  readonly settled: EventOf<'standing'> | undefined
  readonly arrived: bigint
  readonly delivered: bigint
  /** All 0 where the bank never put anything aside. */
  readonly escrow: Readonly<Record<'escrowed' | 'paid' | 'returned' | 'held', bigint>>
}

function sessionsOf(run: Run): SessionSeen[] {
  const settled = new Map<string, EventOf<'standing'>>()
  for (const event of eventsOf(run, 'standing')) if (event.state === 'settled') settled.set(event.session, event)
  const services = new Map([...eventsOf(run, 'service')].map(event => [event.session, event]))
  const escrows = new Map([...eventsOf(run, 'escrow')].map(event => [event.session, event]))
  return [...eventsOf(run, 'session')].map(agreed => {
    const { session } = agreed
    const { arrived = 0, delivered = 0 } = services.get(session) ?? {}
    const { escrowed = '0', paid = '0', returned = '0', held = '0' } = escrows.get(session) ?? {}
    return {
      agreed,
      settled: settled.get(session),
      arrived: BigInt(arrived),
      delivered: BigInt(delivered),
      escrow: { escrowed: BigInt(escrowed), paid: BigInt(paid), returned: BigInt(returned), held: BigInt(held) },
    }
  })
}

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Holds every session's money against the ledger and against the balances (I6). */
export function checkSessionMoney(inquiry: Inquiry, run: Run): void {
  const sessions = sessionsOf(run)
  for (const { agreed, settled, escrow } of sessions) {
    const { session, unit, paymentsMax } = agreed
    const { escrowed, paid, returned, held } = escrow
    const name = `session ${brief(session)}`
    inquiry.checked += 1
    if (escrowed !== 0n && escrowed !== BigInt(unit) * BigInt(paymentsMax))
      inquiry.broken(`${name}: ${escrowed} put aside for ${paymentsMax} payments of ${unit}`)
    if (escrowed !== paid + returned + held)
      inquiry.broken(`${name}: ${escrowed} put aside, ${paid} paid, ${returned} gone back, ${held} still there`)
    if (!settled) continue
    if (BigInt(settled.paid) !== BigInt(unit) * BigInt(settled.index))
      inquiry.broken(`${name}: the ledger certified ${settled.paid} for ${settled.index} payments of ${unit}`)
    if (BigInt(settled.paid) !== paid || BigInt(settled.returned) !== returned)
      inquiry.broken(
        `${name}: ${settled.paid} and ${settled.returned} certified, the bank paid ${paid} and gave ${returned} back`,
      )
  }
  for (const { party, deposited, balance } of eventsOf(run, 'account')) {
    let expected = BigInt(deposited)
    for (const { agreed, escrow } of sessions) {
      if (agreed.client === party) expected += escrow.returned - escrow.escrowed
      if (agreed.till === party) expected += escrow.paid
    }
    inquiry.checked += 1
    if (BigInt(balance) !== expected)
      inquiry.broken(`${party} has ${balance} at the bank, by its sessions it should be ${expected}`)
  }
  if (sessions.length > 0) inquiry.restsOn(`${counted(sessions.length, 'session')} conserved to the unit`)
}

interface Loss {
  readonly party: string
  readonly session: string
  readonly unit: bigint
  readonly loss: bigint
}

function lossesOf({ agreed, arrived, delivered, escrow }: SessionSeen): Loss[] {
  const { session, client, till, clientIs, tillIs } = agreed
  const unit = BigInt(agreed.unit)
  return [
    ...(clientIs === 'honest'
      ? [{ party: client, session, unit, loss: most(0n, escrow.paid + escrow.held - arrived * unit) }]
      : []),
    ...(tillIs === 'honest' ? [{ party: till, session, unit, loss: most(0n, delivered * unit - escrow.paid) }] : []),
  ]
}

/** What honest parties lost, by each session, and by their balances over all of their sessions. */
export const sessionsFair: Checker = run => {
  const inquiry = new Inquiry('F1', 'an honest party of a session loses at most one unit')
  const sessions = sessionsOf(run)
  let worst = 0n
  for (const { party, session, unit, loss } of sessions.flatMap(lossesOf)) {
    inquiry.checked += 1
    worst = most(worst, loss)
    if (loss > unit) inquiry.broken(`${party} lost ${loss} in session ${brief(session)}, a unit is ${unit}`)
  }
  for (const { party, deposited, balance } of eventsOf(run, 'account')) {
    const own = sessions.filter(
      ({ agreed: { client, till, clientIs, tillIs } }) =>
        (client === party && clientIs === 'honest') || (till === party && tillIs === 'honest'),
    )
    if (own.length === 0) continue
    // a till gains what it delivered for, a client has the worth of what arrived instead of the money
    const worth = own.reduce((sum, { agreed: { client, unit }, arrived, delivered }) => {
      const units = client === party ? arrived : -delivered
      return sum + units * BigInt(unit)
    }, 0n)
    const bearable = own.reduce((sum, { agreed: { unit } }) => sum + BigInt(unit), 0n)
    const loss = BigInt(deposited) - BigInt(balance) - worth
    inquiry.checked += 1
    if (loss > bearable)
      inquiry.broken(
        `${party} had ${deposited} at the bank, has ${balance}, and lost ${loss} in ${own.length} sessions`,
      )
  }
  if (inquiry.checked > 0)
    inquiry.restsOn(`${counted(sessions.length, 'session')}, at most ${worst} lost in one of them`)
  return inquiry.finding()
}
