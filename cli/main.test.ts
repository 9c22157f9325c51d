import { execFileSync } from 'node:child_process'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram, groups } from './main.ts'
import { mupib } from './testing.ts'

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: part => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)]
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

describe('help', async () => {
  const program = await createProgram('all')

  it.each(withInner(program).map(command => [pathOf(command), command] as const))(
    '%s says what it does, with an example of itself',
    (path, command) => {
      const help = helpOf(command)
      expect(command.description()).not.toBe('')
      const isGroup = command.commands.length > 0
      if (!isGroup || path === 'mupib') expect(help).toMatch(/\nExamples?:\n {2}/)
      if (!isGroup) expect(help.slice(help.indexOf('\nExample'))).toContain(path)
    },
  )

  it('shows each group as the group describes itself', () => {
    for (const { name, description } of groups) {
      const real = program.commands.find(command => command.name() === name)?.description()
      expect(real?.startsWith(description), `${name}: "${description}" is not "${real}"`).toBe(true)
    }
  })
})

/** The one line that a failure is, without a stack. */
function onlyLine(errors: string): string {
  expect(errors).toMatch(/^[^\n]+\n$/)
  return errors.trimEnd()
}

describe('mupib', () => {
  it('shows help and version on stdout', async () => {
    const [bare, asked, one, flagged, version] = await Promise.all([
      mupib(),
      mupib('help'),
      mupib('help', 'node', 'start'),
      mupib('node', 'start', '--help'),
      mupib('--version'),
    ])
    for (const { exitCode, errors } of [bare, asked, one, flagged, version]) expect([exitCode, errors]).toEqual([0, ''])
    expect(bare.output).toContain('Usage: mupib [options] [command]')
    expect(asked.output).toBe(bare.output)
    expect(one.output).toContain('Usage: mupib node start [options]')
    expect(flagged.output).toBe(one.output)
    expect(version.output).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('refuses wrong usage in one line with a hint', async () => {
    const refusals: Record<string, string> = {
      nod: "unknown command 'nod' [usage] (did you mean node?)",
      'help nod': "unknown command 'nod' [usage] (did you mean node?)",
      'node statu --help': "unknown command 'statu' [usage] (did you mean status?)",
      'node start --confg x': "unknown option '--confg' [usage] (mupib node start --help shows how)",
      'node status --htp x': "unknown option '--htp' [usage] (did you mean --http?)",
      'verify --genesis x': "missing required argument 'file' [usage] (mupib verify --help shows how)",
      'node check': "required option '--config <file>' not specified [usage] (mupib node check --help shows how)",
      'token show x': '"x" is no serial [usage] (a serial looks like bank-12-7: bank, publication, index)',
    }
    const results = await Promise.all(Object.keys(refusals).map(args => mupib('--no-json', ...args.split(' '))))
    const lines = results.map(({ exitCode, output, errors }) => [exitCode, output, onlyLine(errors)])
    expect(lines).toEqual(Object.values(refusals).map(line => [2, '', `mupib: ${line}`]))
  })

  it('refuses a group without a command, and shows what there is', async () => {
    const { exitCode, output, errors } = await mupib('node')
    expect([exitCode, output]).toEqual([2, ''])
    expect(errors).toContain('Usage: mupib node')
  })

  it('gives errors as JSON where stdout is no terminal', async () => {
    const { exitCode, errors } = await mupib('node', 'status', '--dir', '/nowhere/at/all')
    expect(exitCode).toBe(2)
    expect(JSON.parse(onlyLine(errors))).toEqual({
      error: { code: 'bad_config', message: 'no validators in /nowhere/at/all', hint: expect.any(String) },
    })
  })

  it('completes commands and options in bash', async () => {
    const bash = await mupib('completion', 'bash')
    const complete = (...words: string[]): string[] => {
      const typed = words.map(word => `'${word}'`).join(' ')
      const script = `${bash.output}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _mupib; echo "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split(' ')
    }
    expect(complete('mupib', 'au')).toEqual(['auditor', 'authority'])
    expect(complete('mupib', 'node', 're')).toEqual(['rejoin'])
    expect(complete('mupib', 'node', 'start', '--conf')).toEqual(['--config'])
    expect(complete('mupib', '--dir', '/tmp', 'node', 'che')).toEqual(['check'])
    expect(complete('mupib', 'node', 'start', '--config', '/et')).toEqual(['/etc'])
  })
})
