// Stands between the validators of a network: one loopback port for each ordered pair (from, to), forwarded to `to`'s own address. Rules
// for from → to hold for the bytes that flow so, whoever of the two dialled.
import * as net from 'node:net'
import { MupibError } from '../../proto/errors.ts'
import { Flow, type Lane, resetSocket, type Treatment } from './flow.ts'
import type { Direction, LinkRule, LinkRules, LinkState } from './rules.ts'

/** Ports by who dials and whom: ports[from][to]. */
export type LinkPorts = Readonly<Record<string, Readonly<Record<string, number>>>>

export interface RelayOptions {
  readonly validators: readonly string[]
  /** Ports to listen on; the system chooses those that are not named. */
  readonly ports: LinkPorts
  /** Where a validator listens itself, as of now; undefined while nobody knows. */
  addressOf(validator: string): { readonly host: string; readonly port: number } | undefined
  /** Uniform in [0, 1). */
  readonly random: () => number
}

interface Connection {
  readonly dialler: net.Socket
  readonly dialled: net.Socket
  readonly flows: readonly Flow[]
}

/** Directions that are cut and mended at the same moments. */
interface Flapping {
  readonly lanes: Set<LinkLane>
  isDown: boolean
  timer: NodeJS.Timeout | undefined
}

interface LinkLane extends Lane, Direction {
  rules: LinkRules
  flapping: Flapping | undefined
  readonly server: net.Server
  port: number
  /** Those that `from` dialled. */
  readonly connections: Set<Connection>
}

const isSame = (some: LinkRules, others: LinkRules): boolean => {
  const text = ({ delayMs, jitterMs, bytesPerSecond, cut, stalled, flap }: LinkRules): string =>
    JSON.stringify([
      delayMs ?? 0,
      jitterMs ?? 0,
      bytesPerSecond,
      cut ?? false,
      stalled ?? false,
      flap?.downMs,
      flap?.upMs,
    ])
  return text(some) === text(others)
}

const isCut = ({ rules, flapping }: LinkLane): boolean => rules.cut === true || flapping?.isDown === true

const treatmentOf = (lane: LinkLane): Treatment => ({
  delayMs: lane.rules.delayMs ?? 0,
  jitterMs: lane.rules.jitterMs ?? 0,
  bytesPerSecond: lane.rules.bytesPerSecond,
  waits: lane.rules.stalled === true || isCut(lane),
})

const sameTreatment: Treatment = { delayMs: 0, jitterMs: 0, bytesPerSecond: undefined, waits: false }

export class Relay {
  readonly #options: RelayOptions
  readonly #lanes = new Map<string, Map<string, LinkLane>>()

  private constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Listens on all ports. Throws `port_taken` where one of those wanted is taken. */
  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options)
    try {
      await Promise.all(
        options.validators.flatMap(from =>
          options.validators.filter(to => to !== from).map(to => relay.#open(from, to, options.ports[from]?.[to] ?? 0)),
        ),
      )
      return relay
    } catch (error) {
      await relay.close()
      throw error
    }
  }

  /** The ports that it listens on. */
  ports(): LinkPorts {
    return Object.fromEntries(
      [...this.#lanes].map(([from, lanes]) => [
        from,
        Object.fromEntries([...lanes].map(([to, { port }]) => [to, port])),
      ]),
    )
  }

  links(): LinkState[] {
    return this.#all().map(lane => {
      const { from, to, rules, port, bytes } = lane
      return { from, to, rules, port, bytes, connections: lane.connections.size + this.#reverse(lane).connections.size }
    })
  }

  /** Puts rules on directions in place of those that they had. Throws `usage` where one is unknown; then nothing has changed. */
  set(changes: readonly LinkRule[]): void {
    const changed = new Map(changes.map(({ from, to, rules }) => [this.#lane(from, to), rules]))
    const flapping = new Map<string, Flapping>()
    const touched = [...changed].filter(([lane, rules]) => !isSame(lane.rules, rules))
    for (const [lane, rules] of touched) {
      lane.rules = rules
      this.#endFlapping(lane)
      if (!rules.flap) continue
      const key = `${rules.flap.downMs} ${rules.flap.upMs}`
      const together = flapping.get(key) ?? { lanes: new Set(), isDown: false, timer: undefined }
      flapping.set(key, together)
      together.lanes.add(lane)
      lane.flapping = together
    }
    for (const together of flapping.values()) together.isDown = true
    for (const together of flapping.values()) this.#flapLater(together)
    this.#apply(touched.map(([lane]) => lane))
  }

  heal(): void {
    this.set(this.#all().map(({ from, to }) => ({ from, to, rules: {} })))
  }

  /** Resets the connections between these pairs, whoever dialled; gives how many there were. */
  reset(pairs: readonly Direction[] | undefined): number {
    const lanes = pairs?.flatMap(({ from, to }) => [this.#lane(from, to), this.#lane(to, from)]) ?? this.#all()
    let count = 0
    for (const lane of new Set(lanes)) count += this.#resetAll(lane)
    return count
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#all().map(lane => {
        this.#endFlapping(lane)
        this.#resetAll(lane)
        return new Promise<void>(resolve => lane.server.close(() => resolve()))
      }),
    )
  }

  #all(): LinkLane[] {
    return [...this.#lanes.values()].flatMap(lanes => [...lanes.values()])
  }

  #lane(from: string, to: string): LinkLane {
    const lane = this.#lanes.get(from)?.get(to)
    if (!lane)
      throw new MupibError('usage', `there is no link from ${from} to ${to}`, {
        hint: `links join ${this.#options.validators.join(', ')}`,
      })
    return lane
  }

  #reverse({ from, to }: Direction): LinkLane {
    return this.#lane(to, from)
  }

  async #open(from: string, to: string, port: number): Promise<void> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true })
    const lane: LinkLane = {
      from,
      to,
      server,
      port,
      rules: {},
      treatment: sameTreatment,
      flapping: undefined,
      takenUntil: 0,
      random: this.#options.random,
      bytes: 0,
      connections: new Set(),
    }
    const lanes = this.#lanes.get(from) ?? new Map<string, LinkLane>()
    this.#lanes.set(from, lanes.set(to, lane))
    server.on('connection', socket => this.#connect(lane, socket))
    await new Promise<void>((resolve, reject) => {
      // later ones are connections that could not be accepted: whoever dialled sees it
      server.on('error', error =>
        reject(
          (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
            ? new MupibError('port_taken', `port ${port}, meant for ${from} to reach ${to}, is taken`, {
                port,
                cause: error,
              })
            : error,
        ),
      )
      server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve)
    })
    lane.port = (server.address() as net.AddressInfo).port
  }

  #connect(lane: LinkLane, dialler: net.Socket): void {
    // what went wrong is seen by the close that follows
    dialler.on('error', () => {})
    const reverse = this.#reverse(lane)
    const address = isCut(lane) && isCut(reverse) ? undefined : this.#options.addressOf(lane.to)
    if (!address) {
      resetSocket(dialler)
      return
    }
    const dialled = net.connect({ ...address, allowHalfOpen: true, noDelay: true })
    dialled.on('error', () => {})
    const flows = [new Flow(dialler, dialled, lane), new Flow(dialled, dialler, reverse)]
    const connection: Connection = { dialler, dialled, flows }
    lane.connections.add(connection)
    const forget = (): void => {
      if (dialler.destroyed && dialled.destroyed) lane.connections.delete(connection)
    }
    dialler.on('close', forget)
    dialled.on('close', forget)
  }

  #apply(lanes: readonly LinkLane[]): void {
    for (const lane of lanes) {
      lane.treatment = treatmentOf(lane)
      lane.takenUntil = 0
    }
    for (const lane of lanes) {
      const reverse = this.#reverse(lane)
      if (isCut(lane) && isCut(reverse)) {
        this.#resetAll(lane)
        this.#resetAll(reverse)
      }
      for (const { flows } of lane.connections) flows[0]!.retreat()
      for (const { flows } of reverse.connections) flows[1]!.retreat()
    }
  }

  #resetAll({ connections }: LinkLane): number {
    const count = connections.size
    for (const { dialler, dialled } of connections) {
      resetSocket(dialler)
      resetSocket(dialled)
    }
    return count
  }

  #flapLater(together: Flapping): void {
    const [first] = together.lanes
    const flap = first?.rules.flap
    if (!flap) return
    together.timer = setTimeout(
      () => {
        together.isDown = !together.isDown
        this.#apply([...together.lanes])
        this.#flapLater(together)
      },
      together.isDown ? flap.downMs : flap.upMs,
    )
  }

  #endFlapping(lane: LinkLane): void {
    const together = lane.flapping
    lane.flapping = undefined
    together?.lanes.delete(lane)
    if (together?.lanes.size === 0) clearTimeout(together.timer)
  }
}
