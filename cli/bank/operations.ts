// Where a bank command's work is done: at the running service, or in this process on the bank's own store.
import { join } from 'node:path'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { isName } from '../../proto/records.ts'
import { runningService } from '../common/actor-home.ts'
import { parsePublicKey, readJson, statOf } from '../common/files.ts'
import { call } from '../common/http.ts'
import type { Output } from '../common/output.ts'
import { parseSerial } from '../common/serial.ts'
import type { BankOperations } from './service.ts'

function remoteBank(base: string): BankOperations {
  return {
    issue: (holder, count) => call(base, 'POST', '/issue?publish=0', { holder, count }),
    issueFinal: (holder, count) => call(base, 'POST', '/issue', { holder, count }),
    publish: () => call(base, 'POST', '/publish', {}),
    publications: () => call(base, 'GET', '/publications'),
    tokens: (publication, holder) =>
      call(base, 'GET', `/publications/${publication}/tokens${holder === undefined ? '' : `?holder=${holder}`}`),
    takeBack: given => call(base, 'POST', '/return', given),
    proof: publication => call(base, 'GET', `/publications/${publication}/proof`),
    status: () => call(base, 'GET', '/status'),
  }
}

/** Does something with the bank of a directory. Throws what the operation throws. */
export async function withBank(output: Output, work: (operations: BankOperations) => Promise<void>): Promise<void> {
  const running = runningService(output.dir, 'bank')
  if (running) return work(remoteBank(running.http))
  const [{ Bank }, { openBankHome }, { bankOperations }] = await Promise.all([
    import('./bank.ts'),
    import('./home.ts'),
    import('./service.ts'),
  ])
  const home = openBankHome(output.dir)
  output.progress('no bank runs: this command opens its store and asks the ledger')
  const bank = await Bank.open({ home })
  try {
    await work(bankOperations(bank))
  } finally {
    await bank.close()
  }
}

/** A holder's public key, in hex: given as such, or by the name of a user with a folder in the network. */
export function holderOf(dir: string, user: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(user)) return toHex(parsePublicKey(user, 'the holder'))
  const file = join(dir, 'users', user, 'key.json')
  if (!isName(user) || statOf(file) === undefined)
    throw new MupibError('bad_input', `"${user}" is neither a public key nor a user of this network`, {
      hint: 'give 64 hex characters, or the name of a folder in users/',
    })
  const { publicKey } = readJson(file, 'bad_key') as { publicKey?: unknown }
  return toHex(parsePublicKey(String(publicKey), `publicKey in ${file}`))
}

/** A number given as text. Throws `usage`. */
export function numberOf(text: string, what: string): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (number < 1) throw new MupibError('usage', `"${text}" is no number of a ${what}`)
  return number
}

/** A publication's number, given as such or by a token's serial. */
export const publicationOf = (text: string): number =>
  /^\d+$/.test(text) ? numberOf(text, 'publication') : parseSerial(text).publication

/** The content of a return file. */
export const readReturn = (file: string): unknown => readJson(file, 'bad_input')
