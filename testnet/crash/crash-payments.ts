// kill -9 under load: users shop, and bank, auditor, vendors and wallets are killed and started again at moments that a seed draws. Afterwards
// every open thing is taken up, and the books, the tokens and the deliveries are counted.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as path from 'node:path'
import { openWalletHome } from '../../cli/user/home.ts'
import { createWallet } from '../../cli/user/operations.ts'
import { assert, MupibError } from '../../proto/errors.ts'
import { killActor, restartActor } from '../control.ts'
import type { Actor, NetworkFiles } from '../folders.ts'
import type { Progress } from '../network.ts'
import { SeededRandom } from '../random.ts'
import { connectNetwork, fundUser, type ReplayedNetwork } from '../replay/parties.ts'
import { runProgram } from '../run-program.ts'
import { forkTypeScript } from '../worker-pool.ts'
import type { ShopperReport } from './shopper.ts'

export interface CrashOptions {
  readonly seed: number
  readonly kills: number
  readonly users: number
}

export interface CrashResult {
  readonly kills: Readonly<Record<string, number>>
  readonly purchases: number
  readonly issued: number
  /** What does not hold; empty where everything does. */
  readonly faults: readonly string[]
}

/** Longest pause between two kills, in milliseconds. */
const pauseMsMax = 500
/** What every user has to spend, in tokens. */
const purseTokens = 100_000

/** A wallet process, started again after each kill. */
class Shopper {
  readonly name: string
  readonly #args: readonly string[]
  #child: ChildProcess
  #report: Promise<ShopperReport>

  constructor(name: string, args: readonly string[]) {
    this.name = name
    this.#args = args
    const { child, report } = this.#start()
    this.#child = child
    this.#report = report
  }

  #start(): { child: ChildProcess; report: Promise<ShopperReport> } {
    const file = new URL('./shopper.ts', import.meta.url)
    const child = forkTypeScript(file, this.#args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const report = new Promise<ShopperReport>((resolve, reject) => {
      child.on('message', (message: { type: string; report: ShopperReport }) => {
        if (message.type === 'report') resolve(message.report)
      })
      child.once('exit', (code, signal) =>
        reject(new MupibError('bug', `${this.name} ended (${code ?? signal}): ${said}`)),
      )
    })
    report.catch(() => {})
    return { child, report }
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
    const { child, report } = this.#start()
    this.#child = child
    this.#report = report
  }

  /** Has it finish what is open; resolves with what it holds then. */
  async finish(): Promise<ShopperReport> {
    this.#child.send({ type: 'stop' })
    return this.#report
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

async function startShoppers(network: ReplayedNetwork, { users, seed }: CrashOptions): Promise<Shopper[]> {
  const { files, tokenValue } = network
  const vendors = files.vendors.map(({ name }) => name)
  return Promise.all(
    Array.from({ length: users }, async (_, index) => {
      const name = `shopper-${index + 1}`
      await createWallet(files.dir, name)
      const { certificate } = openWalletHome(files.dir, name)
      await fundUser(network, certificate, BigInt(purseTokens) * tokenValue, `crash run of ${name}`)
      return new Shopper(name, [path.join(files.usersFolder, name), String(seed + index), ...vendors])
    }),
  )
}

async function killActorOnce(actor: Actor): Promise<void> {
  await killActor(actor)
  await restartActor(actor)
}

/** Kills and restarts under load, then counts. The network runs bank, auditor and at least one vendor. */
export async function crashPayments(
  files: NetworkFiles,
  options: CrashOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<CrashResult> {
  const random = new SeededRandom(options.seed)
  const network = connectNetwork(files)
  const shoppers = await startShoppers(network, options)
  const kills: Record<string, number> = {}
  try {
    const victims: (Actor | Shopper)[] = [files.bank, ...files.auditors, ...files.vendors, ...shoppers]
    for (let count = 1; count <= options.kills; count++) {
      signal.throwIfAborted()
      // the moment is the experiment: nobody waits on this pause
      await new Promise(resolve => setTimeout(resolve, random.integer(0, pauseMsMax)))
      const victim = random.pick(victims)
      kills[victim.name] = (kills[victim.name] ?? 0) + 1
      await (victim instanceof Shopper ? victim.kill() : killActorOnce(victim))
      if (count % 10 === 0) progress(`${count} of ${options.kills} kills`)
    }
    progress('no more kills: wallets finish what is open')
    const reports = await Promise.all(shoppers.map(shopper => shopper.finish()))
    progress('the auditor sends what is queued, and the books are held against each other')
    const { outbox } = await network.auditor<{ outbox: Outbox }>('POST', '/flush', {})
    const { faults, ...counted } = await count(network, reports, signal)
    const isThrough = outbox.transfers.open === 0 && outbox.redemptions.open === 0
    return { kills, ...counted, faults: isThrough ? faults : [`the outbox holds ${JSON.stringify(outbox)}`, ...faults] }
  } finally {
    for (const shopper of shoppers) shopper.end()
  }
}

interface Outbox {
  readonly transfers: { readonly open: number; readonly lastFailure?: string }
  readonly redemptions: { readonly open: number; readonly lastFailure?: string }
}

interface BankBooks {
  readonly outstandingTokens: readonly {
    readonly publication: number
    readonly issued: number
    readonly redeemed: number
    readonly outstanding: number
  }[]
}

interface SoldItem {
  readonly payment: string
  readonly state: string
}

async function count(
  network: ReplayedNetwork,
  reports: readonly ShopperReport[],
  signal: AbortSignal,
): Promise<Omit<CrashResult, 'kills'>> {
  const { files } = network
  const faults: string[] = []
  const expect = (holds: boolean, what: string): void => {
    if (!holds) faults.push(what)
  }
  const books = await network.bank<BankBooks>('GET', '/books')
  const sum = (of: (row: BankBooks['outstandingTokens'][number]) => number): number =>
    books.outstandingTokens.reduce((total, row) => total + of(row), 0)
  const free = reports.flatMap(report => report.free)
  const spent = reports.reduce((total, { totals }) => total + (totals.spent ?? 0), 0)
  expect(new Set(free).size === free.length, 'a token is free in two wallets')
  expect(
    sum(row => row.issued) === free.length + spent,
    `issued ${sum(row => row.issued)}, but free ${free.length} and spent ${spent}`,
  )
  expect(sum(row => row.redeemed) === spent, `spent ${spent}, but redeemed ${sum(row => row.redeemed)}`)
  expect(
    sum(row => row.outstanding) === free.length,
    `free ${free.length}, but outstanding ${sum(row => row.outstanding)}`,
  )
  const delivered = reports.flatMap(report => report.delivered)
  const sales = await Promise.all(files.vendors.map(vendor => salesOf(files, vendor, signal)))
  const sold = sales
    .flat()
    .filter(({ state }) => state === 'delivered')
    .map(({ payment }) => payment)
  expect(new Set(sold).size === sold.length, 'a payment was delivered for twice')
  const bought = new Set(delivered)
  expect(
    sold.every(payment => bought.has(payment)),
    'a vendor delivered what no wallet counts as spent',
  )
  expect(sold.length === bought.size, `wallets count ${bought.size} deliveries, vendors ${sold.length}`)
  const reconciled = await runProgram(['auditor', 'books', '--reconcile', '--dir', files.dir, '--json'], signal)
  expect(reconciled.exitCode === 0, `the books do not balance: ${reconciled.output || reconciled.errors}`)
  return { purchases: sold.length, issued: sum(row => row.issued), faults }
}

async function salesOf(files: NetworkFiles, vendor: Actor, signal: AbortSignal): Promise<readonly SoldItem[]> {
  const { exitCode, output, errors } = await runProgram(['vendor', 'sales', '--dir', vendor.folder, '--json'], signal)
  assert(exitCode === 0, `vendor sales of ${vendor.name} in ${files.dir}: ${errors}`)
  return JSON.parse(output) as SoldItem[]
}
