// What client and vendor say on their stream: a tag, then the fields. The client speaks first, with `hello`, after every
// connection.
import { bytesOfHex, Reader, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import {
  decodePayment,
  decodeRelease,
  encodePayment,
  encodeRelease,
  type Payment,
  type Release,
} from '../../proto/session/payment.ts'
import { channelLimits } from './limits.ts'

/** Why a vendor does not take what it was sent. Scripts rely on these words. */
export const channelRefusals = [
  'unknown_session',
  'not_open',
  'wrong_session',
  'out_of_order',
  'bad_signature',
  'bad_amount',
  'bad_word',
  'bad_lock',
  'conflict',
  'too_many',
  'bad_release',
  'closed',
  'expired',
] as const
export type ChannelRefusal = (typeof channelRefusals)[number]

export type ClientMessage =
  /** Which session, payment 0 of it, the last payment made and the last unit that arrived. */
  | {
      readonly type: 'hello'
      readonly session: Digest
      readonly start: Payment
      readonly made: number
      readonly served: number
    }
  | { readonly type: 'payment'; readonly payment: Payment }
  /** The end: what opens every lock, and the client's signature on a joint close at its index. */
  | { readonly type: 'close'; readonly release: Release; readonly signature: Uint8Array }

export type VendorMessage =
  /** The last payment that the vendor has on its disk. */
  | { readonly type: 'held'; readonly index: number }
  | { readonly type: 'served'; readonly index: number; readonly content: Uint8Array }
  | { readonly type: 'refused'; readonly index: number; readonly reason: ChannelRefusal }
  /** The vendor's signature on a joint close at `index`. */
  | { readonly type: 'closed'; readonly index: number; readonly signature: Uint8Array }

const tags = {
  hello: 1,
  payment: 2,
  close: 3,
  held: 4,
  served: 5,
  refused: 6,
  closed: 7,
} as const

/** Bytes of a release: digest, index, the longest signature. */
const releaseBytesMax = 160

export function encodeMessage(message: ClientMessage | VendorMessage): Uint8Array {
  const writer = new Writer(512).u8(tags[message.type])
  switch (message.type) {
    case 'hello':
      writer.fixed(bytesOfHex(message.session), 32).u32(message.made).u32(message.served)
      return writer.bytes(encodePayment(message.start)).finish()
    case 'payment':
      return writer.bytes(encodePayment(message.payment)).finish()
    case 'close':
      return writer.bytes(encodeRelease(message.release)).fixed(message.signature, signatureBytes).finish()
    case 'held':
      return writer.u32(message.index).finish()
    case 'served':
      return writer.u32(message.index).bytes(message.content).finish()
    case 'refused':
      return writer.u32(message.index).u8(channelRefusals.indexOf(message.reason)).finish()
    case 'closed':
      return writer.u32(message.index).fixed(message.signature, signatureBytes).finish()
  }
}

function whole<T>(bytes: Uint8Array, read: (reader: Reader, tag: number) => T | undefined): T {
  const reader = new Reader(bytes)
  const tag = reader.u8()
  const message = read(reader, tag)
  if (message === undefined) throw new MupibError('malformed', `no message here has the tag ${tag}`)
  reader.end()
  return message
}

/** Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  return whole<ClientMessage>(bytes, (reader, tag) => {
    if (tag === tags.payment) return { type: 'payment', payment: decodePayment(reader.bytes(limits.paymentBytes)) }
    if (tag === tags.close)
      return {
        type: 'close',
        release: decodeRelease(reader.bytes(releaseBytesMax)),
        signature: reader.fixed(signatureBytes),
      }
    if (tag !== tags.hello) return undefined
    const session = reader.digest()
    const made = reader.count(limits.sessionPayments)
    const served = reader.count(limits.sessionPayments)
    return { type: 'hello', session, made, served, start: decodePayment(reader.bytes(limits.paymentBytes)) }
  })
}

/** Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeVendorMessage(bytes: Uint8Array): VendorMessage {
  return whole<VendorMessage>(bytes, (reader, tag) => {
    const index = reader.count(limits.sessionPayments)
    if (tag === tags.held) return { type: 'held', index }
    if (tag === tags.served) return { type: 'served', index, content: reader.bytes(channelLimits.contentBytes) }
    if (tag === tags.closed) return { type: 'closed', index, signature: reader.fixed(signatureBytes) }
    if (tag !== tags.refused) return undefined
    const reason = channelRefusals[reader.u8()]
    if (reason === undefined) throw new MupibError('malformed', 'a refusal without a known reason')
    return { type: 'refused', index, reason }
  })
}
