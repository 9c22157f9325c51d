// Refusals that several parts of a bank give.
import { MupibError } from '../../proto/errors.ts'
import type { AccountId } from './accounts.ts'

export const noAccountError = (account: AccountId): MupibError =>
  new MupibError('no_account', `${account} has no account at this bank`, { hint: 'mupib bank open USER', account })

/** `needed` is more than what there is. */
export const fundsError = (balance: bigint, needed: bigint): MupibError =>
  new MupibError('insufficient_funds', `${needed} are needed and the account holds ${balance}`, {
    balance: balance.toString(),
    needed: needed.toString(),
    hint: 'mupib bank deposit USER AMOUNT',
  })
