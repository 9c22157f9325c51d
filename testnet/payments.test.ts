// The payment system as real processes: killed at random moments it loses nothing and delivers nothing twice, and it answers a trace of the
// paper's purchase model as the simulation does, purchase by purchase.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crashPayments } from './crash/crash-payments.ts'
import { type RunningNetwork, removeNetwork, upNetwork } from './network.ts'
import { listProcesses } from './process-table.ts'
import { openBuyers } from './replay/buyers.ts'
import { connectNetwork } from './replay/parties.ts'
import { replay } from './replay/replay.ts'
import { simulateTrace } from './simulations/replayed.ts'
import { failureLimitMs } from './testing.ts'
import { generatePaperTrace } from './trace/paper.ts'

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-payments-test-'))
const blockSize = 30
const terms = { w0: blockSize, model: 'optimistic', rounding: 'floor' } as const
const ignore = (): void => {}
let network: RunningNetwork

beforeAll(async () => {
  const options = { validators: 1, blockSize, trustModel: terms.model, vendors: ['vendor-01', 'vendor-02'] }
  network = await upNetwork(path.join(home, 'net'), options, ignore)
}, failureLimitMs)

afterAll(async () => {
  await removeNetwork(network.files)
  fs.rmSync(home, { recursive: true, force: true })
  expect(listProcesses().filter(({ commandLine }) => commandLine.includes(home))).toEqual([])
})

test(
  'bank, auditor, vendors and wallets are killed under load: the books balance, no token is lost, nothing is delivered twice',
  async () => {
    const result = await crashPayments(
      network.files,
      { seed: 3, kills: 8, users: 2 },
      ignore,
      new AbortController().signal,
    )
    expect(result.faults).toEqual([])
    expect(result.purchases).toBeGreaterThan(0)
  },
  3 * failureLimitMs,
)

test(
  'a trace of the paper’s purchase model is answered as it is simulated, W after every purchase included',
  async () => {
    const model = { frequency: 0.4, costs: [5, 3], doubleSpendRate: 0.08, per: 'token' } as const
    const purchases = generatePaperTrace({ ...model, seed: 11, users: 3, slots: 110, tokenValue: 1n })
    const simulated = simulateTrace(purchases, { terms, withholdingBp: 2_000, earlyBp: 10_000, tokenValue: 1n })
    const connected = connectNetwork(network.files)
    const buyers = await openBuyers(purchases, connected)
    const options = { watchTrust: true, onOutcome: ignore }
    const outcomes = await replay(buyers, 1n, options, new AbortController().signal)
    await Promise.all(buyers.map(buyer => buyer.close()))
    const real = (user: string): string[] =>
      outcomes
        .filter(({ purchase }) => purchase.user === user)
        .map(({ result, standing }) => `${result}, γ ${standing!.gamma}, W ${standing!.blockSize}`)
    const expected = (user: string): string[] =>
      simulated.answers
        .filter(({ purchase }) => purchase.user === user)
        .map(({ answer, gamma, blockSize: w }) => {
          const result = answer === 'rejected' ? answer : `delivered ${answer}`
          return `${result}, γ ${gamma}, W ${w}`
        })
    const users = [...new Set(purchases.map(({ user }) => user))]
    for (const user of users) expect(real(user)).toEqual(expected(user))
    // the trace is one that has something to say: users are caught, and wait
    expect(simulated.answers.some(({ gamma }) => gamma > 0)).toBe(true)
    expect(new Set(simulated.answers.map(({ answer }) => answer)).size).toBe(3)
  },
  3 * failureLimitMs,
)
