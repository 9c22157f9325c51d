// A token's history from whichever validator answers: its publication, and where it was consumed, with that block and the verdict; and from
// the bank of the same directory, when it was paid for.
import { join } from 'node:path'
import { MupibError } from '../../proto/errors.ts'
import type { TokenVerdict, TransactionVerdict } from '../../proto/verdict.ts'
import { identityOf, runningService } from '../common/actor-home.ts'
import { statOf } from '../common/files.ts'
import { call, ownService } from '../common/http.ts'
import { parseSerial } from '../common/serial.ts'
import { type Asked, askValidator } from '../node/status.ts'

interface Consumed {
  readonly record: string
  readonly kind: string
  readonly by: string
  readonly user: string
  readonly number: number
  readonly height: number
  readonly transaction: number
  readonly payload: string
}

interface Published {
  readonly serial: string
  readonly state: string
  readonly bank: string
  readonly value: string
  readonly issuedAt: string
  readonly payBy: string
  readonly expiry: string
  readonly hash: string
  readonly consumed?: Consumed
}

/** What `token show` gives; block and verdict only where it was consumed, redemption where its bank's books are at hand as well. */
export interface TokenHistory extends Published {
  readonly block?: { readonly height: number; readonly digest: string; readonly time: string }
  readonly verdict?: Pick<TokenVerdict, 'verdict' | 'reason' | 'use' | 'charged'> & { readonly pending: boolean }
  /** When the bank paid the auditor for it. */
  readonly redemption?: { readonly time: string; readonly auditor: string; readonly record: string }
}

/** Throws `usage` for what is no serial, `not_found` for a token that was never published, `unreachable`. */
export async function showToken(asked: Asked, serial: string): Promise<TokenHistory> {
  const { publication, index } = parseSerial(serial)
  const { answer: token, http } = await askValidator<Published>(asked, `/tokens/${encodeURIComponent(serial)}`)
  if (!token.consumed) return token
  const { record, height, transaction } = token.consumed
  const [blocks, { payments }] = await Promise.all([
    call<NonNullable<TokenHistory['block']>[]>(http, 'GET', `/blocks?from=${height}&limit=1`),
    call<{ payments: TransactionVerdict[] }>(http, 'GET', `/records/${record}`),
  ])
  const block = blocks[0]
  const payment = payments[transaction]
  const decided = payment?.tokens.find(
    judged => judged.publication === publication && judged.index === index && judged.use === 'consumed',
  )
  if (!block || !payment || !decided)
    throw new MupibError('bad_proof', `the validator at ${http} names a block that did not consume ${serial}`)
  const { verdict, reason, use, charged } = decided
  const redemption = asked.http === undefined ? await redemptionOf(asked.dir, record) : undefined
  return {
    ...token,
    block: { height, digest: block.digest, time: block.time },
    verdict: { verdict, reason, use, charged, pending: payment.pending },
    ...(redemption ? { redemption } : {}),
  }
}

type Redemption = NonNullable<TokenHistory['redemption']>

/** The bank's entry for the block that consumed a token, where the bank of the directory runs; its books are for its operator alone. */
async function redemptionOf(dir: string, record: string): Promise<Redemption | undefined> {
  if (statOf(join(dir, 'bank', 'config.json')) === undefined) return undefined
  const running = runningService(dir, 'bank')
  if (!running) return undefined
  const { openBankHome } = await import('../bank/home.ts')
  const bank = ownService(identityOf(openBankHome(dir)), running.http)
  const { redemptions } = await bank<{ redemptions: Redemption[] }>('GET', '/books')
  const entry = redemptions.find(candidate => candidate.record === record)
  return entry && { time: entry.time, auditor: entry.auditor, record }
}
