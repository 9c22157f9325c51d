// The file with the validators' addresses, watched: addresses may change while a client runs.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readPeers } from '../config.ts'

export interface AddressBook {
  /** Addresses of a validator by name; none where the file has none. */
  addresses(name: string): readonly string[]
  close(): void
}

/** Opens the file; `onChange` is called with each later content that can be read. Throws `bad_config`, `permission`. */
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
      // half of a write that is not atomic: the next event brings the rest
      onError(error)
      return
    }
    onChange(book)
  }
  // the folder, since a file that is replaced by renaming is another file; one event for the several that a replacement makes
  const watcher = fs.watch(path.dirname(path.resolve(file)), (_event, name) => {
    if (name !== null && name !== path.basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(read, 20)
  })
  watcher.on('error', onError)
  return book
}
