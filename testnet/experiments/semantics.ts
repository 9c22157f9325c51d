// What a schema cannot see of an experiment: names that the network does not have, faults outside their phase, more adversaries than a
// Byzantine quorum bears, shares that are more than a whole.
import { channelLimits } from '../../cli/channel/limits.ts'
import { faultsBorne } from '../../proto/chain.ts'
import { limits } from '../../proto/limits.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import type { Flaw } from './explain.ts'
import type { Fault, Manifest } from './manifest.ts'
import { type Path, timeText } from './schema.ts'

interface Named {
  readonly path: Path
  readonly names: readonly string[]
}

/** All groups of processes that a fault names, each with its place in the file. */
function namedBy(fault: Fault, at: number): Named[] {
  const inside = (...path: Path): Path => ['faults', at, fault.action, ...path]
  switch (fault.action) {
    case 'delay':
    case 'throttle':
    case 'loss':
    case 'duplicate':
    case 'reorder':
    case 'reset':
    case 'halfOpen':
    case 'flap': {
      const { links } = fault
      if (links === 'all') return []
      if ('of' in links) return [{ path: inside('links', 'of'), names: links.of }]
      return [{ path: inside('links', 'between'), names: links.between }]
    }
    case 'cut':
      return [
        { path: inside('from'), names: fault.from },
        { path: inside('to'), names: fault.to },
      ]
    case 'partition':
      return fault.groups.map((names, group) => ({ path: inside('groups', group), names }))
    case 'bridge':
      return [
        { path: inside('via'), names: fault.via },
        ...fault.sides.map((names, side) => ({ path: inside('sides', side), names })),
      ]
    case 'revoke':
      return [{ path: inside('member'), names: [fault.member] }]
    case 'followLeader':
    case 'flood':
      return []
    default:
      return [{ path: inside('nodes'), names: fault.nodes }]
  }
}

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}${at + 1}`)

/** Everything that a fault may name in this network. */
function processesOf({ network, load }: Manifest): string[] {
  const auditors = numbered('auditor-', network.auditors).map(name => (name === 'auditor-1' ? 'auditor' : name))
  const together = ['leader', 'validators', 'all']
  const paying = load.sessions ? ['till', ...numbered('client-', load.sessions.count)] : []
  return [
    ...numbered('v', network.validators),
    'bank',
    ...auditors,
    ...numbered('vendor-', load.vendors),
    ...paying,
    ...together,
  ]
}

function unknownNames(named: readonly Named[], known: readonly string[]): Flaw[] {
  return named.flatMap(({ path, names }) =>
    names.flatMap((name, at) =>
      known.includes(name)
        ? []
        : [{ path: [...path, at], message: `this network has no ${name}`, hint: hasHint(name, known) }],
    ),
  )
}

function hasHint(name: string, known: readonly string[]): string {
  const isValidator = (one: string): boolean => /^v\d+$/.test(one)
  if (!isValidator(name)) return `it has ${known.filter(one => !isValidator(one)).join(', ')}`
  return `its validators are v1 to ${known.findLast(isValidator)}`
}

const listed = (names: readonly string[]): string => names.join(', ')

const repeatedIn = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
]

/** Names that stand twice where each has one place. */
function sides(fault: Fault, named: readonly Named[]): Flaw[] {
  if (fault.action === 'cut') {
    const both = fault.from.filter(name => fault.to.includes(name))
    const path = named[1]!.path
    if (both.length === 0) return []
    return [{ path, message: `${listed(both)} is on both ends of the cut`, hint: 'name other validators on one end' }]
  }
  const last = named.at(-1)
  const twice = repeatedIn(named.flatMap(({ names }) => names))
  if (!last || twice.length === 0) return []
  const message = `${listed(twice)} is named twice`
  return [{ path: last.path, message, hint: 'name each one once' }]
}

function timesOf(fault: Fault, at: number, phaseMs: number): Flaw[] {
  const flaw = (key: string, message: string, hint: string): Flaw => ({ path: ['faults', at, key], message, hint })
  const phase = `the fault phase lasts ${timeText(phaseMs)}`
  const flaws: Flaw[] = []
  if (fault.at >= phaseMs)
    flaws.push(flaw('at', 'begins after the fault phase', `${phase}: write less, or lengthen phases.faults`))
  else if (fault.lasts !== undefined && fault.at + fault.lasts > phaseMs)
    flaws.push(
      flaw(
        'for',
        'ends after the fault phase, and would be cut short',
        `${phase}: write ${timeText(phaseMs - fault.at)} or less, or leave it out`,
      ),
    )
  if (fault.lasts === 0) flaws.push(flaw('for', 'is no time at all', 'write a time, or leave it out'))
  if (fault.every === 0) flaws.push(flaw('every', 'is no time at all', 'write a time, such as 2s'))
  else if (fault.every !== undefined && fault.every <= (fault.lasts ?? 0))
    flaws.push(flaw('every', 'begins anew before it ended', `it lasts ${timeText(fault.lasts!)}: write more than that`))
  return flaws
}

function periodsOf(fault: Fault, at: number): Flaw[] {
  const flaw = (key: string): Flaw => ({
    path: ['faults', at, fault.action, key],
    message: 'is no time at all',
    hint: 'write a time, such as 500ms',
  })
  if (fault.action === 'followLeader') return fault.looksEvery === 0 ? [flaw('every')] : []
  if (fault.action !== 'flap') return []
  return [...(fault.up === 0 ? [flaw('up')] : []), ...(fault.down === 0 ? [flaw('down')] : [])]
}

function adversariesOf({ network, expect }: Manifest): Flaw[] {
  const names = Object.keys(network.byzantine)
  const known = numbered('v', network.validators)
  const strangers = names
    .filter(name => !known.includes(name))
    .map(name => ({
      path: ['network', 'byzantine', name],
      isKey: true,
      message: `this network has no ${name}`,
      hint: hasHint(name, known),
    }))
  const bearable = faultsBorne(network.validators)
  if (names.length <= bearable || expect.broken.length > 0) return strangers
  return [
    ...strangers,
    {
      path: ['network', 'byzantine'],
      message: `${names.length} adversaries are more than ${network.validators} validators bear (f = ${bearable})`,
      hint: `name ${bearable} at most, or say in expect.broken which invariants are to break, such as broken: [I1]`,
    },
  ]
}

function cheatsOf({ network, load }: Manifest): Flaw[] {
  const path = ['load', 'cheats']
  const total = Object.values(load.cheats).reduce((sum, share) => sum + share, 0)
  const flaws: Flaw[] = []
  // shares such as 0.1 have no exact double
  if (total > 1 + 1e-9)
    flaws.push({ path, message: `shares of ${Math.round(total * 1000) / 1000} in all`, hint: 'together at most 1' })
  if (load.cheats.twoVendors > 0 && (load.vendors < 2 || network.auditors < 2))
    flaws.push({
      path: [...path, 'twoVendors'],
      message: 'needs two vendors and two auditors',
      hint: 'write "auditors: 2" under network, and "vendors: 2" or more under load',
    })
  return flaws
}

function sessionsOf({ load: { sessions }, expect }: Manifest): Flaw[] {
  const path = ['load', 'sessions']
  if (!sessions) {
    const hint = 'write sessions under load, or leave this out'
    return expect.sessions ? [{ path: ['expect', 'sessions'], message: 'there are none', hint }] : []
  }
  const flaws: Flaw[] = []
  const { lasts, window, suite, client } = sessions
  const { expiryMarginMs } = channelLimits
  if (lasts <= 2 * expiryMarginMs)
    flaws.push({
      path: [...path, 'lasts'],
      message: `is nearly over before it begins: both sides end a session ${timeText(expiryMarginMs)} before it expires`,
      hint: `write more than ${timeText(2 * expiryMarginMs)}`,
    })
  const [least, most] = [limits.sessionWindowMsMin, limits.sessionWindowMsMax]
  if (window < least || window > most)
    flaws.push({
      path: [...path, 'window'],
      message: 'is no window',
      hint: `from ${timeText(least)} to ${timeText(most)}`,
    })
  if (client === 'bad-lock' && !lockSuite(suite).isVerifiable)
    flaws.push({
      path: [...path, 'client'],
      message: `nobody can see a bad lock of ${suite}`,
      hint: 'write suite: schnorr or bls',
    })
  return flaws
}

/** What is wrong with an experiment beyond its form, in the order of the file. */
export function checkManifest(manifest: Manifest): Flaw[] {
  const known = processesOf(manifest)
  const faults = manifest.faults.flatMap((fault, at) => {
    const named = namedBy(fault, at)
    return [
      ...timesOf(fault, at, manifest.phases.faults),
      ...periodsOf(fault, at),
      ...unknownNames(named, known),
      ...sides(fault, named),
    ]
  })
  return [...adversariesOf(manifest), ...cheatsOf(manifest), ...sessionsOf(manifest), ...faults]
}
