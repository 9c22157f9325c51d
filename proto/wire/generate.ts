// Writes generated/ from mupib.proto: `npm run proto`. Static code, so that nothing is compiled at run time.
import { fileURLToPath } from 'node:url'
import { pbjs } from 'protobufjs-cli'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const options = '--target static-module --wrap esm --es6 --dts --root mupib'
const leftOut = '--no-verify --no-delimited --no-typeurl --no-create --no-convert'

/** Generates the module `out` and the .d.ts beside it. */
export function generate(out: string): Promise<void> {
  const words = [...options.split(' '), ...leftOut.split(' '), '--out', out, path('mupib.proto')]
  return new Promise((resolve, reject) => {
    pbjs.main(words, error => (error ? reject(error) : resolve()))
  })
}

if (process.argv[1] === path('generate.ts')) await generate(path('generated/mupib.js'))
