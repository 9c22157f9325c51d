// What a node checks of final blocks that a peer answered, before it executes them (rule 7b's answer).
import type { Certificate } from '../../proto/chain.ts'
import type { FinalBlock } from '../types.ts'
import type { Keyring } from './keyring.ts'

/** True where the blocks continue the tip one by one, each child naming its parent's outcome, and the certificate finalizes the last. */
export function checkChain(
  tip: FinalBlock,
  blocks: readonly FinalBlock[],
  certificate: Certificate,
  keyring: Keyring,
): boolean {
  let before = tip
  for (const final of blocks) {
    const { header } = final.block
    if (!keyring.block(final.block)) return false
    if (header.parent !== before.block.digest || header.parentOutcome !== before.outcome) return false
    if (header.height !== before.block.header.height + 1) return false
    before = final
  }
  return (
    certificate.kind === 'finalize' &&
    certificate.digest === before.block.digest &&
    certificate.outcome === before.outcome &&
    keyring.certificate(certificate)
  )
}
