// A network of processes behind its relay: halves that stop deciding and go on when healed, rules that act on real links, nothing left.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listProcesses } from '../process-table.ts'
import { failureLimitMs, TestNetwork } from '../testing.ts'
import { RelayClient } from './client.ts'

const names = ['v1', 'v2', 'v3', 'v4']

let network: TestNetwork

beforeAll(async () => {
  network = await TestNetwork.openForLoads({ relay: true }, 200)
}, 2 * failureLimitMs)

afterAll(() => network?.close(), failureLimitMs)

const dirOf = (): string => network.bench.network.files.dir
const testnet = async (...args: string[]): Promise<unknown> => {
  const { exitCode, output, errors } = await network.mupib('--dir', dirOf(), 'testnet', ...args)
  expect(errors).toBe('')
  expect(exitCode).toBe(0)
  return JSON.parse(output)
}

const isStalled = (status: Record<string, unknown>): boolean => status.state === 'stalled'

test(
  'halves stop deciding; healed, they go on with what waited',
  async () => {
    const load = network.startLoad(4)
    await load.more(10, 'verdicts before')
    expect(await testnet('partition', 'v1,v2/v3,v4')).toEqual({
      groups: [
        ['v1', 'v2'],
        ['v3', 'v4'],
      ],
    })
    await Promise.all(names.map(name => network.status(name, 'it stalls', isStalled)))
    const heights = await Promise.all(names.map(name => network.get<{ height: number }>(name, '/status')))
    expect(await testnet('heal')).toEqual({ mended: 8 })
    await load.more(10, 'verdicts after')
    await load.stop()
    const blocks = await network.agreedBlocks(names)
    expect(blocks.length).toBeGreaterThan(Math.max(...heights.map(({ height }) => height)))
    await network.expectKept(load.acknowledged, names)
  },
  3 * failureLimitMs,
)

test(
  'a delayed network decides later; a relay that was killed has its ports again, and its links are whole',
  async () => {
    const relay = RelayClient.of(network.bench.network.files)
    const before = await relay.links()
    await testnet('delay', '80', '--jitter', '10')
    expect((await relay.links()).every(({ rules }) => rules.delayMs === 80 && rules.jitterMs === 10)).toBe(true)
    const load = network.startLoad(1)
    const begun = performance.now()
    await load.more(1, 'a verdict through slow links')
    // the proposal, the votes on it, the votes that make it final: three times over a link
    expect(performance.now() - begun).toBeGreaterThan(3 * 70)
    await testnet('kill', 'relay')
    await Promise.all(names.map(name => network.status(name, 'it stalls', isStalled)))
    await testnet('restart', 'relay')
    await load.more(5, 'verdicts after the restart')
    await load.stop()
    const after = await RelayClient.of(network.bench.network.files).links()
    expect(after.map(({ port }) => port)).toEqual(before.map(({ port }) => port))
    expect(after.every(({ rules }) => Object.keys(rules).length === 0)).toBe(true)
    await network.agreedBlocks(names)
  },
  3 * failureLimitMs,
)

test(
  'bad names are refused, and nothing is left when it is down',
  async () => {
    const { exitCode, errors } = await network.mupib('--dir', dirOf(), 'testnet', 'partition', 'v1/v9')
    expect(exitCode).toBe(2)
    expect(errors).toMatch(/no validator is called v9/)
    const dir = dirOf()
    const ports = (await RelayClient.of(network.bench.network.files).links()).map(({ port }) => port)
    await network.close()
    expect(listProcesses().filter(({ commandLine }) => commandLine.includes(`${dir}/`))).toEqual([])
    await Promise.all(ports.map(port => expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow()))
  },
  failureLimitMs,
)
