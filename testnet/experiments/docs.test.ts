// docs/experiments.md says what the code does: faults by engine, rules, what ships, and an example that can be read.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dishonestClients, dishonestVendors } from '../dishonest/index.ts'
import { shippedExperiments } from './library.ts'
import { actionNames, invariantIds } from './manifest.ts'
import { parseManifest } from './parse.ts'
import { engineNames, givesFault } from './support.ts'

const page = readFileSync(new URL('../../docs/experiments.md', import.meta.url), 'utf8')

/** Cells of all table rows that begin with a word in a given form. */
const rowsOf = (first: RegExp): string[][] =>
  page
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(([, name]) => name !== undefined && first.test(name))

test('the table of faults has every fault, and agrees on who gives it', () => {
  const rows = rowsOf(/^`[a-zA-Z]+`$/).filter(cells => cells.length === 6 && !cells[1]!.includes('pass'))
  const faults = rows.filter(([, name]) => actionNames.some(action => name === `\`${action}\``))
  expect(faults.map(([, name]) => name)).toEqual(actionNames.map(action => `\`${action}\``))
  for (const [at, action] of actionNames.entries())
    expect(
      engineNames.map((_, engine) => faults[at]![3 + engine]!.startsWith('yes')),
      action,
    ).toEqual(engineNames.map(engine => givesFault(engine, action)))
})

test('every behaviour of clients and vendors in sessions is explained', () => {
  const named = rowsOf(/^`[a-z-]+`$/).map(([, name]) => name!.slice(1, -1))
  for (const behaviours of [dishonestClients, dishonestVendors])
    expect(named.join(' ')).toContain(Object.keys(behaviours).join(' '))
})

test('every rule is explained', () => {
  expect(rowsOf(/^[ILF]\d+$/).map(([, id]) => id)).toEqual(invariantIds)
})

test('every experiment that ships is listed with its title', () => {
  const known = new Set([...Object.keys(dishonestClients), ...Object.keys(dishonestVendors)].map(name => `\`${name}\``))
  expect(rowsOf(/^`[a-z0-9-]+`$/).filter(cells => cells.length === 4 && !known.has(cells[1]!))).toEqual(
    shippedExperiments().map(({ reference, manifest }) => ['', `\`${reference}\``, manifest.title, '']),
  )
})

test('the example is an experiment', () => {
  const [, example] = /```yaml\n(.*?)```/s.exec(page)!
  expect(parseManifest(example!, 'example.yaml').faults).toHaveLength(3)
})
