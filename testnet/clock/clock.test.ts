// A process with a clock of its own: what it takes for now follows the file, what it measures does not.
import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import * as readline from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Actor, networkFiles } from '../folders.ts'
import { clockArguments, clockShiftOf, setClock } from './clock.ts'

const workerProgram = `
  import { parentPort } from 'node:worker_threads'
  parentPort.postMessage(Date.now())
`

let home: string
let actor: Actor
let child: ChildProcess
let lines: AsyncIterableIterator<string>

interface Told {
  readonly now: number
  readonly made: number
  readonly called: string
  readonly given: number
  readonly worker: number
}

// answers each line on stdin with what it takes for now, in all ways of asking
const program = `
  import { createInterface } from 'node:readline'
  import { Worker } from 'node:worker_threads'
  const captured = Date.now
  const before = new Date(0)
  class Own extends Date {}
  createInterface({ input: process.stdin }).on('line', async () => {
    const worker = new Worker(new URL('worker.mjs', import.meta.url))
    const inWorker = await new Promise(resolve => worker.once('message', resolve))
    if (!(before instanceof Date && new Own() instanceof Own && Math.abs(new Own() - captured()) < 500)) throw new Error()
    console.log(JSON.stringify({
      now: captured(), made: new Date().getTime(), called: Date(), given: new Date(5).getTime(), worker: inWorker,
    }))
  })
  console.log('ready')
`

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-clock & '))
  actor = networkFiles(home, { validators: ['v1'], auditors: ['auditor'], vendors: [] }).validators[0]!
  fs.mkdirSync(actor.folder, { recursive: true })
  fs.writeFileSync(path.join(home, 'program.mjs'), program)
  fs.writeFileSync(path.join(home, 'worker.mjs'), workerProgram)
  child = spawn(process.execPath, [...clockArguments(actor), path.join(home, 'program.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  lines = readline.createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('ready')
})

afterEach(() => {
  child.kill('SIGKILL')
  fs.rmSync(home, { recursive: true, force: true })
})

async function ask(): Promise<Told> {
  child.stdin!.write('\n')
  return JSON.parse((await lines.next()).value) as Told
}

/** Asks until the change has arrived there. */
async function askUntil(condition: (told: Told) => boolean): Promise<Told> {
  for (;;) {
    const told = await ask()
    if (condition(told)) return told
  }
}

test('now is what the file says, in every way of asking, in worker threads too', async () => {
  const right = await ask()
  expect(Math.abs(right.now - Date.now())).toBeLessThan(1_000)
  expect(clockShiftOf(actor)).toBe(undefined)
  setClock(actor, { offsetMs: 3_600_000 })
  expect(clockShiftOf(actor)).toEqual({ offsetMs: 3_600_000, driftRate: 0 })
  const ahead = await askUntil(({ now }) => now > Date.now() + 3_000_000)
  for (const time of [ahead.now, ahead.made, Date.parse(ahead.called), ahead.worker])
    expect(Math.abs(time - Date.now() - 3_600_000)).toBeLessThan(5_000)
  expect(ahead.given).toBe(5)
  setClock(actor, { offsetMs: -3_600_000, driftRate: 0.5 })
  const first = await askUntil(({ now }) => now < Date.now() - 3_000_000)
  const begun = Date.now()
  const lag = first.now - begun
  await askUntil(({ now }) => now - Date.now() > lag + 50)
  setClock(actor, {})
  await askUntil(({ now }) => Math.abs(now - Date.now()) < 1_000)
  expect(clockShiftOf(actor)).toBe(undefined)
})
