import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { bytesOfHex } from '../../proto/bytes.ts'
import { returnInformation, signPayload } from '../../proto/token.ts'
import type { Identity } from '../common/identity.ts'
import { paymentDigest, returnToJson } from '../common/payment.ts'
import { ServedBank } from './service-testing.ts'

let served: ServedBank

beforeAll(async () => {
  served = await ServedBank.start()
})

afterAll(async () => {
  expect(await served.close()).toEqual([])
})

it('a bank tells a holder what it knows of the own tokens', async () => {
  const [alice, bob] = [await served.party('user', 5n), await served.party('user', 5n)]
  const { tokens } = await served.withdraw(alice, 3)
  const serials = tokens.map(({ group, index }) => `bank-${group.publication}-${index}`)
  const ask = async (by: Identity, asked = serials): Promise<string[]> => {
    const { states } = await served.ask<{ states: Record<string, string> }>(by, 'POST', '/tokens/state', {
      serials: asked,
    })
    return asked.map(serial => states[serial]!)
  }
  expect(await ask(alice)).toEqual(['unknown', 'unknown', 'unknown'])
  const { network } = served.net.ledger
  const information = returnInformation(bytesOfHex(network), tokens[0]!.group.bank)
  const unsigned = { time: Date.now(), information, tokens: tokens.slice(0, 2) }
  const payment = { ...unsigned, signature: signPayload(paymentDigest(network, unsigned), alice.key) }
  served.net.ledger.isHolding = true
  const returning = served.ask(alice, 'POST', '/returns', returnToJson(payment))
  await vi.waitFor(async () => expect(await ask(alice)).toEqual(['queued', 'queued', 'unknown']))
  served.net.ledger.release()
  await returning
  expect(await ask(alice)).toEqual(['consumed', 'consumed', 'unknown'])
  await expect(ask(bob)).rejects.toMatchObject({ code: 'holder_mismatch' })
  await expect(ask(alice, ['bank-99-0'])).rejects.toMatchObject({ code: 'not_found' })
})
