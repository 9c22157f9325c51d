// Experiment files: YAML 1.2 by the schema of manifest.ts. Whatever is wrong with a file is told at once, each with its line, column and a hint.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { MupibError } from '../../proto/errors.ts'
import { type Flaw, flawsOf } from './explain.ts'
import { type Manifest, manifestSchema } from './manifest.ts'
import { type Path, pathText } from './schema.ts'
import { checkManifest } from './semantics.ts'

/** Something wrong in a file; lines and columns count from 1. */
export interface Problem {
  readonly line: number
  readonly column: number
  /** Where in the experiment; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  readonly hint: string
}

/** No file of ours needs an anchor more than a few times; one that multiplies itself is a bomb. */
const aliasesMax = 100

/** Reads an experiment file. Throws `bad_input` with the first problem as its message, and all of them in the field `problems`. */
export function parseManifest(text: string, file: string): Manifest {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problemAt = (offset: number, rest: Omit<Problem, 'line' | 'column'>): Problem => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col), ...rest }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0)
    fail(
      file,
      faults.map(({ pos, message }) => problemAt(pos[0], { path: '', message, hint: yamlHint })),
    )
  const problemOf = ({ path, isKey, message, hint }: Flaw): Problem =>
    problemAt(offsetOf(document, path, isKey ?? false), { path: pathText(path), message, hint })
  const parsed = manifestSchema.safeParse(contentOf(document, file), { reportInput: true })
  if (!parsed.success) fail(file, flawsOf(parsed.error.issues).map(problemOf))
  const flaws = checkManifest(parsed.data)
  if (flaws.length > 0) fail(file, flaws.map(problemOf))
  return parsed.data
}

const yamlHint = 'YAML: keys and values as "key: value", inner ones indented with two spaces, lists with "- "'

function fail(file: string, unordered: readonly Problem[]): never {
  const problems = unordered.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const [first] = problems
  throw new MupibError('bad_input', problemText(file, first!), { hint: first!.hint, file, problems })
}

/** A problem in one line, as editors understand it. */
export const problemText = (file: string, { line, column, path, message }: Problem): string =>
  `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`

function contentOf(document: Document.Parsed, file: string): unknown {
  // the verdict 01 is a key, not the number one
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value !== 'string' && key.source !== undefined) key.value = key.source
    },
  })
  try {
    return document.toJS({ maxAliasCount: aliasesMax })
  } catch (error) {
    const hint = `write out what is repeated; at most ${aliasesMax} aliases are resolved`
    return fail(file, [{ line: 1, column: 1, path: '', message: (error as Error).message, hint }])
  }
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)

/** Where a path's value stands, or its key; of what is not there, the nearest that surrounds it. */
function offsetOf(document: Document.Parsed, path: Path, isKey: boolean): number {
  let node: Node | null = document.contents
  let offset = startOf(node) ?? 0
  for (const [at, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part))
      if (!pair) return offset
      const value = pair.value as Node | null
      offset = (isKey && at === path.length - 1 ? startOf(pair.key) : undefined) ?? startOf(value) ?? offset
      // an empty value stands nowhere
      if (isScalar(value) && value.source === '') offset = startOf(pair.key) ?? offset
      node = value
    } else if (isSeq(node)) {
      const item = node.items[part as number] as Node | undefined
      if (!item) return offset
      offset = startOf(item) ?? offset
      node = item
    } else return offset
  }
  return offset
}
