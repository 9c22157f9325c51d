// Faults of processes: killed, stopped where they stand, restarted, slowed down, short of memory or descriptors.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pauseActor, resumeActor } from '../../../control.ts'
import type { Launch } from '../../../start-process.ts'
import { pause as pauseFor } from '../schedule.ts'
import { type Begin, type Begun, type FaultContext, forAll, named, nothingToEnd, Skipped } from './fault.ts'

const run = promisify(execFile)

/** Milliseconds of a slow processor's turns: long enough for a signal to arrive, short beside a timeout. */
const turnMs = 50

export const kill: Begin<'kill'> = async ({ field }, action) => {
  const nodes = await field.resolve(action.nodes)
  await forAll(nodes, name => field.kill(name))
  return { nodes, text: `kill -9 of ${named(nodes)}`, end: () => forAll(nodes, name => field.start(name)) }
}

export const killAtBoundary: Begin<'killAtBoundary'> = async () => {
  throw new Skipped('only a simulation can stop a validator between a write and a send')
}

export const pause: Begin<'pause'> = async ({ field }, action) => {
  const nodes = await field.resolve(action.nodes)
  await forAll(nodes, name => field.pause(name))
  return {
    nodes,
    text: `${named(nodes)} stopped where they stand`,
    end: () => forAll(nodes, name => field.resume(name)),
  }
}

export const restart: Begin<'restart'> = async ({ field }, action) => {
  const nodes = await field.resolve(action.nodes)
  if (action.rolling) for (const name of nodes) await field.restart(name)
  else await forAll(nodes, name => field.restart(name))
  return { nodes, text: `${named(nodes)} restarted${action.rolling ? ', one after the other' : ''}`, end: nothingToEnd }
}

export const slowCpu: Begin<'slowCpu'> = async ({ field, signal }, action) => {
  const nodes = await field.resolve(action.nodes)
  const stop = new AbortController()
  const ended = AbortSignal.any([stop.signal, signal])
  const onMs = Math.max(1, Math.round(turnMs * action.share))
  const slow = async (name: string): Promise<void> => {
    while (!ended.aborted) {
      // a dead process is not slowed down; it may be back in the next turn
      if (field.isRunning(name)) {
        await pauseActor(field.actor(name)).catch(() => {})
        await pauseFor(turnMs - onMs, ended)
        await resumeActor(field.actor(name)).catch(() => {})
      }
      await pauseFor(onMs, ended)
    }
  }
  const slowing = Promise.all(nodes.map(slow))
  return {
    nodes,
    text: `${named(nodes)} run ${Math.round(action.share * 100)} % of the time`,
    async end() {
      stop.abort()
      await slowing
    },
  }
}

/** Starts processes in another way until the fault ends. */
async function launched(
  { field }: FaultContext,
  nodes: readonly string[],
  launch: Launch,
  text: string,
): Promise<Begun> {
  await forAll(nodes, name => {
    field.launchAs(name, launch)
    return field.restart(name)
  })
  return {
    nodes,
    text,
    end: () =>
      forAll(nodes, name => {
        field.launchAs(name, undefined)
        return field.restart(name)
      }),
  }
}

export const littleHeap: Begin<'littleHeap'> = async (context, action) => {
  const nodes = await context.field.resolve(action.nodes)
  const launch = { nodeOptions: [`--max-old-space-size=${action.megabytes}`] }
  return launched(context, nodes, launch, `${named(nodes)} with a heap of ${action.megabytes} MB`)
}

/** Soft limit of a running process on descriptors (prlimit(1)); what it has open stays open. */
async function limitDescriptors(pid: number, limit: number): Promise<void> {
  await run('prlimit', ['--pid', String(pid), `--nofile=${limit}:`])
}

/** The soft limit that this system gives: that of every process which nobody limited. */
async function usualDescriptors(): Promise<number | undefined> {
  try {
    const { stdout } = await run('prlimit', ['--pid', String(process.pid), '--nofile', '-o', 'SOFT', '--noheadings'])
    return Number(stdout.trim())
  } catch {
    return undefined
  }
}

export const noDescriptors: Begin<'noDescriptors'> = async (context, action) => {
  const { field } = context
  const { limit } = action
  const nodes = await field.resolve(action.nodes)
  const text = `${named(nodes)} with ${limit} descriptors`
  const usual = await usualDescriptors()
  // where a running process cannot be limited it is started anew, which takes more descriptors than running does
  if (usual === undefined) return launched(context, nodes, { descriptors: limit }, text)
  const setAll = (soft: number): Promise<void> =>
    forAll(nodes, async name => {
      const pid = field.pid(name)
      if (pid !== undefined) await limitDescriptors(pid, soft).catch(() => {})
    })
  await setAll(limit)
  return {
    nodes,
    text,
    async end() {
      await setAll(usual)
      await forAll(nodes, name => field.start(name))
    },
  }
}
