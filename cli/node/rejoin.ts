// `node rejoin`: the operator's word that a store which cannot know what it signed may vote again, beyond all that others hold of it.
import { createInterface } from 'node:readline/promises'
import { readGenesis, readIdentity, readValidatorConfig } from '../../node/config.ts'
import { allowRejoin } from '../../node/journal.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { faultsBorne } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { genesisHash } from '../../proto/genesis.ts'
import type { Output } from '../common/output.ts'

const explanation = (name: string, validators: number): string =>
  `This is for a store that was lost or is an old copy: it lacks votes that the key of ${name} has signed. With it, ${name} may vote
again once a block is final beyond every view in which the others hold a vote of ${name}. That is safe while no more than
${faultsBorne(validators)} of the ${validators} validators lie or have lost their stores; beyond that, two blocks could become final at one height.`

async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}

/**
 * Notes it in the store of a stopped validator, after asking where a person sits at the terminal.
 * Throws `store_locked` while the validator runs, `refused` where the person says no.
 */
export async function rejoinNode(
  configFile: string,
  output: Pick<Output, 'yes' | 'progress'>,
): Promise<{ name: string; rejoin: true }> {
  const config = readValidatorConfig(configFile)
  const genesis = readGenesis(config.genesis)
  const { key } = readIdentity(config.key)
  const validator = genesis.validators.find(({ publicKey }) => bytesEqual(publicKey, key.publicKey))
  if (!validator)
    throw new MupibError('bad_config', `the key in ${config.key} is no validator's of this genesis`, {
      hint: 'check that config and genesis belong together',
    })
  const database = await openLevelDatabase(config.store, { genesisHash: bytesOfHex(genesisHash(genesis)) })
  try {
    output.progress(explanation(validator.name, genesis.validators.length))
    if (!output.yes && process.stdin.isTTY === true && !(await confirmed(`Let ${validator.name} rejoin?`)))
      throw new MupibError('refused', 'nothing was changed')
    await database.write([allowRejoin()], { sync: true })
  } finally {
    await database.close()
  }
  return { name: validator.name, rejoin: true }
}
