import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestNetwork, type TestNetwork } from '../node/client/testing.ts'
import { bytesOfHex, toHex } from '../proto/bytes.ts'
import { certificateToPem } from '../proto/certificates.ts'
import type { MupibError } from '../proto/errors.ts'
import { zeroDigest } from '../proto/hash.ts'
import { signRecord } from '../proto/records.ts'
import { signStatement, statementToJson } from '../proto/statements.ts'
import { keyOf } from '../proto/testing.ts'
import { returnInformation, signPayload } from '../proto/token.ts'
import { identify } from './bank/testing.ts'
import { signedCall } from './common/http.ts'
import { CertificateChecks, certificateToText } from './common/identity.ts'
import { groupFromJson, paymentDigest, returnToJson, userPaymentToJson } from './common/payment.ts'
import { readRunFile } from './common/run-file.ts'
import { payWith, userKey, writeHome } from './common/testing.ts'
import { mupib, type Result } from './testing.ts'

const program = fileURLToPath(new URL('./mupib.js', import.meta.url))
const processes: ChildProcess[] = []
let net: TestNetwork
let bank: string
let auditor: string

beforeAll(async () => {
  net = await createTestNetwork()
}, 60_000)

beforeEach(() => {
  for (const role of ['bank', 'auditor']) fs.rmSync(path.join(net.dir, role, 'run.json'), { force: true })
  bank = writeHome(net, 'bank')
  auditor = writeHome(net, 'auditor', { trust: { w0: 6 } })
})

afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

afterAll(() => net.close())

/** Each command is a process of its own: several seconds where the machine is busy with other tests. */
const manyProcessesMs = 200_000

/** Starts `mupib ROLE serve` and waits until it says where it answers. */
async function serve(role: 'bank' | 'auditor'): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, role, 'serve', '--dir', net.dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  processes.push(child)
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr! })) {
    said.push(line)
    if (line.includes('answers at')) return child
  }
  throw new Error(`${role} ended: ${said.join('\n')}`)
}

async function terminate(child: ChildProcess): Promise<number | null> {
  child.kill('SIGTERM')
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  return exitCode
}

const json = <T>({ output, errors, exitCode }: Result): T => {
  expect([exitCode, exitCode === 0 ? '' : errors]).toEqual([0, ''])
  return JSON.parse(output) as T
}

/** The code of a failure, whose last line on stderr is its JSON form. */
function failure({ exitCode, output, errors }: Result): [number | null, string] {
  expect(output).toBe('')
  const { error } = JSON.parse(errors.trimEnd().split('\n').at(-1)!) as { error: { code: string; message: string } }
  expect(error.message).not.toBe('')
  return [exitCode, error.code]
}

const changeConfig = (folder: string, change: Record<string, unknown>): void => {
  const file = path.join(folder, 'config.json')
  fs.writeFileSync(file, JSON.stringify({ ...(JSON.parse(fs.readFileSync(file, 'utf8')) as object), ...change }))
}

interface TokensJson {
  readonly publication: number
  readonly tokens: { group: unknown; index: number; signature: string }[]
  readonly proof: unknown
}

const loose = ({ tokens }: TokensJson) => {
  const group = groupFromJson(tokens[0]!.group, 'tokens')
  return tokens.map(({ index, signature }) => ({ group, index, signature: bytesOfHex(signature) }))
}

/** A party with a certificate, whose account is opened by it. */
async function party(role: 'user' | 'vendor', name: string, key = userKey(name)) {
  const identity = await identify(net, role, name, key)
  const file = path.join(net.dir, `${role}s`, name, 'certificate.pem')
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, certificateToPem(identity.certificate))
  json(await run('bank', 'open', file))
  return identity
}

const run = (...args: string[]): Promise<Result> => mupib(...args, '--dir', net.dir)

describe('bank and auditor', () => {
  it(
    'issue, publish, pay, take back and prove, at the services and without them',
    async () => {
      const alice = userKey('alice at the command line')
      const holder = toHex(alice.publicKey)
      const bankProcess = await serve('bank')
      const user = await party('user', 'alice', alice)
      const vendor = await party('vendor', 'vendor-1')
      json(await run('bank', 'open', path.join(auditor, 'certificate.pem')))
      json(await run('bank', 'deposit', 'auditor', '1000', '--reference', 'float'))
      json(await run('bank', 'deposit', 'alice', '100', '--reference', 'r1'))
      expect(json(await run('bank', 'issue', holder, '--count', '9'))).toMatchObject({ count: 9, published: false })
      expect(failure(await run('bank', 'tokens', '1'))).toEqual([1, 'undecided'])
      expect(json(await run('bank', 'publish'))).toEqual({ published: [1] })
      const tokens = loose(json<TokensJson>(await run('bank', 'tokens', '1', '--holder', holder)))
      expect(tokens).toHaveLength(9)
      const { http: bankHttp } = readRunFile(path.join(bank, 'run.json'))!
      fs.writeFileSync(path.join(net.dir, 'services.json'), JSON.stringify({ bank: bankHttp }))

      const auditorProcess = await serve('auditor')
      const payments = [tokens.slice(0, 2), tokens.slice(2, 5), [tokens[0]!, tokens[5]!]].map(of => {
        const payment = payWith(net.ledger.network, alice, of)
        const heading = { network: net.ledger.network, payload: paymentDigest(net.ledger.network, payment), time: 1 }
        const presentation = signStatement(
          {
            kind: 'presentation',
            ...heading,
            signer: vendor.certificate.facts.fingerprint,
            auditor: 'auditor',
            holderSignature: payment.signature,
          },
          vendor.key,
        )
        return {
          ...userPaymentToJson({ certificate: user.certificate.der, payment }),
          presentation: statementToJson(presentation),
          vendorCertificate: certificateToText(vendor.certificate),
        }
      })
      const blockFile = path.join(net.dir, 'block.json')
      fs.writeFileSync(blockFile, JSON.stringify({ payments }))
      const told = json<{ answer: string; reason?: string }[]>(await run('auditor', 'submit', blockFile))
      expect(told.map(({ answer, reason }) => [answer, reason])).toEqual([
        ['deliver', undefined],
        ['deliver', undefined],
        ['rejected', 'invalid_tokens'],
      ])
      expect(json(await run('auditor', 'trust', holder))).toMatchObject({
        gamma: 1,
        blockSize: 5,
        history: [{ beta: 1 }],
      })
      const trustFile = path.join(net.dir, 'trust.json')
      json(await run('auditor', 'trust', holder, '--explain', '--out', trustFile))
      expect(json(await run('verify', trustFile, '--genesis', net.genesisFile))).toMatchObject({ blockSize: 5 })
      expect(json(await run('auditor', 'risk', holder))).toMatchObject({ paid: '4', received: '5', risk: '-1' })
      expect(json(await run('auditor', 'books', '--reconcile'))).toMatchObject({ holds: true })
      const proofFile = path.join(net.dir, 'proof.json')
      const proved = await run('auditor', 'proof', 'bank-1-0')
      fs.writeFileSync(proofFile, proved.output)
      const verified = json(await run('verify', proofFile, '--genesis', net.genesisFile))
      expect(verified).toMatchObject({ token: { serial: 'bank-1-0', verdict: '11' } })
      fs.writeFileSync(proofFile, proved.output.replace(/"verdictRoot":"../, '"verdictRoot":"00'))
      expect(failure(await run('verify', proofFile, '--genesis', net.genesisFile))).toEqual([1, 'bad_proof'])

      const information = returnInformation(bytesOfHex(net.ledger.network), tokens[0]!.group.bank)
      const unsigned = { time: Date.now(), information, tokens: tokens.slice(6) }
      const back = { ...unsigned, signature: signPayload(paymentDigest(net.ledger.network, unsigned), alice) }
      const returnFile = path.join(net.dir, 'return.json')
      fs.writeFileSync(returnFile, JSON.stringify(returnToJson(back)))
      expect(json(await run('bank', 'return', returnFile))).toMatchObject({ return: 1, refundedTokens: 3 })

      const blocks = json<unknown[]>(await run('auditor', 'blocks'))
      expect(await terminate(bankProcess)).toBe(0)
      expect(await terminate(auditorProcess)).toBe(0)
      for (const folder of [bank, auditor]) expect(fs.existsSync(path.join(folder, 'run.json'))).toBe(false)

      // nobody runs: the commands do it themselves, and find the same
      expect(json(await run('auditor', 'blocks', holder, '--quiet'))).toEqual(blocks)
      expect(json(await run('bank', 'issue', holder, '--count', '1', '--publish', '--quiet'))).toMatchObject({
        publication: 2,
      })
      expect(json(await run('bank', 'status', '--quiet'))).toMatchObject({
        publications: 2,
        returns: 1,
        unpublished: 0,
      })
    },
    manyProcessesMs,
  )

  it(
    'are killed and go on',
    async () => {
      const bob = userKey('bob at the command line')
      const first = await serve('bank')
      await party('user', 'bob', bob)
      json(await run('bank', 'deposit', 'bob', '5', '--reference', 'r2'))
      json(await run('bank', 'issue', toHex(bob.publicKey), '--count', '2'))
      first.kill('SIGKILL')
      await once(first, 'exit')
      expect(readRunFile(path.join(bank, 'run.json'))).toBeUndefined()
      await serve('bank')
      const { published } = json<{ published: number[] }>(await run('bank', 'publish'))
      expect(published).toHaveLength(1)
      const { tokens } = json<TokensJson>(await run('bank', 'tokens', String(published[0])))
      expect(tokens).toHaveLength(2)
    },
    manyProcessesMs,
  )
})

describe('a bank does not start with', () => {
  it(
    'a wrong config, genesis, key or certificate',
    async () => {
      const refused = async (): Promise<[number | null, string]> => failure(await run('bank', 'serve'))
      changeConfig(bank, { http: { host: '127.0.0.1', port: 99_999 } })
      expect(await refused()).toEqual([2, 'bad_config'])
      bank = writeHome(net, 'bank', { blocksize: 5 })
      expect(await refused()).toEqual([2, 'bad_config'])
      fs.writeFileSync(path.join(bank, 'config.json'), '{')
      expect(await refused()).toEqual([2, 'bad_config'])
      bank = writeHome(net, 'bank')
      fs.chmodSync(path.join(bank, 'key.json'), 0o644)
      expect(await refused()).toEqual([1, 'permission'])
      bank = writeHome(net, 'bank')
      fs.writeFileSync(path.join(bank, 'certificate.pem'), 'nothing')
      expect(await refused()).toEqual([2, 'bad_certificate'])
      bank = writeHome(net, 'bank')
      fs.copyFileSync(path.join(auditor, 'certificate.pem'), path.join(bank, 'certificate.pem'))
      expect(await refused()).toEqual([2, 'bad_config'])
      bank = writeHome(net, 'bank', { genesis: 'genesis.json' })
      fs.writeFileSync(path.join(bank, 'genesis.json'), '{}')
      expect(await refused()).toEqual([2, 'bad_genesis'])
      bank = writeHome(net, 'bank', { peers: 'nobody.json' })
      expect(await refused()).toEqual([2, 'bad_config'])
      expect(failure(await mupib('bank', 'serve', '--dir', '/nowhere/at/all'))).toEqual([2, 'bad_config'])
      expect(failure(await run('bank', 'issue', 'nobody', '--count', '1'))).toEqual([2, 'bad_input'])
    },
    manyProcessesMs,
  )

  it(
    'a port that is taken, or a second process',
    async () => {
      const other = createServer()
      other.listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address() as { port: number }
      changeConfig(bank, { http: { host: '127.0.0.1', port } })
      expect(failure(await run('bank', 'serve'))).toEqual([1, 'port_taken'])
      expect(fs.existsSync(path.join(bank, 'run.json'))).toBe(false)
      other.close()
      bank = writeHome(net, 'bank')
      await serve('bank')
      expect(failure(await run('bank', 'serve'))).toEqual([1, 'already_running'])
      // without its run.json the store still tells
      fs.rmSync(path.join(bank, 'run.json'))
      expect(failure(await run('bank', 'serve', '--quiet'))).toEqual([1, 'store_locked'])
    },
    manyProcessesMs,
  )
})

describe('bad requests', () => {
  it(
    'get an error with a code and the field, and change nothing',
    async () => {
      await serve('auditor')
      const { http } = readRunFile(path.join(auditor, 'run.json'))!
      // nobody can be blamed for what is not signed: it is turned away before it is read
      const ask = async (at: string, init = {}): Promise<[number, string]> => {
        const response = await fetch(`${http}${at}`, init)
        const { error } = (await response.json()) as { error: { code: string } }
        return [response.status, error.code]
      }
      const post = (body: string) =>
        ask('/payments', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      expect(await post('{')).toEqual([400, 'bad_input'])
      expect(await post('{"holder":"xyz"}')).toEqual([401, 'bad_signature'])
      // it answers, or cuts the connection before all of it has come
      const huge = await post(`{"x":"${'y'.repeat(9_000_000)}"}`).catch(() => undefined)
      if (huge) expect(huge).toEqual([413, 'too_large'])
      expect(await ask('/nothing')).toEqual([404, 'not_found'])
      expect(await ask(`/payments/${'0'.repeat(64)}?wait=1`)).toEqual([401, 'bad_signature'])
      const bad = path.join(net.dir, 'bad.json')
      fs.writeFileSync(bad, '{"payments":[]}')
      expect(failure(await run('auditor', 'submit', bad))).toEqual([2, 'bad_input'])
      expect(json(await run('auditor', 'status'))).toMatchObject({ queued: 0, users: expect.any(Number) })
    },
    manyProcessesMs,
  )
})

describe('a bank', () => {
  it(
    'serves nobody whose certificate the ledger has revoked',
    async () => {
      await serve('bank')
      const { http } = readRunFile(path.join(bank, 'run.json'))!
      const identity = await identify(net, 'user', 'revoked-user')
      const { network, genesis } = net.ledger
      const account = (): Promise<string> =>
        signedCall(
          { identity, checks: new CertificateChecks(identity.roots) },
          { base: http, name: 'bank', role: 'bank' },
          'GET',
          '/account',
        ).then(
          () => 'answered',
          error => (error as MupibError).code,
        )
      expect(await account()).toBe('no_account')
      const revocation = signRecord(
        {
          kind: 'revocation',
          network,
          signer: genesis.authority.fingerprint,
          number: 1,
          previous: zeroDigest,
          certificate: identity.certificate.facts.fingerprint,
          reason: 'stolen',
        },
        keyOf('authority'),
      )
      net.ledger.take(revocation.bytes)
      await expect.poll(account, { timeout: 10_000 }).toBe('certificate_dead')
    },
    manyProcessesMs,
  )
})
