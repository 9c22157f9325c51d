// A session's client with its stream to the vendor, for as long as it is wanted: dialled again by itself, wherever the vendor is by then.
import { setTimeout as pause } from 'node:timers/promises'
import { networkTagOf } from '../../node/client/client.ts'
import { createBackoff, systemRandom } from '../../node/network/backoff.ts'
import { createHost, type Host, peerIdFromPublicKey } from '../../node/network/host.ts'
import type { Digest } from '../../proto/hash.ts'
import { toMupibError } from '../common/errors.ts'
import { ChannelClient, type ChannelClientOptions } from './client.ts'
import type { WalletChannels } from './wallet-channels.ts'

export interface ConnectionOptions extends Pick<ChannelClientOptions, 'ahead' | 'step' | 'onUnit' | 'onFault'> {
  readonly onClaim?: ChannelClientOptions['onClaim']
  /** The vendor says that the session is settled: it is not looked for any more. */
  readonly onSettled?: (error: unknown) => void
}

export class ChannelConnection {
  readonly client: ChannelClient
  readonly #channels: WalletChannels
  readonly #session: Digest
  readonly #host: Host
  readonly #onSettled: NonNullable<ConnectionOptions['onSettled']>
  readonly #ending = new AbortController()
  #relocating: Promise<void> | undefined

  private constructor(
    channels: WalletChannels,
    session: Digest,
    host: Host,
    client: ChannelClient,
    { onSettled = () => {} }: ConnectionOptions,
  ) {
    this.#channels = channels
    this.#session = session
    this.#host = host
    this.#onSettled = onSettled
    this.client = client
  }

  /** Loads a session and dials its vendor; where no address is given, the vendor is asked for one. Throws `not_found`. */
  static async open(
    channels: WalletChannels,
    session: Digest,
    multiaddrs: readonly string[],
    options: ConnectionOptions,
  ): Promise<ChannelConnection> {
    const { home, store } = channels
    const { onSettled: _, ...hooks } = options
    const peerId = peerIdFromPublicKey(channels.terms(session).vendor)
    let connection: ChannelConnection | undefined
    const client = await ChannelClient.load({
      store,
      session,
      key: home.key,
      now: Date.now,
      onClaim: () => {},
      onDown: () => {
        if (connection) connection.#relocate()
      },
      ...hooks,
    })
    const host = await createHost({
      privateKey: home.seed,
      listen: [],
      networkTag: networkTagOf(home.network),
      isAdmitted: other => (other === peerId ? 'vendor' : undefined),
    })
    connection = new ChannelConnection(channels, session, host, client, options)
    await host.start()
    client.connect(host, multiaddrs)
    connection.#relocate(multiaddrs.length > 0)
    return connection
  }

  /** Asks the vendor where it listens, until the stream stands: after a restart it may be elsewhere. An address just told is tried first. */
  #relocate(isTold = false): void {
    this.#relocating ??= this.#untilConnected(isTold).finally(() => {
      this.#relocating = undefined
    })
  }

  async #untilConnected(isTold: boolean): Promise<void> {
    const { signal } = this.#ending
    const backoff = createBackoff({ firstMs: 200, capMs: 5_000, random: systemRandom })
    const rest = (): Promise<void> => pause(backoff.next(), undefined, { signal }).catch(() => {})
    if (isTold) await rest()
    while (!signal.aborted && !this.client.isConnected) {
      try {
        const there = await this.#channels.listening(this.#session)
        if (!signal.aborted) this.client.setAddresses(there.multiaddrs)
      } catch (error) {
        // a vendor that does not answer is asked again
        if (toMupibError(error).code === 'already_settled') return this.#onSettled(error)
      }
      await rest()
    }
  }

  /** Cuts the stream; what is stored stays. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.client.stop()
    await this.#host.stop()
    await this.#relocating
  }
}
