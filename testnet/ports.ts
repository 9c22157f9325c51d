// Ports of a local network: chosen by the system unless a base port is given, which is checked before anything starts.
import * as net from 'node:net'
import { MupibError } from '../proto/errors.ts'
import type { NetworkFiles } from './folders.ts'

/** Ports of one process: for other nodes (validators only) and for HTTP. 0 lets the system choose. */
export interface Ports {
  readonly node: number
  readonly http: number
}

/** Ports of each process by name: two for each validator, then one for each of the others. */
export function portsFrom(network: NetworkFiles, basePort: number | undefined): ReadonlyMap<string, Ports> {
  let next = basePort ?? 0
  const take = (): number => (basePort === undefined ? 0 : next++)
  return new Map(
    network.actors.map(actor => [actor.name, { node: actor.kind === 'validator' ? take() : 0, http: take() }]),
  )
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
  for (const [name, { node, http }] of ports) {
    for (const port of [node, http].filter(candidate => candidate !== 0)) {
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
