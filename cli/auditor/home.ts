// An auditor's config.json, beside what all actors have: {"blockSize", "trust": {"w0", "model", "rounding"}}.
import { limits } from '../../proto/limits.ts'
import { type Rounding, roundings, type TrustModel, trustModels } from '../../proto/records.ts'
import { openActorHome } from '../common/actor-home.ts'
import type { AuditorHome } from './auditor.ts'
import { paymentTokensMax } from './check.ts'

const defaultBlockSize = 100

/** Opens an auditor's home. Throws `bad_config`, `bad_genesis`, `bad_key`, `permission`. */
export function openAuditorHome(dir: string): AuditorHome {
  return openActorHome(dir, 'auditor', config => {
    // with one payment on top of it a block stays within what a record holds
    const blockSize = config.integer('blockSize', 1, limits.blockTokens - paymentTokensMax, defaultBlockSize)
    const trust = config.object('trust')
    const terms = {
      w0: trust.integer('w0', 1, limits.blockTokens, blockSize),
      model: trust.oneOf('model', Object.keys(trustModels) as TrustModel[], 'neutral'),
      rounding: trust.oneOf('rounding', Object.keys(roundings) as Rounding[], 'floor'),
    }
    trust.end()
    return { blockSize, terms }
  })
}
