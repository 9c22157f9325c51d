// Payments per second of one session between two processes, each with a store of its own: this one is the client, channel-vendor.ts the vendor.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { ChannelClient, draftSession } from '../../cli/channel/client.ts'
import { noItem } from '../../cli/channel/client-rules.ts'
import { ChannelStore } from '../../cli/channel/store.ts'
import { rounded } from '../../cli/common/statistics.ts'
import { createHost, type Host } from '../../node/network/host.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { sha256, zeroDigest } from '../../proto/hash.ts'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { encodeTerms, type LockSuiteName, signSession } from '../../proto/session/terms.ts'
import { forkTypeScript } from '../worker-pool.ts'
import type { VendorOrder, VendorReport } from './channel-vendor.ts'
import type { BenchRow } from './row.ts'

export interface ChannelBench {
  readonly suite: LockSuiteName
  /** Units that the client pays ahead of their service. */
  readonly ahead: number
  readonly lockBatch: number
  readonly paymentsMax: number
  /** Ends after so many payments or so many seconds, whichever comes first. */
  readonly payments: number
  readonly seconds: number
}

export interface ChannelFigures {
  readonly payments: number
  readonly seconds: number
  readonly perSecond: number
  /** Processor time of each side for one payment. */
  readonly clientCpuMs: number
  readonly vendorCpuMs: number
  readonly setupMs: number
  readonly closeMs: number
}

const day = 86_400_000
const clientSeed = sha256(Buffer.from('the client of a benchmark'))

async function ask<T extends VendorReport>(child: ChildProcess, message: object | string): Promise<T> {
  const answer = once(child, 'message')
  child.send(message)
  return (await answer)[0] as T
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const networkTag = 'channel-bench'

/** Runs one session from its draft to the joint close, and yields what it cost. */
async function measureChannel(bench: ChannelBench, signal?: AbortSignal): Promise<ChannelFigures> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-channel-'))
  const file = new URL('./channel-vendor.ts', import.meta.url)
  const child = forkTypeScript(file, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const toClose: (() => Promise<unknown>)[] = []
  try {
    const order: VendorOrder = { networkTag, folder: path.join(folder, 'vendor'), lockBatch: bench.lockBatch }
    const vendor = await ask<Extract<VendorReport, { publicKey: string }>>(child, order)
    const host = await createHost({
      privateKey: clientSeed,
      listen: [],
      networkTag,
      isAdmitted: () => 'vendor',
    })
    toClose.push(() => host.stop())
    await host.start()
    const database = await openLevelDatabase(path.join(folder, 'client'), { genesisHash: bytesOfHex(zeroDigest) })
    const store = new ChannelStore(database)
    toClose.push(() => store.close())
    const startedAt = performance.now()
    const client = await setUp(bench, host, store, vendor, child)
    toClose.push(() => client.stop())
    const setupMs = performance.now() - startedAt
    return { ...(await stream(bench, client, child, signal)), setupMs }
  } finally {
    for (const close of toClose.reverse()) await close()
    const gone = once(child, 'exit')
    child.disconnect()
    await gone
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** Terms, the vendor's acceptance, and payment 0. */
async function setUp(
  { suite, paymentsMax, ahead }: ChannelBench,
  host: Host,
  store: ChannelStore,
  { multiaddrs, publicKey }: { readonly multiaddrs: readonly string[]; readonly publicKey: string },
  child: ChildProcess,
): Promise<ChannelClient> {
  const key = signingKeyFromSeed(clientSeed)
  const now = Date.now()
  const wishes = {
    network: zeroDigest,
    bank: zeroDigest,
    vendor: bytesOfHex(publicKey),
    suite,
    unit: 1n,
    paymentsMax,
    openBy: now + day,
    expiry: now + 2 * day,
    windowMs: day,
  }
  const { session, terms } = await draftSession(store, wishes, key.publicKey, { name: 'vendor', url: '' })
  const offer = { terms: toHex(encodeTerms(terms)), client: toHex(signSession(session, 'client', key)) }
  await ask(child, offer)
  const client = await ChannelClient.load({ store, session, key, ahead, now: () => Date.now(), onClaim: () => {} })
  client.connect(host, multiaddrs)
  return client
}

async function stream(
  { payments, seconds, ahead }: ChannelBench,
  client: ChannelClient,
  child: ChildProcess,
  signal: AbortSignal | undefined,
): Promise<Omit<ChannelFigures, 'setupMs'>> {
  await client.pay(noItem)
  const vendorBefore = await ask<Extract<VendorReport, { cpuSeconds: number }>>(child, 'report')
  const clientBefore = cpuSeconds()
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  let left = payments
  // as many pay at once as may be ahead: the next is wanted as soon as one was served
  const payOn = async (): Promise<void> => {
    while (left-- > 0 && performance.now() < endsAt && !signal?.aborted) await client.pay(noItem)
  }
  await Promise.all(Array.from({ length: ahead }, payOn))
  const elapsed = (performance.now() - startedAt) / 1000
  const paid = client.served - 1
  const clientUsed = cpuSeconds() - clientBefore
  const vendorAfter = await ask<Extract<VendorReport, { cpuSeconds: number }>>(child, 'report')
  const closedAt = performance.now()
  await client.close()
  return {
    payments: paid,
    seconds: elapsed,
    perSecond: paid / elapsed,
    clientCpuMs: (clientUsed * 1000) / paid,
    vendorCpuMs: ((vendorAfter.cpuSeconds - vendorBefore.cpuSeconds) * 1000) / paid,
    closeMs: performance.now() - closedAt,
  }
}

/** Rows for the default suite, each of half the time: each lock checked before its unit is served, and locks in batches. */
export async function benchChannel(seconds: number, signal: AbortSignal): Promise<BenchRow[]> {
  const common = { suite: 'schnorr', paymentsMax: 200_000, payments: 200_000, seconds: seconds / 2 } as const
  const single = await measureChannel({ ...common, ahead: 1, lockBatch: 1 }, signal)
  const batched = await measureChannel({ ...common, ahead: 64, lockBatch: 64 }, signal)
  return [
    rowOf('payments of one session, each lock checked on arrival, 1 unit ahead', single),
    rowOf('payments of one session, locks checked by 64, up to 64 units ahead', batched),
  ]
}

const rowOf = (operation: string, figures: ChannelFigures): BenchRow => ({
  operation,
  value: Math.round(figures.perSecond),
  unit: 'payments/s',
  detail:
    `${figures.payments} payments in ${rounded(figures.seconds)} s; processor ms for each: client ` +
    `${rounded(figures.clientCpuMs, 2)}, vendor ${rounded(figures.vendorCpuMs, 2)}`,
})
