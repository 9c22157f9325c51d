// What each envelope of mupib.proto may hold: field by field, with its limit. Read beside the schema; codec.ts applies it.
import { headerBytes } from '../chain.ts'
import { limits } from '../limits.ts'
import { recordKinds } from '../records.ts'
import type { FieldRule, MessageRule } from './strict.ts'

const digestBytes = 32
const digestLimit = (count: number) => ({ min: digestBytes, max: count * digestBytes, unit: digestBytes })

/** Sizes that follow from the canonical encodings. */
const voteBytes = 1 + 8 + 64 + 2 + 64
const certificateBytes = 1 + 8 + 64 + 2 + limits.validators * (2 + 64)
const blockBytes = headerBytes + 4 + limits.proposalRecords * digestBytes
const recordLeafBytes = 256
const transactionLeafBytes = limits.clientFrameBytes

const number = (max: number): FieldRule => ({ type: 'number', max, presence: 'plain' })
const wide = number(Number.MAX_SAFE_INTEGER)
const flag = number(1)
const some = (max: number): FieldRule => ({ type: 'bytes', min: 1, max, unit: 1, presence: 'plain' })
const digest: FieldRule = { type: 'bytes', ...digestLimit(1), presence: 'plain' }
const optional = <T extends FieldRule>(rule: T): T => ({ ...rule, presence: 'optional' })
const choice = <T extends FieldRule>(rule: T): T => ({ ...rule, presence: 'choice' })
const many = (count: number, max: number): FieldRule => ({
  type: 'bytes',
  min: 1,
  max,
  unit: 1,
  presence: { repeated: count },
})
const inner = (rule: MessageRule): FieldRule => ({ type: 'message', rule, presence: 'choice' })
const text = (max: number): FieldRule => ({ type: 'text', max, presence: 'plain' })

export const consensusFrameRule: MessageRule = {
  1: choice(some(limits.frameBytes)),
  2: choice(some(voteBytes)),
  3: choice(some(certificateBytes)),
  4: inner({ 1: { type: 'bytes', ...digestLimit(limits.announceDigests), presence: 'plain' } }),
}

export const fetchRequestRule: MessageRule = {
  1: choice({ type: 'bytes', ...digestLimit(limits.fetchRecords), presence: 'plain' }),
  2: choice(digest),
  3: choice(wide),
  4: inner({ 1: wide, 2: number(limits.fetchBlocks) }),
  5: choice(number(limits.validators - 1)),
}

const finalBlock: MessageRule = { 1: some(blockBytes), 2: many(limits.proposalRecords, limits.recordBytes) }

export const fetchResponseRule: MessageRule = {
  1: inner({ 1: many(limits.fetchRecords, limits.recordBytes) }),
  2: inner({ 1: optional(some(blockBytes)) }),
  3: inner({ 1: many(limits.viewCertificates, certificateBytes) }),
  4: inner({
    1: { type: 'message', rule: finalBlock, presence: { repeated: limits.fetchBlocks } },
    2: optional(some(certificateBytes)),
  }),
  5: inner({ 1: optional(wide), 2: many(limits.heldVotes, voteBytes), 3: optional(some(limits.frameBytes)) }),
}

export const recordAnswerRule: MessageRule = {
  1: { type: 'bytes', min: headerBytes, max: headerBytes, unit: 1, presence: 'plain' },
  2: digest,
  3: digest,
  4: some(recordLeafBytes),
  5: number(limits.proposalRecords - 1),
  6: number(limits.proposalRecords),
  7: { type: 'bytes', ...digestLimit(limits.merkleDepth), presence: 'plain' },
  8: many(limits.blockTransactions, transactionLeafBytes),
  9: {
    type: 'bytes',
    min: headerBytes,
    max: headerBytes,
    unit: 1,
    presence: { repeated: limits.proofHeaders },
  },
  10: some(certificateBytes),
}

/** Record kinds are numbered from 1 on. */
const kindMost = Math.max(...Object.values(recordKinds))
const kind = number(kindMost)

export const clientFrameRule: MessageRule = {
  1: number(2 ** 32 - 1),
  2: inner({ 1: some(limits.recordBytes), 2: flag, 3: flag }),
  3: inner({ 1: digest, 2: number(3) }),
  4: choice(digest),
  5: inner({ 1: kind, 2: digest, 3: optional(digest) }),
  6: inner({ 1: wide, 2: digest }),
  7: inner(recordAnswerRule),
  8: inner({ 1: wide, 2: { type: 'packed', max: kindMost, count: kindMost } }),
  9: choice(wide),
  10: inner({}),
  11: inner({}),
  12: inner({ 1: text(limits.nameBytes), 2: wide, 3: wide, 4: digest, 5: digest, 6: flag }),
  13: inner({ 1: text(64), 2: text(limits.messageBytes), 3: optional(text(limits.messageBytes)) }),
  14: choice(digest),
  15: inner({ 1: optional(some(limits.recordBytes)) }),
}
