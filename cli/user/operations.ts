// What the commands `user …` do beyond the wallet itself: make one, back it up, bring it back.
import { join } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { genesisHash } from '../../proto/genesis.ts'
import { randomSeed, signingKeyFromSeed } from '../../proto/keys.ts'
import { isName } from '../../proto/records.ts'
import { readBytes, statOf, writeAtomic } from '../common/files.ts'
import { backupText, fillStore, readBackup } from './backup.ts'
import { defaultSettings, openWalletHome, writeHome } from './home.ts'
import { WalletStore } from './store.ts'
import { Wallet } from './wallet.ts'

/** Does something with the wallet of a directory. Throws what the work throws. */
export async function withWallet(
  dir: string,
  user: string | undefined,
  work: (wallet: Wallet) => Promise<void>,
): Promise<void> {
  const wallet = await Wallet.open({ home: openWalletHome(dir, user) })
  try {
    await work(wallet)
  } finally {
    await wallet.close()
  }
}

/** Days that a new user's certificate holds. */
const certificateDays = 365

/**
 * Makes a wallet in `users/NAME` of a network. Where the network's authority is at hand it issues the certificate; otherwise the result says
 * what to ask for. Throws `usage`, `bad_input`, `bad_genesis`.
 */
export async function createWallet(network: string, name: string): Promise<Record<string, unknown>> {
  if (!isName(name))
    throw new MupibError('usage', `"${name}" is no name`, {
      hint: 'lower-case letters, digits, dots and dashes, at most 32',
    })
  const genesisFile = join(network, 'genesis.json')
  const settings = defaultSettings(readGenesis(genesisFile))
  const folder = join(network, 'users', name)
  const seed = randomSeed()
  const publicKey = toHex(signingKeyFromSeed(seed).publicKey)
  writeHome({ folder, genesisFile, seed, certificate: undefined, settings })
  const created = { name, folder, publicKey, bank: settings.bank, auditor: settings.auditor }
  if (statOf(join(network, 'authority', 'key.json')) === undefined) {
    const ask = `mupib authority issue ${name} --role user --public-key ${publicKey} --out FOLDER`
    return { ...created, certificate: null, ask, afterwards: `mupib user renew FOLDER/certificate.pem --dir ${folder}` }
  }
  // speaks to the ledger as well, so it is loaded where it is wanted
  const { issue } = await import('../authority/authority.ts')
  const { certificate } = await issue({ dir: network }, name, {
    role: 'user',
    out: folder,
    publicKey,
    days: certificateDays,
  })
  return { ...created, certificate }
}

function passphraseOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const text = Buffer.from(readBytes(file, 'bad_input', 4_096))
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '') throw new MupibError('bad_input', `${file} is empty`)
  return text
}

/** Writes a backup, readable by its owner only. Throws `bad_input` where the file is there already. */
export function backUp(wallet: Wallet, file: string, passphraseFile: string | undefined): Record<string, unknown> {
  if (statOf(file)) throw new MupibError('bad_input', `${file} is there already`, { hint: 'name another file' })
  writeAtomic(file, backupText(wallet, passphraseOf(passphraseFile)), 0o600)
  const { tokens, openEntries } = wallet.book
  return { file, tokens: tokens.size, open: openEntries.length, encrypted: passphraseFile !== undefined }
}

/** The largest backup that is read: some millions of tokens. */
const backupBytesMax = 512 * 1024 * 1024

function readBackupFile(file: string): unknown {
  const text = Buffer.from(readBytes(file, 'bad_input', backupBytesMax)).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MupibError('bad_input', `${file} is not JSON: ${(error as Error).message}`)
  }
}

/** Makes a wallet of a backup in a new folder. Throws `bad_input`, `wrong_network`, `bad_certificate`. */
export async function restoreWallet(
  file: string,
  folder: string,
  network: string,
  passphraseFile: string | undefined,
): Promise<Record<string, unknown>> {
  const genesisFile = join(network, 'genesis.json')
  const genesis = readGenesis(genesisFile)
  const backup = readBackup(readBackupFile(file), passphraseOf(passphraseFile))
  if (backup.network !== genesisHash(genesis))
    throw new MupibError('wrong_network', `${file} is a wallet of another network than ${genesisFile}`)
  const { certificate, seed, settings, name, tokens, entries } = backup
  checkIssuer(
    certificate,
    genesis.roots.map(({ der }) => parseCertificate(der)),
  )
  if (statOf(join(folder, 'config.json')) || statOf(join(folder, 'key.json')))
    throw new MupibError('bad_input', `${folder} holds a wallet already`, { hint: 'name another folder' })
  // the store first: a folder with a config is a whole wallet
  const database = await openLevelDatabase(join(folder, 'store'), { genesisHash: bytesOfHex(backup.network) })
  const store = new WalletStore(database, backup.network)
  try {
    await fillStore(store, backup, Date.now())
  } finally {
    await store.close()
  }
  writeHome({ folder, genesisFile, seed, certificate, settings })
  return {
    name,
    folder,
    unchecked: tokens.filter(({ state }) => state.kind === 'unchecked').length,
    open: entries.length,
  }
}
