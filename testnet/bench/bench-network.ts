// The network that benchmarks run on: real validator processes in a directory of its own, and this process as bank and auditor.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { readKeyFile } from '../../cli/common/files.ts'
import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import { readGenesis } from '../../node/config.ts'
import { assert } from '../../proto/errors.ts'
import { type Genesis, type GenesisMember, genesisHash } from '../../proto/genesis.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { signRecord } from '../../proto/records.ts'
import type { Actor } from '../folders.ts'
import { type Progress, type RunningNetwork, removeNetwork, type UpOptions, upNetwork } from '../network.ts'
import { cpuSeconds } from '../process-table.ts'
import { prepareUsers } from './prepare.ts'
import type { PreparedUser, UserOrder } from './prepared-user.ts'

export interface BenchNetwork {
  readonly network: RunningNetwork
  readonly genesis: Genesis
  readonly bank: LedgerClient
  readonly auditor: LedgerClient
  /** Starts a stretch of the clock and of the CPU counters; the function it returns ends it. */
  measure(): () => Measured
  /** Makes users with blocks to submit: signed, their tokens published. */
  prepare(users: number, blocksPerUser: number, tokensPerBlock: number, progress: Progress): Promise<PreparedUser[]>
  close(): Promise<void>
}

export interface Measured {
  readonly seconds: number
  /** CPU seconds by process: validators by name, and `client`, this process. */
  readonly cpu: ReadonlyMap<string, number>
}

const hourMs = 3_600_000

/** Tokens of one transaction: what a product costs in most of the first paper's simulations. */
const tokensPerPayment = 5

async function connect(network: RunningNetwork, genesis: Genesis, actor: Actor): Promise<LedgerClient> {
  const { seed } = readKeyFile(actor.keyFile)
  const client = await connectLedger({ genesis, seed, peersFile: network.files.peersFile })
  await client.ready(genesis.validators.length)
  return client
}

const memberOf = (genesis: Genesis, role: 'bank' | 'auditor'): GenesisMember => {
  const member = genesis.members.find(candidate => candidate.role === role)
  assert(member, `a network of ours has a ${role}`)
  return member
}

function ordersFor(
  network: RunningNetwork,
  genesis: Genesis,
  users: { first: number; count: number },
  load: Pick<UserOrder, 'blocks' | 'tokensPerBlock'>,
): UserOrder[] {
  const bank = memberOf(genesis, 'bank')
  const now = Date.now()
  return Array.from({ length: users.count }, (_, index) => ({
    network: genesisHash(genesis),
    bankSeed: readKeyFile(network.files.bank.keyFile).seed,
    bankCertificate: bank.certificate.fingerprint,
    auditorSeed: readKeyFile(network.files.auditor.keyFile).seed,
    auditorCertificate: memberOf(genesis, 'auditor').certificate.fingerprint,
    user: users.first + index,
    publication: users.first + index + 1,
    tokenValue: bank.tokenValue,
    issuedAt: now,
    payBy: now + 12 * hourMs,
    expiry: now + 24 * hourMs,
    ...load,
    tokensPerPayment,
  }))
}

/** Checks that a record was decided and every token of it found valid. */
export function assertAllValid(answer: VerifiedAnswer): void {
  assert(answer.verdict.refusal === undefined, `a benchmark's record was refused: ${answer.verdict.refusal}`)
  for (const { tokens } of answer.transactions)
    for (const { verdict, reason } of tokens) assert(verdict === '11', `a benchmark's token got ${verdict}, ${reason}`)
}

/** Publications in flight at a time: each is some hundred kilobytes. */
const publicationsInFlight = 4

/** A fresh network in a directory of its own; `close` ends its processes and removes it. */
export async function openBenchNetwork(
  validators: number,
  progress: Progress,
  signal: AbortSignal,
  options: Pick<UpOptions, 'relay' | 'byzantine'> = {},
): Promise<BenchNetwork> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-bench-'))
  const clients: LedgerClient[] = []
  let network: RunningNetwork | undefined
  const close = async (): Promise<void> => {
    await Promise.all(clients.map(client => client.close()))
    if (network) await removeNetwork(network.files)
    fs.rmSync(home, { recursive: true, force: true })
  }
  try {
    network = await upNetwork(path.join(home, 'net'), { ...options, validators, clients: false }, progress, signal)
    const genesis = readGenesis(network.files.genesisFile)
    const bank = await connect(network, genesis, network.files.bank)
    clients.push(bank)
    const auditor = await connect(network, genesis, network.files.auditor)
    clients.push(auditor)
    return { ...benchNetwork(network, genesis, bank, auditor, signal), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Runs work on a fresh network that is gone afterwards. */
export async function onBenchNetwork<T>(
  validators: number,
  progress: Progress,
  signal: AbortSignal,
  work: (bench: BenchNetwork) => Promise<T>,
): Promise<T> {
  const bench = await openBenchNetwork(validators, progress, signal)
  try {
    return await work(bench)
  } finally {
    await bench.close()
  }
}

function benchNetwork(
  network: RunningNetwork,
  genesis: Genesis,
  bank: LedgerClient,
  auditor: LedgerClient,
  signal: AbortSignal,
): Omit<BenchNetwork, 'close'> {
  let usersMade = 0
  let previous: Digest = zeroDigest
  const bankKey = signingKeyFromSeed(readKeyFile(network.files.bank.keyFile).seed)
  const cpuNow = (): Map<string, number> => {
    const { user, system } = process.cpuUsage()
    const own: [string, number] = ['client', (user + system) / 1e6]
    return new Map([
      ...[...network.processes].map(([name, { run }]): [string, number] => [name, cpuSeconds(run.pid) ?? 0]),
      own,
    ])
  }
  return {
    network,
    genesis,
    bank,
    auditor,
    measure() {
      const [cpuBefore, start] = [cpuNow(), performance.now()]
      return () => ({
        seconds: (performance.now() - start) / 1000,
        cpu: new Map([...cpuNow()].map(([name, seconds]) => [name, seconds - (cpuBefore.get(name) ?? 0)])),
      })
    },
    async prepare(users, blocks, tokensPerBlock, progress) {
      const orders = ordersFor(network, genesis, { first: usersMade, count: users }, { blocks, tokensPerBlock })
      usersMade += users
      const step = Math.max(1, Math.floor(users / 4))
      const prepared = await prepareUsers(orders, done => {
        if (done % step === 0) progress(`signing tokens and blocks of users: ${done} of ${users}`)
      })
      const inFlight = new Set<Promise<void>>()
      for (const [index, { publication, hashes }] of prepared.entries()) {
        signal.throwIfAborted()
        const { bankCertificate: signer, tokenValue: value, issuedAt, payBy, expiry } = orders[index]!
        const heading = { network: genesisHash(genesis), signer, number: publication, previous }
        const record = signRecord({ kind: 'publication', ...heading, value, issuedAt, payBy, expiry, hashes }, bankKey)
        previous = record.digest
        const one = bank.submit(record).then(answer => {
          assertAllValid(answer)
          inFlight.delete(one)
        })
        inFlight.add(one)
        if (inFlight.size >= publicationsInFlight) await Promise.race(inFlight)
      }
      await Promise.all(inFlight)
      progress(`published ${prepared.length} batches of ${blocks * tokensPerBlock} tokens`)
      return prepared
    },
  }
}
