// A validator that has no descriptor left goes on, and catches up on what it could not read once it has some again.
import { expect, test } from 'vitest'
import { runScript } from './testing-scripts.ts'

test('a validator without descriptors answers, and reads changed addresses when it has some again', async () => {
  // fewer would not do for loading the program: its modules are read many at once
  const ran = await runScript(new URL('./descriptors.fixture.ts', import.meta.url), 'ulimit -n 1024')
  expect(ran).toEqual({
    code: 0,
    output: 'EMFILE\nmetrics 200\naddresses too_many_files\nstatus 200\ndialled\nstopped\n',
  })
}, 30_000)
