// The programs of one validator, as processes: what they refuse, and one life from its first start to a damaged store.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { signRecord } from '../../proto/records.ts'
import { openAuthorityHome } from '../authority/home.ts'
import { keepPending } from '../authority/records.ts'
import { readRunFile } from '../common/run-file.ts'
import { mupib, type Result, type SoloNetwork, type StartedNode, startNode, writeSoloNetwork } from '../testing.ts'

let folder: string
let network: SoloNetwork
let node: StartedNode | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mupib-cli-'))
  network = await writeSoloNetwork(join(folder, 'net'))
})

afterAll(async () => {
  node?.process.kill('SIGKILL')
  await node?.ended
  rmSync(folder, { recursive: true, force: true })
})

/** Exit code and error code of a failure, which is one line of JSON. */
function failure({ exitCode, output, errors }: Result): Record<string, unknown> {
  const lines = errors.trimEnd().split('\n')
  const { error } = JSON.parse(lines.at(-1)!) as { error: { code: string; message: string } }
  expect(output.includes('"error"'), 'errors go to stderr').toBe(false)
  return { exitCode, lines: lines.length, ...error }
}

/** A config file beside the real one that differs in some settings. */
function configWith(name: string, changes: Record<string, unknown> | string): string {
  const file = join(network.folder, `${name}.json`)
  writeFileSync(file, typeof changes === 'string' ? changes : JSON.stringify({ ...network.settings, ...changes }))
  return file
}

const start = (config: string): Promise<Result> => mupib('node', 'start', '--config', config)

async function withTakenPort<T>(work: (port: number) => Promise<T>): Promise<T> {
  const server = createServer()
  const port = await new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  try {
    return await work(port)
  } finally {
    server.close()
  }
}

/** Flips a bit in the middle of the largest file of a folder. */
function damageLargest(store: string): void {
  const sizes = readdirSync(store).map(name => [statSync(join(store, name)).size, join(store, name)] as const)
  const [, file] = sizes.reduce((a, b) => (b[0] > a[0] ? b : a))
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(file, bytes)
}

describe('node start refuses', () => {
  it('a config that is missing, no JSON, or has a wrong field', async () => {
    const results = await Promise.all([
      start(join(folder, 'none.json')),
      start(configWith('no-json', '{"genesis":')),
      start(configWith('unknown-field', { genesiss: 'x' })),
      start(configWith('bad-port', { http: { host: '127.0.0.1', port: 70_000 } })),
    ])
    for (const result of results) expect(failure(result)).toMatchObject({ exitCode: 2, code: 'bad_config', lines: 1 })
    expect(failure(results[2]!)).toMatchObject({ field: 'genesiss' })
  })

  it('a genesis that is missing or damaged', async () => {
    const genesis = JSON.parse(readFileSync(network.genesis, 'utf8')) as Record<string, unknown>
    writeFileSync(join(folder, 'damaged.json'), JSON.stringify({ ...genesis, timing: { timeoutMs: -1 } }))
    const [missing, damaged] = await Promise.all([
      start(configWith('no-genesis', { genesis: 'none.json' })),
      start(configWith('bad-genesis', { genesis: '../../../damaged.json' })),
    ])
    expect(failure(missing)).toMatchObject({ exitCode: 2, code: 'bad_config', lines: 1 })
    expect(failure(damaged)).toMatchObject({ exitCode: 2, code: 'bad_genesis', lines: 1 })
  })

  it("a key that is no validator's", async () => {
    const result = await start(configWith('other-key', { key: '../../authority/key.json', store: 'other-store' }))
    expect(failure(result)).toMatchObject({ exitCode: 2, code: 'bad_config', lines: 1 })
  })

  it.skipIf(process.getuid?.() === 0)('a key that it may not read', async () => {
    const file = join(network.folder, 'locked-key.json')
    writeFileSync(file, readFileSync(join(network.folder, 'key.json')))
    chmodSync(file, 0)
    expect(failure(await start(configWith('locked', { key: 'locked-key.json' })))).toMatchObject({
      exitCode: 1,
      code: 'permission',
      lines: 1,
    })
  })

  it('ports that are taken, and leaves nothing behind', async () => {
    await withTakenPort(async port => {
      const [http, listen] = await Promise.all([
        start(configWith('http-taken', { http: { host: '127.0.0.1', port }, store: 'store-http', logLevel: 'silent' })),
        start(
          configWith('listen-taken', {
            listen: [`/ip4/127.0.0.1/tcp/${port}`],
            store: 'store-listen',
            logLevel: 'silent',
          }),
        ),
      ])
      expect(failure(http)).toMatchObject({ exitCode: 1, code: 'port_taken', lines: 1 })
      expect(failure(listen)).toMatchObject({ exitCode: 1, code: 'port_taken', lines: 1 })
    })
    expect(existsSync(join(network.folder, 'run.json'))).toBe(false)
  })
})

describe('a validator', () => {
  const dirOf = (): string[] => ['--dir', network.dir]
  const configOf = (): string[] => ['--config', network.config]
  let proofFile: string

  it('starts, says where it is, and answers for its status', async () => {
    node = await startNode(network.config)
    const run = readRunFile(join(network.folder, 'run.json'))
    expect(run?.pid).toBe(node.process.pid)
    const [byConfig, byAddress, all] = await Promise.all([
      mupib('node', 'status', ...configOf()),
      mupib('node', 'status', '--http', run!.http),
      mupib('node', 'status', '--no-json', ...dirOf()),
    ])
    expect(JSON.parse(byConfig.output)).toMatchObject({ name: 'v1', pid: run!.pid })
    expect(JSON.parse(byAddress.output)).toMatchObject({ name: 'v1', pid: run!.pid })
    expect(all.output).toMatch(/^name .*\nv1 /)
    writeFileSync(join(network.dir, 'peers.json'), JSON.stringify({ v1: run!.multiaddrs }))
  })

  it('keeps its store from every other process', async () => {
    const results = await Promise.all(
      ['start', 'check', 'rejoin'].map(name => mupib('node', name, ...configOf(), '--quiet')),
    )
    for (const result of results) expect(failure(result)).toMatchObject({ exitCode: 1, code: 'store_locked', lines: 1 })
  })

  it('takes the records of the authority', async () => {
    const second = join(folder, 'second-bank')
    const issued = await mupib('authority', 'issue', 'second-bank', '--role', 'bank', '--out', second, ...dirOf())
    expect(JSON.parse(issued.output)).toMatchObject({ name: 'second-bank', role: 'bank' })
    const certificate = join(second, 'certificate.pem')
    const named = ['--name', 'second-bank', '--role', 'bank', '--token-value', '5', '--quiet']
    const admitted = await mupib('authority', 'admit', certificate, ...named, ...dirOf())
    const { proof, number } = JSON.parse(admitted.output) as { proof: string; number: number }
    expect(number).toBe(1)
    proofFile = proof
    const [again, other] = await Promise.all([
      mupib('authority', 'admit', certificate, ...named, ...dirOf()),
      mupib('authority', 'admit', certificate, ...dirOf(), '--name', 'third-bank', '--token-value', '5'),
    ])
    expect(failure(again)).toMatchObject({ exitCode: 1, code: 'already_known', lines: 1 })
    expect(failure(other)).toMatchObject({ exitCode: 2, code: 'bad_certificate', lines: 1 })
    expect(readdirSync(join(network.dir, 'authority')).filter(name => name.startsWith('pending'))).toEqual([])
  })

  it('gets the same bytes from an authority that was interrupted after it had signed', async () => {
    const home = openAuthorityHome({ dir: network.dir })
    const certificate = home.genesis.members[0]!.certificate.fingerprint
    const signed = signRecord(
      {
        kind: 'revocation',
        network: home.network,
        signer: home.root.facts.fingerprint,
        number: 1,
        previous: '00'.repeat(32),
        certificate,
        reason: 'signed before the crash',
      },
      signingKeyFromSeed(home.seed),
    )
    keepPending(home, { signed, certificate: undefined })
    expect(() => keepPending(home, { signed, certificate: undefined })).toThrow(
      expect.objectContaining({ code: 'already_running' }),
    )
    const revoked = await mupib('authority', 'revoke', 'bank', '--reason', 'again', ...dirOf())
    expect(JSON.parse(revoked.output)).toMatchObject({ record: signed.digest, number: 1, certificate })
    const once = await mupib('authority', 'revoke', 'bank', '--reason', 'again', ...dirOf(), '--quiet')
    expect(failure(once)).toMatchObject({ exitCode: 1, code: 'already_known', lines: 1 })
  })

  it('gives proofs that hold offline, and no others', async () => {
    const verify = (file: string, genesis = network.genesis): Promise<Result> =>
      mupib('verify', file, '--genesis', genesis)
    const proof = JSON.parse(readFileSync(proofFile, 'utf8')) as { stateRoot: string }
    const other = proof.stateRoot.startsWith('0') ? '1' : '0'
    writeFileSync(
      join(folder, 'tampered.json'),
      JSON.stringify({ ...proof, stateRoot: other + proof.stateRoot.slice(1) }),
    )
    writeFileSync(join(folder, 'no-proof.json'), '{"proof": 1}')
    const foreign = await writeSoloNetwork(join(folder, 'foreign'))
    const [good, tampered, otherGenesis, noProof, missing] = await Promise.all([
      verify(proofFile),
      verify(join(folder, 'tampered.json')),
      verify(proofFile, foreign.genesis),
      verify(join(folder, 'no-proof.json')),
      verify(join(folder, 'none.json')),
    ])
    expect(good.exitCode).toBe(0)
    expect(JSON.parse(good.output)).toMatchObject({ holds: true, validators: ['v1'], record: { kind: 'membership' } })
    expect(failure(tampered)).toMatchObject({ exitCode: 1, code: 'bad_proof', lines: 1 })
    expect(failure(otherGenesis)).toMatchObject({ exitCode: 1, code: 'bad_proof', lines: 1 })
    expect(failure(noProof)).toMatchObject({ exitCode: 2, code: 'bad_input', lines: 1 })
    expect(failure(missing)).toMatchObject({ exitCode: 2, code: 'bad_input', lines: 1 })
  })

  it('has no history of a token that was not published, and no evidence where nobody cheated', async () => {
    const [token, list, show] = await Promise.all([
      mupib('token', 'show', 'bank-1-0', ...dirOf()),
      mupib('evidence', 'list', ...dirOf()),
      mupib('evidence', 'show', 'abcd', ...dirOf()),
    ])
    expect(failure(token)).toMatchObject({ exitCode: 1, code: 'not_found', lines: 1 })
    expect([list.exitCode, list.output]).toEqual([0, '[]\n'])
    expect(failure(show)).toMatchObject({ exitCode: 1, code: 'not_found', lines: 1 })
  })

  it('stops at a signal, takes its run file along, and leaves a store that holds', async () => {
    node!.process.kill('SIGTERM')
    expect(await node!.ended).toBe(0)
    expect(existsSync(join(network.folder, 'run.json'))).toBe(false)
    const [check, status, all, authority] = await Promise.all([
      mupib('node', 'check', ...configOf()),
      mupib('node', 'status', ...configOf()),
      mupib('node', 'status', ...dirOf()),
      mupib('authority', 'end', 'bank', '--timeout', '1', '--quiet', ...dirOf()),
    ])
    expect(check.exitCode).toBe(0)
    expect(JSON.parse(check.output)).toMatchObject({ holds: true, records: 4, pending: 0 })
    expect(failure(status)).toMatchObject({ exitCode: 3, code: 'unreachable', lines: 1 })
    expect([all.exitCode, JSON.parse(all.output)]).toEqual([3, [{ name: 'v1', state: 'dead' }]])
    expect(failure(authority)).toMatchObject({ exitCode: 3, code: 'unreachable', lines: 1 })
  })

  it('rejoins, and is refused with a store of another network or a damaged one', async () => {
    const foreign = configWith('foreign', { genesis: '../../../foreign/genesis.json' })
    const [rejoin, without, other] = await Promise.all([
      mupib('node', 'rejoin', '--yes', ...configOf()),
      mupib('node', 'check', '--quiet', '--config', configWith('other-store', { store: 'none' })),
      mupib('node', 'rejoin', '--config', foreign),
    ])
    expect([rejoin.exitCode, JSON.parse(rejoin.output)]).toEqual([0, { name: 'v1', rejoin: true }])
    expect(failure(without)).toMatchObject({ exitCode: 1, code: 'store_missing', lines: 1 })
    expect(failure(other)).toMatchObject({ exitCode: 2, code: 'bad_config', lines: 1 })
    const foreignStore = await mupib('node', 'check', '--quiet', '--config', foreign)
    expect(failure(foreignStore)).toMatchObject({ exitCode: 1, code: 'store_foreign', lines: 1 })
    damageLargest(join(network.folder, 'store'))
    const [check, started] = await Promise.all([
      mupib('node', 'check', '--quiet', ...configOf()),
      start(network.config),
    ])
    expect(failure(check)).toMatchObject({ exitCode: 1, code: 'store_corrupt', lines: 1 })
    expect(failure(started)).toMatchObject({ exitCode: 1, code: 'store_corrupt', lines: 1 })
  })
})
