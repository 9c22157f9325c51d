// The money of a run when everything has settled: tokens by what became of them, and the accounts of bank, auditors and vendors against each other.

import { openAuditorHome } from '../../../cli/auditor/home.ts'
import { identityOf } from '../../../cli/common/actor-home.ts'
import { ownService } from '../../../cli/common/http.ts'
import { serviceNamed } from '../../../cli/common/services.ts'
import { MupibError } from '../../../proto/errors.ts'
import type { ReplayedNetwork } from '../../replay/parties.ts'
import { runProgram } from '../../run-program.ts'
import type { MoneySeen, Seen } from '../history.ts'
import type { Holder } from './holder.ts'
import { atMost } from './schedule.ts'
import type { ExperimentUser } from './users.ts'

const answerLimitMs = 15_000
const flushLimitMs = 20_000

interface BankRow {
  readonly issued: number
  readonly redeemed: number
  readonly returned: number
  readonly expired: number
}

interface Reconciled {
  readonly checks: readonly { readonly check: string; readonly expected: string; readonly found: string }[]
}

interface AuditorBooks {
  readonly decided: { readonly margin: string; readonly covered: string }
}

interface Flushed {
  readonly outbox: { readonly transfers: { readonly open: number }; readonly redemptions: { readonly open: number } }
}

/** Books as their keepers tell them while they still run. */
export interface BooksSeen {
  readonly issued: readonly BankRow[]
  readonly accounts: MoneySeen['books']
  readonly insurance: readonly Extract<Seen, { type: 'insurance' }>[]
}

const operatorOf = ({ files }: ReplayedNetwork, name: string): ReturnType<typeof ownService> => {
  const home = openAuditorHome(files.auditors.find(auditor => auditor.name === name)!.folder)
  return ownService(identityOf(home), serviceNamed(files.servicesFile, name, 'auditor').base)
}

/** Has every auditor send what is queued. True where nothing of it is left open. Failures of a party that is away or dead count as open. */
export async function flushAll(network: ReplayedNetwork, limitMs: number = flushLimitMs): Promise<boolean> {
  const flushed = await Promise.all(
    network.files.auditors.map(async ({ name }) => {
      try {
        const told = await atMost(limitMs, operatorOf(network, name)<Flushed>('POST', '/flush', {}))
        return told !== undefined && told.outbox.transfers.open + told.outbox.redemptions.open === 0
      } catch (error) {
        if (!(error instanceof MupibError) || error.code === 'bug') throw error
        return false
      }
    }),
  )
  return flushed.every(isThrough => isThrough)
}

/** Asks bank and auditors for their books. Throws where one of them does not answer. */
export async function readBooks(network: ReplayedNetwork, signal: AbortSignal): Promise<BooksSeen> {
  const { files } = network
  const books = await atMost(answerLimitMs, network.bank<{ outstandingTokens: BankRow[] }>('GET', '/books'))
  if (!books) throw new MupibError('timeout', 'the bank does not show its books')
  const args = ['auditor', 'books', '--reconcile', '--dir', files.dir, '--json']
  const { output } = await runProgram(args, signal)
  const { checks } = output === '' ? { checks: [] } : (JSON.parse(output) as Reconciled)
  const insurance = await Promise.all(
    files.auditors.map(async ({ name }) => {
      const { decided } = await operatorOf(network, name)<AuditorBooks>('GET', '/books')
      const [withheld, loss] = [BigInt(decided.margin), BigInt(decided.covered)]
      const deficit = loss > withheld ? loss - withheld : 0n
      return {
        type: 'insurance' as const,
        auditor: name,
        loss: loss.toString(),
        withheld: withheld.toString(),
        deficit: deficit.toString(),
      }
    }),
  )
  const accounts = checks.map(({ check, expected, found }) => ({ name: check, left: expected, right: found }))
  return { issued: books.outstandingTokens, accounts, insurance }
}

/** Counts every token where its holder, the bank or the ledger has it. */
export function countMoney(
  { issued, accounts }: BooksSeen,
  consumed: ReadonlySet<string>,
  users: readonly ExperimentUser[],
  holders: readonly Holder[],
): MoneySeen {
  const isConsumed = (serial: string): boolean => consumed.has(serial)
  const sum = (of: (row: BankRow) => number): number => issued.reduce((total, row) => total + of(row), 0)
  const counted = users.map(user => user.held(isConsumed))
  const ofHolders = holders
    .flatMap(({ withdrawn }) => withdrawn)
    .filter(({ group, index }) => !isConsumed(`bank-${group.publication}-${index}`))
  const redeemed = sum(row => row.redeemed)
  return {
    issued: sum(row => row.issued),
    held: counted.reduce((total, { held }) => total + held, ofHolders.length),
    queued: counted.reduce((total, { queued }) => total + queued, 0),
    consumedUnredeemed: consumed.size - redeemed,
    redeemed,
    takenBack: sum(row => row.returned),
    expiredUnspent: sum(row => row.expired),
    books: accounts,
  }
}
