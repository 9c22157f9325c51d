// A network that somebody runs by hand, as a run to be checked and reported: from its validators' logs, and from their pages where they still answer.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readGenesis } from '../../../node/config.ts'
import type { ListedBlock } from '../../../node/http.ts'
import { networkLimits } from '../../../node/network/limits.ts'
import { MupibError } from '../../../proto/errors.ts'
import type { Verdict } from '../../../proto/verdict.ts'
import type { Actor, NetworkFiles } from '../../folders.ts'
import { type ActorStatus, networkStatus } from '../../status.ts'
import type { EngineRun } from '../engine.ts'
import type { HistoryEvent, Seen } from '../history.ts'
import { type Manifest, manifestSchema } from '../manifest.ts'

/** Milliseconds that a validator gets for a page of blocks. */
const answerLimitMs = 5_000
/** Blocks on a page, and pages that are read of each validator: the newest blocks. */
const pageBlocks = 100
const pagesMax = 200

interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: string
  readonly [field: string]: unknown
}

/** Lines of another kind, and one that is cut off, are passed over. */
function logOf({ logFile }: Actor): LogLine[] {
  if (!fs.existsSync(logFile)) return []
  return fs
    .readFileSync(logFile, 'utf8')
    .split('\n')
    .flatMap((text): LogLine[] => {
      try {
        const line = JSON.parse(text) as Record<string, unknown>
        const at = Date.parse(String(line.time))
        return typeof line.event === 'string' && !Number.isNaN(at) ? [{ ...line, at, event: line.event }] : []
      } catch {
        return []
      }
    })
}

/** The newest blocks that a validator holds, lowest first; empty where it does not answer. */
async function blocksOf({ http, height }: ActorStatus): Promise<ListedBlock[]> {
  if (http === undefined || typeof height !== 'number') return []
  const blocks: ListedBlock[] = []
  try {
    for (let from = Math.max(1, height - pageBlocks * pagesMax); ; ) {
      const url = new URL(`/blocks?from=${from}&limit=${pageBlocks}`, http)
      const page = (await (await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) })).json()) as ListedBlock[]
      blocks.push(...page)
      if (page.length < pageBlocks) return blocks
      from = page.at(-1)!.height + 1
    }
  } catch {
    return blocks
  }
}

const lives: Readonly<Record<string, Extract<Seen, { type: 'life' }>['state']>> = {
  may_vote: 'votes',
  mute: 'mute',
  stopped: 'ends',
  failed: 'refuses',
  outcome_differs: 'refuses',
  split: 'refuses',
}

const noVerdicts: Readonly<Record<Verdict, number>> = { '11': 0, '01': 0, '10': 0, '00': 0 }

/** What one validator's log tells of its life; a process that ended without a word did so after its last line. */
function lifeOf(node: string, lines: readonly LogLine[], status: ActorStatus, now: number): HistoryEvent[] {
  const history: HistoryEvent[] = []
  const life = (at: number, state: Extract<Seen, { type: 'life' }>['state'], code?: string): void =>
    void history.push({ at, type: 'life', node, state, code })
  let isUp = false
  let lastAt = 0
  for (const line of lines) {
    const { at, event } = line
    if (event === 'started') {
      if (isUp) life(lastAt, 'ends')
      life(at, 'starts')
      life(at, 'ready')
      isUp = true
    } else if (event === 'equivocation') {
      history.push({ at, type: 'accused', node: String(line.validator), by: node })
    } else if (event === 'bug') {
      history.push({ at, type: 'bug', node, text: String((line.err as { message?: unknown })?.message ?? line.msg) })
    } else if (lives[event]) {
      life(at, lives[event], typeof line.code === 'string' ? line.code : undefined)
      if (event === 'stopped' || event === 'failed') isUp = false
    }
    lastAt = at
  }
  if (isUp && status.state === 'dead') life(lastAt, 'ends')
  if (status.state === 'paused') life(now, 'paused')
  return history
}

/** When a node had a block that it did not tell of: at its time, or once it had caught up where it was down then. */
function untoldAt(time: number, life: readonly HistoryEvent[], lines: readonly LogLine[]): number {
  const isDown = life.findLast(({ type, at }) => type === 'life' && at <= time)
  if (isDown?.type !== 'life' || isDown.state !== 'ends') return time
  const up = life.find(event => event.type === 'life' && event.state === 'starts' && event.at > time)
  return up ? (lines.find(({ event, at }) => event === 'caught_up' && at >= up.at)?.at ?? up.at) : time
}

/** What all validators together show of blocks. */
interface Known {
  readonly listed: ReadonlyMap<string, ListedBlock>
  /** Tokens by verdict, by digest. */
  readonly verdicts: ReadonlyMap<string, Readonly<Record<Verdict, number>>>
  /** Digests by height. */
  readonly chain: ReadonlyMap<number, string>
}

const blockLines = (lines: readonly LogLine[]): LogLine[] =>
  lines.filter(({ event, digest }) => event === 'block' && typeof digest === 'string')

function knownOf(logs: readonly (readonly LogLine[])[], pages: readonly ListedBlock[]): Known {
  const verdicts = new Map<string, Record<Verdict, number>>()
  const chain = new Map<number, string>()
  for (const lines of logs) {
    // a node that catches up tells of a whole stretch in the line of its last block
    const stretches = new Set(lines.filter(({ event }) => event === 'caught_up').map(({ height }) => height))
    for (const { height, digest, verdicts: counts } of blockLines(lines)) {
      if (!chain.has(Number(height))) chain.set(Number(height), String(digest))
      if (!stretches.has(height)) verdicts.set(String(digest), counts as Record<Verdict, number>)
    }
  }
  return { listed: new Map(pages.map(block => [block.digest, block])), verdicts, chain }
}

/** A validator's blocks: those it told of when it made them final, and further ones that its page lists. */
function finalsOf(
  node: string,
  lines: readonly LogLine[],
  life: readonly HistoryEvent[],
  page: readonly ListedBlock[],
  { listed, verdicts, chain }: Known,
): HistoryEvent[] {
  const told = new Map(blockLines(lines).map(line => [String(line.digest), line]))
  const finals: HistoryEvent[] = page.map(block => {
    const time = Date.parse(block.time)
    const at = told.get(block.digest)?.at ?? untoldAt(time, life, lines)
    return { ...block, at, time, type: 'final', node, verdicts: verdicts.get(block.digest) ?? noVerdicts }
  })
  const onPage = new Set(page.map(({ digest }) => digest))
  for (const [digest, line] of told) {
    if (onPage.has(digest)) continue
    const height = Number(line.height)
    const block = listed.get(digest)
    const counted = verdicts.get(digest)
    finals.push({
      at: line.at,
      type: 'final',
      node,
      height,
      view: Number(line.view),
      digest,
      // where no page lists it, what it continues is not seen
      parent: block?.parent ?? chain.get(height - 1) ?? '',
      stateRoot: String(line.stateRoot),
      verdictRoot: block?.verdictRoot ?? '',
      time: line.at,
      records:
        block?.records ?? (counted ? Array.from({ length: Number(line.records) }, (_, at) => `${digest}/${at}`) : []),
      verdicts: counted ?? noVerdicts,
    })
  }
  return finals
}

function manifestOf(network: NetworkFiles, timeoutMs: number): Manifest {
  return manifestSchema.parse({
    name: 'running-network',
    title: `The network in ${path.basename(network.dir)} so far`.slice(0, 120),
    about: 'What its validators logged, and what they answer now. What was broken by hand shows in their lanes.',
    network: {
      validators: network.validators.length,
      auditors: Math.min(4, Math.max(1, network.auditors.length)),
      timeout: `${timeoutMs}ms`,
    },
  })
}

/** What was seen of a network until now. Throws `not_found` where it never ran. */
export async function runningNetwork(network: NetworkFiles): Promise<{ manifest: Manifest; run: EngineRun }> {
  const { timing } = readGenesis(network.genesisFile)
  const now = Date.now()
  const { validators } = await networkStatus(network)
  const logs = network.validators.map(logOf)
  const pages = await Promise.all(validators.map(blocksOf))
  const known = knownOf(logs, pages.flat())
  const events = network.validators.flatMap(({ name }, at): HistoryEvent[] => {
    const status = validators[at]!
    const { height, view, state, pendingRecords } = status
    const pending = typeof pendingRecords === 'number' ? pendingRecords : undefined
    const use = { rssBytes: undefined, descriptors: undefined, pending }
    const life = lifeOf(name, logs[at]!, status, now)
    return [
      ...life,
      ...finalsOf(name, logs[at]!, life, pages[at]!, known),
      ...(typeof height === 'number'
        ? [{ at: now, type: 'sample' as const, node: name, height, view: Number(view), state, ...use }]
        : []),
    ]
  })
  const startedAt = logs.flat().reduce((first, { at }) => Math.min(first, at), Infinity)
  if (!Number.isFinite(startedAt))
    throw new MupibError('not_found', `no validator of ${network.dir} has logged anything`, {
      hint: 'start the network with "mupib testnet up"',
    })
  const history = events
    .map(event => ({ ...event, at: Math.max(0, event.at - startedAt) }))
    .sort((one, other) => one.at - other.at)
  const run: EngineRun = {
    engine: 'real',
    validators: network.validators.map(({ name }) => name),
    adversaries: [],
    lost: [],
    timeoutMs: timing.timeoutMs,
    redialCapMs: networkLimits.redialCapMs,
    history,
    seed: 0,
    traceHash: undefined,
    startedAt: new Date(startedAt).toISOString(),
    durationMs: now - startedAt,
  }
  return { manifest: manifestOf(network, timing.timeoutMs), run }
}
