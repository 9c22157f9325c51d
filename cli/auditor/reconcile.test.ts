import * as path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { openAccount } from '../bank/testing.ts'
import type { Output } from '../common/output.ts'
import { writeRunFile } from '../common/run-file.ts'
import { serviceNamed } from '../common/services.ts'
import { PartyWorld } from '../user/testing.ts'
import { auditBooks } from './audit.ts'
import { reconcile } from './reconcile.ts'

let world: PartyWorld | undefined

afterEach(() => world?.close())

it('the books of auditor, bank and vendors agree, and a difference is named', async () => {
  world = await PartyWorld.start()
  const auditor = await world.auditor(10)
  const { url } = await world.till('kiosk')
  await openAccount(world.bank, world.net, 'vendor', 'kiosk')
  const wallet = await world.wallet('alice', 6)
  await wallet.withdraw(6)
  for (const price of [2n, 3n]) await wallet.pay({ vendor: 'kiosk', item: 'newspaper', price })
  await auditor.queues.flush()
  await auditor.outbox.settled()
  const { dir } = world.net
  const run = (folder: string, http: string): void => {
    const file = path.join(dir, folder, 'run.json')
    writeRunFile(file, { pid: process.pid, startedAt: new Date().toISOString(), peerId: 'x', multiaddrs: [], http })
  }
  run('bank', serviceNamed(path.join(dir, 'services.json'), 'bank', 'bank').base)
  run('vendors/kiosk', url)
  const output: Output = {
    ...{ dir, json: true, quiet: true, yes: true },
    result: () => {},
    item: () => {},
    progress: () => {},
  }
  const audit = await auditBooks(auditor)
  const good = await reconcile(output, audit)
  expect(good.checks.filter(({ holds }) => !holds)).toEqual([])
  expect(good).toMatchObject({
    holds: true,
    inFlight: { transfers: { count: 0 }, redemptions: { count: 0 }, sales: 0 },
  })
  const [first, ...rest] = audit.settlements
  const forgotten = await reconcile(output, { ...audit, settlements: rest })
  expect(forgotten.checks.filter(({ holds }) => !holds).map(({ check }) => check)).toEqual([
    'bank has paid vendors what was transferred',
    'kiosk has delivered what was settled',
  ])
  const open = await reconcile(output, { ...audit, settlements: [{ ...first!, state: 'open' }, ...rest] })
  expect(open).toMatchObject({ holds: true, inFlight: { transfers: { count: 1 } } })
})
