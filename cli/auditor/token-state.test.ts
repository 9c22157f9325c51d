import { afterEach, expect, it } from 'vitest'
import { identify } from '../bank/testing.ts'
import { signedCall } from '../common/http.ts'
import { CertificateChecks, type Identity } from '../common/identity.ts'
import { serviceNamed } from '../common/services.ts'
import { PartyWorld } from '../user/testing.ts'

let world: PartyWorld | undefined

afterEach(() => world?.close())

it('an auditor tells a user what it knows of the own tokens, and nobody what it knows of others', async () => {
  world = await PartyWorld.start()
  const auditor = await world.auditor(10)
  await world.till('kiosk')
  const wallet = await world.wallet('alice', 4)
  await wallet.withdraw(4)
  const pay = (price: bigint) => wallet.pay({ vendor: 'kiosk', item: 'newspaper', price })
  const serials = [0, 1, 2, 3].map(index => `bank-1-${index}`)
  const peer = serviceNamed(wallet.home.servicesFile, 'auditor', 'auditor')
  const ask = async (identity: Identity, asked = serials): Promise<string[]> => {
    const caller = { identity, checks: new CertificateChecks(identity.roots) }
    const body = { serials: asked }
    const reply = await signedCall<{ states: Record<string, string> }>(caller, peer, 'POST', '/tokens/state', body)
    return asked.map(serial => reply.states[serial]!)
  }
  const alice = await identify(world.net, 'user', 'alice')
  await pay(2n)
  expect(await ask(alice)).toEqual(['queued', 'queued', 'unknown', 'unknown'])
  await auditor.queues.flush()
  await pay(1n)
  expect(await ask(alice)).toEqual(['consumed', 'consumed', 'queued', 'unknown'])
  expect(await ask(await identify(world.net, 'user', 'bob'))).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
  await expect(ask(alice, ['nobank-1-1'])).rejects.toMatchObject({ code: 'not_found' })
  await expect(ask(await identify(world.net, 'vendor', 'kiosk'))).rejects.toMatchObject({ code: 'wrong_role' })
})
