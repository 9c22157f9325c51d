// Types of built.js for the sources.
export function freshBuild(program: string): string | undefined
