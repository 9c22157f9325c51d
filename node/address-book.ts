// The file with the validators' addresses, watched: addresses may change while a validator or a client runs.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { MupibError } from '../proto/errors.ts'
import { readPeers } from './config.ts'

export interface AddressBook {
  /** Addresses of a validator by name; none where the file has none. */
  addresses(name: string): readonly string[]
  close(): void
}

/** One reading for the several events that a replacement makes, in milliseconds. */
const settleMs = 20
/** Pause before the file is read again where the process had no descriptor left for it, in milliseconds. */
const rereadMs = 1_000

/** Opens the file; `onChange` is called with each later content that can be read. Throws `bad_config`, `permission`, `too_many_files`. */
export function openAddressBook(
  file: string,
  onChange: (book: AddressBook) => void,
  onError: (error: unknown) => void,
): AddressBook {
  let peers = readPeers(file)
  let timer: NodeJS.Timeout | undefined
  const book: AddressBook = {
    addresses: name => peers.get(name) ?? [],
    close() {
      clearTimeout(timer)
      watcher.close()
    },
  }
  const read = (): void => {
    try {
      peers = readPeers(file)
    } catch (error) {
      onError(error)
      // half of a write that is not atomic: the next event brings the rest; but no event tells of descriptors
      if (error instanceof MupibError && error.code === 'too_many_files') timer = setTimeout(read, rereadMs)
      return
    }
    onChange(book)
  }
  // the folder, since a file that is replaced by renaming is another file
  const watcher = fs.watch(path.dirname(path.resolve(file)), (_event, name) => {
    if (name !== null && name !== path.basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(read, settleMs)
  })
  watcher.on('error', onError)
  return book
}
