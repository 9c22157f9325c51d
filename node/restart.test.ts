// Validators that stop and come back: with their store, without it, with another's, with a damaged one.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesOfHex } from '../proto/bytes.ts'
import { genesisToJson } from '../proto/genesis.ts'
import { allowRejoin } from './journal.ts'
import { until } from './network/testing.ts'
import { answerKey } from './store/keys.ts'
import { openLevelDatabase } from './store/level-database.ts'
import { TestNetwork } from './testing.ts'
import { RawClient } from './testing-peers.ts'
import { Hand } from './testing-records.ts'
import { startValidator } from './validator.ts'

const nets: TestNetwork[] = []

afterEach(async () => {
  for (const net of nets.splice(0)) await net.close()
})

async function create(validators = 4): Promise<TestNetwork> {
  const net = await TestNetwork.create({ validators })
  nets.push(net)
  return net
}

const configOf = (net: TestNetwork, index: number): string => path.join(net.folder, `v${index}`, 'config.json')

describe('a validator that was stopped', () => {
  it('catches up with what was decided meanwhile, in many blocks', async () => {
    const net = await create()
    await net.start(0, 1, 2, 3)
    const bank = await net.client('bank')
    const issuer = new Hand(net, 'bank')
    await bank.submit(issuer.publication(2, 'ann').signed)
    await net.stopValidator(3)
    let height = 0
    for (let count = 0; count < 20; count++) height = (await bank.submit(issuer.publication(1, 'ann').signed)).height
    await net.start(3)
    const status = await net.status(3, at => Number(at.height) >= height)
    const same = await net.status(0, at => Number(at.height) >= Number(status.height))
    if (same.height === status.height) expect(same.stateRoot).toBe(status.stateRoot)
    await net.stopValidator(2)
    // a quorum needs its vote now
    await bank.submit(issuer.publication(1, 'ann').signed)
    expect((await net.status(3, at => at.state === 'voting')).reason).toBeUndefined()
  })

  it('goes on with records that it held, after all were stopped at once', async () => {
    const net = await create()
    await net.start(0)
    const raw = await RawClient.open(net, 'bank', net.validator(0))
    await until(() => raw.session.isUp)
    const { signed } = new Hand(net, 'bank').publication(1, 'ann')
    raw.send({ id: 1, type: 'submit', record: signed.bytes, spread: false, answer: false })
    await until(() => raw.of('received').length > 0)
    await raw.close()
    await net.stopValidator(0)
    await net.start(0, 1, 2, 3)
    await net.reach(1)
    expect(await net.get(3, `/records/${signed.digest}`)).toMatchObject({ kind: 'publication' })
  })
})

describe('a validator whose store was lost', () => {
  it('follows without voting, also after a restart, until it may rejoin; then it votes beyond a later finalization', async () => {
    const net = await create()
    await net.start(0, 1, 2, 3)
    const bank = await net.client('bank')
    const issuer = new Hand(net, 'bank')
    for (let count = 0; count < 5; count++) await bank.submit(issuer.publication(1, 'ann').signed)
    await net.stopValidator(3)
    fs.rmSync(net.storeOf(3), { recursive: true })
    await net.start(3)
    const mute = await net.status(3, at => at.state === 'mute')
    expect(mute.reason).toContain('rejoin')
    const { height } = await bank.submit(issuer.publication(1, 'ann').signed)
    await net.status(3, at => Number(at.height) >= height)
    await net.stopValidator(3)
    await net.start(3)
    await net.status(3, at => at.state === 'mute')
    await net.stopValidator(3)
    const database = await openLevelDatabase(net.storeOf(3), { genesisHash: bytesOfHex(net.network) })
    await database.write([allowRejoin()], { sync: true })
    await database.close()
    await net.start(3)
    const done = (async () => {
      for (let count = 0; count < 3; count++) await bank.submit(issuer.publication(1, 'ann').signed)
    })()
    await net.status(3, at => at.state === 'voting')
    await done
    await net.stopValidator(0)
    await bank.submit(issuer.publication(1, 'ann').signed)
    for (const validator of net.running()) expect(validator.status().equivocations).toBe(0)
  })
})

describe('a store', () => {
  it('of another genesis, or open already, is refused, and the refusal leaves nothing open', async () => {
    const net = await create(1)
    await net.start(0)
    await expect(startValidator(configOf(net, 0))).rejects.toMatchObject({ code: 'store_locked' })
    await net.stopValidator(0)
    const other = { ...net.genesis, time: net.genesis.time + 1 }
    fs.writeFileSync(path.join(net.folder, 'other.json'), genesisToJson(other))
    const file = net.writeConfig('v0', '../other.json')
    await expect(startValidator(file)).rejects.toMatchObject({ code: 'store_foreign' })
    net.writeConfig('v0')
    await net.start(0)
    await net.stopValidator(0)
  })

  it('is not left open by a validator that cannot start', async () => {
    const net = await create(1)
    fs.writeFileSync(net.peersFile, '{"v0": 1}')
    await expect(startValidator(configOf(net, 0))).rejects.toMatchObject({ code: 'bad_config' })
    const stranger = net.writeConfig('stranger', '../genesis.json', '../v0/store')
    await expect(startValidator(stranger)).rejects.toMatchObject({ code: 'bad_config' })
    fs.writeFileSync(net.peersFile, '{}')
    await net.start(0)
  })

  it('that is damaged under a running validator ends it, and is not answered from', async () => {
    const net = await create(1)
    await net.start(0)
    const bank = await net.client('bank')
    const { signed } = new Hand(net, 'bank').publication(1, 'ann')
    await bank.submit(signed)
    await net.stopValidator(0)
    // one answer is not what was written; start-up has no reason to read it
    const database = await openLevelDatabase(net.storeOf(0), { genesisHash: bytesOfHex(net.network) })
    await database.write([{ type: 'put', key: answerKey(signed.digest), value: new Uint8Array(3) }], { sync: true })
    await database.close()
    await net.start(0)
    const running = net.validator(0)
    const ended = running.ended.then(
      () => 'stopped',
      (error: { code: string }) => error.code,
    )
    const response = await fetch(`${running.http}/records/${signed.digest}`)
    expect(response.status).toBe(500)
    expect(await ended).toBe('store_corrupt')
  })
})
