// What a vendor delivers for a unit of a session: a piece of a file, or where it sells none, a receipt that names the unit.
import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { bytesOfHex, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, sha256 } from '../../proto/hash.ts'
import type { SessionSettings } from './session-settings.ts'

export class Goods {
  readonly #file: FileHandle | undefined
  readonly #chunkBytes: number
  /** How many units there are: one for each piece of the file, and no end of receipts. */
  readonly units: number

  private constructor(chunkBytes: number, file?: FileHandle, fileBytes = Number.POSITIVE_INFINITY) {
    this.#file = file
    this.#chunkBytes = chunkBytes
    this.units = Math.ceil(fileBytes / chunkBytes)
  }

  /** Throws `bad_config` where there is no such file, or nothing in it. */
  static async open(dir: string, { file, chunkBytes }: Pick<SessionSettings, 'file' | 'chunkBytes'>): Promise<Goods> {
    if (file === undefined) return new Goods(chunkBytes)
    const place = resolve(dir, file)
    const handle = await open(place).catch((cause: unknown) => {
      throw new MupibError('bad_config', `sessions: the file ${place} cannot be read`, { field: 'file', cause })
    })
    const stats = await handle.stat()
    if (stats.isFile() && stats.size > 0) return new Goods(chunkBytes, handle, stats.size)
    await handle.close()
    throw new MupibError('bad_config', `sessions: ${place} is no file, or an empty one`, { field: 'file' })
  }

  /** Bytes of a piece; undefined where no file is sold. */
  get chunkBytes(): number | undefined {
    return this.#file && this.#chunkBytes
  }

  /** The unit that payment `index` (from 1) is for: always the same bytes; none beyond the end of the file. */
  async unit(session: Digest, index: number): Promise<Uint8Array> {
    if (!this.#file) return sha256(new Writer(36).fixed(bytesOfHex(session), 32).u32(index).finish())
    const piece = new Uint8Array(this.#chunkBytes)
    const { bytesRead } = await this.#file.read(piece, 0, piece.length, (index - 1) * this.#chunkBytes)
    return piece.subarray(0, bytesRead)
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
