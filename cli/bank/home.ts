// A bank's config.json, beside what all actors have: {"lifetime": {"payByMs", "settlementMs"}, "redemptionMs", "policy": {"auditor",
// "minimumBlockSize"}, "tokenValue"}.
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { type ActorHome, openActorHome } from '../common/actor-home.ts'
import type { FieldReader } from '../common/config.ts'
import { defaultLifetime, type TokenLifetime } from './rules.ts'

const tenYearsMs = 3_650 * 86_400_000
/** Auditors bring what was spent last within this time after the expiry. */
const defaultRedemptionMs = 30 * 86_400_000

export interface BankSettings {
  readonly lifetime: TokenLifetime
  /** From the expiry of tokens until the unspent ones are booked as expired, in milliseconds. */
  readonly redemptionMs: number
  /** Whose trust a user needs to get tokens; absent where anybody with an account does. */
  readonly policy: { readonly auditor: string; readonly minimumBlockSize: number } | undefined
  /** For a bank that genesis does not name. */
  readonly tokenValue: bigint | undefined
}

export type BankHome = ActorHome & { readonly own: BankSettings }

function readPolicy(config: FieldReader): BankSettings['policy'] {
  if (!config.has('policy')) return undefined
  const fields = config.object('policy')
  const auditor = fields.has('auditor') ? fields.text('auditor') : undefined
  const minimumBlockSize = fields.integer('minimumBlockSize', 1, limits.blockTokens, 1)
  if (auditor === undefined && fields.has('minimumBlockSize')) fields.fail('auditor', 'the name of the auditor to ask')
  fields.end()
  return auditor === undefined ? undefined : { auditor, minimumBlockSize }
}

/** Opens a bank's home. Throws `bad_config`, `bad_genesis`, `bad_key`, `permission`. */
export function openBankHome(dir: string): BankHome {
  return openActorHome(dir, 'bank', config => {
    const fields = config.object('lifetime')
    const lifetime = {
      payByMs: fields.integer('payByMs', 1, tenYearsMs, defaultLifetime.payByMs),
      settlementMs: fields.integer('settlementMs', 0, tenYearsMs, defaultLifetime.settlementMs),
    }
    fields.end()
    return {
      lifetime,
      redemptionMs: config.integer('redemptionMs', 0, tenYearsMs, defaultRedemptionMs),
      policy: readPolicy(config),
      tokenValue: config.has('tokenValue') ? config.amount('tokenValue', limits.amount) : undefined,
    }
  })
}

/** What each token of the bank is worth: as genesis says, or its config where a membership record admitted it. Throws `bad_config`. */
export function tokenValueOf({ genesis, name, own }: BankHome): bigint {
  const member = genesis.members.find(candidate => candidate.role === 'bank' && candidate.name === name)
  if (member) return member.tokenValue
  if (own.tokenValue !== undefined && own.tokenValue > 0n) return own.tokenValue
  throw new MupibError('bad_config', `genesis names no bank ${name}, and its config no tokenValue`, {
    field: 'tokenValue',
    hint: 'give the value with which the authority admitted it, or is it the wrong genesis?',
  })
}
