// A network over several machines: one folder per host to copy there, the clients' folders and the authority's apart.
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as path from 'node:path'
import { toMupibError } from '../cli/common/errors.ts'
import { writeAtomic } from '../cli/common/files.ts'
import { MupibError } from '../proto/errors.ts'
import { genesisToJson } from '../proto/genesis.ts'
import { actorConfig, checkFree, createIdentity, type Party, validatorNames, writeParty } from './create.ts'
import type { PartyKind } from './folders.ts'
import { writeJson } from './folders.ts'

/** Port of other nodes where a host names none; HTTP stays on the host itself. */
const defaultPort = 4001
const httpPorts: Readonly<Record<PartyKind, number>> = { validator: 4080, bank: 4081, auditor: 4082, vendor: 4083 }

/** Where the folder of a host is expected on that host. */
const installedAt = '/var/lib/mupib'

interface Host {
  readonly name: string
  readonly multiaddr: string
  readonly port: number
  readonly folder: string
}

const hostForm = /^(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/

function parseHost(text: string): Host {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  const name = match?.[1] ?? match?.[2] ?? ''
  const port = match?.[3] === undefined ? defaultPort : Number(match[3])
  const family = net.isIP(name)
  if (!match || port < 1 || port > 65_535 || (family === 0 && !hostForm.test(name)))
    throw new MupibError('usage', `"${text}" is no host`, {
      hint: 'hosts are names or addresses, with a port where it is not 4001: a.example.org,10.0.0.2,[fd00::3]:4005',
    })
  const protocol = family === 4 ? 'ip4' : family === 6 ? 'ip6' : 'dns'
  const folder = text.replace(/[[\]]/g, '').replaceAll(':', '-')
  return { name, multiaddr: `/${protocol}/${name}/tcp/${port}`, port, folder }
}

/** Hosts of a comma-separated list. Throws `usage` for none, a wrong or a repeated one. */
export function parseHosts(list: string): Host[] {
  const hosts = list.split(',').map(text => parseHost(text.trim()))
  const reserved = ['authority', 'bank', 'auditor']
  for (const [index, host] of hosts.entries())
    if (reserved.includes(host.folder) || hosts.findIndex(other => other.folder === host.folder) !== index)
      throw new MupibError('usage', `the host ${host.name} stands twice or has a reserved name`, {
        hint: `each host once, none of them called ${reserved.join(', ')}`,
      })
  return hosts
}

function systemdUnit(kind: PartyKind, name: string): string {
  const command = kind === 'validator' ? 'node start --config config.json' : `${kind} serve --dir .`
  return `[Unit]
Description=mupib ${kind === 'validator' ? `validator ${name}` : kind}
Wants=network-online.target
After=network-online.target

[Service]
Type=simple
User=mupib
# the folder that this file came in
WorkingDirectory=${installedAt}
ExecStart=/usr/bin/env mupib ${command}
# 2: wrong configuration, which a restart does not mend
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths=${installedAt}

[Install]
WantedBy=multi-user.target
`
}

function writeHostFolder(folder: string, kind: PartyKind, party: Party, port: number, shared: SharedFiles): void {
  writeParty(folder, party)
  const http = { host: '127.0.0.1', port: httpPorts[kind] }
  const listen = [`/ip4/0.0.0.0/tcp/${port}`]
  writeJson(path.join(folder, 'config.json'), actorConfig(kind, '.', { listen, http }))
  writeAtomic(path.join(folder, 'genesis.json'), shared.genesis)
  writeJson(path.join(folder, 'peers.json'), shared.peers)
  if (kind !== 'validator') writeJson(path.join(folder, 'services.json'), shared.services)
  writeAtomic(
    path.join(folder, kind === 'validator' ? 'mupib-node.service' : `mupib-${kind}.service`),
    systemdUnit(kind, party.name),
  )
}

interface SharedFiles {
  readonly genesis: string
  readonly peers: Readonly<Record<string, readonly string[]>>
  /** Bank and auditor at the ports that they listen on, where both run on one host. */
  readonly services: Readonly<Record<string, string>>
}

export interface GeneratedNetwork {
  readonly dir: string
  readonly hosts: readonly { readonly host: string; readonly validator: string; readonly folder: string }[]
  readonly bank: string
  readonly auditor: string
  readonly authority: string
}

/** Writes the folders of a network over these hosts into a new directory, whole or not at all. */
export async function generateNetwork(hostList: string, out: string): Promise<GeneratedNetwork> {
  const hosts = parseHosts(hostList)
  const names = validatorNames(hosts.length)
  const dir = path.resolve(out)
  const draft = `${dir}.${process.pid}.tmp`
  try {
    checkFree(dir)
    const identity = await createIdentity({ validators: names })
    const peers = Object.fromEntries(identity.validators.map(({ name }, index) => [name, [hosts[index]!.multiaddr]]))
    const services = { bank: `http://127.0.0.1:${httpPorts.bank}`, auditor: `http://127.0.0.1:${httpPorts.auditor}` }
    const shared = { genesis: genesisToJson(identity.genesis), peers, services }
    fs.mkdirSync(draft, { recursive: true })
    identity.validators.forEach((party, index) => {
      const { folder, port } = hosts[index]!
      writeHostFolder(path.join(draft, folder), 'validator', party, port, shared)
    })
    writeHostFolder(path.join(draft, 'bank'), 'bank', identity.bank, 0, shared)
    writeHostFolder(path.join(draft, 'auditor'), 'auditor', identity.auditors[0]!, 0, shared)
    writeParty(path.join(draft, 'authority'), identity.authority)
    fs.renameSync(draft, dir)
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true })
    throw toMupibError(error)
  }
  return {
    dir,
    hosts: hosts.map(({ name, folder }, index) => ({
      host: name,
      validator: names[index]!,
      folder: path.join(dir, folder),
    })),
    bank: path.join(dir, 'bank'),
    auditor: path.join(dir, 'auditor'),
    authority: path.join(dir, 'authority'),
  }
}
