// Keeps a connection to each peer of a list, for ever: at once after a disconnect, then with capped pauses. libp2p itself gives up after a few tries.

import { MupibError } from '../../proto/errors.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import type { Host } from './host.ts'
import { networkLimits } from './limits.ts'

export interface RedialPeer {
  peerId: string
  multiaddrs: readonly string[]
}

export interface RedialerOptions {
  host: Host
  peers: readonly RedialPeer[]
  /**
   * True where the peers dial us as well: then the peer with the smaller id dials at once and the other one a moment later, if there
   * is still no connection. Two connections that nevertheless arise both stay.
   */
  isMutual: boolean
  /** Uniform in [0, 1). */
  random: () => number
  /** Longest pause between two attempts. */
  capMs?: number
  onConnect?: (peerId: string) => void
  onDisconnect?: (peerId: string) => void
}

export interface Redialer {
  add(peer: RedialPeer): void
  remove(peerId: string): void
  /** Takes effect with the next attempt; a peer in its pause is dialled at once. */
  setAddresses(peerId: string, multiaddrs: readonly string[]): void
  stop(): void
}

interface Target {
  multiaddrs: readonly string[]
  backoff: Backoff
  timer: NodeJS.Timeout | undefined
  isDialling: boolean
  connectedAt: number
  lastError: string | undefined
}

/** Starts dialling; everything ends with `stop`. */
export function createRedialer(options: RedialerOptions): Redialer {
  const { host, random, capMs = networkLimits.redialCapMs } = options
  const targets = new Map<string, Target>()
  const slowTimers = new Set<NodeJS.Timeout>()
  let isStopped = false

  const politeMs = (peerId: string, headStartMs: number): number =>
    options.isMutual && peerId < host.peerId ? headStartMs * (1 + random()) : 0

  const schedule = (peerId: string, target: Target, pauseMs: number): void => {
    clearTimeout(target.timer)
    target.timer = undefined
    if (isStopped || target.isDialling || host.isConnected(peerId)) return
    if (pauseMs === 0) attempt(peerId, target)
    else target.timer = setTimeout(() => attempt(peerId, target), pauseMs)
  }

  // Dialling everybody at once makes every dial slow; one at a time lets a peer that hangs hold up the others.
  const turns: (() => void)[] = []
  let turnsTaken = 0
  const takeTurn = (task: () => Promise<void>): void => {
    if (turnsTaken >= networkLimits.redialParallel) {
      turns.push(() => takeTurn(task))
      return
    }
    turnsTaken += 1
    let isGivenUp = false
    const giveUp = (): void => {
      if (isGivenUp) return
      isGivenUp = true
      clearTimeout(slow)
      slowTimers.delete(slow)
      turnsTaken -= 1
      turns.shift()?.()
    }
    const slow = setTimeout(giveUp, networkLimits.redialSlowMs)
    slowTimers.add(slow)
    task().then(giveUp, giveUp)
  }

  const attempt = (peerId: string, target: Target): void => {
    target.timer = undefined
    target.isDialling = true
    takeTurn(() => dial(peerId, target))
  }

  const dial = async (peerId: string, target: Target): Promise<void> => {
    const isWanted = (): boolean => !isStopped && targets.get(peerId) === target && !host.isConnected(peerId)
    try {
      if (isWanted() && target.multiaddrs.length > 0) await host.dial(peerId, target.multiaddrs)
    } catch (error) {
      const cause = error instanceof MupibError && error.cause instanceof Error ? error.cause : error
      const reason = cause instanceof Error ? cause.message : String(cause)
      // a peer that stays away is worth one line, not one a second
      if (reason !== target.lastError && !isStopped) host.log({ kind: 'dial_failed', peerId, reason })
      target.lastError = reason
    }
    target.isDialling = false
    // also after a success: the connection may be lost again by now, and nobody else would try
    if (isWanted()) schedule(peerId, target, target.backoff.next())
  }

  const stopListening = host.onPeers({
    onConnect(peerId) {
      const target = targets.get(peerId)
      if (target === undefined) return
      clearTimeout(target.timer)
      target.timer = undefined
      target.connectedAt = performance.now()
      target.lastError = undefined
      options.onConnect?.(peerId)
    },
    onDisconnect(peerId) {
      const target = targets.get(peerId)
      if (target === undefined) return
      // a peer that takes the connection and drops it at once is not dialled in a tight loop
      const wasStable = performance.now() - target.connectedAt >= networkLimits.redialStableMs
      if (wasStable) target.backoff.reset()
      schedule(peerId, target, politeMs(peerId, networkLimits.redialPoliteMs) + (wasStable ? 0 : target.backoff.next()))
      options.onDisconnect?.(peerId)
    },
  })

  const redialer: Redialer = {
    add({ peerId, multiaddrs }) {
      if (peerId === host.peerId || targets.has(peerId) || isStopped) return
      const backoff = createBackoff({ firstMs: networkLimits.redialFirstMs, capMs, random })
      const target: Target = {
        multiaddrs,
        backoff,
        timer: undefined,
        isDialling: false,
        connectedAt: 0,
        lastError: undefined,
      }
      targets.set(peerId, target)
      if (host.isConnected(peerId)) target.connectedAt = performance.now()
      schedule(peerId, target, politeMs(peerId, networkLimits.redialPoliteStartMs))
    },
    remove(peerId) {
      clearTimeout(targets.get(peerId)?.timer)
      targets.delete(peerId)
    },
    setAddresses(peerId, multiaddrs) {
      const target = targets.get(peerId)
      if (target === undefined) return
      target.multiaddrs = multiaddrs
      target.backoff.reset()
      schedule(peerId, target, 0)
    },
    stop() {
      isStopped = true
      stopListening()
      for (const target of targets.values()) clearTimeout(target.timer)
      targets.clear()
      for (const timer of slowTimers) clearTimeout(timer)
      turns.length = 0
    },
  }
  for (const peer of options.peers) redialer.add(peer)
  return redialer
}
