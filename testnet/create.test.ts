// Making networks: whole or not at all, keys for their owner only, certificates that OpenSSL accepts, ports that are checked.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseGenesis } from '../proto/genesis.ts'
import { createNetwork, localTiming, validatorNames } from './create.ts'
import { openNetwork } from './folders.ts'
import { generateNetwork, parseHosts } from './generate.ts'

let home: string

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-create-'))
})
afterEach(() => fs.rmSync(home, { recursive: true, force: true }))

const filesUnder = (dir: string): string[] =>
  (fs.readdirSync(dir, { recursive: true }) as string[]).filter(file => fs.statSync(path.join(dir, file)).isFile())

describe('createNetwork', () => {
  test('writes genesis, peers and a folder for each process, keys for their owner only', async () => {
    const network = await createNetwork(path.join(home, 'net'), { validators: validatorNames(4) })
    const genesis = parseGenesis(fs.readFileSync(network.genesisFile, 'utf8'))
    expect(genesis.validators.map(({ name }) => name)).toEqual(['v1', 'v2', 'v3', 'v4'])
    expect(openNetwork(network.dir)).toEqual(network)
    for (const actor of network.actors) {
      expect(fs.existsSync(actor.configFile)).toBe(true)
      expect(fs.statSync(actor.keyFile).mode & 0o077).toBe(0)
    }
    expect(fs.statSync(path.join(network.authorityFolder, 'key.json')).mode & 0o077).toBe(0)
    expect(fs.readdirSync(home)).toEqual(['net'])
  })

  test('openssl verify accepts every certificate', async () => {
    const network = await createNetwork(path.join(home, 'net'), { validators: validatorNames(2) })
    const root = path.join(network.authorityFolder, 'certificate.pem')
    for (const { certificateFile } of network.actors)
      expect(execFileSync('openssl', ['verify', '-CAfile', root, certificateFile], { encoding: 'utf8' })).toMatch(
        /: OK/,
      )
  })

  test('leaves a directory alone that holds something', async () => {
    fs.writeFileSync(path.join(home, 'mine.txt'), 'mine')
    await expect(createNetwork(home, { validators: ['v1'] })).rejects.toMatchObject({ code: 'usage' })
    expect(filesUnder(home)).toEqual(['mine.txt'])
  })

  test('a taken port is named, and nothing is written', async () => {
    const taken = net.createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as net.AddressInfo
    try {
      const making = createNetwork(path.join(home, 'net'), { validators: validatorNames(4), basePort: port })
      await expect(making).rejects.toMatchObject({ code: 'port_taken', fields: { port } })
      expect(fs.readdirSync(home)).toEqual([])
    } finally {
      taken.close()
    }
  })

  test('larger networks get longer views', () => {
    expect(localTiming(4).timeoutMs).toBe(1_000)
    expect(localTiming(31).timeoutMs).toBeGreaterThan(localTiming(13).timeoutMs)
  })

  test.each([0, 1.5, 129])('%d validators are refused', count => {
    expect(() => validatorNames(count)).toThrow(/validators/)
  })
})

describe('generateNetwork', () => {
  test('makes a folder for each host that stands alone, and the authority apart', async () => {
    const made = await generateNetwork('a.example.org, 10.0.0.2:5000,[fd00::3],d', path.join(home, 'out'))
    expect(made.hosts.map(({ validator }) => validator)).toEqual(['v1', 'v2', 'v3', 'v4'])
    const first = path.join(made.dir, 'a.example.org')
    expect(fs.readdirSync(first).sort()).toEqual([
      'certificate.pem',
      'config.json',
      'genesis.json',
      'key.json',
      'mupib-node.service',
      'peers.json',
    ])
    expect(JSON.parse(fs.readFileSync(path.join(first, 'peers.json'), 'utf8'))).toEqual({
      v1: ['/dns/a.example.org/tcp/4001'],
      v2: ['/ip4/10.0.0.2/tcp/5000'],
      v3: ['/ip6/fd00::3/tcp/4001'],
      v4: ['/dns/d/tcp/4001'],
    })
    expect(filesUnder(made.authority).sort()).toEqual(['certificate.pem', 'key.json'])
    const authorityKey = fs.readFileSync(path.join(made.authority, 'key.json'), 'utf8')
    const copies = filesUnder(made.dir).filter(
      file => fs.readFileSync(path.join(made.dir, file), 'utf8') === authorityKey,
    )
    expect(copies).toEqual([path.join('authority', 'key.json')])
  })

  test.each(['', 'a,,b', 'a,a', 'a_b', 'a:0', 'a:99999', 'bank', 'x y'])('refuses the hosts %j', list => {
    expect(() => parseHosts(list)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
