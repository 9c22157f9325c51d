// Where the work of the commands `channel …` is done: on the wallet's own sessions, or at a vendor's till.
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { SessionStanding } from '../../proto/verdict.ts'
import { identityOf, runningService } from '../common/actor-home.ts'
import { toMupibError } from '../common/errors.ts'
import { ownService } from '../common/http.ts'
import { interruptible, unlessAborted } from '../common/interrupt.ts'
import { openWalletHome } from '../user/home.ts'
import { openVendorHome, vendorFolder } from '../vendor/home.ts'
import type { VendorSessionShown } from '../vendor/sessions.ts'
import { ChannelClient } from './client.ts'
import { type Paid, Paying, type PayWishes, type Progress } from './paying.ts'
import type { ReputationTold } from './session-ledger.ts'
import { type ClientSessionShown, type OpeningWishes, WalletChannels } from './wallet-channels.ts'

/** Whose sessions: a wallet's folder, or a network's with the user's name. */
export interface Whose {
  readonly dir: string
  readonly user: string | undefined
}

/** How long a vendor may take to agree to a close, in milliseconds. */
const agreementMs = 15_000

/** Does something with a wallet's sessions; an interrupt ends it. */
function withChannels<T>(
  { dir, user }: Whose,
  work: (channels: WalletChannels, interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptible(async interrupted => {
    const ending = new AbortController()
    const channels = await WalletChannels.open(openWalletHome(dir, user), ending.signal).catch(inUse)
    try {
      return await work(channels, interrupted)
    } finally {
      ending.abort()
      await channels.close()
    }
  })
}

function inUse(error: unknown): never {
  if (toMupibError(error).code !== 'store_locked') throw error
  throw new MupibError('store_locked', 'another command uses the sessions of this wallet', {
    hint: 'wait until it is done, or end it with Ctrl-C',
  })
}

/** Opens a session, or takes one that was drafted to its opening. */
export function openChannel(
  whose: Whose,
  wishes: OpeningWishes | { readonly session: Digest },
): Promise<ClientSessionShown> {
  return withChannels(whose, async channels =>
    'session' in wishes ? channels.goOn(await channels.named(wishes.session)) : channels.open(wishes),
  )
}

/** Pays until it is done or interrupted: then what is on its way still comes. */
export function payChannel(
  whose: Whose,
  given: string | undefined,
  wishes: PayWishes,
  onProgress: (progress: Progress) => void,
): Promise<Paid> {
  return withChannels(whose, async (channels, interrupted) => {
    const session = await channels.named(given)
    const paying = await Paying.open(channels, session, wishes)
    try {
      return await paying.pay(wishes, interrupted, onProgress)
    } finally {
      await paying.stop()
    }
  })
}

/** How a session is to end. */
export interface CloseWishes {
  /** Without the vendor. */
  readonly alone: boolean
  /** Until the ledger has settled it. */
  readonly wait: boolean
}

/** Ends a session, with the vendor or alone, and has the claim carried. Repeating it gives what the ledger says by then. */
export function closeChannel(whose: Whose, given: string | undefined, wishes: CloseWishes): Promise<SessionStanding> {
  return withChannels(whose, async (channels, interrupted) => {
    const session = await channels.named(given)
    const standing = await closed(channels, session, wishes.alone)
    if (!wishes.wait || standing.state === 'settled') return standing
    return unlessAborted(interrupted, channels.settled(session))
  })
}

async function closed(channels: WalletChannels, session: Digest, alone: boolean): Promise<SessionStanding> {
  const before = channels.store.certified(session)?.standing
  if (before?.state === 'settled') return before
  const claim = await claimOf(channels, session, alone)
  if (!claim) return channels.ask(session)
  const certified = await channels.ledger.close(session, channels.terms(session), claim)
  await channels.learn(certified)
  return certified.standing
}

/** The client's last word on a session; undefined where the vendor says that it has ended already. */
async function claimOf(channels: WalletChannels, session: Digest, alone: boolean): Promise<SessionClaim | undefined> {
  const stored = channels.store.standing(session)?.claim
  if (stored) return stored
  if (alone) {
    const { store, home } = channels
    const client = await ChannelClient.load({ store, session, key: home.key, now: Date.now, onClaim: () => {} })
    try {
      return await client.closeAlone()
    } finally {
      await client.stop()
    }
  }
  let paying: Paying | undefined
  try {
    paying = await Paying.open(channels, session)
    return await paying.close(agreementMs)
  } catch (error) {
    if (!['refused', 'already_settled'].includes(toMupibError(error).code)) throw error
    const { state } = await channels.ask(session)
    if (state === 'open') throw error
    return undefined
  } finally {
    await paying?.stop()
  }
}

/** All sessions of a wallet. */
export async function showChannels(whose: Whose): Promise<ClientSessionShown[]> {
  return withChannels(whose, async channels => {
    // a bank that is away does not keep anybody from looking at what is here
    for (const session of await channels.store.sessions())
      if (channels.store.certified(session)?.standing.state !== 'settled') await channels.ask(session).catch(() => {})
    return channels.list()
  })
}

/** One session, with what its bank thinks of both parties. */
export async function showChannel(
  whose: Whose,
  given: string,
): Promise<
  ClientSessionShown & { readonly reputations?: { readonly client: ReputationTold; readonly vendor: ReputationTold } }
> {
  return withChannels(whose, async channels => {
    const session = await channels.named(given)
    await channels.ask(session).catch(() => {})
    const reputations = await channels.reputations(session).catch(() => undefined)
    return { ...(await channels.shown(session)), ...(reputations ? { reputations } : {}) }
  })
}

/** Asks the running till of a vendor. Throws `unreachable`. */
function askVendor<T>(dir: string, vendor: string, method: 'GET' | 'POST', path: string): Promise<T> {
  const running = runningService(dir, 'vendor', vendorFolder(vendor))
  if (!running)
    throw new MupibError('unreachable', `the vendor ${vendor} does not run`, { hint: 'mupib vendor serve starts it' })
  return ownService(identityOf(openVendorHome(dir, vendor)), running.http)(method, path)
}

/** The sessions of a vendor, whose till runs. Throws `unreachable`. */
export async function vendorChannels(dir: string, vendor: string): Promise<readonly VendorSessionJson[]> {
  const told = await askVendor<{ readonly sessions: readonly VendorSessionJson[] }>(dir, vendor, 'GET', '/sessions')
  return told.sessions
}

/** Has a vendor end a session by itself and claim what it was paid. Throws `unreachable`, `not_found`, `usage`. */
export async function endVendorChannel(dir: string, vendor: string, given: string): Promise<VendorSessionJson> {
  const found = (await vendorChannels(dir, vendor)).filter(({ session }) => session.startsWith(given))
  if (found.length !== 1) throw new MupibError('not_found', `${vendor} has no such session, or more than one: ${given}`)
  return askVendor(dir, vendor, 'POST', `/sessions/${found[0]!.session}/close`)
}

/** A session as the till answers it: amounts as text. */
export type VendorSessionJson = Omit<VendorSessionShown, 'unit' | 'paid'> & {
  readonly unit: string
  readonly paid?: string
}
