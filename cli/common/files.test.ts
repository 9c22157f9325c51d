import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { FieldReader } from './config.ts'
import { errorText, exitCodeOf, toMupibError } from './errors.ts'
import { readJson, readKeyFile, writeAtomic, writeKeyFile } from './files.ts'
import { table, toJson } from './output.ts'
import { parseSerial } from './serial.ts'

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-files-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

const withCode = (code: string) => expect.objectContaining({ code })

describe('files', () => {
  it('are written whole or not at all, and replaced in one step', () => {
    const file = path.join(dir, 'a.json')
    writeAtomic(file, '1')
    writeAtomic(file, '22')
    expect(fs.readFileSync(file, 'utf8')).toBe('22')
    fs.mkdirSync(path.join(dir, 'b'))
    expect(() => writeAtomic(path.join(dir, 'b'), 'x')).toThrow(MupibError)
    expect(fs.readdirSync(dir).sort()).toEqual(['a.json', 'b'])
  })

  it('of keys are their owner’s only, and hold together', () => {
    const file = path.join(dir, 'key.json')
    writeKeyFile(file, new Uint8Array(32).fill(7))
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(readKeyFile(file).seed).toEqual(new Uint8Array(32).fill(7))
    fs.chmodSync(file, 0o640)
    expect(() => readKeyFile(file)).toThrow(withCode('permission'))
    const content = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string>
    for (const change of [{ algorithm: 'rsa' }, { seed: 'abc' }, { publicKey: '00' }]) {
      fs.writeFileSync(file, JSON.stringify({ ...content, ...change }))
      fs.chmodSync(file, 0o600)
      expect(() => readKeyFile(file)).toThrow(withCode('bad_key'))
    }
  })

  it('that are missing or no JSON get the code of what they were to be', () => {
    expect(() => readJson(path.join(dir, 'none'), 'bad_config')).toThrow(withCode('bad_config'))
    fs.writeFileSync(path.join(dir, 'x'), '{')
    expect(() => readJson(path.join(dir, 'x'), 'bad_genesis')).toThrow(withCode('bad_genesis'))
  })
})

describe('fields', () => {
  const read = (value: unknown) => new FieldReader(value, 'file', 'bad_config')

  it('are refused by name, unknown ones too', () => {
    expect(() => read([])).toThrow(withCode('bad_config'))
    expect(() => read({ a: 1.5 }).integer('a', 0, 9)).toThrow(expect.objectContaining({ fields: { field: 'a' } }))
    expect(() => read({ a: '07' }).amount('a', 100n)).toThrow(MupibError)
    expect(() => read({ a: 'AB' }).hex('a', 1)).toThrow(MupibError)
    expect(() => read({ a: 'x' }).oneOf('a', ['y', 'z'])).toThrow(/"y" or "z"/)
    const fields = read({ a: '7', b: 2 })
    expect(fields.amount('a', 100n)).toBe(7n)
    expect(() => fields.end()).toThrow(expect.objectContaining({ fields: { field: 'b' } }))
  })
})

describe('errors', () => {
  it('have the exit codes that scripts rely on', () => {
    const codes = {
      usage: 2,
      bad_config: 2,
      bad_genesis: 2,
      refused: 1,
      bad_proof: 1,
      port_taken: 1,
      unreachable: 3,
      bug: 70,
    }
    for (const [code, exit] of Object.entries(codes)) expect(exitCodeOf(new MupibError(code as 'bug', ''))).toBe(exit)
    expect(exitCodeOf(new TypeError('x is undefined'))).toBe(70)
  })

  it('of the system get a stable code', () => {
    const system = (code: string) => toMupibError(Object.assign(new Error(code), { code })).code
    const known = {
      EACCES: 'permission',
      ENOSPC: 'disk_full',
      EMFILE: 'too_many_files',
      EADDRINUSE: 'port_taken',
      ECONNREFUSED: 'unreachable',
    }
    for (const [code, stable] of Object.entries(known)) expect(system(code)).toBe(stable)
  })

  it('are one line', () => {
    const error = new MupibError('bad_config', 'it is wrong', { hint: 'do it right', amount: 5n })
    expect(errorText(error, false)).toBe('mupib: it is wrong [bad_config] (do it right)\n')
    const shown = { error: { code: 'bad_config', message: 'it is wrong', hint: 'do it right', amount: '5' } }
    expect(JSON.parse(errorText(error, true))).toEqual(shown)
  })
})

describe('output', () => {
  it('gives amounts as decimal strings and bytes as hex', () => {
    expect(toJson({ a: 5n, b: Uint8Array.of(1, 255), c: undefined })).toBe('{"a":"5","b":"01ff"}')
  })

  it('lines tables up', () => {
    const rows = [{ n: 5 }, { n: 123 }]
    expect(table(rows, [{ head: 'n', cell: row => row.n, right: true }])).toBe('  n\n  5\n123')
    expect(table([], [{ head: 'n', cell: () => '' }])).toBe('none')
  })

  it('reads serials from the right', () => {
    expect(parseSerial('my-bank-12-7')).toEqual({ bank: 'my-bank', publication: 12, index: 7 })
    for (const bad of ['bank', 'bank-1', '-1-2', 'bank-1-x']) expect(() => parseSerial(bad)).toThrow(withCode('usage'))
  })
})
