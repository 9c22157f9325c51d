// Payments of a replay: each behaviour yields what the validators are to find.
import { describe, expect, test } from 'vitest'
import type { LooseToken } from '../../node/ledger/form.ts'
import { randomSeed, signingKeyFromSeed } from '../../proto/keys.ts'
import { groupDigest, signToken, type TokenGroup, verifyPayload, verifyToken } from '../../proto/token.ts'
import { CheatingPurse } from './cheating-purse.ts'

const network = '11'.repeat(32)
const bank = signingKeyFromSeed(randomSeed())
const information = '22'.repeat(32)

function filledWallet(count: number): { wallet: CheatingPurse; tokens: LooseToken[] } {
  const wallet = new CheatingPurse(network, signingKeyFromSeed(randomSeed()))
  const group: TokenGroup = {
    bank: '33'.repeat(32),
    publication: 1,
    value: 1n,
    issuedAt: 1,
    payBy: 2,
    expiry: 3,
    holder: wallet.key.publicKey,
  }
  const digest = groupDigest(Buffer.from(network, 'hex'), group)
  const tokens = Array.from({ length: count }, (_, index) => ({
    group,
    index,
    signature: signToken(digest, index, bank),
  }))
  wallet.add(tokens)
  return { wallet, tokens }
}

const isGenuine = (token: LooseToken): boolean =>
  verifyToken(
    groupDigest(Buffer.from(network, 'hex'), token.group),
    { group: 0, index: token.index, signature: token.signature },
    bank.publicKey,
  )

describe('a cheating purse', () => {
  test('an honest payment spends genuine tokens once, signed by the holder', () => {
    const { wallet, tokens } = filledWallet(5)
    const { payment, taken } = wallet.pay('honest', 3, information, 10)
    expect(payment.tokens).toEqual(tokens.slice(0, 3))
    expect(taken).toEqual(payment.tokens)
    expect(verifyPayload(payment.digest, wallet.key.publicKey, payment.signature)).toBe(true)
    expect(wallet.balance).toBe(2)
  })

  test('a double spender presents spent tokens, and fresh ones only where too few were spent', () => {
    const { wallet } = filledWallet(5)
    const first = wallet.pay('honest', 2, information, 10)
    wallet.noteSpent(first.taken)
    const { payment, taken } = wallet.pay('double-spend', 3, information, 11)
    expect(payment.tokens.slice(0, 2)).toEqual(first.taken)
    expect(taken).toEqual(payment.tokens.slice(2))
    expect(payment.digest).not.toBe(first.payment.digest)
  })

  test('spends the newest again where a trace says of how many', () => {
    const { wallet } = filledWallet(8)
    const first = wallet.pay('honest', 3, information, 10)
    wallet.noteSpent(first.taken)
    const { payment, taken } = wallet.pay('double-spend', 4, information, 11, 2)
    expect(payment.tokens.slice(0, 2)).toEqual(first.taken.slice(1))
    expect(taken).toEqual(payment.tokens.slice(2))
  })

  test('an altered token fails under the bank’s key, a forged one names no publication and costs nothing', () => {
    const { wallet } = filledWallet(5)
    const altered = wallet.pay('altered', 2, information, 10).payment
    expect(altered.tokens.map(isGenuine)).toEqual([false, true])
    expect(altered.tokens[0]!.group.publication).toBe(1)
    const before = wallet.balance
    const forged = wallet.pay('forged', 2, information, 11).payment
    expect(forged.tokens.map(isGenuine)).toEqual([false, true])
    expect(forged.tokens[0]!.group.publication).toBeGreaterThan(1)
    expect(wallet.balance).toBe(before - 1)
  })
})
