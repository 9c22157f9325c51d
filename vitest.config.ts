import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{proto,consensus,node,cli,testnet}/**/*.test.ts', '*.test.ts'],
    // Tests start hundreds of processes: the program is built for them first.
    globalSetup: 'cli/build.js',
    // Real processes and sockets share two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
