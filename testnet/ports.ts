// Ports of a local network: chosen by the system unless a base port is given, which is checked before anything starts.
import * as net from 'node:net'
import { readJson, statOf } from '../cli/common/files.ts'
import { MupibError } from '../proto/errors.ts'
import type { NetworkFiles } from './folders.ts'
import type { LinkPorts } from './relay/relay.ts'

/** Ports of one process: for other nodes (validators only), for HTTP, and for links (the relay only). 0 lets the system choose. */
export interface Ports {
  readonly node: number
  readonly http: number
  readonly links?: LinkPorts
}

/** The ports of a relay's links as it keeps them; none where it never ran. */
export const readLinkPorts = (file: string): LinkPorts =>
  statOf(file) === undefined ? {} : (readJson(file, 'bad_config') as LinkPorts)

/** Ports of each process by name: two for each validator, then one for each of the others; the relay has one more for each direction. */
export function portsFrom(network: NetworkFiles, basePort: number | undefined): ReadonlyMap<string, Ports> {
  let next = basePort ?? 0
  const take = (): number => (basePort === undefined ? 0 : next++)
  return new Map(
    network.actors.map(actor => {
      const ports = { node: actor.kind === 'validator' ? take() : 0, http: take() }
      return [actor.name, actor.kind === 'relay' ? { ...ports, links: linkPorts(network, take) } : ports]
    }),
  )
}

function linkPorts({ validators }: NetworkFiles, take: () => number): LinkPorts {
  const portsOf = (from: string): [string, number][] =>
    validators.filter(({ name }) => name !== from).map(({ name }) => [name, take()])
  return Object.fromEntries(validators.map(({ name }) => [name, Object.fromEntries(portsOf(name))]))
}

function tryPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve()))
  })
}

/** Throws `port_taken` naming the first port of the range that something else listens on, `permission` where it may not be used. */
export async function checkPorts(ports: ReadonlyMap<string, Ports>): Promise<void> {
  for (const [name, { node, http, links }] of ports) {
    const linked = Object.values(links ?? {}).flatMap(to => Object.values(to))
    for (const port of [node, http, ...linked].filter(candidate => candidate !== 0)) {
      if (port > 65_535)
        throw new MupibError('usage', `${name} would get port ${port}`, { hint: 'choose a lower --base-port' })
      try {
        await tryPort(port)
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        if (code === 'EACCES')
          throw new MupibError('permission', `port ${port} may not be used by this user`, {
            hint: 'choose a --base-port above 1023',
            cause: error,
          })
        throw new MupibError('port_taken', `port ${port}, meant for ${name}, is taken`, {
          hint: 'choose another --base-port, or leave it out to let the system choose',
          port,
          cause: error,
        })
      }
    }
  }
}
