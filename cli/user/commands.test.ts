import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { seedOfName } from '../../node/client/testing.ts'
import { parseCertificate } from '../../proto/certificates.ts'
import { createAmount } from '../../proto/money.ts'
import { derToPem } from '../../proto/pem.ts'
import { errorText, exitCodeOf } from '../common/errors.ts'
import { writeKeyFile } from '../common/files.ts'
import { readRunFile } from '../common/run-file.ts'
import { createProgram } from '../main.ts'
import { mupib, type Result } from '../testing.ts'
import { PartyWorld, writePartyHome } from './testing.ts'

const program = fileURLToPath(new URL('../mupib.js', import.meta.url))
const processes: ChildProcess[] = []
let world: PartyWorld | undefined

afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
  await world?.close()
})

type Json = Record<string, unknown>
const json = <T = Json>({ output, errors, exitCode }: Result): T => {
  expect([exitCode, exitCode === 0 ? '' : errors]).toEqual([0, ''])
  return JSON.parse(output) as T
}

/** Exit code and error code of a refusal. */
const failure = ({ exitCode, errors }: Result): unknown[] => {
  const last = errors.trimEnd().split('\n').at(-1)!
  return [exitCode, (JSON.parse(last) as { error: { code: string } }).error.code]
}

/** Runs a command in this process: a process for each would take most of the test's time. */
async function run(...args: string[]): Promise<Result> {
  let output = ''
  const written = vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    output += String(text)
    return true
  })
  const before = process.exitCode
  process.exitCode = 0
  try {
    const program = await createProgram(args[0]!)
    await program.parseAsync(args, { from: 'user' })
    return { exitCode: Number(process.exitCode), output, errors: '' }
  } catch (error) {
    return { exitCode: exitCodeOf(error), output, errors: errorText(error, true) }
  } finally {
    process.exitCode = before
    written.mockRestore()
  }
}

/** Starts `mupib vendor serve`; resolves with its process once it answers. */
async function serveVendor(folder: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, 'vendor', 'serve', '--dir', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  processes.push(child)
  for await (const line of createInterface({ input: child.stderr! })) if (line.includes('answers at')) break
  return child
}

it('a user buys from a vendor at the command line, with processes that come and go', { timeout: 120_000 }, async () => {
  world = await PartyWorld.start()
  const { net } = world
  const auditor = await world.scriptedAuditor()
  const at = (...args: string[]): Promise<Result> => run(...args, '--quiet', '--dir', net.dir)

  // without the authority's key at hand a certificate has to be asked for
  expect(json(await at('user', 'create', 'bob'))).toMatchObject({ certificate: null, ask: /--role user --public-key/ })
  fs.mkdirSync(path.join(net.dir, 'authority'))
  writeKeyFile(path.join(net.dir, 'authority', 'key.json'), seedOfName('authority'))
  fs.writeFileSync(path.join(net.dir, 'authority', 'certificate.pem'), derToPem(net.genesis.roots[0]!.der))
  const made = json<{ folder: string; publicKey: string }>(await at('user', 'create', 'alice'))
  const pem = path.join(made.folder, 'certificate.pem')

  const account = await world.bank.openAccount(parseCertificate(fs.readFileSync(pem, 'utf8')))
  expect(account.key).toBe(made.publicKey)
  await world.bank.deposit(account.key, createAmount(20n), 'alice')
  expect(json(await at('user', 'withdraw', '--count', '12', '--user', 'alice'))).toMatchObject({ state: 'received' })

  const vendor = await writePartyHome(net, 'vendor', 'kiosk', { prices: { newspaper: '5' } })
  const serving = await serveVendor(vendor)
  world.address('kiosk', readRunFile(path.join(vendor, 'run.json'))!.http)
  const buy = (...more: string[]): Promise<Result> =>
    run('user', 'pay', '--vendor', 'kiosk', '--item', 'newspaper', '--dir', made.folder, ...more)
  const paid = json(await buy())
  expect(paid).toMatchObject({
    state: 'delivered',
    price: '5',
    answer: 'deliver',
    receipt: { content: expect.any(String) },
  })
  auditor.script = digest => {
    setImmediate(() => auditor.rule(digest, 'rejected'))
    return 'wait'
  }
  const rejected = await buy('--price', '5')
  expect([rejected.exitCode, JSON.parse(rejected.output)]).toMatchObject([
    1,
    { state: 'rejected', reason: 'invalid_tokens' },
  ])
  const sales = json<Json[]>(await at('vendor', 'sales', '--vendor', 'kiosk'))
  expect(sales).toMatchObject([
    { number: 2, state: 'refused', reason: 'invalid_tokens' },
    { number: 1, state: 'delivered', payment: paid.payment, user: made.publicKey },
  ])
  serving.kill('SIGTERM')
  expect(await once(serving, 'exit')).toEqual([0, null])
  expect(json(await at('vendor', 'sales', String(paid.payment), '--vendor', 'kiosk'))).toMatchObject({
    ...sales[1],
    evidence: { receipt: paid.receipt, presentation: { content: expect.any(String) } },
  })
  const unreachable = await buy('--price', '5', '--deadline', '1')
  expect(failure(await at('user', 'balance', '--user', 'bob'))).toEqual([2, 'bad_certificate'])
  expect([unreachable.exitCode, failure(unreachable)]).toMatchObject([3, [3, 'unreachable']])

  expect(json(await at('user', 'return', '--count', '3', '--user', 'alice'))).toMatchObject({
    returns: [{ refunded: 3 }],
    balance: { tokens: 4 },
  })
  const backup = path.join(net.dir, 'alice.json')
  expect(json(await at('user', 'backup', backup, '--user', 'alice'))).toMatchObject({ tokens: 4, encrypted: false })
  const copy = path.join(net.dir, 'users', 'copy')
  expect(json(await run('user', 'restore', backup, '--dir', copy, '--network', net.dir))).toMatchObject({
    name: 'alice',
    unchecked: 4,
  })
  const recovered = await run('user', 'recover', '--dir', copy)
  expect([recovered.exitCode, JSON.parse(recovered.output)]).toMatchObject([1, { problem: { code: 'too_early' } }])
  // one after the other: a wallet's store is open in one process at a time
  const balance = await at('user', 'balance', '--user', 'alice')
  const history = await at('user', 'history', '--user', 'alice', '--no-json')
  const offline = await mupib('user', 'balance', '--offline', '--dir', made.folder)
  expect(json(offline)).toMatchObject({ tokens: 4, account: null })
  expect(json(balance)).toMatchObject({
    tokens: 4,
    account: { balance: '11' },
    totals: { received: 12, spent: 5, returned: 3 },
  })
  const kinds = history.output.split('\n').map(line => line.trim().split(/ {2,}/)[2])
  expect(kinds.slice(0, 5)).toEqual(['kind', 'return', 'payment', 'payment', 'withdrawal'])
})
