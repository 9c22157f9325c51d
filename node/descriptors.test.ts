// A validator that has no descriptor left goes on, and catches up on what it could not read once it has some again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

test('a validator without descriptors answers, and reads changed addresses when it has some again', async () => {
  const script = fileURLToPath(new URL('./descriptors.fixture.ts', import.meta.url))
  // fewer would not do for loading the program: its modules are read many at once
  const command = ['-c', 'ulimit -n 1024; exec "$0" "$@"', process.execPath, '--import', 'tsx', script]
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  let output = ''
  child.stdout.on('data', chunk => {
    output += String(chunk)
  })
  const [code] = await once(child, 'exit')
  expect({ code, output }).toEqual({ code: 0, output: 'EMFILE\nmetrics 200\nstatus 200\ndialled\nstopped\n' })
}, 30_000)
