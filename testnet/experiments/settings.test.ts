// Values from the command line: where short names and paths lead, and what an experiment makes of them.
import { describe, expect, it } from 'vitest'
import { findExperiment } from './library.ts'
import { parameterPath, readSetting, withSettings } from './settings.ts'
import { readSweep } from './sweep.ts'
import { seedsFrom, trialOf } from './trial.ts'

describe('parameterPath', () => {
  it.each([
    ['validators', ['network', 'validators']],
    ['timeout', ['network', 'timeout']],
    ['rate', ['load', 'rate']],
    ['doubleSpend', ['load', 'cheats', 'doubleSpend']],
    ['settle', ['phases', 'settle']],
    ['faults', ['phases', 'faults']],
    ['network.delay', ['network', 'delay']],
    ['expect.recoversIn', ['expect', 'recoversIn']],
    ['network.byzantine.v4', ['network', 'byzantine', 'v4']],
    ['faults[0].delay.by', ['faults', 0, 'delay', 'by']],
    ['faults.1.kill.nodes', ['faults', 1, 'kill', 'nodes']],
    ['faults[1].kill.nodes[0]', ['faults', 1, 'kill', 'nodes', 0]],
  ])('%s is %j', (name, path) => {
    expect(parameterPath(name)).toEqual(path)
  })

  it.each([
    ['validator', 'did you mean validators?'],
    ['network', expect.stringMatching(/^one of validators, .*twoVendors, warmUp/)],
    ['network.byzantine', expect.stringMatching(/^one of /)],
    ['faults[0].delay', expect.stringMatching(/^one of /)],
  ])('%s is none', (name, hint) => {
    expect(() => parameterPath(name)).toThrow(expect.objectContaining({ code: 'usage', hint }))
  })
})

describe('withSettings', () => {
  const experiment = findExperiment('slow-link')
  const set = (...settings: string[]) => withSettings(experiment, settings.map(readSetting))

  it('changes what was named and nothing else', () => {
    const changed = set('validators=7', 'delay=5ms', 'faults[0].delay.by=9ms', 'faults[1].throttle.links=all')
    const { manifest } = experiment
    expect(changed.manifest).toEqual({
      ...manifest,
      network: { ...manifest.network, validators: 7, delay: 5 },
      faults: [
        { ...manifest.faults[0], by: 9 },
        { ...manifest.faults[1], links: 'all' },
      ],
    })
    expect(withSettings(changed, []).text).toContain('validators: 7')
  })

  it('keeps the rules for files, and names the change', () => {
    const failing = (...settings: string[]): unknown => {
      try {
        set(...settings)
      } catch (error) {
        return error
      }
      return undefined
    }
    expect(failing('validators=1')).toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(
        /slow-link\.yaml with network\.validators=1:\d+:\d+: faults\[1\]\.throttle\.links\.of\[0\]: /,
      ),
    })
    expect(failing('timeout=soon')).toMatchObject({ code: 'bad_input', hint: expect.stringMatching(/250ms/) })
    expect(failing('faults[7].delay.by=1s')).toMatchObject({
      code: 'usage',
      hint: 'it has faults[0].delay, faults[1].throttle',
    })
    expect(failing('faults[0].loss.rate=1')).toMatchObject({ code: 'usage' })
  })

  it.each(['validators', 'validators=', '=4'])('takes no "%s"', text => {
    expect(() => readSetting(text)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describe('a trial', () => {
  it('says how it is repeated, as a shell takes it', () => {
    const settings = [readSetting('validators=7'), readSetting('faults[0].delay.by=9ms')]
    expect(trialOf(findExperiment('slow-link'), settings, 'real', 5).command).toBe(
      "mupib experiment run slow-link --set network.validators=7 --set 'faults[0].delay.by=9ms' --real --seed 5",
    )
  })

  it('has a seed of 32 bits', () => {
    expect(seedsFrom(4_294_967_294, 2)).toEqual([4_294_967_294, 4_294_967_295])
    expect(() => seedsFrom(4_294_967_294, 3)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

it.each(['validators=4', 'validators=4,4', 'validators=4,,7'])('"%s" is no sweep', text => {
  expect(() => readSweep(text)).toThrow(expect.objectContaining({ code: 'usage' }))
})
