// The programs behind `npm run`: help where it is asked for, the usage for wrong use, and for nothing else.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('./crash/run.ts', import.meta.url))

function run(args: readonly string[], temporary?: string) {
  const env = temporary === undefined ? process.env : { ...process.env, TMPDIR: temporary }
  // tsx keeps what it compiled in the folder for temporary files, and does without where there is none
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', program, ...args], { env })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

test('help is an answer, wrong use is told with the usage, and another failure without it', () => {
  const usage = expect.stringContaining('--kills N') as string
  expect(run(['--help'])).toEqual({ status: 0, stdout: usage, stderr: '' })
  for (const wrong of [['--kills', 'many'], ['--nothing']])
    expect(run(wrong)).toEqual({ status: 2, stdout: '', stderr: usage })
  expect(run(['--kills', '1'], '/nowhere/at/all')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^mupib: no such file: .*\[bad_input\]\n$/) as string,
  })
})
