// A bank's config.json, beside what all actors have: {"lifetime": {"payByMs", "settlementMs"}}.
import { type ActorHome, openActorHome } from '../common/actor-home.ts'
import type { BankSettings } from './bank.ts'
import { defaultLifetime } from './rules.ts'

const tenYearsMs = 3_650 * 86_400_000

export type BankHome = ActorHome & { readonly own: BankSettings }

/** Opens a bank's home. Throws `bad_config`, `bad_genesis`, `bad_key`, `permission`. */
export function openBankHome(dir: string): BankHome {
  return openActorHome(dir, 'bank', config => {
    const fields = config.object('lifetime')
    const lifetime = {
      payByMs: fields.integer('payByMs', 1, tenYearsMs, defaultLifetime.payByMs),
      settlementMs: fields.integer('settlementMs', 0, tenYearsMs, defaultLifetime.settlementMs),
    }
    fields.end()
    return { lifetime }
  })
}
