import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../proto/hash.ts'
import { Goods } from './goods.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-goods-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

const session = sha256Hex(Buffer.from('a session'))
const sold = (file: string | undefined): Promise<Goods> => Goods.open(folder, { file, chunkBytes: 4 })

describe('what a vendor sells', () => {
  it('is a file in pieces, the last of them what is left', async () => {
    fs.writeFileSync(path.join(folder, 'film'), 'abcdefghij')
    const goods = await sold('film')
    expect([goods.units, goods.chunkBytes]).toEqual([3, 4])
    const pieces = await Promise.all([1, 2, 3].map(index => goods.unit(session, index)))
    expect(pieces.map(piece => Buffer.from(piece).toString())).toEqual(['abcd', 'efgh', 'ij'])
    await goods.close()
  })

  it('is no file that is missing, empty or a folder', async () => {
    fs.writeFileSync(path.join(folder, 'empty'), '')
    for (const file of ['missing', 'empty', '.'])
      await expect(sold(file)).rejects.toMatchObject({ code: 'bad_config', fields: { field: 'file' } })
  })

  it('is else a receipt for each unit, without end', async () => {
    const goods = await sold(undefined)
    expect([goods.units, goods.chunkBytes]).toEqual([Number.POSITIVE_INFINITY, undefined])
    const [first, again, second] = await Promise.all([1, 1, 2].map(index => goods.unit(session, index)))
    expect(first).toEqual(again)
    expect(first).not.toEqual(second)
  })
})
