// Signatures that were verified once: the answers to one ledger block share its certificate, whoever sends them.
import { LRUCache } from 'lru-cache'
import { type SignatureCheck, verify } from '../../proto/keys.ts'
import { clientSettings } from './settings.ts'

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** A check that verifies each signature once and remembers the good ones. */
export function createSignatureCheck(): SignatureCheck {
  const good = new LRUCache<string, true>({ max: clientSettings.signatures })
  return (domain, message, publicKey, signature) => {
    const name = `${domain}/${text(publicKey)}/${text(signature)}/${text(message)}`
    if (good.get(name)) return true
    const holds = verify(domain, message, publicKey, signature)
    if (holds) good.set(name, true)
    return holds
  }
}
