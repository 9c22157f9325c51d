// The programs behind `npm run`: help where it is asked for, the usage for wrong use, and for nothing else.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

function run(program: string, ...args: readonly string[]) {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', file, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

test('help is an answer, wrong use is told with the usage, and another failure without it', { timeout: 60_000 }, () => {
  const usage = expect.stringContaining('--kills N') as string
  expect(run('./crash/run.ts', '--help')).toEqual({ status: 0, stdout: usage, stderr: '' })
  for (const wrong of [['--kills', 'many'], ['--nothing']])
    expect(run('./crash/run.ts', ...wrong)).toEqual({ status: 2, stdout: '', stderr: usage })
  expect(run('./simulate-consensus.ts', '--scenario', '/nowhere.json')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'mupib: cannot read /nowhere.json [bad_input] (give the path of a scenario file)\n',
  })
})
