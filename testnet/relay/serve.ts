// The relay as a process: its config and ports in a folder, its control over HTTP on loopback.
import * as path from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { readConfig } from '../../cli/common/config.ts'
import { toMupibError } from '../../cli/common/errors.ts'
import { besideFile } from '../../cli/common/files.ts'
import { runService } from '../../cli/common/server.ts'
import { readPeers } from '../../node/config.ts'
import { isName } from '../../proto/records.ts'
import { writeJson } from '../folders.ts'
import { readLinkPorts } from '../ports.ts'
import { SeededRandom } from '../random.ts'
import { Relay } from './relay.ts'
import type { Direction, LinkRule } from './rules.ts'

interface RelayHome {
  readonly validators: readonly string[]
  /** The validators' own addresses, read at each connection: one that moved is found. */
  readonly peersFile: string
  /** The ports of the links, kept so that a restart has them again. */
  readonly portsFile: string
  readonly http: { readonly host: string; readonly port: number }
  readonly runFile: string
}

function openRelayHome(folder: string): RelayHome {
  const file = path.join(folder, 'config.json')
  const config = readConfig(file)
  const names = config.array('validators', 1_000)
  const validators = names.filter((name): name is string => typeof name === 'string' && isName(name))
  if (validators.length !== names.length) config.fail('validators', 'names of validators')
  const http = config.object('http')
  const home = {
    validators,
    peersFile: besideFile(file, config.text('peers')),
    portsFile: besideFile(file, config.text('ports')),
    http: { host: http.text('host'), port: http.integer('port', 0, 65_535) },
    runFile: besideFile(file, config.text('runFile')),
  }
  http.end()
  config.end()
  return home
}

function addressIn(peersFile: string, validator: string): { host: string; port: number } | undefined {
  try {
    const [first] = readPeers(peersFile).get(validator) ?? []
    const match = /^\/(?:ip4|ip6|dns4?|dns6)\/([^/]+)\/tcp\/(\d+)/.exec(first ?? '')
    return match ? { host: match[1]!, port: Number(match[2]) } : undefined
  } catch {
    return undefined
  }
}

const milliseconds = { type: 'number', minimum: 0, maximum: 3_600_000 } as const
const direction = { from: { type: 'string' }, to: { type: 'string' } } as const
const rules = {
  type: 'object',
  additionalProperties: false,
  properties: {
    delayMs: milliseconds,
    jitterMs: milliseconds,
    bytesPerSecond: { type: 'number', minimum: 1 },
    cut: { type: 'boolean' },
    stalled: { type: 'boolean' },
    flap: {
      type: 'object',
      additionalProperties: false,
      required: ['downMs', 'upMs'],
      properties: { downMs: { ...milliseconds, minimum: 1 }, upMs: { ...milliseconds, minimum: 1 } },
    },
  },
} as const
const listOf = (properties: Record<string, unknown>) => ({
  type: 'array',
  items: { type: 'object', additionalProperties: false, required: Object.keys(properties), properties },
})

function createControl(relay: Relay): FastifyInstance {
  const ajv = { customOptions: { removeAdditional: false, coerceTypes: false } } as const
  const server = Fastify({ forceCloseConnections: true, bodyLimit: 4 * 1024 * 1024, ajv })
  server.setErrorHandler((error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode
    const isInput = status !== undefined && status < 500
    const failure = isInput ? { code: 'bad_input', message: (error as Error).message } : toMupibError(error).toJSON()
    return reply.status(isInput ? status : failure.code === 'usage' ? 400 : 500).send({ error: failure })
  })
  server.get('/status', () => {
    const links = relay.links()
    const isRuled = (link: (typeof links)[number]): boolean => Object.keys(link.rules).length > 0
    return {
      name: 'relay',
      links: links.length,
      ruled: links.filter(isRuled).length,
      connections: links.reduce((sum, link) => sum + link.connections, 0) / 2,
    }
  })
  server.get('/links', () => relay.links())
  server.put<{ Body: LinkRule[] }>('/links', { schema: { body: listOf({ ...direction, rules }) } }, request => {
    relay.set(request.body)
    return {}
  })
  server.delete('/links', () => {
    relay.heal()
    return {}
  })
  server.post<{ Body: { pairs?: Direction[] } }>(
    '/reset',
    { schema: { body: { type: 'object', additionalProperties: false, properties: { pairs: listOf(direction) } } } },
    request => ({ connections: relay.reset(request.body.pairs) }),
  )
  return server
}

/** Runs the relay of a network until SIGINT or SIGTERM. Throws why it could not start or go on. */
export async function serveRelay(folder: string, progress: (line: string) => void): Promise<void> {
  const home = openRelayHome(folder)
  const random = new SeededRandom(1)
  const relay = await Relay.start({
    validators: home.validators,
    ports: readLinkPorts(home.portsFile),
    addressOf: validator => addressIn(home.peersFile, validator),
    random: () => random.fraction(),
  })
  try {
    writeJson(home.portsFile, relay.ports())
    const failed = new Promise<never>(() => {})
    const service = { server: createControl(relay), peerId: '', failed, close: async () => {} }
    await runService(service, home, http => progress(`the relay answers at ${http}; Ctrl-C stops it`))
  } finally {
    await relay.close()
  }
}
