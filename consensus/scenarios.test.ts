// Replays scenarios/*.txt on real cores and compares what happens with what the file says. A file is blocks of commands, each followed
// by `----` and its trace; `UPDATE_SCENARIOS=1 npx vitest run consensus/scenarios.test.ts` rewrites the traces for review as a diff.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createBlock, type VoteKind } from '../proto/chain.ts'
import { zeroDigest } from '../proto/hash.ts'
import { type Disk, defaultTiming, genesis, Harness, network } from './harness.ts'
import { statusOf } from './queries.ts'

const folder = join(import.meta.dirname, 'scenarios')

/** One scenario under way. */
interface Stage {
  harness: Harness
  readonly backups: Map<string, Disk>
  /** Trace entries printed so far. */
  printed: number
}

/** `a b key=1 other=2,3` as words and options. */
function parse(line: string): { command: string; words: string[]; options: Map<string, string> } {
  const [command = '', ...rest] = line.split(/\s+/)
  const options = new Map<string, string>()
  const words: string[] = []
  for (const part of rest) {
    const [key = '', value] = part.split('=')
    if (value === undefined) words.push(part)
    else options.set(key, value)
  }
  return { command, words, options }
}

const numbers = (text: string | undefined): number[] | undefined => text?.split(',').map(Number)

const commands: Record<
  string,
  (stage: Stage, words: string[], options: Map<string, string>) => readonly string[] | undefined
> = {
  /** network validators=4 timeout=1000 idle=10000 latency=10: makes and starts one. */
  network(stage, _, options) {
    const timing = {
      ...defaultTiming,
      timeoutMs: Number(options.get('timeout') ?? defaultTiming.timeoutMs),
      idleMs: Number(options.get('idle') ?? defaultTiming.idleMs),
    }
    const validators = Number(options.get('validators') ?? 4)
    stage.harness = new Harness({ timing, validators, latencyMs: Number(options.get('latency') ?? 10) })
    stage.harness.start()
    return undefined
  },
  /** run 100: lets that many milliseconds pass. */
  run({ harness }, [ms]) {
    harness.run(harness.elapsed + Number(ms))
    return undefined
  },
  /** submit r1 r2 to=0,2: nodes (all) hold the records. */
  submit({ harness }, names, options) {
    harness.submit(names, numbers(options.get('to')))
    return undefined
  },
  crash({ harness }, nodes) {
    for (const node of nodes) harness.crash(Number(node))
    return undefined
  },
  /** restart 1 2 [from=backup | from=nothing] [rejoin=yes] */
  restart({ harness, backups }, nodes, options) {
    const from = options.get('from')
    const empty: Disk = { tip: genesis, certificate: undefined, journal: [], unsynced: [], chain: [] }
    const disk = from === undefined ? undefined : (backups.get(from) ?? empty)
    for (const node of nodes) harness.restart(Number(node), { ...(disk && { disk }), rejoin: options.has('rejoin') })
    return undefined
  },
  /** backup 1 name */
  backup({ harness, backups }, [node, name]) {
    backups.set(name ?? '', harness.backup(Number(node)))
    return undefined
  },
  /** cut 0-1 0-2: those links lose everything; heal brings them up again. */
  cut({ harness }, links) {
    for (const link of links) harness.cut(...linkOf(link))
    return undefined
  },
  heal({ harness }, links) {
    for (const link of links) harness.heal(...linkOf(link))
    return undefined
  },
  /** lose notarize|nullify|finalize|proposal|certificate from=0 to=1,2 view=3: until `lose nothing`. */
  lose({ harness }, [what], options) {
    if (what === 'nothing') harness.interferences.length = 0
    const from = numbers(options.get('from'))
    const to = numbers(options.get('to'))
    harness.interferences.push((sender, receiver, message) => {
      const kind: VoteKind | string = message.type === 'vote' ? message.vote.kind : message.type
      return kind === what && (from?.includes(sender) ?? true) && (to?.includes(receiver) ?? true)
    })
    return undefined
  },
  /** equivocate 1 r9 to=2,3: the leader of view 1 proposes a second block, with that record, to those nodes. */
  equivocate({ harness }, [leader, record = ''], options) {
    const header = { network, height: 1, view: 1, parent: genesis.block.digest, parentOutcome: genesis.outcome }
    const block = createBlock({ ...header, time: genesis.block.header.time + 7 }, [harness.record(record)])
    const proposal = { block, signature: new Uint8Array(), parentCertificate: undefined, nullifications: [] }
    harness.say(Number(leader), `also proposes ${harness.nameOf(block)}[${record}] to ${options.get('to')}`)
    for (const to of numbers(options.get('to')) ?? []) {
      const input = { type: 'proposal', from: Number(leader), proposal } as const
      harness.later(to, harness.latencyMs, () => harness.input(to, input))
    }
    return undefined
  },
  /** skew 1 600: that node's clock runs ahead by so much. */
  skew({ harness }, [node, ms]) {
    harness.skewMs[Number(node)] = Number(ms)
    return undefined
  },
  /** differ 2: that node's application gives outcomes of its own. */
  differ({ harness }, [node]) {
    const before = harness.outcomeOf
    harness.outcomeOf = (index, block) => (index === Number(node) ? zeroDigest : before(index, block))
    return undefined
  },
  show({ harness }) {
    return harness.nodes.map(({ index, core, isUp }) => {
      if (!isUp) return `n${index} is down`
      const { view, finalHeight, signing } = statusOf(core)
      return `n${index} view ${view} final ${finalHeight} signing ${signing}`
    })
  },
}

function linkOf(text: string): [number, number] {
  const [a = 0, b = 0] = text.split('-').map(Number)
  return [a, b]
}

/** The trace since the last block; nodes that do the same at the same moment share a line. */
function traceOf(stage: Stage): string[] {
  const lines = new Map<string, { at: number; nodes: number[]; text: string }>()
  for (const { at, node, text } of stage.harness.trace.slice(stage.printed)) {
    const key = `${at} ${text}`
    const line = lines.get(key) ?? { at, nodes: [], text }
    lines.set(key, line)
    if (!line.nodes.includes(node)) line.nodes.push(node)
  }
  stage.printed = stage.harness.trace.length
  return [...lines.values()].map(({ at, nodes, text }) => {
    const names = nodes.sort((a, b) => a - b).map(node => `n${node}`)
    return `${String(at).padStart(6)}  ${names.join(' ')} ${text}`
  })
}

/** Runs a file's commands and returns the file as it should be. */
function replay(text: string): string {
  const stage: Stage = { harness: new Harness(), backups: new Map(), printed: 0 }
  const blocks = text.trim().split(/\n\s*\n/)
  const rewritten = blocks.map(block => {
    const [script = ''] = block.split(/^----$/m)
    const lines = script.trim().split('\n')
    const answers: string[] = []
    let isSilent = true
    for (const line of lines) {
      if (line.startsWith('#')) continue
      isSilent = false
      const { command, words, options } = parse(line)
      const run = commands[command]
      if (!run) throw new Error(`no command ${command}`)
      answers.push(...(run(stage, words, options) ?? []))
    }
    return isSilent ? lines.join('\n') : [...lines, '----', ...traceOf(stage), ...answers].join('\n')
  })
  return `${rewritten.join('\n\n')}\n`
}

describe('scenarios', () => {
  for (const file of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
    test(file, () => {
      const path = join(folder, file)
      const text = readFileSync(path, 'utf8')
      const actual = replay(text)
      if (process.env.UPDATE_SCENARIOS === '1') writeFileSync(path, actual)
      else expect(actual).toBe(text)
    })
  }
})
