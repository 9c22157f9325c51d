// The commands that break the links of a running network by hand and mend them, and set its clocks wrong.
import { type Command, InvalidArgumentError } from 'commander'
import { outputOf, pairs } from '../cli/common/output.ts'
import { wholeNumber, withExamples } from '../cli/common/program.ts'
import { MupibError } from '../proto/errors.ts'
import { setClock } from './clock/clock.ts'
import { actorNamed, type NetworkFiles, openNetwork } from './folders.ts'
import { RelayClient } from './relay/client.ts'
import { type Direction, directionsBetween, directionsOf, partitionRules } from './relay/rules.ts'

const hourMs = 3_600_000

const namesOf = (network: NetworkFiles): string[] => network.validators.map(({ name }) => name)

const listed = (text: string): string[] =>
  text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** A pair of validators, as `A,B`. */
function parseLink(text: string): readonly [string, string] {
  const [one, other, ...more] = listed(text)
  if (one === undefined || other === undefined || more.length > 0 || one === other)
    throw new InvalidArgumentError('Two validators, such as v1,v2.')
  return [one, other]
}

/** Groups of validators, as `A,B/C,D`. */
function parseGroups(text: string): string[][] {
  const groups = text.split('/').map(listed)
  if (groups.some(group => group.length === 0))
    throw new MupibError('usage', `"${text}" names an empty group`, { hint: 'such as v1,v2/v3,v4' })
  return groups
}

const groupsText = (groups: readonly (readonly string[])[]): string => groups.map(group => group.join(',')).join(' / ')

function addPartitionAndHeal(testnet: Command): void {
  withExamples(
    testnet
      .command('partition <groups>')
      .description('cut the links between groups of validators; those that are not named are alone')
      .action(async (text: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const network = openNetwork(output.dir)
        const named = parseGroups(text)
        const rules = partitionRules(namesOf(network), named)
        await RelayClient.of(network).set(rules)
        const alone = namesOf(network).filter(name => !named.flat().includes(name))
        const groups = [...named, ...alone.map(name => [name])]
        output.result({ groups }, result => `cut off from each other: ${groupsText(result.groups)}`)
      }),
    'mupib testnet partition v1,v2/v3,v4',
    'mupib testnet partition v1,v2,v3',
  )
  withExamples(
    testnet
      .command('heal')
      .description('mend all links: no cuts, no delays')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const relay = RelayClient.of(openNetwork(output.dir))
        const before = await relay.links()
        await relay.heal()
        const mended = before.filter(({ rules }) => Object.keys(rules).length > 0).length
        output.result({ mended }, result => (result.mended === 0 ? 'no link was broken' : 'all links are whole again'))
      }),
    'mupib testnet heal',
  )
}

interface DelayOptions {
  readonly jitter: number
  readonly link?: readonly [string, string]
}

function addDelay(testnet: Command): void {
  withExamples(
    testnet
      .command('delay <ms>')
      .description('delay what passes between validators, each way; 0 ends it')
      .option('--jitter <ms>', 'how far that varies, up and down', wholeNumber(0, hourMs), 0)
      .option('--link <names>', 'only between these two', parseLink)
      .action(async (text: string, options: DelayOptions, command: Command) => {
        const output = outputOf(command)
        const delayMs = wholeNumber(0, hourMs)(text)
        if (options.jitter > delayMs)
          throw new MupibError('usage', `a jitter of ${options.jitter} ms is more than the delay of ${delayMs} ms`)
        const network = openNetwork(output.dir)
        const relay = RelayClient.of(network)
        const { link } = options
        const directions = link ? directionsBetween([link[0]], [link[1]]) : directionsOf(namesOf(network))
        await addDelayTo(relay, directions, delayMs, options.jitter)
        const result = { delayMs, jitterMs: options.jitter, links: link ? [link] : 'all' }
        output.result(result, () =>
          pairs([
            ['links', link ? link.join(' – ') : 'all'],
            ['delay', `${delayMs} ms each way`],
            ['jitter', options.jitter === 0 ? undefined : `± ${options.jitter} ms`],
          ]),
        )
      }),
    'mupib testnet delay 100',
    'mupib testnet delay 250 --jitter 50 --link v1,v2',
    'mupib testnet delay 0',
  )
}

/** What else is broken about these links stays as it is. */
async function addDelayTo(
  relay: RelayClient,
  directions: readonly Direction[],
  delayMs: number,
  jitterMs: number,
): Promise<void> {
  const links = await relay.links()
  const rulesOf = ({ from, to }: Direction) => links.find(link => link.from === from && link.to === to)?.rules ?? {}
  const changes = directions.map(direction => {
    const { delayMs: _delay, jitterMs: _jitter, ...others } = rulesOf(direction)
    return { ...direction, rules: delayMs === 0 ? others : { ...others, delayMs, jitterMs } }
  })
  await relay.set(changes)
}

/** Seconds with a sign, such as +5 or -0.3, in milliseconds. */
function parseShift(text: string): number {
  if (!/^[+-]?\d{1,9}(\.\d{1,3})?$/.test(text))
    throw new InvalidArgumentError('Seconds with a sign, such as +5 or -0.3; +0 sets it right.')
  return Math.round(Number(text) * 1_000)
}

function addClock(testnet: Command): void {
  withExamples(
    testnet
      .command('clock')
      .description("set a process's clock so many seconds before or after this machine's; +0 sets it right")
      .argument('<name>', 'a validator, the bank, an auditor or a vendor')
      .argument('<seconds>', 'with sign, such as +5 or -0.3', parseShift)
      .action(async (name: string, offsetMs: number, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const actor = actorNamed(openNetwork(output.dir), name)
        setClock(actor, { offsetMs })
        output.result({ name: actor.name, offsetMs }, () => {
          if (offsetMs === 0) return `${actor.name} has the right time`
          return `${actor.name} is ${Math.abs(offsetMs) / 1_000} s ${offsetMs > 0 ? 'ahead' : 'behind'}`
        })
      }),
    'mupib testnet clock v1 +5',
    'mupib testnet clock bank -0.3',
    'mupib testnet clock v1 +0',
  )
}

/** Adds the commands that break a running network's links, mend them, and set its clocks wrong. */
export function addFaultCommands(testnet: Command): void {
  addPartitionAndHeal(testnet)
  addDelay(testnet)
  addClock(testnet)
}
