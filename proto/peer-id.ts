// The libp2p peer id of an Ed25519 key: base58btc of an identity multihash over the protobuf public key (libp2p specs, peer-ids.md).
import { MupibError } from './errors.ts'
import { publicKeyBytes } from './keys.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

// identity multihash of 36 bytes; within it field 1 (key type) = Ed25519 and field 2 = 32 bytes of key
const header = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** Base58 with the Bitcoin alphabet; each leading zero byte is a '1'. */
export function base58Encode(bytes: Uint8Array): string {
  const digits: number[] = []
  for (const byte of bytes) {
    let carry = byte
    for (let i = 0; i < digits.length; i++) {
      carry += digits[i]! << 8
      digits[i] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  let text = ''
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) text += '1'
  for (let i = digits.length - 1; i >= 0; i--) text += alphabet[digits[i]!]
  return text
}

/** The peer id ('12D3KooW…') of a 32-byte Ed25519 public key. Throws `bad_key` on another length. */
export function peerIdOf(publicKey: Uint8Array): string {
  if (publicKey.length !== publicKeyBytes) throw new MupibError('bad_key', 'an Ed25519 public key is 32 bytes')
  const bytes = new Uint8Array(header.length + publicKeyBytes)
  bytes.set(header)
  bytes.set(publicKey, header.length)
  return base58Encode(bytes)
}
