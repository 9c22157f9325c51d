// Checks a file by its format and says in words what it proves. Exit 1 where it does not hold, 2 where it is no such file at all.
import { readGenesis } from '../../node/config.ts'
import { MupibError } from '../../proto/errors.ts'
import { proofFormat } from '../../proto/proof.ts'
import { readBytes } from '../common/files.ts'
import { evidenceChars, evidenceFormat } from '../evidence/guilt-file.ts'
import { verifyEvidenceFile } from './evidence-file.ts'
import type { FileCheck, Verified } from './format.ts'
import { verifyProofFile } from './proof-file.ts'
import { trustFileChars, trustFormat, verifyTrustFile } from './trust-file.ts'

export type { VerifiedFile } from './format.ts'

const checks: ReadonlyMap<unknown, FileCheck> = new Map<string, FileCheck>([
  [proofFormat, verifyProofFile],
  [evidenceFormat, verifyEvidenceFile],
  [trustFormat, verifyTrustFile],
])

/** Bytes of the largest file of any format. */
const fileBytesMax: number = Math.max(evidenceChars, trustFileChars)

function formatOf(text: string, file: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format
  } catch (cause) {
    throw new MupibError('bad_input', `${file} is no JSON document`, { cause })
  }
}

/** Verifies a file against a genesis file. Throws `bad_proof`, `bad_genesis`, `bad_input`. */
export function verifyFile(file: string, genesisFile: string): Verified {
  const genesis = readGenesis(genesisFile)
  const text = Buffer.from(readBytes(file, 'bad_input', fileBytesMax)).toString('utf8')
  const check = checks.get(formatOf(text, file))
  if (check) return check(text, file, genesis)
  throw new MupibError('bad_input', `${file} is of no format that can be verified`, {
    field: 'format',
    hint: `these can: ${[...checks.keys()].join(', ')}`,
  })
}
