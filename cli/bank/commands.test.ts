import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createTestNetwork } from '../../node/client/testing.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { certificateToPem } from '../../proto/certificates.ts'
import { keyOf } from '../../proto/testing.ts'
import { groupFromJson } from '../common/payment.ts'
import { payWith, userKey, writeHome } from '../common/testing.ts'
import { mupib } from '../testing.ts'
import { certificateOf } from './arguments.ts'
import { decideBlock, identify } from './testing.ts'

const program = fileURLToPath(new URL('../mupib.js', import.meta.url))

it('an operator opens accounts, takes deposits, issues, redeems and reads the books, with and without the service', async () => {
  const net = await createTestNetwork()
  writeHome(net, 'bank')
  const write = async (folder: string, role: 'user' | 'vendor' | 'auditor', key = userKey(folder)) => {
    const { certificate } = await identify(net, role, path.basename(folder), key)
    fs.mkdirSync(path.join(net.dir, folder), { recursive: true })
    fs.writeFileSync(path.join(net.dir, folder, 'certificate.pem'), certificateToPem(certificate))
    return key
  }
  const alice = await write('users/alice', 'user')
  await write('users/twin', 'user')
  await write('vendors/twin', 'vendor')
  await write('auditor', 'auditor', keyOf('auditor'))
  const run = async <T>(...args: string[]): Promise<T> => {
    const { output, errors, exitCode } = await mupib('bank', ...args, '--dir', net.dir, '--quiet')
    expect([exitCode, exitCode === 0 ? '' : errors]).toEqual([0, ''])
    return (args.includes('--csv') ? output : JSON.parse(output)) as T
  }
  const child = spawn(process.execPath, [program, 'bank', 'serve', '--dir', net.dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    for await (const line of createInterface({ input: child.stderr })) if (line.includes('answers at')) break
    expect(await run('open', 'alice')).toMatchObject({ name: 'alice', role: 'user', balance: '0' })
    expect(certificateOf(net.dir, 'vendors/twin')).toMatchObject({ name: 'twin', role: 'vendor' })
    for (const wrong of ['twin', 'nobody', '../users/alice'])
      expect(() => certificateOf(net.dir, wrong)).toThrow(expect.objectContaining({ code: 'bad_input' }))
    expect(await run('open', path.join(net.dir, 'auditor', 'certificate.pem'))).toMatchObject({ role: 'auditor' })
    expect(await run('deposit', 'alice', '50', '--reference', 'cash')).toMatchObject({ balance: '50' })
    const issued = await run<{ tokens: { group: unknown; index: number; signature: string }[] }>(
      'issue',
      'alice',
      '--count',
      '4',
      '--publish',
    )
    const tokens = issued.tokens.map(({ group, index, signature }) => ({
      group: groupFromJson(group, 'tokens'),
      index,
      signature: bytesOfHex(signature),
    }))
    const answer = toHex(decideBlock(net.ledger, alice, [payWith(net.ledger.network, alice, tokens)]))
    const file = path.join(net.dir, 'answers.json')
    fs.writeFileSync(file, JSON.stringify({ answers: [answer] }))
    expect(await run('redeem', file)).toMatchObject({ results: [{ tokens: 4, state: 'redeemed' }], balance: '4' })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    // nobody runs: the command opens the store itself
    expect(await run('statement', 'alice', '--csv')).toMatch(
      /^entry,.*\r\n1,.*,deposit,cash,50,50\r\n2,.*,issue,.*,-4,46\r\n$/,
    )
    expect(await run('books')).toMatchObject({
      own: { cash: '-50', tokens: '0', expired: '0' },
      check: { sum: '0', holds: true },
    })
    const { output } = await mupib('bank', 'accounts', '--dir', net.dir, '--quiet', '--no-json')
    expect(output.split('\n').map(line => line.split(/ {2,}/).slice(0, 3))).toEqual(
      expect.arrayContaining([
        ['name', 'role', 'balance'],
        ['auditor', 'auditor', '4'],
      ]),
    )
  } finally {
    child.kill('SIGKILL')
    await net.close()
  }
}, 120_000)
