// The commands as people run them, each a process: a network brought up, replayed on, broken and reaped; bad input told in one line.
import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stopNetwork } from './control.ts'
import { networkExists, openNetwork } from './folders.ts'
import { listProcesses, programFile } from './process-table.ts'
import type { ReplaySummary } from './replay/summary.ts'
import { runProgram } from './run-program.ts'
import { failureLimitMs, within } from './testing.ts'
import { dayModel, generateTrace } from './trace/model.ts'
import { formatTrace } from './trace/trace.ts'

let home: string
const started: ChildProcess[] = []

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-commands-'))
})

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  for (const name of fs.readdirSync(home)) {
    const dir = path.join(home, name)
    if (networkExists(dir)) await stopNetwork(openNetwork(dir))
  }
  fs.rmSync(home, { recursive: true, force: true })
}, failureLimitMs)

const mupib = (...args: string[]) => within(`mupib ${args.join(' ')}`, runProgram(args))

const errorOf = (errors: string): { code: string; message: string; hint?: string } =>
  (JSON.parse(errors.trim().split('\n').at(-1)!) as { error: { code: string; message: string; hint?: string } }).error

/** Starts a command in a temporary directory of its own and resolves when it has written a line on stderr that matches. */
async function startUntil(line: RegExp, args: readonly string[], tmp: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [programFile, ...args], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  await within(
    `${args.join(' ')} says ${line}`,
    new Promise<void>((resolve, reject) => {
      let seen = ''
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        seen += text
        if (line.test(seen)) resolve()
      })
      child.once('exit', code => reject(new Error(`ended with ${code}: ${seen}`)))
    }),
  )
  return child
}

const exitOf = (child: ChildProcess): Promise<number | null> => new Promise(resolve => child.once('exit', resolve))

const processesUnder = (dir: string): string[] =>
  listProcesses()
    .map(({ commandLine }) => commandLine)
    .filter(commandLine => commandLine.includes(`${dir}${path.sep}`))

test('a bad trace is told with its line before anything starts', async () => {
  const trace = path.join(home, 'bad.csv')
  fs.writeFileSync(trace, 'time,user,vendor,item,price\n2026-03-02T08:00:00Z,anna,news,article,free\n')
  const { exitCode, output, errors } = await mupib('--dir', path.join(home, 'none'), 'testnet', 'run', trace)
  expect(exitCode).toBe(2)
  expect(output).toBe('')
  expect(errorOf(errors)).toMatchObject({
    code: 'bad_input',
    message: expect.stringMatching(/bad\.csv: line 2: "free"/),
  })
})

test('commands on a network that is not there say so', async () => {
  const { exitCode, errors } = await mupib('--dir', path.join(home, 'none'), 'testnet', 'kill', 'v1')
  expect(exitCode).toBe(1)
  expect(errorOf(errors)).toMatchObject({ code: 'not_found', hint: expect.stringMatching(/testnet up/) })
  expect(await mupib('--dir', path.join(home, 'none'), 'testnet', 'down')).toMatchObject({ exitCode: 0 })
})

test(
  'up, run, status, kill, restart, down; what a killed runner leaves is reaped',
  async () => {
    const dir = path.join(home, 'net')
    const runner = await startUntil(/the network is up/, ['--dir', dir, 'testnet', 'up', '--validators', '1'], home)
    const trace = path.join(home, 'some.csv')
    fs.writeFileSync(trace, formatTrace(generateTrace({ ...dayModel, users: 5, purchases: 150, cheatShare: 0.5 })))
    const proofs = path.join(home, 'proofs')
    const run = await mupib('--dir', dir, 'testnet', 'run', trace, '--proofs', proofs)
    expect(run.errors).toMatch(/checking one proof/)
    expect(run.exitCode).toBe(0)
    const summary = JSON.parse(run.output) as ReplaySummary
    const { delivered, rejected } = summary
    expect(delivered.atOnce + delivered.afterWaiting + rejected).toBe(summary.purchases)
    expect(summary.verdicts['10']).toBeGreaterThan(0)
    expect(summary.proofs.map(({ verdict }) => verdict)).toEqual(expect.arrayContaining(['11', '10']))
    expect(summary.proofs.every(({ holds }) => holds)).toBe(true)
    expect(summary.proofs.find(({ verdict }) => verdict === '11')?.statement).toMatch(/^token bank-\d+-\d+ is valid/)
    expect(summary.proofsDir).toBe(proofs)
    const kept = summary.proofs[0]!.file!
    const checked = await mupib('verify', kept, '--genesis', path.join(proofs, 'genesis.json'))
    expect(checked).toMatchObject({ exitCode: 0, errors: '' })
    expect(summary.users.find(({ user }) => user === 'user-05')?.gamma).toBeGreaterThan(0)

    expect((await mupib('--dir', dir, 'testnet', 'kill', 'bank')).exitCode).toBe(0)
    const status = JSON.parse((await mupib('--dir', dir, 'testnet', 'status')).output) as {
      validators: { name: string; state: string }[]
      bank: { state: string }
    }
    expect(status.validators[0]).toMatchObject({ name: 'v1', state: 'voting' })
    expect(status.bank.state).toBe('dead')
    expect((await mupib('--dir', dir, 'testnet', 'restart', 'bank')).exitCode).toBe(0)

    const report = JSON.parse((await mupib('--dir', dir, 'testnet', 'report')).output) as {
      page: string
      tokens: number
    }
    expect(report.tokens).toBe(Object.values(summary.verdicts).reduce((sum, tokens) => sum + tokens, 0))
    expect(fs.readFileSync(report.page, 'utf8')).toContain('The network in net so far')

    const second = await mupib('--dir', dir, 'testnet', 'up')
    expect(errorOf(second.errors).code).toBe('already_running')

    expect(runner.exitCode).toBe(null)
    const ended = exitOf(runner)
    runner.kill('SIGKILL')
    await ended
    expect(processesUnder(dir)).not.toEqual([])
    const down = await mupib('--dir', dir, 'testnet', 'down')
    expect(JSON.parse(down.output)).toMatchObject({ killed: [] })
    expect(processesUnder(dir)).toEqual([])
  },
  3 * failureLimitMs,
)

test(
  'an interrupted demo ends with a failure and leaves nothing behind',
  async () => {
    const tmp = path.join(home, 'tmp')
    fs.mkdirSync(tmp)
    const demo = await startUntil(/v1: ready/, ['testnet', 'demo'], tmp)
    const ended = exitOf(demo)
    demo.kill('SIGINT')
    expect(await within('the demo ends', ended)).toBe(1)
    expect(processesUnder(tmp)).toEqual([])
    expect(fs.readdirSync(tmp).filter(name => name.startsWith('mupib-'))).toEqual([])
  },
  2 * failureLimitMs,
)
