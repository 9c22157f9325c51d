// An auditor's config.json, beside what all actors have: {"trust": {"w0", "model", "rounding"}, "withholding": ρ in basis points, "bank", "early":
// {"share"}}.
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { type Rounding, roundings, type TrustModel, trustModels } from '../../proto/records.ts'
import { openActorHome } from '../common/actor-home.ts'
import type { FieldReader } from '../common/config.ts'
import { paymentTokensMax } from './check.ts'
import type { AuditorHome, AuditorSettings } from './desk.ts'

const defaultW0 = 100
/** ρ = 20 % (Table 2 of the first paper). */
const defaultWithholdingBp = 2_000

function readTerms(config: FieldReader): AuditorSettings['terms'] {
  const trust = config.object('trust')
  const terms = {
    // with one payment on top of it a block stays within what a record holds
    w0: trust.integer('w0', 1, limits.blockTokens - paymentTokensMax, defaultW0),
    model: trust.oneOf('model', Object.keys(trustModels) as TrustModel[], 'neutral'),
    rounding: trust.oneOf('rounding', Object.keys(roundings) as Rounding[], 'floor'),
  }
  trust.end()
  return terms
}

function readEarly(config: FieldReader): AuditorSettings['early'] {
  if (!config.has('early')) return undefined
  const early = config.object('early')
  const shareBp = early.integer('share', 1, 10_000)
  early.end()
  return { shareBp }
}

/** Opens an auditor's home: `dir` is its own folder, or a network's with `folder` for one of its auditors. Throws `bad_config`, `bad_genesis`, `bad_key`, `permission`. */
export function openAuditorHome(dir: string): AuditorHome {
  const home = openActorHome(dir, 'auditor', config => ({
    terms: readTerms(config),
    withholdingBp: config.integer('withholding', 0, 10_000, defaultWithholdingBp),
    bank: config.has('bank') ? config.text('bank') : undefined,
    early: readEarly(config),
  }))
  const bank = home.own.bank ?? home.genesis.members.find(({ role }) => role === 'bank')?.name
  if (bank === undefined)
    throw new MupibError('bad_config', 'genesis names no bank, and neither does the config', { field: 'bank' })
  return { ...home, own: { ...home.own, bank } }
}
