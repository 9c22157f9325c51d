// The load of benchmarks is what the ledger takes: well-formed blocks in a chain, genuine tokens, published hashes.
import { expect, test } from 'vitest'
import { checkForm } from '../../node/ledger/form.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { randomSeed, signingKeyFromSeed } from '../../proto/keys.ts'
import { decodeRecord, type TokenBlock, verifyRecord } from '../../proto/records.ts'
import { groupDigest, payloadDigest, TokenHasher, verifyPayload, verifyToken } from '../../proto/token.ts'
import { prepareUsers } from './prepare.ts'

const network = '11'.repeat(32)

test('workers sign blocks that hold, one after the other', async () => {
  const bankSeed = randomSeed()
  const auditorSeed = randomSeed()
  const order = {
    network,
    bankSeed,
    bankCertificate: '33'.repeat(32),
    auditorSeed,
    auditorCertificate: '44'.repeat(32),
    tokenValue: 1n,
    issuedAt: 1,
    payBy: 2,
    expiry: 3,
    blocks: 2,
    tokensPerBlock: 10,
    tokensPerPayment: 5,
  }
  const users = await prepareUsers([
    { ...order, user: 1, publication: 2 },
    { ...order, user: 0, publication: 1 },
  ])
  expect(users.map(({ publication }) => publication)).toEqual([1, 2])
  const { blocks, hashes } = users[0]!
  expect(hashes.length).toBe(2 * 10 * 32)
  let previous = zeroDigest
  const hasher = new TokenHasher()
  for (const [at, bytes] of blocks.entries()) {
    const signed = decodeRecord(bytes)
    checkForm(signed, network)
    expect(verifyRecord(signed, signingKeyFromSeed(auditorSeed).publicKey)).toBe(true)
    const block = signed.record as TokenBlock
    expect(block).toMatchObject({ number: at + 1, previous })
    expect(block.terms !== undefined).toBe(at === 0)
    previous = signed.digest
    const digest = groupDigest(Buffer.from(network, 'hex'), block.groups[0]!)
    hasher.group(digest)
    for (const { time, information, tokens, signature } of block.transactions) {
      const tokenHashes = tokens.map(token => {
        expect(verifyToken(digest, token, signingKeyFromSeed(bankSeed).publicKey)).toBe(true)
        const hash = hasher.hash(token.index, token.signature)
        expect(Buffer.compare(hash, hashes.subarray(token.index * 32, token.index * 32 + 32))).toBe(0)
        return hash
      })
      expect(verifyPayload(payloadDigest(time, information, tokenHashes), block.user, signature)).toBe(true)
    }
  }
})
