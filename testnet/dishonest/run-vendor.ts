// A till that cheats in its sessions, as a process: the behaviours of the simulation around the till that everybody runs. What it claims it has carried
// once; the till itself goes on with what is honest.

import { SessionLedger } from '../../cli/channel/session-ledger.ts'
import { stepVendor, type VendorContext } from '../../cli/channel/vendor-rules.ts'
import { toMupibError } from '../../cli/common/errors.ts'
import type { Output } from '../../cli/common/output.ts'
import { openVendorHome } from '../../cli/vendor/home.ts'
import { serveVendor } from '../../cli/vendor/serve.ts'
import { createLog } from '../../node/events.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { VendorRule } from './behaviour.ts'
import { dishonestVendors } from './index.ts'

export interface DishonestVendorOptions {
  readonly behaviour: keyof typeof dishonestVendors
}

/** Runs the till whose folder is given until SIGINT or SIGTERM. Throws what `serveVendor` throws. */
export async function runDishonestVendor(
  output: Output,
  behaviour: DishonestVendorOptions['behaviour'],
): Promise<void> {
  const home = openVendorHome(output.dir)
  const log = createLog('info', home.name)
  const ending = new AbortController()
  const ledger = new SessionLedger(home, home.own.bank, home.own.auditors, ending.signal)
  const carry = async ({ session, terms }: VendorContext, claim: SessionClaim): Promise<void> => {
    try {
      await ledger.close(session, terms, claim)
    } catch (error) {
      const { code, message } = toMupibError(error)
      log.info({ event: 'claim_failed', session, form: claim.form, code, reason: message }, 'claim_failed')
    }
  }
  const rule: VendorRule = dishonestVendors[behaviour](stepVendor)
  const step: VendorRule = (context, state, event) => {
    const next = rule(context, state, event)
    const effects = next.effects.filter(effect => {
      if (effect.type === 'claim') void carry(context, effect.claim)
      return effect.type !== 'claim'
    })
    return { ...next, effects }
  }
  try {
    await serveVendor(output, undefined, step)
  } finally {
    ending.abort()
  }
}
