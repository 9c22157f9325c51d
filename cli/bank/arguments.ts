// What people name on the bank's command line: parties, numbers, and files with returns and answers.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { toHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { isName } from '../../proto/records.ts'
import { partyConfigFile, readOwnCertificate } from '../common/actor-home.ts'
import { readConfig } from '../common/config.ts'
import { besideFile, parsePublicKey, readJson, statOf } from '../common/files.ts'
import { parseSerial } from '../common/serial.ts'

/** Folders of a network that hold parties with an account, beside those of auditors at its top. */
const partyFolders = ['users', 'vendors'] as const

/** The directory of the network to which the bank of a directory belongs. */
function networkDir(dir: string): string {
  const file = partyConfigFile(dir, 'bank')
  return dirname(besideFile(file, readConfig(file).text('services', '../services.json')))
}

/** The certificate of a party: a file, or the name of a user, a vendor or an auditor with a folder in the network. Throws `bad_input`. */
export function certificateOf(dir: string, party: string): Certificate {
  const network = networkDir(dir)
  const folders = isName(party)
    ? [join(network, party), ...partyFolders.map(folder => join(network, folder, party))]
    : partyFolders.filter(folder => party.startsWith(`${folder}/`)).map(() => join(network, party))
  const found = folders.map(folder => join(folder, 'certificate.pem')).filter(file => statOf(file)?.isFile() === true)
  if (found.length > 1)
    throw new MupibError('bad_input', `"${party}" is the name of ${found.length} parties`, {
      hint: `say which: ${partyFolders.map(folder => `${folder}/${party}`).join(' or ')}`,
    })
  if (found[0] !== undefined) return readOwnCertificate(found[0])
  if (statOf(party)?.isFile() === true) return readOwnCertificate(party)
  throw new MupibError('bad_input', `"${party}" is neither a party of this network nor a certificate file`, {
    hint: 'give the name of a folder in users/ or vendors/, the name of an auditor, or a file in PEM',
  })
}

/** The key of a party's account in hex: given as such, or as `certificateOf` takes it. */
export function accountOf(dir: string, party: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(party)) return toHex(parsePublicKey(party, 'the account'))
  return toHex(certificateOf(dir, party).facts.publicKey)
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

/** Certified answers in hex: of a JSON file {"answers": […]} or […], or one a line; "-" is stdin. Throws `bad_input`. */
export function readAnswers(file: string): string[] {
  const text = readText(file)
  const given =
    text.trimStart().startsWith('{') || text.trimStart().startsWith('[') ? jsonAnswers(text, file) : lines(text)
  if (given.length > 0 && given.every(answer => /^([0-9a-f]{2})+$/.test(answer))) return given
  throw new MupibError('bad_input', `${file} holds no answers of the ledger in hex`, {
    hint: 'mupib auditor proof gives files for people; the bank takes {"answers": ["hex", …]}',
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new MupibError('bad_input', `cannot read ${file === '-' ? 'stdin' : file}`, { cause })
  }
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')

function jsonAnswers(text: string, file: string): string[] {
  try {
    const value = JSON.parse(text) as { answers?: unknown } | unknown[]
    const list = Array.isArray(value) ? value : value.answers
    return Array.isArray(list) ? list.map(String) : []
  } catch (cause) {
    throw new MupibError('bad_input', `${file} is not JSON`, { cause })
  }
}
