// Faults of the network between validators, by the relay that every one of their links goes through.
import {
  type Direction,
  directionsBetween,
  directionsOf,
  type LinkRule,
  type LinkRules,
  partitionRules,
  ruleAll,
} from '../../../relay/rules.ts'
import { pause } from '../schedule.ts'
import { type ActionOf, type Begin, type Begun, type FaultContext, named, nothingToEnd, Skipped } from './fault.ts'

type Links = ActionOf<'delay'>['links']

async function directionsIn({ field }: FaultContext, links: Links): Promise<{ of: Direction[]; nodes: string[] }> {
  const { validators } = field
  if (links === 'all') return { of: directionsOf(validators), nodes: [...validators] }
  if ('of' in links) {
    const nodes = await field.resolve(links.of)
    const others = validators.filter(name => !nodes.includes(name))
    const among = directionsOf(nodes)
    return { of: [...directionsBetween(nodes, others), ...among], nodes }
  }
  const nodes = await field.resolve(links.between)
  return { of: directionsOf(nodes), nodes }
}

/** Rules that hold until the fault ends. */
async function held(
  { links }: FaultContext,
  rules: readonly LinkRule[],
  nodes: readonly string[],
  text: string,
): Promise<Begun> {
  const token = {}
  await links.put(token, rules)
  return { nodes, text, end: () => links.put(token, []) }
}

const onLinks =
  <A extends { readonly links: Links }>(rulesOf: (action: A) => LinkRules, textOf: (action: A) => string) =>
  async (context: FaultContext, action: A): Promise<Begun> => {
    const { of, nodes } = await directionsIn(context, action.links)
    return held(context, ruleAll(of, rulesOf(action)), nodes, `${textOf(action)} on links of ${named(nodes)}`)
  }

export const delay = onLinks<ActionOf<'delay'>>(
  ({ by, jitter }) => ({ delayMs: by, jitterMs: jitter }),
  ({ by, jitter }) => `${by} ms longer, ± ${jitter} ms,`,
)
export const throttle = onLinks<ActionOf<'throttle'>>(
  ({ kilobytesPerSecond }) => ({ bytesPerSecond: kilobytesPerSecond * 1_000 }),
  ({ kilobytesPerSecond }) => `${kilobytesPerSecond} kB/s`,
)
export const halfOpen = onLinks<ActionOf<'halfOpen'>>(
  () => ({ stalled: true }),
  () => 'open, but nothing comes through,',
)
export const flap = onLinks<ActionOf<'flap'>>(
  ({ down, up }) => ({ flap: { downMs: down, upMs: up } }),
  ({ down, up }) => `${down} ms down, ${up} ms up,`,
)

export const reset: Begin<'reset'> = async (context, action) => {
  const { of, nodes } = await directionsIn(context, action.links)
  const connections = await context.links.reset(of)
  return { nodes, text: `${connections} connections of ${named(nodes)} reset`, end: nothingToEnd }
}

const noneInStream = (what: string) => async (): Promise<never> => {
  throw new Skipped(`a TCP connection ${what}: the system sends again and sorts; see delay, reset and flap`)
}
export const loss: Begin<'loss'> = noneInStream('loses nothing')
export const duplicate: Begin<'duplicate'> = noneInStream('duplicates nothing')
export const reorder: Begin<'reorder'> = noneInStream('keeps the order')

export const cut: Begin<'cut'> = async (context, action) => {
  const [from, to] = [await context.field.resolve(action.from), await context.field.resolve(action.to)]
  const directions = from.flatMap(one => to.filter(other => other !== one).map(other => ({ from: one, to: other })))
  const text = `nothing comes from ${named(from)} to ${named(to)}`
  return held(context, ruleAll(directions, { cut: true }), [...new Set([...from, ...to])], text)
}

const cutOnly = (rules: readonly LinkRule[]): LinkRule[] => rules.filter(({ rules: { cut: isCut } }) => isCut)

export const partition: Begin<'partition'> = async (context, action) => {
  const { validators } = context.field
  const groups = await Promise.all(action.groups.map(group => context.field.resolve(group)))
  const alone = validators.filter(name => !groups.flat().includes(name)).map(name => [name])
  const text = [...groups, ...alone].map(named).join(' | ')
  return held(context, cutOnly(partitionRules(validators, groups)), validators, text)
}

const isolated = (validators: readonly string[], nodes: readonly string[]): LinkRule[] =>
  ruleAll(
    [
      ...directionsBetween(
        nodes,
        validators.filter(name => !nodes.includes(name)),
      ),
      ...directionsOf(nodes),
    ],
    {
      cut: true,
    },
  )

export const isolate: Begin<'isolate'> = async (context, action) => {
  const nodes = await context.field.resolve(action.nodes)
  return held(context, isolated(context.field.validators, nodes), nodes, `${named(nodes)} cut off`)
}

export const bridge: Begin<'bridge'> = async (context, action) => {
  const { field } = context
  const via = await field.resolve(action.via)
  const [left, right] = await Promise.all(action.sides.map(side => field.resolve(side)))
  const between = directionsBetween(
    left!.filter(name => !via.includes(name)),
    right!.filter(name => !via.includes(name)),
  )
  const text = `${named(left!)} and ${named(right!)} meet only in ${named(via)}`
  return held(context, ruleAll(between, { cut: true }), [...left!, ...via, ...right!], text)
}

export const followLeader: Begin<'followLeader'> = async (context, { looksEvery }) => {
  const { field, links, signal } = context
  const token = {}
  const stop = new AbortController()
  const ended = AbortSignal.any([stop.signal, signal])
  const follow = async (): Promise<void> => {
    while (!ended.aborted) {
      const leader = await field.leader()
      if (!ended.aborted) await links.put(token, isolated(field.validators, [leader]))
      await pause(looksEvery, ended)
    }
  }
  const following = follow()
  following.catch(() => {})
  return {
    nodes: field.validators,
    text: `whoever leads is cut off, looked at every ${looksEvery} ms`,
    async end() {
      stop.abort()
      await following
      await links.put(token, [])
    },
  }
}
