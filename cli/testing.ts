// What tests of the command line share: the real program as a process, and the files of a network of one validator.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { certificateToPem, createRootCertificate, issueCertificate } from '../proto/certificates.ts'
import { createGenesis, genesisToJson } from '../proto/genesis.ts'
import { randomSeed, signingKeyFromSeed } from '../proto/keys.ts'
import { writeKeyFile } from './common/files.ts'

const program = fileURLToPath(new URL('./mupib.js', import.meta.url))

export interface Result {
  readonly exitCode: number | null
  readonly output: string
  readonly errors: string
}

/** Bound for failure only: below that of a test, so that no process outlives it. */
const failureLimitMs = 50_000

/** Runs `mupib …` to its end. Its output is a pipe: JSON unless --no-json is among the arguments. */
export async function mupib(...args: readonly string[]): Promise<Result> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(failureLimitMs),
    killSignal: 'SIGKILL',
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, output, errors }
}

/** A validator that was started and says that it is ready. */
export interface StartedNode {
  readonly process: ChildProcess
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** Starts `mupib node start`; resolves when it is ready, rejects with what it said where it ends before. */
export async function startNode(config: string): Promise<StartedNode> {
  const child = spawn(process.execPath, [program, 'node', 'start', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit').then(([exitCode]) => exitCode as number | null)
  const said: string[] = []
  const ready = new Promise<void>(resolve => {
    createInterface({ input: child.stderr }).on('line', line => {
      said.push(line)
      if (line.includes('answers at')) resolve()
    })
  })
  const failed = ended.then(exitCode => {
    throw new Error(`the node ended with ${exitCode}: ${said.join('\n')}`)
  })
  // once it runs, its end is the test's to see
  failed.catch(() => {})
  await Promise.race([ready, failed])
  return { process: child, ended }
}

const dayMs = 86_400_000

export interface SoloNetwork {
  readonly dir: string
  readonly genesis: string
  /** The validator's config.json, and what stands in it. */
  readonly config: string
  readonly settings: Record<string, unknown>
  readonly folder: string
}

/** Writes a network of one validator, one bank and the authority; nothing of it runs. */
export async function writeSoloNetwork(dir: string): Promise<SoloNetwork> {
  const now = Date.now()
  const validity = { notBefore: now - dayMs, notAfter: now + 30 * dayMs }
  const seeds = { authority: randomSeed(), validator: randomSeed(), bank: randomSeed() }
  const authority = signingKeyFromSeed(seeds.authority)
  const root = await createRootCertificate({ name: 'authority', key: authority, ...validity })
  const bank = await issueCertificate({
    issuer: root,
    issuerKey: authority,
    name: 'bank',
    role: 'bank',
    publicKey: signingKeyFromSeed(seeds.bank).publicKey,
    ...validity,
  })
  const genesis = createGenesis({
    name: 'solo',
    time: now,
    timing: { timeoutMs: 1_000, idleMs: 10_000, driftMs: 2_000 },
    limits: { proposalRecords: 512, clientRecords: 256 },
    authority: { publicKey: authority.publicKey, fingerprint: root.facts.fingerprint },
    roots: [root.der],
    validators: [{ name: 'v1', publicKey: signingKeyFromSeed(seeds.validator).publicKey }],
    members: [{ name: 'bank', role: 'bank', certificate: bank.facts, certificateDer: bank.der, tokenValue: 1n }],
  })
  const folder = join(dir, 'validators', 'v1')
  mkdirSync(folder, { recursive: true })
  mkdirSync(join(dir, 'authority'))
  writeFileSync(join(dir, 'genesis.json'), genesisToJson(genesis))
  writeFileSync(join(dir, 'peers.json'), '{}')
  writeKeyFile(join(dir, 'authority', 'key.json'), seeds.authority)
  writeFileSync(join(dir, 'authority', 'certificate.pem'), certificateToPem(root))
  writeKeyFile(join(folder, 'key.json'), seeds.validator)
  const settings = {
    genesis: '../../genesis.json',
    key: 'key.json',
    store: 'store',
    peers: '../../peers.json',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    http: { host: '127.0.0.1', port: 0 },
    runFile: 'run.json',
    logLevel: 'info',
  }
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify(settings))
  return { dir, genesis: join(dir, 'genesis.json'), config, settings, folder }
}
