// What validators say over HTTP: of one by its config or address, or of all whose folders lie in a directory.
import { readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { readValidatorConfig } from '../../node/config.ts'
import { MupibError } from '../../proto/errors.ts'
import { statOf } from '../common/files.ts'
import { call } from '../common/http.ts'
import { type RunInfo, readRunFile } from '../common/run-file.ts'

interface ValidatorFolder {
  readonly name: string
  readonly runFile: string
}

/** The validators of a network directory, or the one whose own folder it is. Throws `bad_config` where there are none. */
function validatorFolders(dir: string): ValidatorFolder[] {
  const root = join(dir, 'validators')
  if (statOf(root) !== undefined)
    return readdirSync(root, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => ({ name, runFile: join(root, name, 'run.json') }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  const own = join(dir, 'config.json')
  if (statOf(own) !== undefined) return [{ name: basename(resolve(dir)), runFile: readValidatorConfig(own).runFile }]
  throw new MupibError('bad_config', `no validators in ${dir}`, {
    hint: 'name the directory of a network with --dir, or an address with --http',
  })
}

/** Where to ask: an address, a validator's config, or a directory. */
export interface Asked {
  readonly dir: string
  readonly http?: string
  readonly config?: string
}

/** An address given on the command line, as a base for paths. Throws `usage`. */
function baseOf(address: string): string {
  try {
    return new URL(/^https?:\/\//.test(address) ? address : `http://${address}`).origin
  } catch {
    throw new MupibError('usage', `"${address}" is no address`, { hint: 'for example http://127.0.0.1:4080' })
  }
}

/** Addresses of validators, those of a directory that run. Throws `unreachable` where none does. */
export function addressesOf({ dir, http, config }: Asked): string[] {
  if (http !== undefined) return [baseOf(http)]
  const files =
    config === undefined ? validatorFolders(dir).map(({ runFile }) => runFile) : [readValidatorConfig(config).runFile]
  const running: RunInfo[] = files.map(readRunFile).filter(run => run !== undefined)
  if (running.length === 0)
    throw new MupibError(
      'unreachable',
      config === undefined ? `no validator of ${dir} runs` : 'this validator does not run',
      {
        hint: config === undefined ? 'mupib testnet up starts a network' : `mupib node start --config ${config}`,
      },
    )
  return running.map(run => run.http)
}

export type ValidatorStatus = Record<string, unknown>

/** Status of all validators of a directory, the dead included. */
export function networkStatus(dir: string): Promise<ValidatorStatus[]> {
  return Promise.all(
    validatorFolders(dir).map(async ({ name, runFile }) => {
      const running = readRunFile(runFile)
      if (!running) return { name, state: 'dead' }
      try {
        return await call<ValidatorStatus>(running.http, 'GET', '/status')
      } catch {
        return { name, state: 'silent', pid: running.pid }
      }
    }),
  )
}

/** Asks one validator after the other until one answers, and says which did. Throws its error, or `unreachable`. */
export async function askValidator<T>(
  asked: Asked,
  path: string,
): Promise<{ readonly answer: T; readonly http: string }> {
  let last: unknown
  for (const http of addressesOf(asked)) {
    try {
      return { answer: await call<T>(http, 'GET', path), http }
    } catch (error) {
      if (!(error instanceof MupibError) || (error.code !== 'unreachable' && error.code !== 'timeout')) throw error
      last = error
    }
  }
  throw last
}
