import { expect, it } from 'vitest'
import { mupib } from '../testing.ts'

const asked = (text: string) => mupib('trust', 'table', ...text.split(' '))

it('prints a row for each block: JSON in a pipe, a table for people', async () => {
  const [json, carried, shown] = await Promise.all([
    asked('--model neutral --w0 100 --invalid 5,5,0,3'),
    asked('--model optimistic --w0 100 --invalid 5 --rounding carry'),
    asked('--model neutral --w0 100 --invalid 5,120 --no-json'),
  ])
  expect(JSON.parse(json.output)).toEqual([
    { block: 1, beta: 5, gamma: 5, trust: '0.941176', x: '95.049505', blockSize: 95 },
    { block: 2, beta: 5, gamma: 10, trust: '0.892157', x: '90.052083', blockSize: 90 },
    { block: 3, beta: 0, gamma: 10, trust: '0.892157', x: '90.000000', blockSize: 90 },
    { block: 4, beta: 3, gamma: 13, trust: '0.862745', x: '87.032967', blockSize: 87 },
  ])
  expect(JSON.parse(carried.output)).toMatchObject([{ x: '99.743018', blockSize: 99 }])
  expect(shown.output.split('\n')).toEqual([
    'block  beta  gamma     trust          x   W',
    '    1     5      5  0.941176  95.049505  95',
    '    2   120    125  0.000000   0.000000   0',
    '',
  ])
  for (const { exitCode, errors } of [json, carried, shown]) expect([exitCode, errors]).toEqual([0, ''])
})

it('refuses what is no question', async () => {
  const refused = await Promise.all(
    [
      '--model happy --w0 100 --invalid 5',
      '--model neutral --w0 2049 --invalid 5',
      '--model neutral --w0 100 --invalid 5,,3',
    ].map(asked),
  )
  for (const { exitCode, output, errors } of refused) {
    expect([exitCode, output]).toEqual([2, ''])
    expect(JSON.parse(errors)).toMatchObject({ error: { code: 'usage' } })
  }
})
