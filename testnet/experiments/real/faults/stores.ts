// Faults of disks and stores: power loss, damage to files, no space, input and output that fail, stores that are old or gone.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { MupibError } from '../../../../proto/errors.ts'
import type { Seen } from '../../history.ts'
import { disksMissing } from '../disks.ts'
import { bringBack } from '../healing.ts'
import { type Damage, flipBit as flipOneBit, tearTail, typesIn } from '../store-files.ts'
import { readStore } from '../stores.ts'
import { type Begin, type Begun, type FaultContext, forAll, named, Skipped } from './fault.ts'

type Found = Extract<Seen, { type: 'damage' }>['found']

function needDisks({ disks }: FaultContext, nodes: readonly string[]): void {
  const missing = disksMissing()
  if (missing !== undefined) throw new Skipped(missing)
  const without = nodes.filter(name => !disks.has(name))
  if (without.length > 0)
    throw new Skipped(`${named(without)} has no disk of its own: only who is named in the file has`)
}

export const powerLoss: Begin<'powerLoss'> = async (context, action) => {
  const { field, disks } = context
  const nodes = await field.resolve(action.nodes)
  needDisks(context, nodes)
  await disks.shutDown(nodes)
  await forAll(nodes, name => field.kill(name))
  return {
    nodes,
    text: `power lost by the disks of ${named(nodes)}`,
    end: () =>
      forAll(nodes, async name => {
        await disks.remount(name)
        await field.start(name)
      }),
  }
}

export const ioError: Begin<'ioError'> = async (context, action) => {
  const { field, disks } = context
  const nodes = await field.resolve(action.nodes)
  needDisks(context, nodes)
  // a file system that was shut down answers every read and write with EIO
  await disks.shutDown(nodes)
  return {
    nodes,
    text: `every read and write of ${named(nodes)} fails`,
    end: () =>
      forAll(nodes, async name => {
        await field.kill(name)
        await disks.remount(name)
        await field.start(name)
      }),
  }
}

export const diskFull: Begin<'diskFull'> = async (context, action) => {
  const { field, disks } = context
  const nodes = await field.resolve(action.nodes)
  needDisks(context, nodes)
  for (const name of nodes) disks.fill(name)
  return {
    nodes,
    text: `no space left for ${named(nodes)}`,
    end: () =>
      forAll(nodes, async name => {
        disks.makeRoom(name)
        await field.start(name)
      }),
  }
}

/** How a fault's text begins where there was no file of the wanted type. */
export const nothingDamaged = 'no such file in the store of'

/** Damages stores of stopped validators and starts them again. What each makes of it shows at once, while it runs, or at the end of the fault. */
async function damaged(
  context: FaultContext,
  nodes: readonly string[],
  work: (store: string) => Damage | undefined,
): Promise<Begun> {
  const { field } = context
  const texts: string[] = []
  const started = new Map<string, Damage>()
  for (const name of nodes) {
    await field.stop(name)
    const damage = work(field.storeOf(name))
    const refusal = await field.start(name)
    texts.push(damage ? `${name}: ${damage.text}` : `${nothingDamaged} ${name}`)
    if (damage && refusal) note(context, name, damage, 'at start', refusal.message)
    else if (damage) started.set(name, damage)
  }
  const end = async (): Promise<void> => {
    for (const name of nodes) {
      const damage = started.get(name)
      if (damage) await findOut(context, name, damage)
      await bringBack(context, name)
    }
  }
  return { nodes, text: texts.join('; '), end }
}

function note({ recorder }: FaultContext, node: string, { file, text }: Damage, found: Found, how: string): void {
  recorder.see({ type: 'damage', node, file, found, text: `${text}: ${how}` })
}

/** A validator started over a damaged store: it has come upon the damage since, or a check of the store says whether there is any. */
async function findOut(context: FaultContext, name: string, damage: Damage): Promise<void> {
  const { field, recorder } = context
  const problem = field.problem(name)
  if (problem !== undefined) {
    note(context, name, damage, 'on read', problem)
    return
  }
  await field.stop(name)
  const { check, content } = await readStore(field.actor(name), text => recorder.see({ type: 'bug', node: name, text }))
  if (check === 'sound') {
    note(context, name, damage, 'harmless', 'the whole store is sound')
    return
  }
  note(context, name, damage, 'by check', content)
  field.wipe(name)
}

/** Flips a bit in each store; whoever finds it gets an empty store when the fault ends. */
export const flipBit: Begin<'flipBit'> = async (context, action) => {
  const { field } = context
  const nodes = await field.resolve(action.nodes)
  const isMissing = (name: string): boolean =>
    action.file !== 'any' && !typesIn(field.storeOf(name)).includes(action.file)
  // tables are made of the log when a store is opened again
  await forAll(nodes.filter(isMissing), name => field.restart(name))
  return damaged(context, nodes, store => flipOneBit(store, action.file, context.random))
}

export const tornTail: Begin<'tornTail'> = async (context, action) => {
  const nodes = await context.field.resolve(action.nodes)
  // in good order nothing is left to lose: what it had written last goes, as with a disk that lied about having it
  await forAll(nodes, name => context.field.kill(name))
  return damaged(context, nodes, store => tearTail(store, context.random))
}

/** Copies the store of a validator, which is stopped for it. */
export async function takeSnapshot({ field, snapshots }: FaultContext, folder: string, name: string): Promise<void> {
  await field.stop(name)
  const copy = path.join(folder, name)
  fs.cpSync(field.storeOf(name), copy, { recursive: true, filter: source => path.basename(source) !== 'lost+found' })
  snapshots.set(name, copy)
  await field.start(name)
}

/** Has the store be something else, and the validator start with it; afterwards it rejoins, or is left as it is. */
async function replaced(context: FaultContext, name: string, rejoin: boolean, fill: () => void): Promise<void> {
  const { field, lost } = context
  await field.stop(name)
  field.wipe(name)
  fill()
  if (!rejoin) lost.add(name)
  await field.start(name)
}

export const wipe: Begin<'wipe'> = async (context, action) => {
  const nodes = await context.field.resolve(action.nodes)
  await forAll(nodes, name => replaced(context, name, action.rejoin, () => {}))
  const end = (): Promise<void> => forAll(action.rejoin ? nodes : [], name => bringBack(context, name))
  return { nodes, text: `stores of ${named(nodes)} emptied`, end }
}

export const oldSnapshot: Begin<'oldSnapshot'> = async (context, action) => {
  const { field, snapshots } = context
  const nodes = await field.resolve(action.nodes)
  await forAll(nodes, name =>
    replaced(context, name, action.rejoin, () => {
      const copy = snapshots.get(name)
      if (copy === undefined) throw new MupibError('bug', `no copy of the store of ${name} was taken`)
      fs.cpSync(copy, field.storeOf(name), { recursive: true })
    }),
  )
  const end = (): Promise<void> => forAll(action.rejoin ? nodes : [], name => bringBack(context, name))
  return { nodes, text: `${named(nodes)} have the stores of an earlier time`, end }
}
