// Every size, count and depth that comes from outside is bounded here, by name; a message over a limit is refused before it is parsed further.

const KiB = 1024
const MiB = 1024 * KiB

export const limits = {
  /** Validators in a genesis file. */
  validators: 128,
  /** Banks and auditors that a ledger may ever admit. */
  members: 4096,
  /** Certificates that one member may ever have, renewals included. */
  memberCertificates: 256,
  /** Characters of a genesis file. */
  genesisChars: 32 * MiB,
  /** Root certificates in a genesis file. */
  roots: 16,
  /** A time of the vote in a genesis file, in milliseconds. */
  timingMs: 3_600_000,
  /** Bytes of a name (validator, bank, auditor): ASCII letters, digits, dot and dash. */
  nameBytes: 32,
  /** Bytes of one record, signature included. */
  recordBytes: 1 * MiB,
  /** Tokens in one publication. */
  publicationTokens: 16_384,
  /** Tokens in one token block or return. */
  blockTokens: 2_048,
  /** Transactions in one token block. */
  blockTransactions: 4_096,
  /** Distinct (publication, holder) groups among a block's tokens. */
  blockGroups: 256,
  /** Payments in one session. */
  sessionPayments: 1_048_576,
  /** Payments from one anchor of a session's chain to the next: checking a claim never costs more hashes. */
  sessionAnchorSpan: 1_024,
  /** Bytes of a session's terms: a hash for every anchor, and what comes before. */
  sessionTermsBytes: 65_536,
  /** Bytes of one payment of a session. */
  paymentBytes: 512,
  /** Milliseconds of a session's dispute window, at least and at most: a vendor must be able to answer, a client to get its money back. */
  sessionWindowMsMin: 1_000,
  sessionWindowMsMax: 2_592_000_000,
  /** Bytes of a certificate (DER). */
  certificateBytes: 4 * KiB,
  /** Bytes of a reason given in words. */
  reasonBytes: 256,
  /** Records in one ledger block. */
  proposalRecords: 1_024,
  /** Bytes of all records of one ledger block. */
  proposalBytes: 8 * MiB,
  /** Tokens in the token blocks and returns of one ledger block: each may cost the check of a signature, with which nobody may hold up the vote. */
  proposalTokens: 16_384,
  /** Checks that the session records of one ledger block may cost, each as long as a signature's (`sessionChecks`). */
  proposalSessionChecks: 2_048,
  /** Records of one client that wait in a validator's pool. */
  poolRecordsPerClient: 8_192,
  /** Bytes of one client's records that wait in a validator's pool. */
  poolBytesPerClient: 64 * MiB,
  /** Views that a proposal may skip: it carries one nullification for each. */
  proposalGap: 256,
  /** Bytes of one frame on a validator's direct stream (a proposal with its certificates is the largest). */
  frameBytes: 2 * MiB,
  /** Bytes of one frame between a client and a validator: a record or the whole answer to one, and what surrounds it. */
  clientFrameBytes: 2 * MiB,
  /** Bytes of a request for records, blocks or votes. */
  requestBytes: 16 * KiB,
  /** Votes of one validator in one view: notarize, nullify and finalize, and as many again where it lied. */
  heldVotes: 6,
  /** Certificates of one view in an answer. */
  viewCertificates: 4,
  /** Bytes of a message, and of a hint, that a peer sends with an error code. */
  messageBytes: 512,
  /** Bytes of an answer to a fetch. */
  fetchBytes: 16 * MiB,
  /** Records asked for in one fetch. */
  fetchRecords: 256,
  /** Blocks answered in one fetch of a range. */
  fetchBlocks: 1_024,
  /** Digests in one announcement. */
  announceDigests: 1_024,
  /** Levels of a Merkle path. */
  merkleDepth: 32,
  /** Headers in the chain of a verdict proof. */
  proofHeaders: 256,
  /** Bytes of a proof file. */
  proofBytes: 4 * MiB,
  /** The largest amount of money, in minor units. */
  amount: 2n ** 63n - 1n,
} as const
