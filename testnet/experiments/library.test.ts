// The experiments that ship: each can be read, says what it is about, fits both engines' time, and together they try every fault.
import { describe, expect, it, test } from 'vitest'
import { dishonestClients, dishonestVendors } from '../dishonest/index.ts'
import { formatManifest } from './format.ts'
import { findExperiment, shippedExperiments, shippedNames } from './library.ts'
import { actionNames } from './manifest.ts'
import { parseManifest } from './parse.ts'
import { enginesFor } from './support.ts'

const shipped = shippedExperiments()

describe.each(shipped)('$reference', ({ reference, manifest }) => {
  it('is named like its file and says what is tried', () => {
    expect(manifest.name).toBe(reference)
    expect(manifest.about.length).toBeGreaterThan(200)
    expect(manifest.about.length).toBeLessThan(900)
  })

  it('is short enough for real processes', () => {
    const { warmUp, faults, settle } = manifest.phases
    expect(warmUp + faults + settle).toBeLessThanOrEqual(30_000)
  })

  it('settles longer than the next verdict may take', () => {
    const { network, phases } = manifest
    expect(phases.settle).toBeGreaterThanOrEqual((Object.keys(network.byzantine).length + 2) * network.timeout)
  })

  it('can fail', () => {
    const { broken, verdicts, stalls, delivered, sessions } = manifest.expect
    expect([
      broken.length > 0,
      Object.keys(verdicts).length > 0,
      stalls !== undefined,
      delivered !== undefined,
      sessions !== undefined,
    ]).toContain(true)
  })

  it('is the same when it is written and read again', () => {
    expect(parseManifest(formatManifest(manifest), 'again.yaml')).toEqual(manifest)
  })
})

test('the attacks and properties of the paper are there, and every fault is tried', () => {
  const names = shippedNames()
  expect(names).toEqual(expect.arrayContaining(['attack-51', 'attack-ddos', 'attack-sybil', 'attack-eclipse']))
  expect(names.filter(name => name.startsWith('resilience-'))).toHaveLength(6)
  const tried = new Set(shipped.flatMap(({ manifest }) => manifest.faults.map(({ action }) => action)))
  expect(actionNames.filter(name => !tried.has(name))).toEqual([])
  expect(new Set(shipped.map(({ manifest }) => manifest.title)).size).toBe(shipped.length)
})

test('every dishonest client and vendor of sessions is tried', () => {
  const sessions = shipped.flatMap(({ manifest }) => manifest.load.sessions ?? [])
  const clients = new Set(sessions.map(({ client }) => client))
  const vendors = new Set(sessions.map(({ vendor }) => vendor))
  expect([...clients].sort()).toEqual(['honest', ...Object.keys(dishonestClients)].sort())
  expect([...vendors].sort()).toEqual(['honest', ...Object.keys(dishonestVendors)].sort())
})

test('most experiments run as they are on both engines', () => {
  const partly = shipped.filter(({ manifest }) => enginesFor(manifest).length < 2).map(({ reference }) => reference)
  expect(partly).toEqual(['attack-51', 'full-disk', 'kill-at-boundary', 'lossy-network', 'scarce-machine'])
})

test('an experiment is found by name or path, and a mistyped one gets a hint', () => {
  expect(findExperiment('calm').manifest.title).toBe('Nothing is broken')
  const file = shipped[0]!.file
  expect(findExperiment(file).manifest).toEqual(shipped[0]!.manifest)
  expect(() => findExperiment('leader-crush')).toThrow(
    expect.objectContaining({ code: 'bad_input', hint: 'did you mean leader-crash?' }),
  )
  expect(() => findExperiment('./nowhere.yaml')).toThrow(
    expect.objectContaining({ code: 'bad_input', message: 'no file at ./nowhere.yaml' }),
  )
})
