// Speaking to the relay of a network: what holds on its links, and what shall hold.
import { call } from '../../cli/common/http.ts'
import { readRunFile } from '../../cli/common/run-file.ts'
import { MupibError } from '../../proto/errors.ts'
import type { NetworkFiles } from '../folders.ts'
import type { Direction, LinkRule, LinkState } from './rules.ts'

/** The relay of a running network. Its calls throw `unreachable`, `timeout`, and `usage` for a link that does not exist. */
export class RelayClient {
  readonly #http: string

  /** `http`: where the relay answers, such as http://127.0.0.1:40000. */
  constructor(http: string) {
    this.#http = http
  }

  /** The network's relay. Throws `usage` where the network was made without one, `stopped` where it does not run. */
  static of({ relay, dir }: NetworkFiles): RelayClient {
    if (!relay)
      throw new MupibError('usage', `the network in ${dir} has no relay: its validators reach each other directly`, {
        hint: 'networks that "mupib testnet up" makes have one, unless it was told --no-relay: use another --dir for a new one',
      })
    const run = readRunFile(relay.runFile)
    if (!run)
      throw new MupibError('stopped', `the relay of the network in ${dir} is not running`, {
        hint: `start it with "mupib testnet restart relay --dir ${dir}"`,
      })
    return new RelayClient(run.http)
  }

  /** Every direction of every link, with its rules. */
  links(): Promise<LinkState[]> {
    return call(this.#http, 'GET', '/links')
  }

  /** Puts rules on these directions, at one moment, in place of those that they had; other directions keep theirs. `{}` mends one. */
  async set(rules: readonly LinkRule[]): Promise<void> {
    await call(this.#http, 'PUT', '/links', rules)
  }

  /** Takes all rules away; what waited is sent at once. */
  async heal(): Promise<void> {
    await call(this.#http, 'DELETE', '/links')
  }

  /** Resets (RST) all connections between these pairs of validators now, whoever dialled, or all there are. Gives how many there were. */
  async reset(pairs?: readonly Direction[]): Promise<number> {
    const { connections } = await call<{ connections: number }>(this.#http, 'POST', '/reset', pairs ? { pairs } : {})
    return connections
  }
}
