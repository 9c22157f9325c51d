// Experiment files: what a good one says, everything that is wrong with a bad one, and files written from experiments.
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { formatManifest } from './format.ts'
import { actionNames } from './manifest.ts'
import { nearest } from './nearest.ts'
import { type Problem, parseManifest } from './parse.ts'

const head = 'name: some-experiment\ntitle: Some experiment\n'

function problemsOf(text: string): readonly Problem[] {
  try {
    parseManifest(text, 'some.yaml')
  } catch (error) {
    if (error instanceof MupibError && error.code === 'bad_input') {
      const problems = error.fields.problems as readonly Problem[]
      const { line, column } = problems[0]!
      expect(error.message.startsWith(`some.yaml:${line}:${column}: `)).toBe(true)
      expect(error.hint).toBe(problems[0]!.hint)
      return problems
    }
    throw error
  }
  return []
}

/** `line:column path: message (hint)`, with the lines counted after the head. */
const told = (text: string): string[] =>
  problemsOf(head + text).map(({ line, column, path, message, hint }) => {
    expect(hint).not.toBe('')
    return `${line - 2}:${column} ${path}: ${message} (${hint})`
  })

describe('parseManifest', () => {
  it('reads times, names, choices and defaults', () => {
    const manifest = parseManifest(
      `${head}network: {validators: 7, timeout: 1.5s, byzantine: {v7: twin}}
faults:
  - {at: 250ms, for: 2m, kill: {nodes: v1}}
  - {clockSkew: {nodes: [v2, leader], by: -300ms}}
  - {delay: {by: 40ms, links: {between: [v1, v2]}}}
phases: {faults: 5m}
expect: {verdicts: {01: 3, 11: 4}}
`,
      'some.yaml',
    )
    expect(manifest.network).toEqual({
      validators: 7,
      auditors: 1,
      timeout: 1_500,
      delay: 0,
      jitter: 0,
      byzantine: { v7: 'twin' },
    })
    expect(manifest.faults).toEqual([
      { at: 250, lasts: 120_000, action: 'kill', nodes: ['v1'] },
      { at: 0, action: 'clockSkew', nodes: ['v2', 'leader'], by: -300 },
      { at: 0, action: 'delay', by: 40, jitter: 0, links: { between: ['v1', 'v2'] } },
    ])
    expect(manifest.phases).toEqual({ warmUp: 2_000, faults: 300_000, settle: 3_000 })
    expect(manifest.expect.verdicts).toEqual({ '01': 3, '11': 4 })
  })

  const time = 'write a number and its unit, such as 250ms, 5s or 2m'
  const f4 = 'name 1 at most, or say in expect.broken which invariants are to break, such as broken: [I1]'
  it.each<readonly [what: string, text: string, problems: readonly string[]]>([
    ['a key that is not known', 'lod: {}', ['1:1 lod: is no key that is known here (did you mean load?)']],
    [
      'keys that are like none',
      'network: {peers: 4, x: 1}',
      [
        '1:11 network.peers: is no key that is known here (one of validators, auditors, timeout, delay, jitter, byzantine)',
        '1:21 network.x: is no key that is known here (one of validators, auditors, timeout, delay, jitter, byzantine)',
      ],
    ],
    [
      'a time without unit',
      'network: {timeout: 250}',
      [`1:20 network.timeout: must be a time with its unit (${time})`],
    ],
    [
      'a time of another unit',
      'phases:\n  faults: 3min',
      [`2:11 phases.faults: must be a time with its unit, such as 250ms, 5s or 2m (${time})`],
    ],
    [
      'a skew without unit',
      'faults: [clockSkew: {nodes: v1, by: 5}]',
      [
        '1:37 faults[0].clockSkew.by: must be a time with its unit (write a sign, a number and its unit, such as +5s or -300ms)',
      ],
    ],
    [
      'a misspelt fault',
      'faults:\n  - isolte: {nodes: v1}',
      ['2:5 faults[0].isolte: is no fault and no key of one (did you mean isolate?)'],
    ],
    [
      'two faults in one',
      'faults:\n  - kill: {nodes: v1}\n    pause: {nodes: v1}',
      [
        expect.stringMatching(
          /^2:5 faults\[0\]: names 2 faults \(kill, pause\) where it can be one \(a fault is one of/,
        ) as string,
      ],
    ],
    ['no fault', 'faults: [{at: 1s}]', [expect.stringMatching(/^1:10 faults\[0\]: names no fault/) as string]],
    ['a missing part', 'faults: [delay: {}]', ['1:17 faults[0].delay.by: is missing (add "by: 250ms")']],
    [
      'a part that is missing since it is misspelt',
      'faults: [kill: {node: v1}]',
      ['1:17 faults[0].kill.node: is no key that is known here (did you mean nodes?)'],
    ],
    [
      'values that do not fit',
      'network: {validators: 0}\nload: {rate: -1, tokens: 2.5}\nexpect: {stalls: 1, broken: I1}',
      [
        '1:23 network.validators: must be at least 1 (write 1, or more)',
        '2:14 load.rate: must be more than 0 (write more than 0)',
        '2:26 load.tokens: must be a whole number (write a number, without unit and quotes)',
        '3:18 expect.stalls: must be true or false (write true or false)',
        '3:29 expect.broken: must be a list (write each entry on a line of its own, after "- ")',
      ],
    ],
    [
      'an adversary that is not known',
      'network: {byzantine: {v4: twins}}',
      ['1:27 network.byzantine.v4: "twins" is not known here (did you mean twin?)'],
    ],
    [
      'a behaviour in sessions that is not known',
      'load: {sessions: {client: vanish}}',
      ['1:27 load.sessions.client: "vanish" is not known here (did you mean vanishes?)'],
    ],
    [
      'sessions that cannot be',
      'load: {sessions: {lasts: 15s, window: 10ms, suite: xor, client: bad-lock}}\nfaults: [kill: {nodes: client-4}]',
      [
        '1:26 load.sessions.lasts: is nearly over before it begins: both sides end a session 10s before it expires (write more than 20s)',
        expect.stringMatching(/^1:39 load.sessions.window: is no window \(from 1s to /) as string,
        '1:65 load.sessions.client: nobody can see a bad lock of xor (write suite: schnorr or bls)',
        expect.stringMatching(
          /^2:24 faults\[0\].kill.nodes\[?0?\]?: this network has no client-4 \(it has .*till, client-1,/,
        ) as string,
      ],
    ],
    [
      'what is expected of no sessions',
      'expect: {sessions: {served: 3}}',
      ['1:20 expect.sessions: there are none (write sessions under load, or leave this out)'],
    ],
    [
      'an empty part',
      'load:\nfaults: []',
      [expect.stringMatching(/^1:1 load: is empty, and must be a mapping with keys \(keys here: users,/) as string],
    ],
    [
      'links of another type',
      'faults: [reset: {links: 5}]',
      ['1:25 faults[0].reset.links: must be all or a mapping with keys (keys here: of, between)'],
    ],
    ['no YAML', 'load: {users: 3', [expect.stringMatching(/^\d:\d+ : .*\(YAML: /) as string]],
    [
      'a key that stands twice',
      'load: {}\nload: {}',
      [expect.stringMatching(/^2:1 : Map keys must be unique \(YAML: /) as string],
    ],
    [
      'validators that the network does not have',
      'network: {byzantine: {v9: silent}}\nfaults:\n  - kill: {nodes: [v1, v5]}\n  - partition: {groups: [[v1, v2], [v6]]}',
      [
        '1:23 network.byzantine.v9: this network has no v9 (its validators are v1 to v4)',
        '3:24 faults[0].kill.nodes[1]: this network has no v5 (its validators are v1 to v4)',
        '4:37 faults[1].partition.groups[1][0]: this network has no v6 (its validators are v1 to v4)',
      ],
    ],
    [
      'parties that the network does not have',
      'faults:\n  - pause: {nodes: vendor-3}\n  - revoke: {member: auditor-2}',
      [
        '2:20 faults[0].pause.nodes[0]: this network has no vendor-3 (it has bank, auditor, vendor-1, vendor-2, leader, validators, all)',
        '3:22 faults[1].revoke.member[0]: this network has no auditor-2 (it has bank, auditor, vendor-1, vendor-2, leader, validators, all)',
      ],
    ],
    [
      'faults outside their phase',
      'phases: {faults: 4s}\nfaults:\n  - {at: 4s, kill: {nodes: v1}}\n  - {at: 3s, for: 2s, kill: {nodes: v1}}',
      [
        '3:10 faults[0].at: begins after the fault phase (the fault phase lasts 4s: write less, or lengthen phases.faults)',
        '4:19 faults[1].for: ends after the fault phase, and would be cut short (the fault phase lasts 4s: write 1s or less, or leave it out)',
      ],
    ],
    [
      'faults that begin anew too soon',
      'faults:\n  - {every: 1s, for: 2s, kill: {nodes: v1}}\n  - flap: {down: 0s, up: 1s}',
      [
        '2:13 faults[0].every: begins anew before it ended (it lasts 2s: write more than that)',
        '3:18 faults[1].flap.down: is no time at all (write a time, such as 500ms)',
      ],
    ],
    [
      'a validator on two sides',
      'faults:\n  - partition: {groups: [[v1, v2], [v2, v3]]}\n  - cut: {from: v1, to: [v1, v2]}',
      [
        '2:36 faults[0].partition.groups[1]: v2 is named twice (name each one once)',
        '3:25 faults[1].cut.to: v1 is on both ends of the cut (name other validators on one end)',
      ],
    ],
    [
      'more adversaries than are borne',
      'network: {byzantine: {v3: twin, v4: twin}}',
      [`1:22 network.byzantine: 2 adversaries are more than 4 validators bear (f = 1) (${f4})`],
    ],
    [
      'cheats that are more than all payments, and lack a second auditor',
      'load:\n  cheats: {doubleSpend: 0.7, twoVendors: 0.4}',
      [
        '2:11 load.cheats: shares of 1.1 in all (together at most 1)',
        '2:42 load.cheats.twoVendors: needs two vendors and two auditors (write "auditors: 2" under network, and "vendors: 2" or more under load)',
      ],
    ],
  ])('tells of %s', (_, text, problems) => {
    expect(told(text)).toEqual(problems)
  })

  it('tells of what is missing at the top, of bombs and of nothing', () => {
    expect(problemsOf('').map(({ message }) => message)).toEqual(['is empty, and must be a mapping with keys'])
    expect(problemsOf('about: x').map(({ path, line }) => [path, line])).toEqual([
      ['name', 1],
      ['title', 1],
    ])
    const bomb = `about: &a [${'x,'.repeat(9)}x]\nname: &b [${'*a,'.repeat(99)}*a]\ntitle: [${'*b,'.repeat(9)}*b]\n`
    expect(problemsOf(bomb)[0]!.hint).toMatch(/aliases/)
  })

  it('lets more adversaries be where something is to break', () => {
    expect(told('network: {byzantine: {v3: twin, v4: twin}}\nexpect: {broken: [I1]}')).toEqual([])
  })

  it('never ends in anything but an experiment or bad_input', () => {
    const piece = fc.constantFrom('name', 'title', ': ', '\n', '  ', '- ', '{', '}', '[', ']', 'v1', '5s', ',', '&a', '*a', '"', '1', '~', 'faults', 'kill', 'nodes', 'links', 'network', 'byzantine', '__proto__') // biome-ignore format: one line
    void fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
        problemsOf(pieces.join(''))
      }),
      { numRuns: 300 },
    )
  })
})

test('an experiment written as a file reads as the same experiment', () => {
  const nodes = '{nodes: [v1, leader]}'
  const parts: Partial<Record<string, string>> = {
    delay: '{by: 1.5s, jitter: 3ms, links: {of: [v1]}}',
    throttle: '{kilobytesPerSecond: 9, links: {between: [v1, v2]}}',
    loss: '{rate: 0.1}',
    duplicate: '{rate: 0.1}',
    reorder: '{rate: 0.1}',
    reset: '{links: all}',
    halfOpen: '{}',
    flap: '{down: 1s, up: 2m}',
    cut: '{from: v1, to: [v2, v3]}',
    partition: '{groups: [[v1], [v2, v3]]}',
    bridge: '{via: v1, sides: [[v2], [v3, v4]]}',
    followLeader: '{every: 90s}',
    littleHeap: '{nodes: all, megabytes: 64}',
    noDescriptors: '{nodes: bank, limit: 64}',
    clockSkew: '{nodes: v1, by: +5s}',
    clockJump: '{nodes: v1, by: -1500ms}',
    clockDrift: '{nodes: v1, rate: -0.01}',
    flood: '{by: stranger, what: connections}',
    revoke: '{member: auditor}',
  }
  const faults = actionNames.map(name => `  - {at: 1s, for: 2s, every: 2500ms, ${name}: ${parts[name] ?? nodes}}`)
  const manifest = parseManifest(
    `${head}about: |\n  Two\n  lines.\nnetwork: {byzantine: {v4: silent}}\nexpect: {verdicts: {00: 1, 01: 2}, recoversIn: 4s}\nfaults:\n${faults.join('\n')}\n`,
    'some.yaml',
  )
  expect(manifest.faults.map(({ action }) => action)).toEqual(actionNames)
  expect(parseManifest(formatManifest(manifest), 'again.yaml')).toEqual(manifest)
})

test.each([
  ['validatros', 'validators'],
  ['nod', 'node'],
  ['kill-9', 'kill'],
  ['', undefined],
  ['something', undefined],
])('the nearest word to %s is %s', (word, found) => {
  expect(nearest(word, ['validators', 'node', 'kill', 'pause'])).toBe(found)
})
