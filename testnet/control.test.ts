// Finding and ending processes: by their command line and nothing else, the deaf and the paused included.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { writeRunFile } from '../cli/common/run-file.ts'
import { killActor, pauseActor, stopActor, stopNetwork } from './control.ts'
import { type Actor, networkFiles } from './folders.ts'
import { processesOf } from './process-table.ts'

let home: string
let children: ChildProcess[]

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-control-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  fs.rmSync(home, { recursive: true, force: true })
})

const idle = 'setInterval(() => {}, 1e6)'

/** A process with the command line of an actor, which says a word when it has come so far. */
async function standIn(command: readonly string[], code = idle): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `${code};console.log('up')`, 'mupib.js', ...command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  await new Promise(resolve => child.stdout!.once('data', resolve))
  return child
}

const ended = (child: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise(resolve => child.once('exit', (_code, signal) => resolve(signal)))

function network() {
  const files = networkFiles(path.join(home, 'net'), { validators: ['v1', 'v11'], auditors: ['auditor'], vendors: [] })
  for (const actor of files.actors) fs.mkdirSync(actor.folder, { recursive: true })
  return files
}

const v1 = (): Actor => network().validators[0]!

describe('processesOf', () => {
  test('tells processes apart whose names begin alike', async () => {
    const [first, second] = network().validators
    const child = await standIn(second!.command)
    expect(processesOf(first!)).toEqual([])
    expect(processesOf(second!)).toEqual([expect.objectContaining({ pid: child.pid, paused: false })])
  })

  test('sees that a process is paused', async () => {
    const actor = v1()
    await standIn(actor.command)
    await pauseActor(actor)
    expect(processesOf(actor)[0]?.paused).toBe(true)
  })
})

describe('stopActor', () => {
  test('asks first, and says when it had to kill', async () => {
    const actor = v1()
    await standIn(actor.command)
    expect(await stopActor(actor)).toBe('stopped')
    await standIn(actor.command, `process.on('SIGTERM', () => {});${idle}`)
    expect(await stopActor(actor, undefined, 50)).toBe('killed')
    expect(await stopActor(actor)).toBe('absent')
  })

  test('wakes a paused process so that it can go', async () => {
    const actor = v1()
    await standIn(actor.command)
    await pauseActor(actor)
    expect(await stopActor(actor)).toBe('stopped')
  })

  test('never signals a process that only has the id of one of ours', async () => {
    const actor = v1()
    const stranger = await standIn(['something', 'else'])
    writeRunFile(actor.runFile, {
      pid: stranger.pid!,
      startedAt: '',
      peerId: '',
      multiaddrs: [],
      http: 'http://127.0.0.1:1',
    })
    expect(await stopActor(actor)).toBe('absent')
    expect(fs.existsSync(actor.runFile)).toBe(false)
    await expect(killActor(actor)).rejects.toMatchObject({ code: 'stopped' })
    expect(stranger.exitCode).toBe(null)
    expect(stranger.signalCode).toBe(null)
  })
})

test.skipIf(process.platform !== 'linux')('a process that was killed has let go of its port', async () => {
  const actor = v1()
  const portFile = path.join(home, 'port')
  const listen = `require('net').createServer().listen(0, '127.0.0.1', function () {
    require('fs').writeFileSync(${JSON.stringify(portFile)}, String(this.address().port)) })`
  // takes a while to give back, and until then files and sockets stay open
  const memory = 'globalThis.held = Array.from({ length: 8 }, () => Buffer.alloc(64 << 20, 1))'
  await standIn(actor.command, `${listen};${memory}`)
  await vi.waitFor(() => expect(fs.existsSync(portFile)).toBe(true))
  await killActor(actor)
  const server = net.createServer().listen(Number(fs.readFileSync(portFile, 'utf8')), '127.0.0.1')
  await once(server, 'listening')
  server.close()
})

test('stopNetwork reaps what a crashed runner left, without any file that names it', async () => {
  const files = network()
  const left = await Promise.all(files.actors.map(actor => standIn(actor.command)))
  const signals = Promise.all(left.map(ended))
  const endings = await stopNetwork(files)
  expect([...endings.values()]).toEqual(files.actors.map(() => 'stopped'))
  expect(await signals).toEqual(left.map(() => 'SIGTERM'))
  expect([...(await stopNetwork(files)).values()]).toEqual(files.actors.map(() => 'absent'))
})
