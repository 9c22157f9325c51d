import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Real processes and sockets share two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
    // No file leaves anything behind in its process: what is loaded, libp2p and all, is loaded once for a worker and not for each of some 150 files.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'rules',
          include: ['{proto,consensus}/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: ['{node,cli,testnet}/**/*.test.ts', '*.test.ts'],
          // Tests start hundreds of processes: the program is built for them first.
          globalSetup: 'cli/build.js',
        },
      },
    ],
  },
})
