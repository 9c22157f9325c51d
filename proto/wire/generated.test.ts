// The committed code is what the schema generates: after a change of mupib.proto run `npm run proto`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { generate } from './generate.ts'

it('generated/ follows from mupib.proto', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mupib-proto-'))
  try {
    await generate(join(directory, 'mupib.js'))
    for (const name of ['mupib.js', 'mupib.d.ts'])
      expect(readFileSync(join(directory, name), 'utf8')).toBe(
        readFileSync(new URL(`generated/${name}`, import.meta.url), 'utf8'),
      )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
