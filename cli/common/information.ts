// INF (eq. 2 of the first paper): what a payment is for. Its digest is what the holder signs beside time and tokens, so that a payment
// made to one vendor and presented at one auditor is worth nothing elsewhere.
import { bytesOfHex, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, digestOf } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'

export interface PaymentInformation {
  readonly vendor: string
  /** Name of the auditor at which the vendor presents the payment. */
  readonly auditor: string
  readonly item: string
  /** In minor units: the value of a token times the number of tokens. */
  readonly price: bigint
  /** 16 random bytes in hex, so that two purchases of one item differ. */
  readonly nonce: string
  /** Milliseconds since 1970, after which the auditor refuses the payment. */
  readonly deadline: number
}

export const informationLimits = { textBytes: 128, nonceBytes: 16 } as const

/** What the holder signs for the information of a payment. Throws `too_large`, `malformed`. */
export function informationDigest(network: Digest, information: PaymentInformation): Digest {
  const { vendor, auditor, item, price, nonce, deadline } = information
  for (const text of [vendor, auditor, item])
    if (Buffer.byteLength(text) > informationLimits.textBytes)
      throw new MupibError('too_large', `a text of more than ${informationLimits.textBytes} bytes in a payment`)
  if (!/^[0-9a-f]{32}$/.test(nonce)) throw new MupibError('malformed', 'a nonce is 16 bytes in lower-case hex')
  if (price < 0n || price > limits.amount) throw new MupibError('malformed', 'a price out of range')
  const content = new Writer(256)
    .text('payment')
    .text(vendor)
    .text(auditor)
    .text(item)
    .u64(price)
    .fixed(bytesOfHex(nonce), informationLimits.nonceBytes)
    .u64(deadline)
    .finish()
  return digestOf('information', bytesOfHex(network), content)
}
