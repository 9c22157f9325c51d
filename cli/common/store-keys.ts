// Keys of the actors' stores. Every prefix of theirs stands here; below 0x10 are those of the store itself (node/store/keys.ts).

import type { KeyRange } from '../../node/store/keys.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'

/** prefix // key → value. Numbers in keys are big-endian. A bank's store and an auditor's are two stores. */
export const actorPrefixes = {
  publication: 0x10, // number (8) → a publication of the bank with its tokens' signatures
  publicationAnswer: 0x11, // number (8) → what the ledger answered to it
  return: 0x12, // number (8) → a return record of the bank
  returnAnswer: 0x13, // number (8) → what the ledger answered to it
  publishUpTo: 0x14, // nothing → number up to which publications are to be submitted
  account: 0x15, // public key (32) → a party that has an account at the bank
  accountByName: 0x16, // role (8), name → public key
  balance: 0x17, // public key (32) or name of an own account → what it holds
  entry: 0x18, // number (8) → entry of the bank's journal
  posting: 0x19, // public key (32), number (8) → nothing: the entry moves money of the account
  entryByReference: 0x1a, // kind (8), public key (32) or nothing, reference → number of the entry
  order: 0x1b, // public key (32), order (16) → tokens that were paid for
  openOrder: 0x1c, // number (8) of the entry that paid for it → public key, order: it is in no publication yet
  tokenUse: 0x1d, // publication (8) → what its tokens share and what became of them
  expiring: 0x1e, // expiry (8), publication (8) → nothing: its unspent tokens are not booked as expired yet
  returnByPayload: 0x1f, // payload digest (32) → number of the return
  redemption: 0x30, // record digest (32) → what was paid for a token block
  transfer: 0x31, // auditor's public key (32), payload digest (32) → the signed transfer and the number of its entry
  lastEntry: 0x32, // nothing → number of the journal's last entry
  session: 0x33, // session digest (32) → terms, signatures, and how the session stands with its bank and on the ledger; of an auditor's too, as all of sessions but their due
  sessionDue: 0x34, // time (8), session digest (32) → nothing: then the bank asks the ledger what became of the session
  sessionWish: 0x35, // session digest (32), what (8) → a session record that is to be carried to the ledger, or was refused for the time being
  sessionProof: 0x36, // session digest (32), state (8) → the ledger's answer that brought the session there
  sessionsHeight: 0x37, // nothing → height up to which the ledger's session records are known
  sessionOpen: 0x38, // number (8) → an opening in the own stream
  sessionOpenAnswer: 0x39, // number (8) → what the ledger answered to it
  sessionClose: 0x3a, // number (8) → a close in the own stream
  sessionCloseAnswer: 0x3b, // number (8) → what the ledger answered to it
  misconduct: 0x3c, // public key (32), kind (8), session digest (32) → when the bank learnt what a client did
  sessionNews: 0x3d, // public key (32), height (8), place in the block (8), session digest (32) → the state that a party's session reached there
  sessionUnbacked: 0x3e, // session digest (32) → nothing: a session of a lost store, for whose escrow the books lack the client's money
  sessionsRecovered: 0x3f, // nothing → nothing: the store was an old copy once, and sessions of the lost one are taken up
  sessionAttempts: 0x43, // nothing → attempt from which a session record begins of which nothing is remembered

  user: 0x20, // user (32) → where the auditor stands with a user: terms, last own block
  openPayment: 0x21, // user (32), sequence (8) → payload digest of a payment that no block has decided, with what the queue needs of it
  ruling: 0x22, // payload digest (32) → the auditor's last signed ruling
  block: 0x23, // user (32), number (8) → a token block and the payments in it
  blockAnswer: 0x24, // user (32), number (8) → what the ledger answered to it
  blockByPublication: 0x25, // bank (32), publication (8), user (32), number (8) → nothing: the block holds such tokens
  presented: 0x26, // payload digest (32) → a payment as it was presented, with the vendor's presentation and both certificates
  trust: 0x27, // user (32) → γ and W after the user's blocks of all auditors
  trustStep: 0x28, // user (32), number over all auditors (8) → the ledger's certified word on one of these blocks
  settlement: 0x29, // payload digest (32) → what the vendor is paid for it
  vendorTotals: 0x2a, // vendor's public key (32) → its due and what of it was paid
  openTransfer: 0x2b, // number (8) → a signed transfer that the bank has not confirmed
  openRedemption: 0x2c, // number (8) → user, number of a block and bank: consumed tokens that the bank has not paid for
  redeemed: 0x2d, // user (32), number (8), name of a bank → what it paid for a block's tokens
  blockBooks: 0x2e, // user (32), number (8) → books and risk of a decided block
  finding: 0x2f, // SHA-256 of it (32) → what somebody did that may be held against them
  verdictsHeight: 0x40, // nothing → height up to which trust is folded
  accusation: 0x42, // SHA-256 of a finding (32) → the evidence that was made of it
  bankValue: 0x41, // fingerprint (32) → name and token value of a bank that was admitted or renewed on the ledger

  sale: 0x50, // payload digest (32) → a payment that a vendor took, with the presentation that it signed
  saleStanding: 0x51, // payload digest (32) → how the sale stands: ruling and receipt
  openSale: 0x52, // payload digest (32) → nothing: the sale is not settled
  saleByNumber: 0x53, // number (8) → payload digest

  walletToken: 0x60, // bank (32), publication (8), index (8) → a token that a user holds, and whether it is free
  walletGroup: 0x61, // bank (32), publication (8) → what the user's tokens of a publication share, with the publication's proof
  walletEntry: 0x62, // number (8) → a withdrawal, payment or return of the user
  openWalletEntry: 0x63, // number (8) → nothing: the entry is not settled
  walletTotals: 0x64, // nothing → tokens that came in and went out, ever
  restoration: 0x65, // nothing → when and from what the wallet was restored

  channel: 0x80, // session (32) → terms of a session with the client's secrets or the vendor's acceptance
  channelStanding: 0x81, // session (32) → how far it is, and the claim that ends it
  channelPayment: 0x82, // session (32), index (8) → a payment
  channelMisconduct: 0x83, // session (32) → two payments that prove a client's misconduct
  channelRelease: 0x84, // session (32) → the signature that opens all locks
  channelCertified: 0x85, // session (32) → the ledger's newest answer about it
  channelTold: 0x86, // name of a bank or auditor → height up to which it has told of sessions

  deadCertificate: 0x70, // fingerprint (32) → height of the ledger block that declared it dead
  endedMember: 0x71, // role (1), name → height of the ledger block that ended it
  revocationsHeight: 0x72, // nothing → height up to which the two above are complete
} as const

type Prefix = (typeof actorPrefixes)[keyof typeof actorPrefixes]
type Part = Uint8Array | number | Digest

/** A key: digests as hex, numbers as 8 bytes. */
export function actorKey(prefix: Prefix, ...parts: readonly Part[]): Uint8Array {
  const encoded = parts.map(part => {
    if (typeof part === 'string') return bytesOfHex(part)
    if (typeof part !== 'number') return part
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(part))
    return number
  })
  return new Uint8Array(Buffer.concat([Uint8Array.of(prefix), ...encoded]))
}

/** All keys that begin like this. */
export function actorRange(prefix: Prefix, ...parts: readonly Part[]): KeyRange {
  const gte = actorKey(prefix, ...parts)
  const lt = new Uint8Array(gte)
  for (let at = lt.length - 1; at >= 0; at--) {
    if (lt[at]! < 0xff) {
      lt[at]! += 1
      return { gte, lt: lt.subarray(0, at + 1) }
    }
  }
  return { gte, lt: Uint8Array.of(0xff) }
}

/** The number in the last eight bytes of a key. */
export const numberOfKey = (key: Uint8Array): number =>
  Number(Buffer.from(key.buffer, key.byteOffset, key.byteLength).readBigUInt64BE(key.length - 8))
