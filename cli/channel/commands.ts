// The commands `channel …`: a session with a vendor, from its opening to its settlement.
import { type Command, Option } from 'commander'
import { limits } from '../../proto/limits.ts'
import { parseAmount } from '../../proto/money.ts'
import { type LockSuiteName, lockSuites } from '../../proto/session/terms.ts'
import type { SessionStanding } from '../../proto/verdict.ts'
import { durationMs, ratePerSecond } from '../common/durations.ts'
import { exitCodes } from '../common/errors.ts'
import { isoTime, type Output, outputOf, pairs, short, table } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'
import { channelLimits } from './limits.ts'
import type { VendorSessionJson } from './operations.ts'
import type { Paid, Progress } from './paying.ts'
import type { ClientSessionShown } from './wallet-channels.ts'

// what a command needs is loaded when it runs: `mupib --help` has to be quick
const operationsModule = () => import('./operations.ts')

interface UserOptions {
  readonly user?: string
}

const chosen = (command: Command): Command =>
  command.option('--user <name>', 'whose sessions, where --dir is the directory of a network')

/** Adds `channel` with its subcommands. */
export function addChannelCommands(program: Command): Command {
  const channel = program
    .command('channel')
    .description('sessions: many small payments to one vendor, two records on the ledger')
  addOpen(channel)
  addPay(channel)
  addClose(channel)
  addShow(channel)
  return channel
}

interface OpenOptions extends UserOptions {
  readonly vendor?: string
  readonly session?: string
  readonly payments?: number
  readonly unit?: string
  readonly suite: LockSuiteName
  readonly expires: number
  readonly window?: number
}

function addOpen(channel: Command): void {
  const suites = Object.keys(lockSuites) as LockSuiteName[]
  withExamples(
    chosen(
      channel.command('open').description('open a session: the bank holds money for all its payments until it ends'),
    )
      .option('--vendor <vendor>', 'its name in services.json, or its address')
      .option(
        '--payments <n>',
        'how many there may be (default: 1000, or as many as the vendor takes)',
        wholeNumber(1, limits.sessionPayments),
      )
      .option('--unit <amount>', 'money of one payment, in minor units (default: what the vendor asks)')
      .addOption(new Option('--suite <name>', 'how signatures are locked').choices(suites).default('schnorr'))
      .addOption(
        new Option('--expires <time>', 'when it ends by itself').argParser(durationMs).default(86_400_000, '24h'),
      )
      .option('--window <time>', 'how long the vendor may answer a close (default: what it asks)', durationMs)
      .option('--session <session>', 'go on with one whose opening was interrupted')
      .action(async (options: OpenOptions, command: Command) => {
        const output = outputOf(command)
        const { openChannel } = await operationsModule()
        const whose = { dir: output.dir, user: options.user }
        const { session, vendor, payments, unit, suite, expires, window } = options
        if ((session === undefined) === (vendor === undefined)) {
          const { MupibError } = await import('../../proto/errors.ts')
          throw new MupibError('usage', 'with whom? --vendor NAME, or --session for one that was begun')
        }
        output.progress('the vendor accepts, the bank holds the money, the ledger opens the session')
        const opened = await openChannel(
          whose,
          session !== undefined
            ? { session }
            : {
                vendor: vendor!,
                payments,
                suite,
                expiresInMs: expires,
                ...(unit === undefined ? {} : { unit: parseAmount(unit) }),
                ...(window === undefined ? {} : { windowMs: window }),
              },
        )
        output.result(shownJson(opened), () => sessionText(opened))
      }),
    'mupib channel open --vendor kiosk --payments 10000 --user alice',
    'mupib channel open --vendor kiosk --payments 600 --unit 2 --expires 2h --window 1m --user alice',
  )
}

interface PayOptions extends UserOptions {
  readonly rate?: number
  readonly for?: number
  readonly count?: number
  readonly ahead: number
  readonly out?: string
}

function addPay(channel: Command): void {
  withExamples(
    chosen(
      channel
        .command('pay [session]')
        .description('pay unit by unit, each one for the unit that comes for it; Ctrl-C ends it in order'),
    )
      .option('--rate <rate>', 'how fast, such as 100/s (default: as fast as units come)', ratePerSecond)
      .option('--for <time>', 'how long, such as 60s', durationMs)
      .option('--count <n>', 'how many payments', wholeNumber(1, limits.sessionPayments))
      .option('--ahead <n>', 'units paid before they came: what is at risk', wholeNumber(1, channelLimits.ahead), 1)
      .option('--out <file>', 'write the pieces of a file that the vendor sells there')
      .action(async (given: string | undefined, options: PayOptions, command: Command) => {
        const output = outputOf(command)
        const { payChannel } = await operationsModule()
        const { user, rate, for: forMs, count, ahead, out } = options
        const wishes = { rate, seconds: forMs === undefined ? undefined : forMs / 1000, count, ahead, out }
        const line = liveLine(output)
        const paid = await payChannel({ dir: output.dir, user }, given, wishes, progress =>
          line.show(progressText(progress)),
        )
        line.end()
        output.result(paid, paidText)
        if (paid.ended !== null) process.exitCode = exitCodes.refused
      }),
    'mupib channel pay --rate 100/s --for 60s --user alice',
    'mupib channel pay 5d1e --count 500 --ahead 16 --out film.mp4 --user alice',
  )
}

const progressText = ({ paid, served, perSecond, seconds, spent, left }: Progress): string =>
  `${paid} paid, ${served} came, ${perSecond}/s, ${Math.round(seconds)} s; ${spent} spent, ${left} payments left`

function paidText(paid: Paid): string {
  const waited = paid.p50Ms === null ? '' : `; a unit came after ${paid.p50Ms} ms (p50), ${paid.p99Ms} ms (p99)`
  const ended = paid.ended === null ? '' : `\nended: ${paid.ended}`
  return `${progressText(paid)}${waited}${ended}`
}

/** One line that changes on a terminal, and a line now and then elsewhere. */
function liveLine(output: Output): { show(text: string): void; end(): void } {
  const isLive = process.stderr.isTTY === true && !output.quiet
  let shown = 0
  return {
    show(text) {
      if (isLive) process.stderr.write(`\r\x1b[K${text}`)
      else if (shown++ % quietEvery === 0) output.progress(text)
    },
    end: () => void (isLive && process.stderr.write('\r\x1b[K')),
  }
}

/** Of the lines that come each second, so many are left out where they cannot replace each other. */
const quietEvery = 10

interface CloseOptions extends UserOptions {
  readonly alone?: boolean
  readonly wait?: boolean
  readonly vendor?: string
}

function addClose(channel: Command): void {
  withExamples(
    chosen(
      channel
        .command('close [session]')
        .description('end a session: the vendor gets what was paid, the rest comes back'),
    )
      .option('--alone', 'without the vendor; it may show more payments until the window ends')
      .option('--wait', 'until the ledger has settled it')
      .option('--vendor <name>', 'as this vendor, whose till runs: without the client, with what it was paid')
      .action(async (given: string | undefined, options: CloseOptions, command: Command) => {
        const output = outputOf(command)
        const { closeChannel, endVendorChannel } = await operationsModule()
        if (options.vendor !== undefined) {
          const ended = await endVendorChannel(output.dir, options.vendor, await sessionNamed(given))
          output.result(ended, () => vendorTable([ended]))
          return
        }
        const whose = { dir: output.dir, user: options.user }
        const wishes = { alone: options.alone === true, wait: options.wait === true }
        const standing = await closeChannel(whose, given, wishes)
        output.result(standingJson(standing), () => standingText(standing))
      }),
    'mupib channel close --user alice',
    'mupib channel close 5d1e --alone --wait --user alice',
    'mupib channel close 5d1e --vendor kiosk',
  )
}

async function sessionNamed(given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const { MupibError } = await import('../../proto/errors.ts')
  throw new MupibError('usage', 'which session?', { hint: 'mupib channel show --vendor NAME lists them' })
}

const standingJson = ({ windowEnd, ...rest }: SessionStanding): Record<string, unknown> => ({
  ...rest,
  ...(rest.state === 'settled' ? {} : { windowEnd: isoTime(windowEnd) }),
})

const shownJson = ({ standing, expiry, ...rest }: ClientSessionShown): Record<string, unknown> => ({
  ...rest,
  expiry: isoTime(expiry),
  ...(standing ? { standing: standingJson(standing) } : {}),
})

function standingText({ state, index, paid, returned, windowEnd, by }: SessionStanding): string {
  if (state === 'settled') return `settled after ${index} payments (${by}): ${paid} to the vendor, ${returned} back`
  if (state === 'closing')
    return `closing after ${index} payments: the vendor may show more until ${isoTime(windowEnd)}`
  return `open; the vendor may claim until ${isoTime(windowEnd)}`
}

const sessionText = (shown: ClientSessionShown): string =>
  pairs([
    ['session', shown.session],
    ['vendor', shown.vendor],
    ['state', shown.standing ? standingText(shown.standing) : 'draft: mupib channel open --session goes on with it'],
    ['payments', `${shown.made} of ${shown.paymentsMax}, ${shown.unit} each (${shown.suite} locks)`],
    ['spent', `${shown.unit * BigInt(shown.made)} of ${shown.unit * BigInt(shown.paymentsMax)} in escrow`],
    ['ends', isoTime(shown.expiry)],
    ['window', `${shown.windowMs / 1000} s`],
  ])

function addShow(channel: Command): void {
  withExamples(
    chosen(
      channel.command('show [session]').description("a wallet's sessions; one of them with both parties' reputations"),
    )
      .option('--vendor <name>', 'the sessions of this vendor, whose till runs, instead')
      .action(async (given: string | undefined, options: UserOptions & { vendor?: string }, command: Command) => {
        const output = outputOf(command)
        const { showChannel, showChannels, vendorChannels } = await operationsModule()
        if (options.vendor !== undefined) {
          const sessions = await vendorChannels(output.dir, options.vendor)
          output.result(sessions, vendorTable)
          return
        }
        const whose = { dir: output.dir, user: options.user }
        if (given === undefined) {
          const shown = await showChannels(whose)
          output.result(shown.map(shownJson), () => sessionsTable(shown))
          return
        }
        const { reputations, ...shown } = await showChannel(whose, given)
        output.result({ ...shownJson(shown), ...(reputations ? { reputations } : {}) }, () =>
          reputations
            ? `${sessionText(shown)}\nreputation  client ${reputations.client.reputation}, vendor ${reputations.vendor.reputation}`
            : sessionText(shown),
        )
      }),
    'mupib channel show --user alice',
    'mupib channel show 5d1e --user alice',
    'mupib channel show --vendor kiosk',
  )
}

const vendorTable = (rows: readonly VendorSessionJson[]): string =>
  table(
    rows,
    [
      { head: 'session', cell: row => short(row.session) },
      { head: 'client', cell: row => short(row.client) },
      { head: 'state', cell: row => row.state },
      { head: 'held', cell: row => `${row.here.held} of ${row.paymentsMax}`, right: true },
      { head: 'served', cell: row => row.here.served, right: true },
      { head: 'locks checked', cell: row => row.here.checked, right: true },
      { head: 'unit', cell: row => row.unit, right: true },
      { head: 'paid', cell: row => row.paid ?? '', right: true },
      { head: 'ends', cell: row => isoTime(row.expiry) },
    ],
    'no sessions',
  )

const sessionsTable = (rows: readonly ClientSessionShown[]): string =>
  table(
    rows,
    [
      { head: 'session', cell: row => short(row.session) },
      { head: 'vendor', cell: row => row.vendor },
      { head: 'state', cell: row => row.state },
      { head: 'paid', cell: row => `${row.made} of ${row.paymentsMax}`, right: true },
      { head: 'unit', cell: row => row.unit, right: true },
      { head: 'to vendor', cell: row => row.standing?.paid ?? '', right: true },
      { head: 'back', cell: row => row.standing?.returned ?? '', right: true },
      { head: 'ends', cell: row => isoTime(row.expiry) },
    ],
    'no sessions',
  )
