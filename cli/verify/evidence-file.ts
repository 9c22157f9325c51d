// `mupib-evidence/1`: who cheated.
import type { Genesis } from '../../proto/genesis.ts'
import type { Guilt } from '../evidence/claims.ts'
import { verifyEvidence } from '../evidence/guilt.ts'
import { parseEvidence } from '../evidence/guilt-file.ts'
import { readForm, type Verified, type VerifiedFile } from './format.ts'

/** Checks an evidence file. */
export function verifyEvidenceFile(text: string, file: string, genesis: Genesis): Verified<VerifiedFile & Guilt> {
  const guilt = verifyEvidence(readForm(parseEvidence, text, file), genesis)
  const { guilty, charged } = guilt
  const lines = [
    ['proved', guilt.statement],
    ['network', genesis.name],
    ['kind', guilt.kind.replaceAll('_', ' ')],
    ['guilty', guilty ? `${guilty.role} ${guilty.name}, key ${guilty.key}` : 'nobody'],
    ['charged', charged ? 'yes' : 'no'],
  ] as const
  return { result: { holds: true, network: genesis.name, ...guilt }, lines }
}
