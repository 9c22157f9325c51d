// Shell completion, made from the commands themselves.
import type { Command } from 'commander'
import { MupibError } from '../../proto/errors.ts'
import { withExamples } from './program.ts'

interface Words {
  /** The commands before the cursor, one after the other: '' at first, then 'bank'. */
  readonly path: string
  readonly choices: readonly string[]
}

/** What may follow each command, and in `valued` the options that are followed by a value. */
function collect(command: Command, path: readonly string[], out: Words[], valued: Set<string>): void {
  const flags: string[] = []
  for (const { long, short, required, optional } of command.options) {
    if (long) flags.push(long)
    for (const flag of [long, short]) if (flag && (required || optional)) valued.add(flag)
  }
  const visible = command.createHelp().visibleCommands(command)
  const inner = command.commands.filter(child => visible.includes(child))
  out.push({ path: path.join(' '), choices: [...inner.map(child => child.name()), ...flags, '--help'] })
  for (const child of inner) collect(child, [...path, child.name()], out, valued)
}

// `path` and `words` are names that zsh keeps for itself
function bashScript(entries: readonly Words[], valued: ReadonlySet<string>): string {
  const paths = entries.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)
  const cases = entries.map(({ path, choices }) => `    '${path}') choices='${choices.join(' ')}' ;;`)
  return `# mupib completion for bash: source <(mupib completion bash)
_mupib() {
  local at='' word='' before='' choices='' current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$before" in
      ${[...valued].join('|')}) before='' ; continue ;;
    esac
    before="$word"
    case "\${at:+$at }$word" in
      ${paths.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$before" in
    ${[...valued].join('|')}) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
  esac
  case "$at" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _mupib mupib
`
}

const zshScript = (bash: string): string => `# mupib completion for zsh: source <(mupib completion zsh)
autoload -U +X compinit bashcompinit && compinit && bashcompinit
${bash}`

/** Adds `completion`. */
export function addCompletionCommand(program: Command): void {
  withExamples(
    program
      .command('completion <shell>')
      .description('print a completion script for bash or zsh')
      .action((shell: string) => {
        const entries: Words[] = []
        const valued = new Set<string>()
        collect(program, [], entries, valued)
        const bash = bashScript(entries, valued)
        if (shell === 'bash') process.stdout.write(bash)
        else if (shell === 'zsh') process.stdout.write(zshScript(bash))
        else throw new MupibError('usage', `no completion for ${shell}`, { hint: 'bash or zsh' })
      }),
    'source <(mupib completion bash)',
    'mupib completion zsh > ~/.mupib-completion.zsh',
  )
}
